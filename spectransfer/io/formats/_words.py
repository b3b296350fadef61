"""Words that instruments write: names of axes, units, numbers, what is missing."""

import re

import numpy as np

from spectransfer._axis import find_unit

NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
MISSING = frozenset(
    ["", "-", "--", "na", "nan", "n/a", "#n/a", "null", "none", "missing"]
)
_INTEGER = re.compile(r"0|-?[1-9]\d{0,17}")
_POINT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_LEADING_ZERO = re.compile(r"[+-]?0\d")

# beginnings of names of axes, in small letters, and the unit that the name itself tells
_AXES = {
    "wavelength": None,
    "wave length": None,
    "wavenumber": "cm-1",
    "wave number": "cm-1",
    "raman shift": "cm-1",
    "ramanshift": "cm-1",
    "shift": None,
    "wave": None,
    "wl": None,
    "lambda": None,
    "λ": None,
    "wellenlänge": None,
    "wellenlaenge": None,
    "wellenzahl": "cm-1",
    "longueur d'onde": None,
    "nombre d'onde": "cm-1",
    "longitud de onda": None,
    "vlnová délka": None,
    "pixel": "pixel",
    "channel": "pixel",
    "energy": None,
    "x-axis": None,
    "xaxis": None,
    "axis": None,
    "x": None,
    "#x": None,
}
_SIGNALS = (
    "intensity",
    "intensities",
    "intens",
    "counts",
    "count",
    "cnt",
    "signal",
    "absorbance",
    "reflectance",
    "transmittance",
    "transmission",
    "radiance",
    "irradiance",
    "processed",
    "log(1/r)",
    "log(1/t)",
    "y",
)
_IN_BRACKETS = re.compile(
    r"^(.*?)\s*([\[({/|,_])\s*([^\[\](){}]+?(?:\([^)]*\))?)\s*[\])}]?$"
)


def unit_of(text: str) -> str | None:
    """Read the unit of an axis.

    Parameters
    ----------
    text : str
        A unit in one of its spellings.

    Returns
    -------
    str or None
        The unit as we write it; None where it is none that is known.
    """
    plain = text.strip()
    return find_unit(plain) or find_unit(plain.strip("()[]{}"))


def _parts(name: str) -> tuple[str, str]:
    """Divide a name from the unit behind it: "Wavelength (nm)", "Shift / cm-1"."""
    name = name.strip().lstrip("#").strip()
    match = _IN_BRACKETS.match(name)
    if match:
        unit = match[3].strip()
        # words behind an underscore are more of the name, where they are no unit
        return match[1].strip(), "" if match[2] == "_" and not unit_of(unit) else unit
    word, _, last = name.rpartition(" ")
    return (word, last) if unit_of(last) and word else (name, "")


def axis_name(name: str) -> tuple[bool, str | None]:
    """Tell whether a column's name is that of an axis, and its unit.

    Parameters
    ----------
    name : str
        Name such as "Wavelength (nm)", "Raman shift", "cm-1" or "Pixels #".

    Returns
    -------
    is_axis : bool
        Whether it is.
    unit : str or None
        The unit, where the name tells.
    """
    whole = unit_of(name)
    if whole and name.strip().lower() not in ("aa", "å"):  # may be samples
        return True, whole
    quantity, unit = _quantity_of(name)
    if quantity is None:
        return False, None
    return True, unit_of(unit) if unit else _AXES[quantity]


def unknown_unit(name: str) -> str:
    """Give what stands for a unit in the name of an axis, where it is none of ours.

    Parameters
    ----------
    name : str
        Name such as "Raman shift (meV)".

    Returns
    -------
    str
        Such as "meV"; empty where there is nothing, or a unit that is known.
    """
    quantity, unit = _quantity_of(name)
    return unit if quantity and unit_of(name) is None and not unit_of(unit) else ""


def _quantity_of(name: str) -> tuple[str | None, str]:
    """Find what an axis measures in the name of a column, and the unit behind it."""
    word, unit = _parts(re.sub("(?i)raman_shift", "Raman shift", name))
    word = word.lower().rstrip("#:. ")
    known = (word, word.removesuffix("s"))
    return next((some for some in known if some in _AXES), None), unit


def signal_name(name: str) -> tuple[bool, str | None]:
    """Tell whether a column's name is that of intensities, and their unit.

    Parameters
    ----------
    name : str
        Name such as "Intensity (a.u.)" or "Counts".

    Returns
    -------
    is_signal : bool
        Whether it is.
    unit : str or None
        The unit or the quantity, where the name tells.
    """
    whole = name.strip().lstrip("#").strip().lower()
    word, unit = (whole, "") if whole in _SIGNALS else _parts(name)
    word = word.lower()
    if word not in _SIGNALS:
        return False, None
    quantity = None if word in ("intensity", "intensities", "signal", "y") else word
    return True, unit or {"cnt": "counts", "count": "counts"}.get(word, quantity)


def is_unit_line(cells: list[str], above: list[str]) -> bool:
    """Tell whether a line holds units, nm and counts, of the names in that above.

    A line such as "Wavelength (nm), counts" is a header, unless one stands above it.
    """
    if any(_quantity_of(cell)[0] for cell in cells) and not any(
        _quantity_of(cell)[0] for cell in above
    ):
        return False
    filled = [cell for cell in cells if cell.strip()]
    return any(unit_of(cell) for cell in filled) and all(
        unit_of(cell) or not NUMBER.fullmatch(cell.strip()) for cell in filled
    )


def column_of(texts: list[str], *, decimal: str = ".") -> np.ndarray:
    """Read a describing column as whole numbers, numbers or text.

    Parameters
    ----------
    texts : list of str
        Cells.
    decimal : str, default="."
        Mark of decimals.

    Returns
    -------
    ndarray of shape (len(texts),)
        Integers where every cell is a plain one; numbers, with NaN for what is
        missing, where no cell has a leading zero; else text, as it stands.
    """
    if all(map(_INTEGER.fullmatch, texts)):
        return np.array(texts).astype(np.int64)
    plain = [text.replace(decimal, ".") for text in texts]
    there = [text for text in plain if text.lower() not in MISSING]
    if there and all(
        _POINT.fullmatch(text) and not _LEADING_ZERO.match(text) for text in there
    ):
        digits = max(len(re.sub(r"\D", "", text.split("e")[0])) for text in there)
        if digits <= 17:  # more are names, and float64 would change them
            return np.array(
                [np.nan if t.lower() in MISSING else float(t) for t in plain]
            )
    return np.array(texts, dtype=str)


def ids_of(texts: list[str]) -> np.ndarray:
    """Read names of samples: integers where all are plain ones, else text.

    Parameters
    ----------
    texts : list of str
        Names, such as "7", "007", "1_11" or "1e3".

    Returns
    -------
    ndarray of shape (len(texts),)
        Integers of at most 18 digits, or text as it stands.
    """
    if texts and all(map(_INTEGER.fullmatch, texts)):
        return np.array(texts).astype(np.int64)
    return np.array(texts, dtype=str)
