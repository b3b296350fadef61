"""Finished fits on the disk: a small file for each, and a search can be taken up.

A file is written beside its place and then renamed: a search that is killed leaves
whole files or none. What is remembered are fits, not searches, by the fingerprint of
all they depend on. So a search of a wider space, too, finds the fits of a smaller one,
and different searches can share a folder.

The fingerprint of a fit is made of its estimator, with all parameters and the weights
of frozen networks, of its spectra, its scoring and the version of this package. What
changes no result (`n_jobs`, `verbose`, `memory`) is left out. Large arrays are sampled:
256 rows of them, evenly spaced, are read instead of 10 GB. A file whose other rows were
changed in place is therefore taken for the same.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from scipy.sparse import issparse

from spectransfer._files import written_beside
from spectransfer._version import __version__

FORMAT = 1
READ_WHOLE = 2**24  # bytes
SAMPLED_ROWS = 256
WITHOUT_EFFECT = {"n_jobs", "verbose", "memory"}


@dataclass(frozen=True)
class Record:
    """What is kept of a fit.

    Parameters
    ----------
    score : float
        Its score on the validation map.
    fit_time, score_time : float
        Time in s.
    error : str or None, default=None
        What a training that failed said.
    """

    score: float
    fit_time: float
    score_time: float
    error: str | None = None


@dataclass(frozen=True)
class Records:
    """The finished fits in a folder.

    Parameters
    ----------
    folder : Path
        Where they are. Every worker has to see it; one that does not keeps nothing.
    """

    folder: Path

    def read(self, key: str) -> Record | None:
        """Look up a fit; a file that cannot be read counts as none."""
        try:
            text = (self.folder / f"{key}.json").read_text(encoding="utf-8")
            content = json.loads(text)
            if content.pop("format") != FORMAT:
                return None
            content.pop("parameters")
            return Record(**content)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, key: str, record: Record, params: Mapping[str, Any]) -> None:
        """Keep a fit, with its parameters in readable form."""
        if not self.folder.is_dir():
            return
        readable = {name: repr(value) for name, value in params.items()}
        content = {"format": FORMAT, "parameters": readable} | asdict(record)
        text = json.dumps(content, indent=1)
        with written_beside(self.folder / f"{key}.json") as beside:
            beside.write_text(text, encoding="utf-8")

    def model(self, key: str) -> Any | None:
        """Load the trained estimator of a fit, where it was kept."""
        path = self.folder / f"{key}.joblib"
        return joblib.load(path) if path.exists() else None

    def keep_model(self, key: str, estimator: Any) -> None:
        """Keep a trained estimator."""
        with written_beside(self.folder / f"{key}.joblib") as beside:
            joblib.dump(estimator, beside)


def _array(array: np.ndarray) -> list[Any]:
    content = array
    if array.nbytes > READ_WHOLE and array.ndim:
        content = array[np.linspace(0, len(array) - 1, SAMPLED_ROWS).astype(int)]
    if array.dtype.hasobject:
        digest: Any = _described(content.tolist())
    else:
        digest = hashlib.sha256(np.ascontiguousarray(content).tobytes()).hexdigest()
    return ["array", array.dtype.str, list(array.shape), digest]


def _name(kind: Any) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _estimator(estimator: Any) -> list[Any]:
    params = {
        name: _described(value)
        for name, value in estimator.get_params(deep=False).items()
        if name not in WITHOUT_EFFECT
    }
    learned = {
        name: _described(value)
        for name, value in vars(estimator).items()
        if name.endswith("_") and not name.startswith("_")
    }
    return [_name(type(estimator)), params, learned]


def _described(value: Any) -> Any:
    """Give anything as lists, texts and numbers that JSON can write."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return _array(value)
    if issparse(value):  # before mappings: some of them are
        rows = value.tocsr()
        parts = (rows.indptr, rows.indices, rows.data)
        return ["sparse", list(rows.shape), *(_array(part) for part in parts)]
    if isinstance(value, Mapping):
        return {str(name): _described(value[name]) for name in value}
    if isinstance(value, list | tuple):
        return [type(value).__name__, *(_described(v) for v in value)]
    if hasattr(value, "iloc"):  # a data frame, or a column of one
        columns = list(getattr(value, "columns", []))
        return [_described(columns), _array(value.to_numpy())]
    if isinstance(value, np.random.RandomState):
        return _described(value.get_state())
    if hasattr(value, "module_"):  # a trained net: its weights
        weights = value.module_.state_dict()
        return {name: _array(np.asarray(w.cpu())) for name, w in weights.items()}
    if hasattr(value, "get_params") and not isinstance(value, type):
        return _estimator(value)
    if hasattr(value, "__qualname__"):
        return _name(value)
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def fingerprint(*parts: Any) -> str:
    """Give a short text that is the same for the same parts, in every process.

    Parameters
    ----------
    *parts : object
        Estimators, arrays, data frames, scorers, numbers, and containers of them.

    Returns
    -------
    str
        20 hexadecimal digits.
    """
    text = json.dumps([__version__, *(_described(p) for p in parts)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
