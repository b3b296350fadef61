"""The page of an acceptance test, for a person who must sign."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer.adaptation import InstrumentWatch
from spectransfer.evaluation import StandardsCurve
from spectransfer.reliability import Acceptance
from spectransfer.report._page import Report

_MEANING = {
    "transfer": "The transfer is within all limits, and better than none.",
    "no transfer needed": (
        "Spectra are within all limits without a transfer, and the tests do not show "
        "that it makes them better."
    ),
    "do not use": (
        "A figure is beyond its limit, or the samples do not show that the transfer "
        "is what brings it within."
    ),
}
_WORDS = (
    "RMSEP, SEP, bias and slope are those of validation samples, as ASTM E1655 speaks "
    "of them, and validation is empirical in the sense of ASTM E2617. Conformity with "
    "either standard is not claimed. p is how likely samples are to differ so much "
    "before and after the transfer by chance (two-sided; signs of samples turned at "
    "random, and Wilcoxon's ranks)."
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

    See Also
    --------
    spectransfer.reliability.accept_transfer : Makes the numbers.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from spectransfer import DirectStandardization, OffsetTransfer
    >>> from spectransfer.reliability import accept_transfer
    >>> from spectransfer.report import write_acceptance
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [[1.0], [3.0], [5.0], [7.0]]
    >>> fitted = [t.fit(X, y) for t in (DirectStandardization(), OffsetTransfer())]
    >>> with TemporaryDirectory() as folder:
    ...     write_acceptance(accept_transfer(*fitted, X, y), folder).name
    'report.html'
    """
    tested = f"{acceptance.n_samples} samples ({acceptance.n_spectra} spectra)"
    report = Report(
        title,
        f"Verdict: {acceptance.verdict}. {_MEANING[acceptance.verdict]} Tested with "
        f"{tested} that the transfer has not learned from.",
    )
    _add_errors(report, acceptance)
    _add_lines(report, acceptance)
    _add_outliers(report, acceptance)
    if curve is not None:
        said = [line for figure in curve.errors for line in [curve.in_words(figure)]]
        report.section("What more standards would bring", "\n\n".join(said))
    state = (
        "The state of the instrument was not given." if watch is None else watch.advice
    )
    report.section("Drift", state)
    report.section(
        "What was tested",
        f"SHA-256 of the spectra and of what was predicted: {acceptance.checksum}.",
    )
    report.section("Signature", "Name, date, signature:")
    return report.write(out)


def _add_errors(report: Report, acceptance: Acceptance) -> None:
    report.section("Errors before and after", _WORDS)
    header = ["figure", "", "RMSEP", "SEP", "bias", "slope", "limit"]
    rows, tests = [], []
    for row in acceptance.rows:
        for k, (when, errors) in enumerate(
            (("before", row.before), ("after", row.after))
        ):
            cells = (*(errors.rmsep, errors.sep, errors.bias), row.slopes[k], row.limit)
            rows.append([row.name, when, *(f"{value:.4g}" for value in cells)])
        p = (f"{p:.2g}" for p in (row.p_permutation, row.p_wilcoxon))
        share = "not known" if np.isnan(row.inferred) else f"{row.inferred:.0%}"
        tests.append([row.name, row.verdict, *p, share])
    report.table("errors", header, rows, caption="Errors.", n_left=2)
    header = ["figure", "verdict", "p (permutation)", "p (Wilcoxon)", "inferred"]
    caption = (
        "Verdicts and tests. Inferred are channels that the secondary does not see."
    )
    report.table("verdicts", header, tests, caption=caption, n_left=2)


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
    for line in acceptance.lines[:50]:
        numbers = line.wavelength, line.height, line.half_width
        cells.append([str(line.channel), *(f"{value:.6g}" for value in numbers)])
    header = ["channel", "place", "height", "half width of the band"]
    report.table("inferred", header, cells, caption="Inferred lines.")


def _add_outliers(report: Report, acceptance: Acceptance) -> None:
    judged: Any = acceptance.judgement
    if judged is None:
        report.section("Outliers", "No applicability domain was given.")
        return
    rows = np.flatnonzero(judged.flagged)
    report.section(
        "Outliers", f"{len(rows)} of {len(judged.flagged)} spectra are flagged."
    )
    if len(rows):
        cells = [
            [str(i), judged.reason[i], f"{judged.p_values[i]:.3g}", ", ".join(named)]
            for i, named in zip(rows[:50], judged.channels[rows], strict=False)
        ]
        header = ["spectrum", "statistic", "p", "channels least explained"]
        report.table("outliers", header, cells, caption="Outliers.", n_left=2)
