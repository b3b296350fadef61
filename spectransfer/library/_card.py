"""The card of a library: what a stranger has to know of it, in words.

A card is a dict of texts. Those of `REQUIRED` are asked for by name; other ones may be
added, so that a laboratory can say what matters to it.
"""

from collections.abc import Mapping
from typing import Any

REQUIRED: dict[str, tuple[str, ...]] = {
    "title": (),
    "instrument": ("maker", "model"),
    "measured": (),
    "standards": ("description", "source"),
    "licence": ("data", "code"),
    "citation": (),
    "contact": (),
}
"""Entries that every card has, with the entries inside them."""

_MEANING = {
    "title": "a name for the library",
    "instrument.maker": "who made the primary spectrometer",
    "instrument.model": "which spectrometer it is",
    "measured": "the dates of the measurements, such as '2022-03-01/2022-03-04'",
    "standards.description": "what the standards are",
    "standards.source": "where others get them",
    "licence.data": "under which licence the spectra are, such as 'CC-BY-4.0'",
    "licence.code": "under which licence the networks are, such as 'BSD-3-Clause'",
    "citation": "what to cite",
    "contact": "whom to ask",
    "medium": "'air' or 'vacuum', in which wavelengths are counted",
}
_WAVELENGTHS = ("nm", "um", "angstrom")
_OF_ERRORS = {"figure", "value", "protocol"}
_DEEPEST = 4


def checked_card(card: Mapping[str, Any], unit: str | None) -> dict[str, Any]:
    """Refuse a card that lacks something, and say what.

    Parameters
    ----------
    card : mapping of str to object
        Texts, numbers, lists and mappings of them.
    unit : str or None
        Unit of the primary axis: wavelengths are in air or in vacuum.

    Returns
    -------
    dict
        The card in plain values.

    Raises
    ------
    ValueError
        Entries are missing or empty, and which ones, or hold what is no text.
    """
    if not isinstance(card, Mapping):
        raise ValueError(
            f"card must be a dict that describes the library, but it is {card!r:.60}. "
            f"Its entries are {', '.join(REQUIRED)}."
        )
    plain = _plain(card, "card", 0)
    wanted = [
        f"{name}.{inner}" if inner else name
        for name, inside in REQUIRED.items()
        for inner in inside or ("",)
    ]
    if unit in _WAVELENGTHS:
        wanted.append("medium")
    missing = [name for name in wanted if not _text_at(plain, name)]
    if missing:
        told = "; ".join(f"{name} ({_MEANING[name]})" for name in missing)
        raise ValueError(
            "card must say what strangers need to know of a library, but it lacks "
            f"{told}. Write for example {_example(missing[0])}."
        )
    checked_errors(plain.get("errors", []), "card['errors']")
    if "medium" in plain and plain["medium"] not in ("air", "vacuum"):
        raise ValueError(
            f"card['medium'] must be 'air' or 'vacuum', but it is {plain['medium']!r}."
        )
    return plain


def checked_errors(errors: Any, name: str) -> None:
    """Refuse figures of merit that do not say what they are.

    Parameters
    ----------
    errors : list of dict
        Each with its figure, value and protocol.
    name : str
        What the caller calls them.

    Raises
    ------
    ValueError
        One is something else.
    """
    if not isinstance(errors, list):
        raise ValueError(f"{name} must be a list of dicts, but is {errors!r:.60}.")
    for told in errors:
        if not isinstance(told, dict) or not set(told) >= _OF_ERRORS:
            raise ValueError(
                f"Each of {name} must say its figure, value and protocol, but "
                f"one is {told!r:.80}. Write for example {{'figure': 'RSE', 'value': "
                "0.05, 'protocol': 'unseen map of the same day, deployable'}."
            )
        if not isinstance(told["value"], int | float | str):
            raise ValueError(f"A value of {name} is {told['value']!r:.60}.")


def _example(name: str) -> str:
    outer, _, inner = name.partition(".")
    return f"card[{outer!r}] = " + (f"{{{inner!r}: '...'}}" if inner else "'...'")


def _text_at(card: dict[str, Any], name: str) -> str:
    value: Any = card
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value.strip() if isinstance(value, str) else ""


def _plain(value: Any, where: str, depth: int) -> Any:
    """Give texts, numbers, lists and dicts as such; refuse everything else."""
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError(f"{where} is a number of {value.bit_length()} bits.")
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and value - value == 0:
        return float(value)
    if depth < _DEEPEST and isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise ValueError(f"{where} has an entry {name!r:.40}: no text.")
        return {n: _plain(v, f"{where}.{n}", depth + 1) for n, v in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple):
        return [_plain(v, where, depth + 1) for v in value]
    raise ValueError(
        f"A card holds texts, finite numbers, lists and dicts of them, but {where} is "
        f"{value!r:.60}. Write it as a text."
    )
