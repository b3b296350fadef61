"""What stands around the blocks of a page: head, looks, and how it was made."""

import os
import platform
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from spectransfer._version import __version__
from spectransfer.report._blocks import Figure, Heading, Table, Text

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
        _HEAD.format(title=escape(title), style=_STYLE)
        + f"<header><h1>{escape(title)}</h1>{told}"
        + (contents if entries else "")
        + "</header>\n<main>\n"
        + "\n".join(block.html() for block in shown)
        + "\n</main>\n</body>\n</html>\n"
    )


_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "skorch",
    "joblib",
    "matplotlib",
    "pandas",
)


def _environment() -> dict[str, str]:
    """Give versions and machine, as far as results and times may depend on them."""
    told = {
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "spectransfer": __version__,
        "Python": platform.python_version(),
    }
    for package in _PACKAGES:
        try:
            told[package] = version(package)
        except PackageNotFoundError:
            continue
    told["system"] = f"{platform.system()} {platform.machine()}"
    told["CPU cores"] = str(os.cpu_count())
    torch = sys.modules.get("torch")
    if torch is not None:
        told["torch threads"] = str(torch.get_num_threads())
        cuda = torch.cuda.is_available()
        told["GPU"] = torch.cuda.get_device_name() if cuda else "none"
    return told


def _seconds(duration: float) -> str:
    """Write a duration as people say it."""
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def provenance_tables(
    configuration: Mapping[str, Any], timings: Mapping[str, float]
) -> dict[str, tuple[str, list[list[str]]]]:
    """Give captions and rows of what tells how a page was made.

    Parameters
    ----------
    configuration : mapping of str to object
        What was chosen.
    timings : mapping of str to float
        Seconds by step.

    Returns
    -------
    dict of str to (str, list of list of str)
        By the names of the files; tables without rows are left out.
    """
    spent = {step: _seconds(t) for step, t in timings.items()}
    told = {
        "configuration": ("Configuration", configuration),
        "environment": ("Versions and machine", _environment()),
        "timings": ("Wall-clock times", spent),
    }
    return {
        name: (caption, [[key, str(value)] for key, value in table.items()])
        for name, (caption, table) in told.items()
        if table
    }


# dark on light, from the width of a phone to that of a desk
_STYLE = """
:root { color-scheme: light; --ink: #1d2126; --quiet: #59626d; --line: #d6dbe0;
  --accent: #005a8c; --shade: #f3f6f8; --marked: #fdf3e1; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", "Noto Sans", Roboto,
    "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 64rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
footer { padding-bottom: 3rem; color: var(--quiet); font-size: .875rem; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: clamp(1.6rem, 1.2rem + 2vw, 2.4rem); margin: 0 0 .75rem; }
h2 { font-size: 1.5rem; margin: 3.25rem 0 .75rem; padding-top: .9rem;
  border-top: 2px solid var(--line); }
h3 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; }
p, ul { max-width: 44rem; margin: 0 0 1rem; }
.lead { font-size: 1.15rem; color: #363d45; }
a { color: var(--accent); }
nav { margin: 1.5rem 0 0; padding: .9rem 1.25rem; background: var(--shade);
  border-radius: .5rem; }
nav strong { display: block; margin-bottom: .25rem; }
nav ol { margin: 0; padding-left: 1.4rem; columns: 20rem; }
nav li { break-inside: avoid; }
figure { margin: 1.75rem 0; }
figcaption { max-width: 44rem; font-size: .925rem; color: var(--quiet);
  margin-top: .5rem; overflow-wrap: anywhere; }
figcaption b { color: var(--ink); }
img { display: block; width: 100%; height: auto; }
.panels { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.panels img, .single img { max-width: var(--natural); }
.single img + img { margin-top: .75rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem;
  max-width: max-content; }
.scroll:focus-visible { outline: 3px solid var(--accent); }
table { border-collapse: collapse; font-size: .9rem; line-height: 1.35;
  font-variant-numeric: tabular-nums; }
.table > figcaption { margin: 0 0 .5rem; }
.table > .note { color: var(--quiet); margin: .5rem 0 0; }
th, td { padding: .4rem .8rem; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
thead th { background: var(--shade); border-bottom: 2px solid var(--line);
  font-weight: 600; }
tbody th { font-weight: 500; background: #fff; }
tbody tr:last-child > * { border-bottom: 0; }
tr.marked > * { background: var(--marked); }
tr.again > :first-child { color: var(--quiet); }
td.long { white-space: normal; min-width: 12rem; overflow-wrap: anywhere; }
tr > :first-child { position: sticky; left: 0;
  box-shadow: inset -1px 0 0 var(--line); }
@media (max-width: 36rem) {
  header, main, footer { padding-left: .9rem; padding-right: .9rem; }
  body { font-size: 1rem; }
  th, td { padding: .35rem .55rem; }
  tr > :first-child { min-width: 6.5rem; max-width: 42vw; white-space: normal; }
}
@media print { nav { display: none; } h2 { break-after: avoid; }
  figure { break-inside: avoid; } .scroll { border: 0; } }
"""
