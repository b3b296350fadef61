"""The page of an acceptance test, for a person who must sign."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer._tables import as_csv
from spectransfer._validation import validate_params
from spectransfer.adaptation import InstrumentWatch
from spectransfer.evaluation import StandardsCurve
from spectransfer.reliability import Acceptance
from spectransfer.report._page import Report

_WORDS = (
    "RMSEP, SEP, bias and slope are those of validation samples, as ASTM E1655 speaks "
    "of them, and validation is empirical in the sense of ASTM E2617. Conformity with "
    "either standard is not claimed. Every sample counts alike, however many spectra "
    "it has. p is how likely samples are to differ so much before and after the "
    "transfer by chance (two-sided; signs of samples turned, and Wilcoxon's ranks). "
    "Verdicts rest on the permutation's, corrected for the number of figures (Holm), "
    "at 5 %."
)
_CONFIRMED = (
    "The person who signs confirms that neither transfer has learned from these "
    "samples: this was not checked."
)
_STATISTICS = (
    "T2: far from the mean along the principal components. Q: light that the "
    "components do not explain, in units of its noise. distance: far from the nearest "
    "known spectrum. highest: the strongest channel is stronger than usual. lowest: "
    "the weakest channel is lower than usual, such as negative light. clipped: "
    "channels share the highest intensity, as saturated lines do. p: how likely a "
    "usual spectrum is to be as strange."
)
_RECOMPUTED = (
    "The checksum is SHA-256 of the arrays that the line below names, in its order, "
    "each as little-endian float64 numbers row by row, and then of the line itself in "
    "UTF-8. Samples are numbered from 0 on in the order of their sorted names; an axis "
    "that is not known is empty. With hashlib: told = sha256(); for each array "
    'told.update(numpy.ascontiguousarray(array, "<f8").tobytes()); '
    "told.update(line.encode()); told.hexdigest()."
)
_SHOWN = 50  # rows of a table on the page


@validate_params(
    {
        "acceptance": [Acceptance],
        "title": [str],
        "curve": [StandardsCurve, None],
        "watch": [InstrumentWatch, None],
    },
    prefer_skip_nested_validation=True,
)
def write_acceptance(
    acceptance: Acceptance,
    out: str | os.PathLike[str],
    *,
    title: str = "Acceptance of a spectral transfer",
    curve: StandardsCurve | None = None,
    watch: InstrumentWatch | None = None,
) -> Path:
    """Write the page that a person signs before a transfer is used.

    Parameters
    ----------
    acceptance : Acceptance
        What `accept_transfer` found.
    out : str or path-like
        Folder; it is made where there is none.
    title : str, default="Acceptance of a spectral transfer"
        Title of the page.
    curve : StandardsCurve, default=None
        What `standards_curve` found: tells what more standards would bring.
    watch : InstrumentWatch, default=None
        What `watch_instrument` found: tells the state of the instrument.

    Returns
    -------
    pathlib.Path
        The page, ``report.html``.

    Raises
    ------
    ValueError
        `out` is a file, or an argument is of another kind.

    See Also
    --------
    spectransfer.reliability.accept_transfer : Makes the numbers.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from spectransfer import DirectStandardization, OffsetTransfer
    >>> from spectransfer.reliability import accept_transfer
    >>> from spectransfer.report import write_acceptance
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(
    ...     n_spectra=60, n_secondary=300, shots_per_sample=1, random_state=0
    ... )
    >>> known, new = pair[:40], pair[40:]
    >>> fitted = [
    ...     t.fit(known.X_secondary, known.X_primary)
    ...     for t in (DirectStandardization(), OffsetTransfer("nothing"))
    ... ]
    >>> found = accept_transfer(*fitted, new.X_secondary, new.X_primary)
    >>> with TemporaryDirectory() as folder:
    ...     write_acceptance(found, folder).name
    'report.html'
    """
    if Path(out).is_file():
        raise ValueError(
            "out is a folder, in which a page and its tables are written, but there "
            f"is a file of this name: {os.fspath(out)!r}. Name another folder."
        )
    tested = f"{acceptance.n_samples} samples ({acceptance.n_spectra} spectra)"
    report = Report(
        title,
        f"Verdict: {acceptance.verdict}. {acceptance.reasons} Tested with {tested}. "
        f"{_CONFIRMED}",
    )
    _add_errors(report, acceptance)
    _add_lines(report, acceptance)
    _add_outliers(report, acceptance)
    if curve is not None:
        said = [line for figure in curve.errors for line in [curve.in_words(figure)]]
        report.section("What more standards would bring", "\n\n".join(said))
    state = (
        "The state of the instrument was not given."
        if watch is None
        else f"State of the instrument on day {watch.advice}"
    )
    report.section("Drift", state)
    _add_tested(report, acceptance)
    report.section("Signature", f"{_CONFIRMED}\n\nName, date, signature:")
    return report.write(out)


def _number(value: float, size: float = 0.0) -> str:
    """Write a number; what rounding left of a size is 0."""
    return "0" if abs(value) < 1e-9 * size else f"{value:.4g}"


def _probability(p: float) -> str:
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def _rounded(name: str) -> str:
    """Write a name of a channel with no more digits than a person reads."""
    return re.sub(
        r"\d+\.\d{3,}",
        lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."),
        name,
    )


def _table(
    report: Report,
    name: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    **options: Any,
) -> None:
    """Add a table, long ones cut on the page; its CSV has all and no formulas."""
    note = options.pop("note", "")
    if len(rows) > _SHOWN:
        cut = f"The first {_SHOWN} of {len(rows)}; tables/{name}.csv has all."
        note = f"{cut} {note}".strip()
    csv = as_csv(header, [[_no_formula(cell) for cell in row] for row in rows])
    report.table(name, header, rows[:_SHOWN], csv=csv, note=note, **options)


def _no_formula(cell: str) -> str:
    """Quote what a spreadsheet would compute."""
    if not cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def _add_errors(report: Report, acceptance: Acceptance) -> None:
    report.section("Errors before and after", _WORDS)
    header = ["figure", "", "unit", "RMSEP", "SEP", "bias", "slope", "limit"]
    rows, tests = [], []
    for row in acceptance.rows:
        for k, (when, errors) in enumerate(
            (("before", row.before), ("after", row.after))
        ):
            cells = [
                _number(errors.rmsep),
                _number(errors.sep, errors.rmsep),
                _number(errors.bias, errors.rmsep),
                _number(row.slopes[k]),
                _number(row.limit),
            ]
            rows.append([row.name, when, row.unit or "not given", *cells])
        kinds = row.p_permutation, row.p_corrected, row.p_wilcoxon
        share = "not known" if np.isnan(row.inferred) else f"{row.inferred:.0%}"
        p = map(_probability, kinds)
        tests.append([row.name, row.verdict, row.limit_from, *p, share])
    before = acceptance.about.get("before", "what is done without a transfer")
    after = acceptance.about.get("transfer (after)", "the transfer")
    sides = f"Before is {before}; after is {after}."
    _table(report, "errors", header, rows, caption="Errors.", n_left=3, note=sides)
    header = ["figure", "verdict", "limit from", "p (permutation)", "p (corrected)"]
    header += ["p (Wilcoxon)", "inferred"]
    caption = (
        "Verdicts and tests. Inferred are channels that the secondary does not see."
    )
    _table(report, "verdicts", header, tests, caption=caption, n_left=3)


def _add_lines(report: Report, acceptance: Acceptance) -> None:
    if not acceptance.lines:
        return
    report.section(
        "Lines without support",
        f"{len(acceptance.lines)} predicted lines stand above their band in channels "
        "that the secondary instrument does not see: other lines say that they should "
        "be there.",
    )
    cells = []
    for line in acceptance.lines:
        numbers = line.wavelength, line.height, line.half_width
        cells.append([str(line.channel), *(f"{value:.6g}" for value in numbers)])
    header = ["channel", "place", "height", "half width of the band"]
    _table(report, "inferred", header, cells, caption="Inferred lines.")


def _add_outliers(report: Report, acceptance: Acceptance) -> None:
    judged = acceptance.judgement
    if judged is None:
        report.section("Outliers", "No applicability domain was given.")
        return
    rows, n = np.flatnonzero(judged.flagged), len(judged.flagged)
    chance = acceptance.false_alarms
    by_chance = (
        f" By chance it would be about {chance * n:.0f} ({chance:.2g} of them)."
        if np.isfinite(chance)
        else ""
    )
    report.section("Outliers", f"{len(rows)} of {n} spectra are flagged.{by_chance}")
    if not len(rows):
        return
    names = acceptance.sample_names
    cells = [
        [
            str(i),
            "" if names is None else str(names[i]),
            str(judged.reason[i]),
            _probability(judged.p_values[i]),
            ", ".join(map(_rounded, judged.channels[i])),
        ]
        for i in rows
    ]
    header = ["spectrum", "sample", "statistic", "p", "channels least explained"]
    caption = "Outliers."
    _table(
        report, "outliers", header, cells, caption=caption, n_left=3, note=_STATISTICS
    )


def _add_tested(report: Report, acceptance: Acceptance) -> None:
    report.section("What was tested")
    told = [*acceptance.about.items(), ("SHA-256", acceptance.checksum)]
    rows = [[name, value] for name, value in told]
    _table(report, "tested", ["", "value"], rows, caption="What was tested.", n_left=2)
    report.text(f"{_RECOMPUTED}\n\n{acceptance.settings}")
