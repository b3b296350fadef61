"""The document around the blocks of a page."""

from collections.abc import Iterable
from html import escape

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
