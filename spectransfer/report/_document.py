"""The document around the blocks of a page, and the files of a folder."""

import os
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from uuid import uuid4

from spectransfer.report._blocks import Figure, Heading, Table, Text
from spectransfer.report._style import STYLE

# nothing is loaded from anywhere: the policy holds the page to it
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
"""


def document(
    title: str, lead: str, blocks: Iterable[Heading | Text | Table | Figure]
) -> str:
    """Give a whole page.

    Parameters
    ----------
    title, lead : str
        Title, and a sentence or two below it.
    blocks : iterable of blocks
        The page from top to bottom.

    Returns
    -------
    str
        HTML that needs no other file.
    """
    shown = list(blocks)
    entries = "".join(
        f'<li><a href="#{block.anchor}">{escape(block.title)}</a></li>'
        for block in shown
        if isinstance(block, Heading) and block.level == 2
    )
    contents = f"<nav><strong>Contents</strong><ol>{entries}</ol></nav>"
    told = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    return (
        _HEAD.format(title=escape(title), style=STYLE)
        + f"<header><h1>{escape(title)}</h1>{told}"
        + (contents if entries else "")
        + "</header>\n<main>\n"
        + "\n".join(block.html() for block in shown)
        + "\n</main>\n</body>\n</html>\n"
    )


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files one by one, each beside and then renamed.

    Parameters
    ----------
    folder : pathlib.Path
        Where they go; it is made where there is none.
    files : mapping of str to bytes
        Contents by path below the folder.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            beside.write_bytes(content)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
