"""The sections that are tables: Table 1, what can be deployed, scalings, Table 2."""

import math

from paper import published
from paper.experiment import Results
from paper.transfers import CLOSELY
from spectransfer.evaluation import PROTOCOLS, TransferredMap, TransferRow
from spectransfer.report import Report, TextTable, pictures

_SHORT = {
    "deployable": "training statistics",
    "deployable-batch": "own secondary statistics",
    "paper": "every map by itself",
}


_LIBRARY_DAY = {
    True: (
        "The simulation knows it: the same shots, with plasma and spectrometer of the "
        "first day."
    ),
    False: (
        "For these maps nobody knows it; standards that both spectrometers measure "
        "again on the new day bring it nearer (docs/paper.md)."
    ),
}


def as_text(results: Results) -> str:
    """Write the relative squared errors, for a terminal."""
    named = results.protocols
    above = ["", "", "second day:", *([""] * (len(named) - 1)), "(paper)", ""]
    lines = [["RSE", "same day", *named, "k-score", "fit"]]
    for candidate in results.candidates:
        rows = [results.table[candidate.name, protocol] for protocol in named]
        errors = [results.same_day[candidate.name, "deployable"].rse]
        errors += [row.rse for row in rows]
        figures = [f"{rse:.4f}" for rse in errors]
        fit = rows[-1].fit_time
        figures += [f"{rows[-1].k_score:.1%}", "-" if fit is None else f"{fit:.1f} s"]
        lines.append([candidate.name, *figures])
    return TextTable(above, lines).text(rule=False)


def add_protocols(report: Report, results: Results) -> None:
    """Say what is judged how."""
    named = results.protocols
    told = "\n".join(f"- {name}: {PROTOCOLS[name]}." for name in named)
    report.section(
        "Ways of judging",
        "Every transfer is fitted once, to the training map of the first day, and "
        "predicts the primary spectra of the test map, which was measured on another "
        "day, from the secondary ones. Between the days both spectrometers have "
        "drifted, so it matters whose mean and deviation standardize the spectra, and "
        "which day's primary spectrometer the predictions are compared with:\n\n"
        f"{told}\n\n"
        "Both deployable protocols ask how well the readings of a drifted primary "
        "spectrometer are predicted. Who looks spectra up in a library asks what it "
        "would have measured on the library's day. "
        f"{_LIBRARY_DAY[results.simulated and 'library' in named]}\n\n"
        "The paper scales every map by itself and brings predictions back with mean "
        "and deviation of the measured test map. A laboratory that wants to predict "
        "that map does not have them. Figures of merit are computed in counts, after "
        "the baseline was taken off.",
    )


def add_table_1(report: Report, results: Results) -> None:
    """Table 1 of the paper, and the rows that come out here."""
    report.section(
        "Table 1: how good the transfers are",
        "Rows with a shade are printed in the paper. Euclidean distances grow with "
        "intensity and number of channels, so they compare within one set of maps "
        "only; the relative squared error (RSE) compares everywhere.",
    )
    rows, marked = [], []
    for name, merits in published.TABLE_1.items():
        marked.append(len(rows))
        rows.append([f"paper: {name}", "Table 1", *_printed(*merits)])
        method = published.METHODS[name]
        for transfer in _shown_beside(results, method):
            rows += [
                [transfer, protocol, *_merits(results.table[transfer, protocol])]
                for protocol in ("deployable", "paper")
            ]
    report.table(
        "table-1",
        ["", "protocol", "Euclidean", "minus cosine", "RSE", "k-score / %"],
        rows,
        caption=(
            "Figures of merit on the test map, in the paper's order and with its sign "
            "of the cosine. Shaded: the paper."
        ),
        label="Table 1",
        n_left=2,
        marked=marked,
    )
    _add_as_published(report, results)
    _add_reading(report, results)


def _add_as_published(report: Report, results: Results) -> None:
    """Say why the paper's configuration may fail on fewer spectra than the paper's."""
    name = f"{CLOSELY}, as published"
    rse = {r.transfer: r.rse for r in results.table if r.protocol == "paper"}
    if rse.get(name, 0.0) > 2 * rse[CLOSELY]:
        report.text(
            f"{name}, has an RSE of {rse[name]:.2f} here under the paper protocol. It "
            "is made for the paper's 313,600 spectra: where there are few, its epochs "
            "are few steps, which are short, and its autoencoder ends close to where "
            "it began. The default of this package begins at the principal components "
            "and takes longer steps."
        )


def _shown_beside(results: Results, method: str) -> list[str]:
    """Give the default of a method, the paper's configuration, what a search found."""
    return [
        candidate.name
        for candidate in results.candidates
        if candidate.method == method
        and (candidate.name == method or not candidate.scaling)
    ]


def _printed(
    euclidean: float, minus_cosine: float, rse: float, k_score: float
) -> list[str]:
    return [f"{euclidean:.1f}", f"{minus_cosine:.4f}", f"{rse:.4f}", f"{k_score:.2f}"]


def _merits(row: TransferRow) -> list[str]:
    # the distance is 1 - cosine
    return _printed(row.euclidean, row.cosine - 1, row.rse, 100 * row.k_score)


def _add_reading(report: Report, results: Results) -> None:
    """Tell under which protocol each row of the paper seems to have been made."""
    rows, nearest = [], {}
    # the paper had no primary spectra of the library's day
    had = [protocol for protocol in results.protocols if protocol != "library"]
    for name, merits in published.TABLE_1.items():
        ours = {p: results.table[published.METHODS[name], p].rse for p in had}
        distance = {p: abs(math.log(rse / merits.rse)) for p, rse in ours.items()}
        nearest[name] = min(distance, key=distance.__getitem__)
        figures = [f"{rse:.4f}" for rse in ours.values()]
        rows.append([name, f"{merits.rse:.4f}", *figures, nearest[name]])
    report.section(
        "Which protocol gives which row", _reading(results, nearest), level=3
    )
    report.table(
        "which-protocol",
        ["row of Table 1", "printed", *had, "nearest"],
        rows,
        caption=(
            "Relative squared error: printed in the paper, here under each protocol, "
            "and the protocol that comes nearest."
        ),
        note="; ".join(f"{name}: {text}" for name, text in _SHORT.items()) + ".",
    )


def _reading(results: Results, nearest: dict[str, str]) -> str:
    networks, others = list(nearest)[:2], list(nearest)[2:]
    two = all(nearest[n] == "paper" for n in networks) and all(
        nearest[n] != "paper" for n in others
    )
    mean = results.table["mean", "paper"].rse
    told = (
        f"Under the paper protocol a mean spectrum has an RSE of {mean:.2f} by "
        "construction, and the paper prints 2.36 for it. "
    )
    if two:
        return told + (
            "Its rows for mean and nearest neighbours come out with training "
            "statistics, its rows for the networks only when every map is scaled by "
            "itself. So Table 1 seems to hold rows of two protocols, and the distance "
            "between networks and comparison methods is mostly that between the "
            "protocols: judged alike, nearest neighbours have an RSE of "
            f"{results.table['KNN', 'paper'].rse:.2f}, and a ridge regression one of "
            f"{results.table['ridge', 'paper'].rse:.3f}."
        )
    return told + (
        "On these maps the nearest protocol is not the same for all networks, or not "
        "another one for the comparison methods, so the two cannot be told apart."
    )


def add_deployable(
    report: Report, results: Results, library: TransferredMap | None
) -> None:
    """What a laboratory can have, linear methods beside the networks."""
    report.section(
        "What a laboratory can have",
        _second_day(results) + "\n\n" + _same_day(results),
    )
    _add_second_day(report, results)
    if library is not None:
        axis = results.maps.test.wavelengths_primary
        report.figure(
            "mean-of-the-librarys-day",
            pictures.draw_mean_spectra(library, axis, lines="libs"),
            caption=(
                f"Mean spectra of the test map: predicted by {CLOSELY} with training "
                "statistics, and (measured) what the primary would have measured on "
                "the library's day."
            ),
            alt="Mean spectra of the test map, of the library's day and predicted",
        )
    report.transfer_table(
        "same-day",
        results.same_day,
        caption=(
            "All transfers on the validation map, which was measured on the day of the "
            "training map, with training statistics."
        ),
        note=(
            "The networks as published stop when the loss on this very map stops "
            "falling, and a search chooses by it; the others do not look at it."
        ),
    )


def _add_second_day(report: Report, results: Results) -> None:
    """All transfers under all protocols, a line for each; the CSV file has the rest."""
    # k-scores under two of them, so that the table fits on a page
    scored = ("deployable", "paper")
    rows = []
    for candidate in results.candidates:
        found = {p: results.table[candidate.name, p] for p in results.protocols}
        errors = [f"{row.rse:.4f}" for row in found.values()]
        scores = [f"{100 * found[p].k_score:.2f}" for p in scored]
        rows.append([candidate.name, *errors, *scores])
    report.table(
        "second-day",
        [
            "transfer",
            *(f"RSE, {p}" for p in results.protocols),
            *(f"k-score / %, {p}" for p in scored),
        ],
        rows,
        caption=f"All transfers on the test map: {results.table.title}.",
        note="The CSV file of this table has all figures of merit.",
        csv=results.table.without_times().to_csv(),
    )


def _second_day(results: Results) -> str:
    best = {
        protocol: min(
            (row for row in results.table if row.protocol == protocol),
            key=lambda row: row.rse,
        )
        for protocol in results.protocols
    }
    first, second = best["deployable"], best["deployable-batch"]
    told = (
        "Compared with what the primary measured on the second day, the best RSE is "
        f"{first.rse:.2f} with training statistics ({first.transfer}) and "
        f"{second.rse:.2f} with the secondary map's own ({second.transfer}), which are "
        "always at hand. 1 would be the mean of the very map that is to be predicted. "
        "What changed on the primary spectrometer cannot be seen in secondary spectra, "
        "and no transfer can predict it."
    )
    if "library" not in best:
        return f"{told} {_LIBRARY_DAY[False]}"
    third = best["library"]
    return told + (
        " Nor has it to, where spectra are looked up in a library of the first day: "
        "compared with what the primary would have measured then, the predictions with "
        f"training statistics have an RSE of {third.rse:.2f} at best "
        f"({third.transfer}). What is left of the drift is that of the secondary "
        "spectrometer and of the plasma, which standards measured again by the "
        "secondary spectrometer alone can tell."
    )


def _same_day(results: Results) -> str:
    rows = {row.transfer: row for row in results.same_day}
    best = min(rows.values(), key=lambda row: row.rse)
    others = ", ".join(
        f"{name} has {rows[name].rse:.4f}"
        for name in (CLOSELY, "direct MLP", "ridge")
        if name != best.transfer
    )
    told = (
        "On the day of the training map the transfers work, and this is where they "
        f"can be told apart: the best is {best.transfer} with an RSE of "
        f"{best.rse:.4f}; {others}."
    )
    if results.floor is not None:
        told += (
            f" Noise of the primary detector alone is {results.floor:.4f}, which no "
            "transfer can go below."
        )
    return told


def add_scalings(report: Report, results: Results) -> None:
    """The same method under several scalings."""
    figures: dict[str, dict[str, str]] = {}
    for candidate in results.candidates:
        if candidate.scaling:
            figures.setdefault(candidate.method, {})[candidate.scaling] = candidate.name
    figures = {m: names for m, names in figures.items() if len(names) > 1}
    if not figures:
        return
    scalings = list(dict.fromkeys(s for names in figures.values() for s in names))
    header, rows = ["method"], [[method] for method in figures]
    for table, protocol, day in (
        (results.same_day, "deployable", "same day"),
        (results.table, "paper", "second day"),
    ):
        for scaling in scalings:
            header.append(f"{day}, {scaling}")
            for row, names in zip(rows, figures.values(), strict=True):
                name = names.get(scaling)
                row.append(f"{table[name, protocol].rse:.4f}" if name else "-")
    report.section(
        "What scaling does",
        "Scaled to unit variance, as in the paper, a channel of pure noise weighs as "
        "much as a strong line, in the spectra that are put in and in the loss that is "
        "made small. Centred and divided by one number (StandardScaler(power=0)), they "
        "weigh what they vary in the training spectra, as in the figures of merit. "
        "Where a map is scaled by itself, both take out what has changed in mean and "
        "deviation of every channel.",
    )
    report.table(
        "scalings",
        header,
        rows,
        caption=(
            "RSE of the same method under several scalings of both sides: on the "
            "validation map with training statistics (same day), and on the test map "
            "with every map scaled by itself (second day)."
        ),
    )
