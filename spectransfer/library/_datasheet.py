"""What a library says of itself: the page of a datasheet, as text and as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spectransfer.library._library import Library


def facts_of(library: Library) -> list[tuple[str, str]]:
    """List what is known of a library, each with its name.

    Parameters
    ----------
    library : Library
        Opened.

    Returns
    -------
    list of (str, str)
        Name and value, in the order of reading.
    """
    card = dict(library.card)
    n_spectra, n_latent = library._arrays.shape("latents")
    medium = card.pop("medium", None)
    dtype = library._arrays.dtype("latents")
    facts = [
        ("axis", library.axis.span + (f", in {medium}" if medium else "")),
        (
            "latents",
            f"{n_spectra} of {n_latent} numbers, {dtype}",
        ),
    ]
    names = library.sample_id
    if names is not None:
        n_samples = len(set(names.tolist()))
        facts.append(("samples", f"{n_samples}, such as {names[0]}"))
    facts.append(("decoder", library._decoder_in_words))
    errors = library.errors + list(card.pop("errors", []))
    for error in errors:
        told = f"{error['value']:.4g}" if _is_number(error["value"]) else error["value"]
        facts.append((str(error["figure"]), f"{told} ({error['protocol']})"))
    if library.rounding is not None:
        facts.append(
            ("rounding", f"changes decoded spectra by RSE {library.rounding:.2g}")
        )
    del card["title"]
    for name, value in card.items():
        facts.append((name, _in_words(value)))
    if library.parent is not None:
        facts.append(("made of", f"the library with SHA-256 {library.parent}"))
    return [(plain(name), plain(value)) for name, value in facts]


def plain(text: str) -> str:
    """Give a text of strangers on one line, without what steers a terminal.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The same with blanks in place of what cannot be printed.
    """
    return "".join(c if c.isprintable() else " " for c in text)


def datasheet_text(library: Library) -> str:
    """Write the facts below each other."""
    facts = facts_of(library)
    width = max(len(name) for name, _ in facts)
    lines = [f"Library: {plain(library.card['title'])}"]
    lines += [f"  {name:<{width}}  {value}" for name, value in facts]
    return "\n".join(lines)


def datasheet_html(library: Library) -> str:
    """Write the facts as a table; nothing of a card is taken for HTML."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th>"
        f"<td style='text-align:left'>{escape(value)}</td></tr>"
        for name, value in facts_of(library)
    )
    title = escape(str(library.card["title"]))
    return f"<table><caption>{title}</caption>{rows}</table>"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_in_words(v)}" for name, v in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_words, value))
    return str(value)
