"""How HDF5 packs numbers in the convention of netCDF, and what is no array of them."""

from typing import Any

import numpy as np

_MISSING = ("_FillValue", "missing_value")
_SCALES = ("scale_factor", "add_offset")


def odd(h5py: Any, dataset: Any) -> str:
    """Say why a dataset is neither numbers nor text; empty where it is.

    Parameters
    ----------
    h5py : module
        The library.
    dataset : h5py.Dataset
        An entry of a file.

    Returns
    -------
    str
        To follow its name.
    """
    if h5py.check_ref_dtype(dataset.dtype):
        return "holds references to other entries"
    is_text = h5py.check_string_dtype(dataset.dtype) is not None
    if not is_text and h5py.check_vlen_dtype(dataset.dtype) is not None:
        return "holds arrays of different lengths"
    return "is empty" if dataset.shape is None else ""


def packing(dataset: Any) -> list[str]:
    """List the attributes of netCDF that say how a dataset's numbers are packed.

    Parameters
    ----------
    dataset : h5py.Dataset
        An entry of a file.

    Returns
    -------
    list of str
        Names of attributes; none for text.
    """
    if dataset.dtype.kind not in "fiu":
        return []
    return [name for name in (*_MISSING, *_SCALES) if name in dataset.attrs]


def unpacked(dataset: Any, value: np.ndarray, name: str) -> np.ndarray:
    """Apply what a dataset's attributes say of its numbers, as netCDF defines them.

    (NetCDF Users Guide, appendix A: ``unpacked = packed * scale_factor + add_offset``,
    and what equals `_FillValue` or `missing_value` is none.)

    Parameters
    ----------
    dataset : h5py.Dataset
        An entry of a file.
    value : ndarray
        What it holds.
    name : str
        Its name.

    Returns
    -------
    ndarray
        In float64 with NaN for what is missing, where attributes say anything.

    Raises
    ------
    ValueError
        If such an attribute is no number.
    """
    found = {}
    for key in packing(dataset):
        number = np.asarray(dataset.attrs[key])
        if number.size != 1 or number.dtype.kind not in "fiu":
            if key == "missing_value" and number.dtype.kind in "fiu":
                found[key] = number.ravel()
                continue
            raise ValueError(f"{name} has the attribute {key}, which is no number")
        found[key] = number.reshape(())[()]
    missing = np.zeros(value.shape, bool)
    for key in _MISSING:
        if key in found:
            missing |= np.isin(value, found[key])
    if missing.any():
        value = np.where(missing, np.nan, value.astype(np.float64))
    if found.keys() & set(_SCALES):
        value = value * np.float64(found.get("scale_factor", 1.0))
        value = value + np.float64(found.get("add_offset", 0.0))
    return value
