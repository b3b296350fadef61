"""Trainings that can be killed: what is learned so far, in a file, after an epoch.

A training is known by all that it depends on: its plan, the network as it begins, what
torch will draw, and every number that it reads. The name of the file is a digest of
these, so that a training goes on only where it would come to the same weights anyway.

Kept is the state of a training between two epochs: weights, Adam's moments, what the
generators will draw, the learning curves, and what early stopping waits for.
"""

import hashlib
import os
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from spectransfer._blocks import row_blocks
from spectransfer._random import seed_is_fixed
from spectransfer._version import __version__
from spectransfer.exceptions import SpectransferWarning
from spectransfer.nn._data import SpectraDataset
from spectransfer.nn._plan import Plan
from spectransfer.nn._states import (
    FORMAT,
    packed,
    read_state,
    usable_folder,
    write_state,
)

_SECONDS = 60.0
# what callbacks know of the epochs that have been
_REMEMBERED = {
    "misses_",
    "dynamic_threshold_",
    "best_model_weights_",
    "best_epoch_",
    "batch_idx_",
}


class _Folder:
    """Where trainings are kept, how often, and which were."""

    def __init__(self, path: Path, seconds: float) -> None:
        self.path, self.seconds = path, seconds
        self.used: set[Path] = set()
        self.warned = False

    def warn(self, file: Path, n_bytes: int, error: OSError) -> None:
        """Tell once that states cannot be written, and what that comes to."""
        if self.warned:
            return
        self.warned = True
        try:
            free = f"has {shutil.disk_usage(self.path).free / 1e6:.1f} MB free"
        except OSError:
            free = "cannot be looked into"
        kept = "the last state that is there" if file.exists() else "its beginning"
        warnings.warn(
            f"A training cannot be kept in {str(self.path)!r} "
            f"({error.strerror or error}): its state needs {n_bytes / 1e6:.1f} MB, "
            f"twice while it is written, and the folder {free}. The training goes on, "
            "but if it is killed it can be taken up from no later than "
            f"{kept}. Make room there; the next state is tried all the same.",
            SpectransferWarning,
            stacklevel=2,
        )


_folder: ContextVar[_Folder | None] = ContextVar("folder of trainings", default=None)


@contextmanager
def resumable(
    folder: str | os.PathLike[str], *, seconds: float = _SECONDS
) -> Iterator[None]:
    """Let every training inside go on where a killed one was.

    Each network writes its state into a file of its own after an epoch. The same lines,
    run again after the process was killed, go on from there, and come to the very
    weights that they would have come to. When the block ends its files are removed;
    after an error or Ctrl-C they stay.

    Parameters
    ----------
    folder : path
        Where states are kept; it is made. A state has three times the bytes of the
        weights, four with early stopping.
    seconds : float, default=60
        Time between two states, at least. With 0 each epoch leaves one.

    Raises
    ------
    OSError
        The folder cannot be made or written into. A disk that fills up later ends no
        training: a warning is given, once.
    FileFormatError
        By a training inside: the state that is there is damaged.

    Notes
    -----
    A training goes on where nothing has changed that it depends on: spectra,
    parameters, seed, releases of spectransfer, torch and numpy, and the number of
    threads, which changes the last digits of matrix products. So estimators need a
    `random_state`. Otherwise it begins anew. What comes before a training, such as a
    baseline, is done again. Trainings in other threads or processes (``n_jobs``) are
    not kept: let them open the folder themselves.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from spectransfer import SpectralMLP, Training
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.networks import resumable
    >>> pair = make_instrument_pair(n_spectra=100, random_state=0)
    >>> mlp = SpectralMLP((8,), training=Training(n_steps=50), random_state=0)
    >>> with resumable(mkdtemp()):
    ...     mlp.fit(pair.X_secondary, pair.y)
    SpectralMLP(...)
    """
    path = Path(folder)
    usable_folder(path)
    kept = _Folder(path, seconds)
    before = _folder.set(kept)
    try:
        yield
    finally:
        _folder.reset(before)
    for file in kept.used:
        file.unlink(missing_ok=True)


class Checkpoint:
    """The file of one training.

    Parameters
    ----------
    file : Path
        Where its state is kept.
    folder : _Folder
        The folder that it is in, which knows how often.
    """

    def __init__(self, file: Path, folder: _Folder) -> None:
        self.file, self.folder = file, folder
        self.saved = time.monotonic()

    @classmethod
    def of(
        cls,
        plan: Plan,
        parts: tuple[nn.Module, nn.Module],
        data: tuple[SpectraDataset, SpectraDataset | None],
        kl_weights: np.ndarray | None,
    ) -> "Checkpoint | None":
        """Name a training by all that it depends on, where a folder is open."""
        folder = _folder.get()
        if folder is None:
            return None
        if not seed_is_fixed():
            _warn_of_chance(plan)
        digest = hashlib.sha256()
        releases = FORMAT, __version__, torch.__version__, np.__version__
        how = replace(plan, verbose=False), torch.get_num_threads()
        digest.update(repr((releases, how)).encode())
        for part in (*parts, *getattr(parts[1], "frozen", ())):
            digest.update(f"{part}{_numbers(part)}".encode())
            for weights in part.state_dict().values():
                _digest(digest, weights.cpu().numpy())
        _digest(digest, torch.get_rng_state().numpy())
        _digest(digest, kl_weights)
        for spectra in data:
            _digest_dataset(digest, spectra)
        file = folder.path / f"{digest.hexdigest()[:32]}.training"
        folder.used.add(file)
        return cls(file, folder)

    def due(self) -> bool:
        """Tell whether it is time for another state."""
        return time.monotonic() - self.saved >= self.folder.seconds

    def save(self, state: dict[str, Any]) -> None:
        """Write a state (tensors, plain values), or warn that it cannot be written."""
        content = packed(state)
        try:
            write_state(self.file, content)
        except OSError as error:
            # hours of training are worth more than what would have kept them
            self.folder.warn(self.file, len(content), error)
        self.saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Read the state that is there, if one is."""
        return read_state(self.file)


def _warn_of_chance(plan: Plan) -> None:
    warnings.warn(
        f"A training that goes on needs a seed, but {plan.name} has random_state=None: "
        "started again, it is another training, which begins anew, and what a killed "
        "one has left stays. Give random_state=0, or any other number.",
        SpectransferWarning,
        stacklevel=2,
    )


def _numbers(part: nn.Module) -> str:
    """Tell the numbers of a loss that are neither weights nor buffers."""
    kept = vars(part).items()
    return repr([item for item in sorted(kept) if isinstance(item[1], int | float)])


def _digest(digest: Any, array: Any) -> None:
    """Take in an array, block by block, with its shape and type."""
    if array is None:
        digest.update(b"none\n")
        return
    digest.update(f"{array.dtype}{array.shape}\n".encode())
    if array.ndim == 0:
        digest.update(array.tobytes())
        return
    for rows in row_blocks(len(array), array[:1].nbytes):
        digest.update(np.ascontiguousarray(array[rows]))


def _digest_dataset(digest: Any, data: SpectraDataset | None) -> None:
    if data is None:
        digest.update(b"none\n")
        return
    for array in (data.inputs, data.targets, data.rows, data.weights, data.left_out):
        _digest(digest, array)
    for unit in data.units:
        _digest(digest, unit.shift)
        digest.update(repr(unit.scale).encode())


def state_of(net: Any, *, ended: bool) -> dict[str, Any]:
    """Give all that the rest of a training depends on, between two epochs.

    Parameters
    ----------
    net : TrainedNet
        A net that is being trained.
    ended : bool
        Whether no epoch is left.

    Returns
    -------
    dict
        Tensors and plain values.
    """
    state: dict[str, Any] = {
        "ended": ended,
        "n_epochs": len(net.history),
        "history": net.history.to_list(),
        "weights": net.module_.state_dict(),
        "generator": torch.get_rng_state(),
        "callbacks": {
            name: {k: v for k, v in vars(callback).items() if k in _REMEMBERED}
            for name, callback in net.callbacks_
        },
    }
    if torch.cuda.is_available():
        state["cuda_generators"] = torch.cuda.get_rng_state_all()
    if net.dense_step is not None:
        return state | {"step": net.dense_step.state()}
    state["optimizer"] = net.optimizer_.state_dict()
    for _, callback in net.callbacks_:
        if hasattr(callback, "lr_scheduler_"):
            state["decay"] = callback.lr_scheduler_.state_dict()
    return state


def go_on(net: Any) -> bool:
    """Put back the state of a training that was killed.

    Parameters
    ----------
    net : TrainedNet
        A net whose training begins.

    Returns
    -------
    bool
        Whether that training had come to its end.
    """
    state = None if net.checkpoint is None else net.checkpoint.load()
    if state is None:
        return False
    net.history.extend(state["history"])
    net.module_.load_state_dict(state["weights"])
    torch.set_rng_state(state["generator"])
    if "cuda_generators" in state:
        torch.cuda.set_rng_state_all(state["cuda_generators"])
    for name, callback in net.callbacks_:
        vars(callback).update(state["callbacks"][name])
        if hasattr(callback, "lr_scheduler_"):
            callback.lr_scheduler_.load_state_dict(state["decay"])
    if net.dense_step is not None:
        net.dense_step.go_on_from(state["step"])
    else:
        net.optimizer_.load_state_dict(state["optimizer"])
    return bool(state["ended"])
