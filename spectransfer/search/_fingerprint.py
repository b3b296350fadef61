"""What a fit depends on, as a short text, the same in every process.

A fit that was made before is found again by the fingerprint of its estimator, with all
parameters and the weights of frozen networks, of its spectra, its scoring and the
version of this package. What changes no result (`n_jobs`, `verbose`, `memory`) is left
out. Large arrays are sampled: 256 rows of them, evenly spaced, are read instead of
10 GB. A file whose other rows were changed in place is therefore taken for the same.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from spectransfer._version import __version__

READ_WHOLE = 2**24  # bytes
SAMPLED_ROWS = 256
WITHOUT_EFFECT = {"n_jobs", "verbose", "memory"}


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
    if isinstance(value, Mapping):
        return {str(name): _described(value[name]) for name in value}
    if isinstance(value, list | tuple):
        return [type(value).__name__, *(_described(v) for v in value)]
    if hasattr(value, "iloc"):  # a data frame
        return [_described(list(value.columns)), _array(value.to_numpy())]
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
