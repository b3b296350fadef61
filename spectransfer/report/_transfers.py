"""`write_report`: the page of an evaluation, for spectra and maps of any laboratory."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer._axis import Axis
from spectransfer.evaluation import (
    COLUMNS,
    PROTOCOLS,
    StandardsCurve,
    TransferredMap,
    TransferRow,
    TransferTable,
    printed_properties,
    summarize_transfer,
)
from spectransfer.report import pictures
from spectransfer.report._page import Report
from spectransfer.spectra import PairedMaps, SpectraPair, as_pair

_COSTS = ("fit_time", "predict_time", "shared_bytes")
_LIBRARY_DAY = (
    " Where figures say measured, they mean these spectra of the library's day."
)
_HOW_TO_KEEP = (
    "The figures of single transfers are left out, because the table holds no fitted "
    "ones. They are kept by evaluate_transfers(..., per_spectrum=True, "
    "return_estimator=True)."
)


def write_report(
    table: TransferTable,
    *,
    train: Any,
    test: Any,
    out: str | os.PathLike[str],
    title: str = "Transfer of spectra between two spectrometers",
    transfer: str | None = None,
    protocol: str = "deployable",
    lines: Mapping[float, str] | str | None = None,
    curve: StandardsCurve | None = None,
    configuration: Mapping[str, Any] | None = None,
    timings: Mapping[str, float] | None = None,
) -> Path:
    """Write a page about an evaluation, with all of its tables and figures.

    Parameters
    ----------
    table : TransferTable
        What `evaluate_transfers` found. With ``per_spectrum=True`` and
        ``return_estimator=True`` it holds what the figures are drawn from.
    train, test : SpectraPair, PairedMaps or tuple of (X_secondary, X_primary)
        The spectra that were evaluated. Containers know their wavelengths, and
        `PairedMaps` the places of the spots, for maps of errors and clusters.
    out : str or path-like
        Folder for page, tables and figures; it is made where there is none.
    title : str, default="Transfer of spectra between two spectrometers"
        Title of the page.
    transfer : str, default=None
        The transfer that is looked at closely. None takes the one with the smallest
        relative squared error.
    protocol : {"deployable", "deployable-batch", "library", "paper"}, \
default="deployable"
        The protocol of its figures, one of those of the table.
    lines : mapping of float to str, "libs" or None, default=None
        Emission lines to label in the spectra.
    curve : StandardsCurve, default=None
        What `standards_curve` found: the page then tells how many shared standards are
        enough.
    configuration : mapping of str to object, default=None
        What is to be told of how the figures came about, such as seeds; the settings
        of the fitted transfers are added.
    timings : mapping of str to float, default=None
        Seconds of further steps.

    Returns
    -------
    pathlib.Path
        The page, ``report.html``.

    See Also
    --------
    Report : For pages with other contents.
    spectransfer.evaluation.evaluate_transfers : Makes the table.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer import MeanTransfer, make_transfer_pipeline
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.evaluation import evaluate_transfers
    >>> from spectransfer.report import write_report
    >>> pair = make_instrument_pair(n_spectra=60, random_state=0)
    >>> train, test = pair[:40], pair[40:]
    >>> table = evaluate_transfers(
    ...     {"mean": make_transfer_pipeline(MeanTransfer()),
    ...      "ridge": make_transfer_pipeline(Ridge())}, train, test)
    >>> with TemporaryDirectory() as folder:
    ...     write_report(table, train=train, test=test, out=folder).name
    'report.html'
    """
    best = _best(table, transfer, protocol)
    task = _Task(table, test, best, protocol, lines)
    report = Report(title, _lead(table, best, protocol))
    _add_compared(report, train, test, lines)
    _add_figures_of_merit(report, table)
    _add_properties(report, table)
    if curve is not None:
        _add_curve(report, curve)
    _add_costs(report, table)
    summary = None
    if best not in table.estimators:
        report.text(_HOW_TO_KEEP)
    else:
        summary = _add_spectra(report, task)
    if isinstance(test, PairedMaps) and (best, protocol) in table.spectrum_errors:
        _add_maps(report, task, summary)
    _add_trainings(report, table)
    settings = {name: repr(fitted) for name, fitted in table.estimators.items()}
    report.provenance(dict(configuration or {}) | settings, timings or {})
    return report.write(out)


@dataclass(frozen=True)
class _Task:
    """What is looked at closely."""

    table: TransferTable
    test: Any
    transfer: str
    protocol: str
    lines: Any

    @property
    def axis(self) -> Axis | None:
        return getattr(self.test, "axis_primary", None)

    @property
    def unit(self) -> str | None:
        return self.table.meta.get("unit")


def _best(table: TransferTable, transfer: str | None, protocol: str) -> str:
    rows = [row for row in table if row.protocol == protocol]
    if transfer is not None:
        return table[transfer, protocol].transfer
    if not rows:
        known = ", ".join(repr(p) for p in dict.fromkeys(row.protocol for row in table))
        raise ValueError(
            f"protocol must be one of those of the table, {known}, but it is "
            f"{protocol!r}."
        )
    # NaN, the figure of a transfer that failed, is the smallest of nothing
    return min(rows, key=lambda row: np.inf if np.isnan(row.rse) else row.rse).transfer


def _lead(table: TransferTable, best: str, protocol: str) -> str:
    row = table[best, protocol]
    names = list(dict.fromkeys(row.transfer for row in table))
    return (
        f"{len(names)} {'transfers' if len(names) > 1 else 'transfer'} from the "
        "secondary to the primary spectrometer, judged on unseen spectra. Looked at "
        f"closely: {best}, with a relative squared error of {row.rse:.4f} under the "
        f"{protocol} protocol (0 is perfect, 1 is the mean spectrum)."
    )


def _add_compared(report: Report, train: Any, test: Any, lines: Any) -> None:
    parts = []
    for name, data in (("Shared standards", train), ("unseen spectra", test)):
        pair = as_pair(data, name)
        layout = ""
        if isinstance(data, PairedMaps):
            layout = f", a map of {data.shape[0]} x {data.shape[1]} shots"
        parts.append(f"{name}: {pair.n_spectra:,}{layout}")
    channels = [side.shape[1] for side in pair]
    report.section(
        "What was compared",
        f"{'; '.join(parts)}. The secondary spectrometer has {channels[0]:,} channels, "
        f"the primary one {channels[1]:,}.",
    )
    if isinstance(test, PairedMaps | SpectraPair):
        report.figure(
            "instruments",
            pictures.draw_instruments(test, lines=lines),
            caption="Mean of the unseen spectra on both spectrometers, as measured.",
            alt="Mean spectrum as measured",
            stacked=True,
        )


def _add_spectra(report: Report, task: _Task) -> TransferredMap:
    report.section(
        f"{task.transfer} in detail",
        f"Under the {task.protocol} protocol: {PROTOCOLS[task.protocol]}."
        + (_LIBRARY_DAY if task.protocol == "library" else ""),
    )
    spots = _telling_spots(task)
    summary = summarize_transfer(
        task.table.estimators[task.transfer],
        task.test,
        protocol=task.protocol,
        spots=list(spots.values()),
    )
    axis, unit = task.axis, task.unit
    in_unit = "" if unit is None else f", in {unit}"
    report.figure(
        "mean-spectra",
        pictures.draw_mean_spectra(summary, axis, lines=task.lines, unit=unit),
        caption="Mean of the measured and of the predicted spectra.",
        alt="Mean spectra, measured and predicted",
    )
    report.figure(
        "errors-over-wavelength",
        pictures.draw_errors_over_wavelength({task.transfer: summary}, axis, unit=unit),
        caption=(
            f"Root-mean-square error of each channel{in_unit}, and relative to the "
            "standard deviation of the measured spectra (1 is the mean spectrum)."
        ),
        alt="Root-mean-square error of each channel",
        stacked=True,
    )
    if spots:
        report.figure(
            "single-spectra",
            {
                name: pictures.draw_spot(
                    summary, spot, axis, lines=task.lines, unit=unit
                )
                for name, spot in spots.items()
            },
            caption=(
                "Single spectra: "
                + ", ".join(f"{name} (number {spot})" for name, spot in spots.items())
                + "."
            ),
            alt="Measured and predicted spectrum",
            stacked=True,
        )
    return summary


def _telling_spots(task: _Task) -> dict[str, int]:
    """Choose spectra of small, median and large error."""
    key = task.transfer, task.protocol
    if key not in task.table.spectrum_errors:
        return {}
    order = np.argsort(task.table.spectrum_errors[key].euclidean, kind="stable")
    shares = {"tenth percentile of the error": 0.1, "median": 0.5, "ninetieth": 0.9}
    return {n: int(order[int(s * (len(order) - 1))]) for n, s in shares.items()}


def _add_maps(report: Report, task: _Task, summary: TransferredMap | None) -> None:
    errors = task.table.errors_of(task.transfer, task.protocol)
    # a derivative, say, is not in the unit of what was measured
    maps = replace(task.test, meta={**task.test.meta, "unit": task.unit})
    report.section("Over the map")
    if summary is not None:
        report.figure(
            "emissivity",
            pictures.draw_emissivity(maps, summary),
            caption="Total emissivity, measured and predicted, in the same colours.",
            alt="Map of total emissivity",
        )
    report.figure(
        "error-maps",
        pictures.draw_error_maps(maps, errors),
        caption=(
            "Errors of the predicted spectra. The first and the last percent share one "
            "colour each."
        ),
        alt="Map of errors",
    )
    report.figure(
        "cluster-map",
        pictures.draw_cluster_map(task.test, errors),
        caption="Clusters of the measured spectra; black where the predicted differ.",
        alt="Map of clusters, with disagreements marked",
    )


def _add_trainings(report: Report, table: TransferTable) -> None:
    drawn = pictures.draw_trainings(table.estimators)
    if not drawn:
        return
    report.section("How the networks learned")
    report.figure(
        "learning-curves",
        drawn,
        caption="Losses, epoch by epoch; an area is the weight of the KL divergence.",
        alt="Learning curves",
    )


def _add_figures_of_merit(report: Report, table: TransferTable) -> None:
    """Add the section with every figure of merit.

    Parameters
    ----------
    report : Report
        The page.
    table : TransferTable
        What was found.
    """
    used = list(dict.fromkeys(row.protocol for row in table))
    report.section(
        "Figures of merit",
        "The relative squared error (RSE) is 0 for a perfect transfer and 1 for the "
        "mean spectrum; the k-score is the part of the spectra that keep their cluster."
        " Each protocol says whose mean and deviation standardize the spectra, and "
        "what the predictions are compared with:\n\n"
        + "\n".join(f"- {name}: {PROTOCOLS.get(name, '')}." for name in used)
        + "\n\n"
        + "\n\n".join(table.meta.get("notes", ())),
    )
    report.transfer_table(
        "figures-of-merit", table, caption=table.title or "All figures."
    )


def _add_properties(report: Report, table: TransferTable) -> None:
    """Add what calibrations read from the predictions."""
    if not table.properties:
        return
    printed = printed_properties(table.properties)
    report.section(
        "Properties",
        "What the calibrations of the primary read from transferred spectra. SEP is "
        "the error without the bias. The primary's own spectra show what the "
        "calibration can do, untransferred ones what not transferring costs.",
    )
    report.table(
        "properties",
        list(printed.header),
        [list(row) for row in printed.rows],
        caption="Errors of properties.",
        n_left=printed.n_left,
    )


def _add_curve(report: Report, curve: StandardsCurve) -> None:
    """Add how many shared standards are enough."""
    report.section(
        "How many standards",
        "\n\n".join(
            line
            for figure in curve.errors
            for line in curve.in_words(figure).split("\n")
        ),
    )
    report.figure(
        "standards-curve",
        pictures.draw_standards_curve(curve),
        caption=(
            "Errors against the number of shared standards: medians over draws, and "
            "bands from the tenth to the ninetieth percentile."
        ),
        alt="Error against the number of shared standards",
        stacked=True,
    )


def _add_costs(report: Report, table: TransferTable) -> None:
    """Add times and what must be shared, by transfer.

    Parameters
    ----------
    report : Report
        The page.
    table : TransferTable
        What was found.
    """
    first = {row.transfer: row for row in reversed(table.rows)}
    rows = [first[name] for name in dict.fromkeys(row.transfer for row in table)]
    shown = [c for c in _COSTS if any(getattr(row, c) is not None for row in rows)]
    if not shown:
        return
    report.section("What it takes")
    report.table(
        "costs",
        ["transfer", *(COLUMNS[column][0] for column in shown)],
        [[row.transfer, *(_cell(row, column) for column in shown)] for row in rows],
        caption=(
            "Wall-clock times, and what laboratories must share so that another one "
            "can join."
        ),
        note="Times differ from run to run; no other table holds any.",
    )


def _cell(row: TransferRow, column: str) -> str:
    value = getattr(row, column)
    return "-" if value is None else COLUMNS[column][1](value)
