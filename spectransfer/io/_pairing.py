"""The spectra of two instruments, brought together: by sample, or row by row."""

import warnings
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from spectransfer.exceptions import FileFormatError, SpectransferWarning
from spectransfer.spectra import SIDES, Spectra, SpectraPair

AVERAGES = (None, "secondary", "primary", "both")
_IDS = "sample_id"
_HOW_TO_NAME = (
    'Name the column of samples, with names={"sample_id": ...}, or give spectra their '
    "names, with dataclasses.replace(read_spectra(...), sample_id=[...])"
)


def keys_of(ids: np.ndarray) -> list[str]:
    """Write names of samples so that equal ones are equal, whatever their type.

    Parameters
    ----------
    ids : ndarray of shape (n_spectra,)
        Names: text, numbers, or NaN, which equals itself here.

    Returns
    -------
    list of str
        One text for each; whole numbers have no decimals.
    """
    if ids.dtype.kind == "f":
        return [str(int(v)) if np.isfinite(v) and v == int(v) else str(v) for v in ids]
    return [str(v) for v in ids.tolist()]


def _averaged(spectra: Spectra) -> Spectra:
    """Average the spectra of each sample, in the order of their first ones."""
    keys = keys_of(np.asarray(spectra.sample_id))
    places: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        places.setdefault(key, []).append(row)
    groups = list(places.values())
    means = [spectra.X[rows].mean(axis=0, dtype=np.float64) for rows in groups]
    dtype = spectra.X.dtype if spectra.X.dtype.kind == "f" else np.float64
    annotations = {}
    for name, values in spectra.annotations.items():
        if all((values[rows] == values[rows[:1]]).all() for rows in groups):
            annotations[name] = values[[rows[0] for rows in groups]]
        elif values.dtype.kind in "fiu":
            annotations[name] = np.array([values[rows].mean(axis=0) for rows in groups])
    lost = sorted(set(spectra.annotations) - set(annotations))
    note = f"{len(keys)} spectra averaged to {len(groups)} samples" + (
        f"; annotations that differ within a sample left out: {', '.join(lost)}"
        if lost
        else ""
    )
    return Spectra(
        np.asarray(means, dtype=dtype),
        spectra.wavelengths,
        unit=spectra.unit,
        descending=spectra.descending,
        intensity=spectra.intensity,
        sample_id=np.asarray(spectra.sample_id)[[rows[0] for rows in groups]],
        annotations=annotations,
        meta=spectra.meta,
        notes=(*spectra.notes, note),
    )


def _by_rows(sides: dict[str, Spectra], told: Mapping[str, str]) -> str:
    sizes = [len(spectra) for spectra in sides.values()]
    if sizes[0] != sizes[1]:
        raise FileFormatError(
            f"{told['secondary']} and {told['primary']} must pair row by row, as they "
            f"do not both have sample ids, but there are {sizes[0]} secondary spectra "
            f"and {sizes[1]} primary ones. {_HOW_TO_NAME}, or bring both to the same "
            "spots."
        )
    _refuse_other_order(sides, told)
    with_ids = [side for side in SIDES if sides[side].sample_id is not None]
    if with_ids:
        other = SIDES[1 - SIDES.index(with_ids[0])]
        warnings.warn(
            f"{told['secondary']} and {told['primary']} are paired row by row, since "
            f"only the {with_ids[0]} spectra have sample ids. Name the column of "
            f"samples of the {other} ones, with names={{'sample_id': ...}}, or see "
            "that both have their rows in one order.",
            SpectransferWarning,
            stacklevel=4,
        )
    return "paired row by row: there are no sample ids on both sides"


def _refuse_other_order(sides: dict[str, Spectra], told: Mapping[str, str]) -> None:
    """Refuse rows that bear the same names on both sides, but in another order."""
    named = [_names_of_rows(sides[side]) for side in SIDES]
    for first, keys in named[0].items():
        for second, others in named[1].items():
            alike = first == second or _IDS in (first, second)
            if not alike or keys == others or sorted(keys) != sorted(others):
                continue
            way = f"names={{'sample_id': {first!r}}}"
            if first != second:
                way = (
                    "dataclasses.replace(read_spectra(...), sample_id=[...]) for the "
                    "side that lacks them"
                )
            raise FileFormatError(
                f"The rows of {told['secondary']} and {told['primary']} must pair, but "
                f"{first!r} of the one and {second!r} of the other have the same names "
                f"in another order. If they name the samples, say so: {way}; "
                "otherwise leave one of the columns out."
            )


def _names_of_rows(spectra: Spectra) -> dict[str, list[str]]:
    """Give what may name rows: ids, and texts or whole numbers that seldom repeat."""
    columns = dict(spectra.annotations)
    # without ids, rows may have been counted, from 0 or 1: such a column is left out
    n = np.arange(len(spectra))
    ids = spectra.sample_id
    columns |= {"0, 1, ...": n, "1, 2, ...": n + 1} if ids is None else {_IDS: ids}
    keys = {
        name: keys_of(values)
        for name, values in columns.items()
        if values.ndim == 1 and values.dtype.kind in "UiuO"
    }
    return {
        name: known for name, known in keys.items() if 2 * len(set(known)) >= len(known)
    }


def _by_sample(
    sides: dict[str, Spectra], told: Mapping[str, str]
) -> tuple[dict[str, Spectra], str]:
    """Pair by sample; of several spectra on one side, each finds the other."""
    keys = {side: keys_of(np.asarray(s.sample_id)) for side, s in sides.items()}
    if keys["secondary"] == keys["primary"]:
        return sides, "paired row by row: sample ids are the same"
    several = {
        side: next((k for k, n in Counter(keys[side]).items() if n > 1), None)
        for side in SIDES
    }
    if None not in several.values():
        raise FileFormatError(
            f"Samples of {told['secondary']} and {told['primary']} must pair, but "
            f"sample {several['secondary']} has several spectra in the one and sample "
            f"{several['primary']} in the other, in another order. Pass "
            'average="both", or average="primary" to keep each secondary spectrum.'
        )
    unique = "primary" if several["primary"] is None else "secondary"
    other = "secondary" if unique == "primary" else "primary"
    row_of = {key: row for row, key in enumerate(keys[unique])}
    rows = [row for row, key in enumerate(keys[other]) if key in row_of]
    if not rows:
        raise FileFormatError(
            f"{told['secondary']} and {told['primary']} must have samples in common, "
            f"but those of the one are {', '.join(keys['secondary'][:3])}... and of "
            f"the other {', '.join(keys['primary'][:3])}.... {_HOW_TO_NAME}."
        )
    matched = [row_of[keys[other][row]] for row in rows]
    _warn_of_lost(keys, told)
    chosen = {
        other: sides[other][np.array(rows)],
        unique: sides[unique][np.array(matched)],
    }
    return chosen, f"paired by sample: {len(rows)} pairs"


def _warn_of_lost(keys: dict[str, list[str]], told: Mapping[str, str]) -> None:
    for side, other in (SIDES, SIDES[::-1]):
        lost = [k for k in dict.fromkeys(keys[side]) if k not in set(keys[other])]
        if lost:
            warnings.warn(
                f"{len(lost)} of the samples of {told[side]} are not in {told[other]} "
                f"and are left out: {', '.join(lost[:5])}"
                f"{', ...' if len(lost) > 5 else ''}. Measure them on both "
                "instruments, or remove them.",
                SpectransferWarning,
                stacklevel=5,
            )


def paired(
    sides: dict[str, Spectra],
    told: Mapping[str, str],
    average: str | None,
    y: str | None,
) -> tuple[SpectraPair, list[str]]:
    """Bring the spectra of two instruments together.

    Parameters
    ----------
    sides : dict of str to Spectra
        "secondary" and "primary".
    told : mapping of str to str
        What to call them in errors: their files.
    average : {None, "secondary", "primary", "both"}
        Sides whose spectra of one sample are averaged.
    y : str or None
        Annotation that is known of the samples, such as a concentration.

    Returns
    -------
    pair : SpectraPair
        The pair.
    notes : list of str
        What was done.
    """
    if average not in AVERAGES:
        raise ValueError(
            f"average must be one of {', '.join(map(repr, AVERAGES))}, but it is "
            f"{average!r}."
        )
    notes = []
    for side in SIDES if average == "both" else (average,) if average else ():
        if sides[side].sample_id is None:
            raise FileFormatError(
                f"{told[side]} must have sample ids to be averaged by, but it has "
                f"none. {_HOW_TO_NAME}."
            )
        sides = sides | {side: _averaged(sides[side])}
        notes.append(f"{side}: {sides[side].notes[-1]}")
    if any(spectra.sample_id is None for spectra in sides.values()):
        notes.append(_by_rows(sides, told))
    else:
        sides, note = _by_sample(sides, told)
        notes.append(note)
    return _as_pair(sides, y, told), notes


def _as_pair(sides: dict[str, Spectra], y: str | None, told: Any) -> SpectraPair:
    entries: dict[str, Any] = {}
    for side, spectra in sides.items():
        entries[f"X_{side}"] = spectra.X
        entries[f"wavelengths_{side}"] = spectra.axis
    annotations = _brought_together(sides, "annotations")
    meta = _brought_together(sides, "meta")
    meta.pop("axis", None)  # each side says its own
    kinds = {spectra.intensity for spectra in sides.values()}
    if len(kinds) == 1 and None not in kinds:
        meta.setdefault("unit", kinds.pop())
    ids = [s.sample_id for s in sides.values() if s.sample_id is not None]
    if ids:
        entries["sample_id"] = ids[0]
    if y is not None:
        entries["y"] = _values_of(annotations, y, told)
        entries["y_names"] = [y]
    return SpectraPair(**entries, annotations=annotations, meta=meta)


def _values_of(annotations: dict[str, Any], y: str, told: Mapping[str, str]) -> Any:
    values = annotations.pop(y, None)
    if values is None or values.dtype.kind not in "fiu":
        found = "there is none" if values is None else "it holds text"
        raise FileFormatError(
            f"{told['secondary']} or {told['primary']} must have a column {y!r} of "
            f"numbers, as names['y'] says, but {found}. Others are "
            f"{', '.join(map(repr, annotations)) or 'not there'}."
        )
    return values


def _brought_together(sides: dict[str, Spectra], which: str) -> dict[str, Any]:
    """Keep what both sides say, or one; name the side where they differ."""
    first, second = (dict(getattr(sides[side], which)) for side in SIDES)
    together: dict[str, Any] = {}
    for name in first | second:
        if name in first and name in second and not _same(first[name], second[name]):
            together[f"{name}_secondary"] = first[name]
            together[f"{name}_primary"] = second[name]
        else:
            together[name] = (first | second)[name]
    return together


def _same(a: Any, b: Any) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or (a.dtype.kind == "U") != (b.dtype.kind == "U"):
        return False
    both_nan = (a != a) & (b != b)
    return bool(np.all((a == b) | both_nan))
