"""The sections that are spectra: instruments, days, measured and predicted."""

import numpy as np

from paper import published
from paper.experiment import Results
from paper.transfers import BESIDE, CLOSELY
from spectransfer.evaluation import TransferredMap, summarize_transfer
from spectransfer.plotting import SpectraDisplay
from spectransfer.report import Report, pictures

LINES = "libs"


def add_data(report: Report, results: Results) -> None:
    """The maps, figure 2 and figure 3."""
    maps = results.maps
    report.section("The maps", _origin(results))
    rows = []
    for name, part in maps.items():
        step = f"{part.step[1]:g}" if part.step else "-"
        late = "second" if name in part.meta.get("second_day", ("test",)) else "first"
        rows.append(
            [
                name,
                "{} x {}".format(*part.shape),
                f"{len(part):,}",
                step,
                late,
                "{} x {}".format(*published.SHAPES[name]),
            ]
        )
    report.table(
        "maps",
        ["map", "shots", "spectra", "step / µm", "day", "shots, paper"],
        rows,
        caption="The maps. Each is a piece of the rock of its own.",
    )
    report.figure(
        "figure-2",
        pictures.draw_instruments(maps.test, lines=LINES),
        caption="Mean spectra of the test map on both spectrometers, as measured.",
        alt="Mean spectrum of the test map with labelled emission lines",
        label="Figure 2",
        stacked=True,
    )
    report.figure(
        "figure-3",
        _draw_days(results),
        caption=(
            "Mean primary spectra of training and test map as measured, and the lowest "
            "part of the same. The floor has moved from one day to the other."
        ),
        alt="Mean primary spectra of training map and test map",
        label="Figure 3",
        stacked=True,
    )


def _origin(results: Results) -> str:
    test = results.maps.test
    channels = (
        f"The primary spectrometer has {len(test.wavelengths_primary):,} channels from "
        f"{test.wavelengths_primary[0]:.0f} to {test.wavelengths_primary[-1]:.0f} nm, "
        f"the secondary one {len(test.wavelengths_secondary):,} from "
        f"{test.wavelengths_secondary[0]:.0f} to {test.wavelengths_secondary[-1]:.0f} "
        "nm; both look at every plasma at once. In the paper they have 4,062 and 3,872."
    )
    if results.simulated:
        return (
            "Simulated maps of a granitic pegmatite (make_libs_maps), which stand in "
            f"for the paper's. {channels}"
        )
    return f"The maps of a folder in the paper's layout. {channels}"


def _draw_days(results: Results) -> dict[str, object]:
    maps = results.maps
    raw = {"training map": maps.train.X_primary, "test map": maps.test.X_primary}
    axis = maps.train.wavelengths_primary
    whole = SpectraDisplay.from_spectra(raw, axis, ax=pictures.spectrum_axes())
    floor = SpectraDisplay(whole.spectra, whole.wavelengths)
    floor.plot(pictures.spectrum_axes())
    means = np.stack(list(whole.spectra.values()))
    low, high = means.min(), np.quantile(means, 0.8)
    floor.ax_.set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))
    return {"whole": whole.figure_, "floor": floor.figure_}


def add_spectra(
    report: Report,
    results: Results,
    summaries: dict[str, TransferredMap],
    spots: dict[str, int],
) -> None:
    """Figures 7 to 9, B.21, and the error over wavelength."""
    axis = results.maps.test.wavelengths_primary
    closely = summaries[CLOSELY]
    report.section(
        "Spectra, measured and predicted",
        f"By {CLOSELY}, in the paper protocol. Both are without their baseline.",
    )
    positions = results.maps.test.positions
    for name, spot in spots.items():
        number = published.SPOTS.get(name)
        row, column = positions[spot]
        report.figure(
            f"figure-{number}" if number else f"spot-{name.replace(' ', '-')}",
            pictures.draw_spot(closely, spot, axis, lines=LINES),
            caption=f"{name.capitalize()}: the shot in row {row}, column {column}.",
            alt=f"Measured and predicted spectrum of a spot of {name}",
            label=f"Figure {number}" if number else "",
        )
    report.figure(
        "figure-b21",
        pictures.draw_mean_spectra(closely, axis, lines=LINES),
        caption="Means of all measured and of all predicted spectra of the test map.",
        alt="Mean spectra of the test map, measured and predicted",
        label="Figure B.21",
    )
    report.figure(
        "error-over-wavelength",
        pictures.draw_errors_over_wavelength(summaries, axis),
        caption=(
            "Root-mean-square error over wavelength, in counts, and relative to the "
            "standard deviation of the measured spectra. Channels without lines hold "
            "noise only, and no transfer does better there than their mean (1)."
        ),
        alt="Root-mean-square error over wavelength of several transfers",
        stacked=True,
    )


def summaries_of(results: Results, spots: dict[str, int]) -> dict[str, TransferredMap]:
    """Transfer the test map again, in blocks, for what is drawn of it."""
    return {
        name: summarize_transfer(
            results.table.estimators[name],
            results.maps.test,
            protocol="paper",
            spots=list(spots.values()) if name == CLOSELY else (),
        )
        for name in (CLOSELY, *BESIDE)
    }


def library_summary_of(results: Results) -> TransferredMap | None:
    """Transfer it once more, for the library's day, where that is known."""
    if "library" not in results.protocols:
        return None
    transfer = results.table.estimators[CLOSELY]
    return summarize_transfer(transfer, results.maps.test, protocol="library")
