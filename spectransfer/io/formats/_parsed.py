"""What a format's reader makes of a file, before it is checked and put in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from spectransfer.exceptions import FileFormatError


@dataclass
class Parsed:
    """Spectra of one instrument, and what was understood on the way.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Spectra, in the order of the file.
    axis : ndarray of shape (n_channels,)
        Axis, in the order of the file.
    unit : str, default=None
        Unit of the axis, None where the file does not tell.
    intensity : str, default=None
        Unit or quantity of the spectra, None where the file does not tell.
    sample_id : ndarray of shape (n_spectra,), default=None
        Samples.
    annotations : dict of str to ndarray, default={}
        What is known of each spectrum.
    meta : dict, default={}
        What is known of the file.
    notes : list of str, default=[]
        What was understood, a sentence each.
    kind : str, default="text table"
        What the file is, in words.
    """

    X: np.ndarray
    axis: np.ndarray
    unit: str | None = None
    intensity: str | None = None
    sample_id: np.ndarray | None = None
    annotations: dict[str, np.ndarray] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    kind: str = "text table"


def refuse(
    path: object, rule: str, found: str, way: str, line: int | None = None
) -> NoReturn:
    """Refuse a file: the rule, the place, what is there, the way out.

    Parameters
    ----------
    path : object
        The file.
    rule : str
        What it must be, to follow its name.
    found : str
        What is there instead, to follow "but".
    way : str
        A sentence that helps.
    line : int, default=None
        Line, counted from 1.
    """
    place = f"{path}" if line is None else f"{path}, line {line},"
    raise FileFormatError(f"{place} {rule}, but {found}. {way}")


def refuse_names(
    path: object, names: Mapping[str, str], kind: str, of_use: tuple[str, ...] = ()
) -> None:
    """Refuse what the user says of a file where its format leaves no choice.

    Parameters
    ----------
    path : object
        The file.
    names : mapping of str to str
        What the user says.
    kind : str
        The format, in words.
    of_use : tuple of str, default=()
        What the format leaves open.
    """
    key = next((key for key in names if key not in of_use), None)
    if key is not None:
        refuse(
            path,
            f"must have an entry or column {names[key]!r}, as names[{key!r}] says",
            f"{kind} has no names to choose {key} by",
            f"Leave {key} out"
            + (
                ", and write ids with dataclasses.replace(spectra, sample_id=[...])."
                if key == "sample_id"
                else "."
            ),
        )


def shown(text: object, length: int = 40) -> str:
    """Quote the beginning of a text.

    Parameters
    ----------
    text : object
        What to quote.
    length : int, default=40
        Characters that are shown.

    Returns
    -------
    str
        The text in quotation marks, with dots where it goes on.
    """
    text = str(text)
    return repr(text[:length] + ("..." if len(text) > length else ""))


def counted(n: int, thing: str, plural: str | None = None) -> str:
    """Give a number with its noun, such as "1 spectrum" or "3 lines"."""
    return f"{n} {thing if n == 1 else plural or thing + 's'}"
