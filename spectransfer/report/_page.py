"""`Report`: a page that is put together from top to bottom, and written at once."""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from spectransfer._files import written_beside
from spectransfer._tables import TextTable
from spectransfer.evaluation import TransferTable
from spectransfer.report._blocks import Figure, Heading, Table, Text, draw
from spectransfer.report._document import document, provenance_tables

PAGE = "report.html"


class _Names:
    """What is taken: names of files, and anchors.

    They are compared as file systems do that know no capitals.
    """

    def __init__(self) -> None:
        self._taken: set[tuple[str, str]] = set()

    def claim(self, kind: str, name: str) -> str:
        """Take the name that a user gave; refuse one that is none, or is taken."""
        if not re.fullmatch(r"\w([\w.+ -]*\w)?", name):
            raise ValueError(
                f"The name of a {kind} must be a plain file name of letters, digits, "
                "'-', '_', '+', '.' and spaces, because files are written under it, "
                f"but it is {name!r}. What is to be read stands in caption and label; "
                f"name the files for example {_cleaned(name, 'x')!r}."
            )
        if (kind, name.casefold()) in self._taken:
            raise ValueError(
                f"Every {kind} needs a name of its own, for its files, but there are "
                f"two of {name!r}. Give one of them another, such as {name + '-2'!r}."
            )
        self._taken.add((kind, name.casefold()))
        return name

    def number(self, kind: str, name: str) -> str:
        """Take a name that was made of a title, with a number where it is taken."""
        numbered, n = name, 1
        while (kind, numbered.casefold()) in self._taken:
            n += 1
            numbered = f"{name}-{n}"
        self._taken.add((kind, numbered.casefold()))
        return numbered


def _cleaned(title: str, otherwise: str) -> str:
    """Make a name of a title: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or otherwise


class Report:
    """A page of sections, text, tables and figures, and a folder of their files.

    What is added appears on the page in that order. `write` makes one HTML file that
    brings its pictures along and needs neither network nor scripts, and beside it every
    table as CSV, Markdown and LaTeX and every figure as PNG and PDF.

    Parameters
    ----------
    title : str
        Title of the page.
    lead : str, default=""
        A sentence or two below it.
    dpi : int, default=140
        Pixels per inch of the pictures.
    vector : bool, default=True
        Whether figures are written as PDF, too.

    See Also
    --------
    write_report : The page of an evaluation.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from spectransfer.report import Report
    >>> report = Report("Two spectrometers")
    >>> report.section("Results", "Ridge is ahead.")
    >>> report.table("rse", ["transfer", "RSE"], [["ridge", "0.05"]], caption="RSE")
    >>> with TemporaryDirectory() as folder:
    ...     page = report.write(folder)
    ...     page.name, sorted(p.name for p in page.parent.glob("tables/*"))
    ('report.html', ['rse.csv', 'rse.md', 'rse.tex'])
    """

    def __init__(
        self, title: str, lead: str = "", *, dpi: int = 140, vector: bool = True
    ) -> None:
        self.title = title
        self.lead = lead
        self.dpi = dpi
        self.vector = vector
        self._blocks: list[Heading | Text | Table | Figure] = []
        self._names = _Names()

    def section(self, title: str, text: str = "", *, level: int = 2) -> None:
        """Begin a section.

        Parameters
        ----------
        title : str
            Its heading.
        text : str, default=""
            What stands below it, as in `text`.
        level : {2, 3}, default=2
            2 for a section, which the contents list; 3 for a part of one.
        """
        begun = any(isinstance(block, Heading) for block in self._blocks)
        if level not in (2, 3) or (level == 3 and not begun):
            raise ValueError(
                "A heading must be a section (level 2) or a part of one (level 3), but "
                f"{title!r} has level {level}{'' if begun else ' and is the first'}. "
                "Begin a section with level=2 before its parts."
            )
        anchor = self._names.number("#", _cleaned(title, "section"))
        self._blocks.append(Heading(level, title, anchor))
        self.text(text)

    def text(self, text: str) -> None:
        """Add paragraphs.

        Parameters
        ----------
        text : str
            Plain text, in which nothing is markup: empty lines divide paragraphs, and
            a paragraph whose lines all begin with "- " is a list.
        """
        if text.strip():
            self._blocks.append(Text(text))

    def table(
        self,
        name: str,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        caption: str,
        label: str = "",
        n_left: int = 1,
        marked: Collection[int] = (),
        note: str = "",
        csv: str | None = None,
    ) -> None:
        """Add a table of text cells.

        Parameters
        ----------
        name : str
            Name of its files, without ending: letters, digits, hyphens. No other table
            of the page has it.
        header : sequence of str
            Names of the columns.
        rows : sequence of sequence of str
            Cells; the first of each row names it.
        caption : str
            What the table shows.
        label : str, default=""
            What it is called, such as "Table 1".
        n_left : int, default=1
            Number of columns that hold text; others are set as numbers.
        marked : collection of int, default=()
            Rows, counted from 0, with a shade behind them.
        note : str, default=""
            What stands below the table.
        csv : str, default=None
            Content of the CSV file, for numbers in full precision. None writes the
            cells.
        """
        uneven = [row for row in rows if len(row) != len(header)]
        if uneven:
            raise ValueError(
                f"Rows of {name!r} must have the {len(header)} cells of the header, "
                f"but one has {len(uneven[0])}: {list(uneven[0])!r}."
            )
        table = Table(
            self._names.claim("table", name),
            TextTable(
                [str(cell) for cell in header],
                [[str(cell) for cell in row] for row in rows],
                n_left,
                frozenset(marked),
            ),
            caption,
            label,
            note,
            csv,
        )
        self._blocks.append(table)

    def transfer_table(
        self,
        name: str,
        table: TransferTable,
        *,
        caption: str,
        label: str = "",
        marked: Collection[str] = (),
        note: str = "",
    ) -> None:
        """Add the figures of merit of an evaluation.

        Times, which differ from run to run, stay out; the CSV file has full precision
        and base units.

        Parameters
        ----------
        name : str
            Name of its files, without ending.
        table : TransferTable
            What `evaluate_transfers` found.
        caption : str
            What the table shows.
        label : str, default=""
            What it is called, such as "Table 1".
        marked : collection of str, default=()
            Transfers whose rows have a shade behind them.
        note : str, default=""
            What stands below the table.
        """
        merits = table.without_times()
        printed = merits.printed()
        self.table(
            name,
            printed.header,
            printed.rows,
            caption=caption,
            label=label,
            n_left=printed.n_left,
            marked=[i for i, row in enumerate(merits) if row.transfer in marked],
            note=note,
            csv=merits.to_csv(),
        )

    def figure(
        self,
        name: str,
        figure: Any,
        *,
        caption: str,
        alt: str,
        label: str = "",
        stacked: bool = False,
    ) -> None:
        """Add a figure, and close it.

        Parameters
        ----------
        name : str
            Name of its files, without ending.
        figure : matplotlib.figure.Figure, or mapping of str to one
            One picture, or several by name, side by side where the page is wide enough.
        caption : str
            What is to be seen.
        alt : str
            The same for those who do not see it; names of pictures are added.
        label : str, default=""
            What it is called, such as "Figure 5".
        stacked : bool, default=False
            Whether several pictures stand one below the other in any case.
        """
        name = self._names.claim("figure", name)
        parts = [(figure, name, alt)]
        if isinstance(figure, Mapping):
            parts = [
                (part, self._part_of(name, title), f"{alt}: {title}")
                for title, part in figure.items()
            ]
        images = [draw(*part, dpi=self.dpi, vector=self.vector) for part in parts]
        self._blocks.append(Figure(images, caption, label, stacked))

    def _part_of(self, name: str, title: str) -> str:
        return self._names.number("figure", f"{name}-{_cleaned(title, 'part')}")

    def provenance(
        self, configuration: Mapping[str, Any], timings: Mapping[str, float]
    ) -> None:
        """Add the section that says how the page was made.

        Parameters
        ----------
        configuration : mapping of str to object
            What was chosen: data, seed, settings of each transfer.
        timings : mapping of str to float
            Seconds that each step took.
        """
        self.section("How this page was made")
        told = provenance_tables(configuration, timings)
        for name, (caption, rows) in told.items():
            self.table(name, ["", "value"], rows, caption=caption, n_left=2)

    def html(self) -> str:
        """Give the page.

        Returns
        -------
        str
            A document that needs no other file.
        """
        return document(self.title, self.lead, self._blocks)

    def write(self, out: str | os.PathLike[str]) -> Path:
        """Write the page, its tables and its figures.

        Parameters
        ----------
        out : str or path-like
            Folder; it is made where there is none. Files of the same names are
            replaced, each at once.

        Returns
        -------
        pathlib.Path
            The page, ``report.html``.
        """
        folder = Path(out)
        files: dict[str, bytes] = {}
        for block in self._blocks:
            if isinstance(block, Table | Figure):
                files |= block.files()
        # last, so that a page never speaks of files that are not there yet
        files[PAGE] = self.html().encode("utf-8")
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with written_beside(path) as beside:
                beside.write_bytes(content)
        return folder / PAGE
