"""The sections that are maps: emissivity, errors, grain borders, spots, appendix B."""

import numpy as np

from paper import published
from paper.experiment import Results
from paper.transfers import CLOSELY
from spectransfer.evaluation import TransferredMap, border_shots
from spectransfer.plotting import MapDisplay
from spectransfer.report import Report, pictures

_WORST = 0.05


def add_maps(
    report: Report, results: Results, summary: TransferredMap, spots: dict[str, int]
) -> None:
    """Figures 5 and 6, and where the error sits."""
    test = results.maps.test
    errors = results.table.errors_of(CLOSELY, "paper")
    ratio = summary.total_predicted.sum() / summary.total_measured.sum()
    report.section(
        "Over the sample",
        f"By {CLOSELY}, in the paper protocol. In this section and below, what is "
        "under the first or above the last percent of a map has one colour, as in the "
        "paper, which does not say which quantiles it took. All predicted spectra "
        f"together have {ratio:.3f} times the light of the measured ones.",
    )
    marked = [tuple(int(i) for i in test.positions[spot]) for spot in spots.values()]
    report.figure(
        "figure-5",
        pictures.draw_emissivity(test, summary, spots=marked),
        caption=(
            "Total emissivity of the test map without its baseline, measured and "
            f"predicted, in the same colours. Marked: {', '.join(spots)}, in the order "
            "blue, orange, black."
        ),
        alt="Map of total emissivity",
        label="Figure 5",
    )
    report.figure(
        "figure-6",
        pictures.draw_error_maps(test, errors),
        caption="Euclidean and cosine distance of measured and predicted spectra.",
        alt="Map of errors",
        label="Figure 6",
    )
    _add_borders(report, results)


def _add_borders(report: Report, results: Results) -> None:
    """Compare the error at the borders of grains with that inside them."""
    labels, kind = grain_labels(results)
    border = border_shots(results.maps.test, labels)
    if border.all() or not border.any():
        return
    rows, ratios = [], {}
    for candidate in results.candidates:
        errors = results.table.errors_of(candidate.name, "paper").euclidean
        inside, outside = errors[~border].mean(), errors[border].mean()
        worst = errors >= np.quantile(errors, 1 - _WORST)
        ratios[candidate.name] = outside / inside
        rows.append(
            [
                candidate.name,
                f"{inside:.1f}",
                f"{outside:.1f}",
                f"{outside / inside:.2f}",
                f"{100 * border[worst].mean():.0f}",
            ]
        )
    report.section("At the borders of grains", level=3)
    report.text(
        f"{100 * border.mean():.0f} % of the shots have a neighbour {kind}. "
        "The paper finds its largest errors there. Here the mean error of "
        f"{CLOSELY} is {ratios[CLOSELY]:.2f} times that of the other shots, that of "
        f"nearest neighbours {ratios['KNN']:.2f} times."
    )
    report.table(
        "borders",
        [
            "transfer",
            "inside / counts",
            "border / counts",
            "ratio",
            "border shots among the worst 5 % / %",
        ],
        rows,
        caption=(
            "Mean Euclidean distance of shots inside grains and at their borders, in "
            "the paper protocol."
        ),
    )


def add_appendix(report: Report, results: Results) -> None:
    """Figures B.15 to B.20: total emissivity of all maps."""
    report.section(
        "Appendix: total emissivity of all maps", "As measured, with the baseline."
    )
    figures = {}
    for side in ("primary", "secondary"):
        for name, part in results.maps.items():
            display = MapDisplay.from_maps(part, side)
            display.ax_.set_title(f"{name}, {side}", loc="left", fontsize="medium")
            figures[f"{name}, {side}"] = display.figure_
    report.figure(
        "figures-b15-b20",
        figures,
        caption="Training, validation and test map on both spectrometers.",
        alt="Map of total emissivity",
        label="Figures B.15 to B.20",
    )


def grain_labels(results: Results) -> tuple[np.ndarray, str]:
    """Give a label for each shot, and say where a neighbour differs."""
    test = results.maps.test
    if "grain" in test.annotations:
        return np.asarray(test.annotations["grain"]), "in another grain"
    name = results.candidates[0].name
    errors = results.table.errors_of(name, "deployable")
    return errors.measured_cluster, "of another cluster"


def representative_spots(results: Results) -> dict[str, int]:
    """Choose a typical shot inside a grain for each of the paper's three minerals.

    Where minerals are not known, the three largest clusters stand for them.
    """
    test = results.maps.test
    rows, columns = test.positions.T
    light = test.total_emissivity()[rows, columns]
    inside = ~border_shots(test, grain_labels(results)[0])
    if "mineral" in test.annotations:
        mineral = np.asarray(test.annotations["mineral"])
        fractions = np.asarray(test.annotations["mineral_fractions"]).max(axis=1)
        groups = {name: mineral == name for name in published.SPOTS}
        # as much of one mineral as half of its shots are
        pure = {
            name: fractions >= np.median(fractions[of]) if of.any() else of
            for name, of in groups.items()
        }
    else:
        name = results.candidates[0].name
        cluster = results.table.errors_of(name, "deployable").measured_cluster
        largest = np.argsort(np.bincount(cluster), kind="stable")[::-1][:3]
        groups = {f"cluster {k}": cluster == k for k in largest}
        pure = dict.fromkeys(groups, np.ones(len(light), dtype=bool))
    spots = {}
    for name, of in groups.items():
        best = (of & inside & pure[name], of & inside, of)
        pool = next((np.flatnonzero(p) for p in best if p.any()), None)
        if pool is not None:
            typical = np.abs(light[pool] - np.median(light[pool]))
            spots[name] = int(pool[np.argmin(typical)])
    return spots
