"""The file of a training's state, which is whole or is refused.

A mark, a digest of what follows, and what torch makes of tensors and plain values.
torch's own file has sums of its parts and does not look at them, so that a damaged one
would go on to other weights.
"""

import hashlib
import io
import tempfile
from pathlib import Path
from typing import Any

import torch

from spectransfer._files import written_beside
from spectransfer.exceptions import FileFormatError

FORMAT = 2
"""Grows when a state holds something else; a training of another begins anew."""
_MARK = b"spectransfer training\n"
_START = len(_MARK) + hashlib.sha256().digest_size
_NEEDED = {"ended", "n_epochs", "history", "weights", "generator", "callbacks"}


def usable_folder(path: Path) -> None:
    """Make a folder, and refuse one that no file can be written into.

    Parameters
    ----------
    path : Path
        Where states are to be kept.

    Raises
    ------
    OSError
        It cannot be made, or not be written into.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise type(error)(
            "Trainings are kept in a folder that files can be written into, but "
            f"{str(path)!r} is none ({error.strerror}). Name another folder, or remove "
            "or rename what is in its way."
        ) from error


def packed(state: dict[str, Any]) -> bytes:
    """Put a state into the bytes of its file.

    Parameters
    ----------
    state : dict
        Tensors, and plain values.

    Returns
    -------
    bytes
        Mark, digest and content.
    """
    content = io.BytesIO()
    torch.save(state, content)
    return _MARK + hashlib.sha256(content.getbuffer()).digest() + content.getvalue()


def write_state(file: Path, content: bytes) -> None:
    """Write a state that is packed, whole or not at all.

    Parameters
    ----------
    file : Path
        Where it is kept.
    content : bytes
        What `packed` gave.

    Raises
    ------
    OSError
        It cannot be written there.
    """
    with written_beside(file) as part:
        part.write_bytes(content)


def read_state(file: Path) -> dict[str, Any] | None:
    """Read a state, and refuse one that is not as it was written.

    Parameters
    ----------
    file : Path
        Where it is kept.

    Returns
    -------
    dict or None
        None where there is no file.

    Raises
    ------
    FileFormatError
        The file is damaged, or of another kind.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(file, f"cannot be read ({error.strerror})") from error
    if not content:
        raise _refused(file, "is empty")
    if not content.startswith(_MARK):
        raise _refused(file, "does not begin as one: it is damaged or of another kind")
    if hashlib.sha256(content[_START:]).digest() != content[len(_MARK) : _START]:
        raise _refused(file, "is damaged or cut short: its digest is not its content's")
    try:
        loaded = torch.load(
            io.BytesIO(content[_START:]), map_location="cpu", weights_only=True
        )
    except Exception as error:
        raise _refused(file, f"cannot be read ({error!r})") from error
    return _checked(file, loaded)


def _checked(file: Path, state: Any) -> dict[str, Any]:
    """Refuse what is no state, or does not know all of its epochs."""
    missing = _NEEDED - state.keys() if isinstance(state, dict) else _NEEDED
    if missing:
        raise _refused(file, f"holds something else, without {min(missing)!r}")
    n_epochs, history = state["n_epochs"], state["history"]
    if [epoch.get("epoch") for epoch in history] != list(range(1, n_epochs + 1)):
        raise _refused(
            file,
            f"is one after {n_epochs} epochs whose history, of {len(history)}, does "
            "not have each of them once",
        )
    return state


def _refused(file: Path, why: str) -> FileFormatError:
    return FileFormatError(
        f"The state of a training must be as it was written, but {file} {why}. Remove "
        "it: the training then begins anew.",
        page="large_data",
    )
