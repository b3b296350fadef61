"""
Does the paper's results section come out again?
================================================

A reader of Vrábel et al., "Library transfer between distinct Laser-Induced Breakdown
Spectroscopy systems with shared standards", runs one command and gets its tables and
figures, from simulated maps or from the paper's own, on one page beside what the paper
prints. It does: on small simulated maps the latent transfer has a relative squared
error of 0.040 (0.12 in the paper) and the direct network 0.043 (0.10) when every map is
scaled by itself, and the mean has 2.37 (2.36) and KNN 3.80 (4.26) with the statistics
of the training map. Those are two protocols. In one, a ridge has 0.045; and at unit
variance, as the paper scales, 0.054, and the networks 0.074 and 0.075. Compared with
the primary of the library's day, which is what a secondary laboratory asks for, the
latent transfer has 0.143 with training statistics; with the drifted primary, 4.81.

    python examples/paper                   # small simulated maps, minutes
    python examples/paper --data FOLDER     # the paper's maps, downloaded
    python examples/paper --shapes 128x128/80x80/100x100
    python examples/paper --search          # and the paper's searches
    python examples/paper --full            # the paper's sizes: many hours, kept

It leaves a folder with ``report.html``, which needs nothing else, with every table as
CSV, Markdown and LaTeX, and with every figure as PNG and PDF. The same command gives
the same tables again, but for times (``table-2``, ``timings``).
"""

import argparse
import sys
from pathlib import Path

import matplotlib
from joblib import cpu_count

from paper import published
from paper.clusters import add_clusters, add_networks
from paper.costs import add_search, add_table_2
from paper.experiment import Progress, Results, Setting, run
from paper.fits import be_quiet
from paper.maps import add_appendix, add_maps, representative_spots
from paper.merits import (
    add_deployable,
    add_protocols,
    add_scalings,
    add_table_1,
    as_text,
)
from paper.spectra import add_data, add_spectra, library_summary_of, summaries_of
from paper.transfers import BESIDE, CLOSELY, transfers_to_judge
from spectransfer.exceptions import FileFormatError
from spectransfer.report import Report

SMALL = {"train": (48, 48), "validation": (32, 32), "test": (40, 40)}
HOW_LONG = (
    "This takes about two minutes where two cores are free, and longer where they are "
    "not."
)


# %%
# What is asked for
# -----------------
def read_arguments() -> tuple[argparse.Namespace, Setting]:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="examples/paper",
        description="Reproduce the tables and figures of the paper.",
    )
    parser.add_argument(
        "--data", type=Path, help="folder with the paper's maps (fetch_libs_transfer)"
    )
    parser.add_argument(
        "--shapes",
        type=shapes,
        metavar="TRAIN/VALIDATION/TEST",
        help="shots of the simulated maps, such as 128x128/80x80/100x100",
    )
    parser.add_argument(
        "--full", action="store_true", help="simulate maps of the paper's sizes"
    )
    parser.add_argument(
        "--spectrometers",
        choices=("light", "full"),
        help="the paper's channels, or four times wider ones (only by default)",
    )
    parser.add_argument(
        "--search",
        action="store_true",
        help="search the paper's spaces; taken up where it stopped, in OUT/search",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--steps",
        type=int,
        help="training steps of the networks that are not as published (2000, or as "
        "many as make 20 epochs)",
    )
    parser.add_argument(
        "--without",
        nargs="+",
        default=(),
        metavar="NAME",
        help="transfers to leave out, such as 'VAE + MLP, as published'",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep maps, fits and epochs in OUT; killed and started again, the command "
        "goes on (with --full always). What spectra, settings, threads or releases "
        "have changed is fitted again. Leaves out the noise that no transfer predicts",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=0,
        metavar="N",
        help="transfers that are fitted at once (as many as there are processors; one "
        "where maps do not fit into memory)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("reports/paper"), help="folder"
    )
    parser.add_argument(
        "--verbose",
        action=argparse.BooleanOptionalAction,
        default=sys.stderr.isatty(),
        help="show progress (on a terminal)",
    )
    arguments = parser.parse_args()
    if sum(map(bool, (arguments.data, arguments.shapes, arguments.full))) > 1:
        parser.error("--data, --shapes and --full exclude each other")
    keep = arguments.keep or arguments.full
    small = not (arguments.data or arguments.shapes or arguments.full)
    setting = Setting(
        shapes=published.SHAPES if arguments.full else arguments.shapes or SMALL,
        width=arguments.spectrometers or ("light" if small else "full"),
        seed=arguments.seed,
        steps=arguments.steps or "auto",
        data=arguments.data,
        # 22 GB do not fit into memory: they are simulated into files
        maps_folder=arguments.out / "maps" if keep else None,
        without=tuple(arguments.without),
        fits_folder=arguments.out / "fits" if keep else None,
        n_jobs=arguments.jobs or (1 if arguments.full else cpu_count()),
        search_folder=arguments.out / "search" if arguments.search else None,
        verbose=arguments.verbose,
    )
    known = [c.name for c in transfers_to_judge(setting.width, 0, setting.steps)]
    for name in setting.without:
        if name not in known:
            parser.error(f"there is no transfer {name!r}, only {', '.join(known)}")
    needed = {*published.METHODS.values(), CLOSELY, *BESIDE} & {*setting.without}
    if needed:
        parser.error(f"the page needs {', '.join(sorted(needed))}")
    return arguments, setting


def shapes(text: str) -> dict[str, tuple[int, int]]:
    """Read rows and columns of three maps."""
    try:
        read = [tuple(int(n) for n in part.split("x")) for part in text.split("/")]
        (train, validation, test) = [(rows, columns) for rows, columns in read]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"three shapes such as 128x128/80x80/100x100 are needed, not {text!r}"
        ) from None
    return {"train": train, "validation": validation, "test": test}


# %%
# The page, from top to bottom
# ----------------------------
def make_report(results: Results, progress: Progress) -> Report:
    """Put the sections together in the order of the paper."""
    spots = representative_spots(results)
    with progress("transferring the test map for the figures"):
        summaries = summaries_of(results, spots)
        library = library_summary_of(results)
    with progress("drawing"):
        report = Report("Library transfer between two LIBS systems", lead(results))
        add_data(report, results)
        add_protocols(report, results)
        add_table_1(report, results)
        add_deployable(report, results, library)
        add_scalings(report, results)
        add_search(report, results)
        add_table_2(report, results)
        add_maps(report, results, summaries[CLOSELY], spots)
        add_spectra(report, results, summaries, spots)
        add_clusters(report, results)
        add_networks(report, results)
        add_appendix(report, results)
    report.provenance(configuration(results), results.stopwatch.seconds)
    return report


def lead(results: Results) -> str:
    """Say what the page is."""
    maps = "simulated maps" if results.simulated else "measured maps"
    return (
        f"The results section of the paper by Vrábel et al., made again from {maps}: "
        f"{results.table.meta['n_train']:,} shared standards, "
        f"{results.table.meta['n_test']:,} unseen spectra of another day."
    )


def configuration(results: Results) -> dict[str, object]:
    """Tell everything that the figures depend on."""
    setting = results.setting
    shots = [f"{n} {m.shape[0]} x {m.shape[1]}" for n, m in results.maps.items()]
    told = {
        "paper": published.SOURCE,
        "maps": results.maps.test.meta.get("source", "measured"),
        "shots": ", ".join(shots),
        "spectrometers": setting.width,
        "seed": setting.seed,
        "looked at closely": f"{CLOSELY}, beside {', '.join(BESIDE)}",
    }
    for candidate in results.candidates:
        told[candidate.name] = candidate.describe()
    return told


# %%
# The command
# -----------
def main() -> None:
    """Compute, write, and print the tables."""
    arguments, setting = read_arguments()
    matplotlib.use("agg")
    be_quiet()
    progress = Progress(arguments.verbose)
    if setting.shapes == SMALL and setting.data is None:
        print(HOW_LONG, file=sys.stderr, flush=True)
    try:
        results = run(setting, progress)
    except (OSError, FileFormatError) as error:
        sys.exit(f"examples/paper: error: {error}")
    print(as_text(results), flush=True)
    page = make_report(results, progress).write(arguments.out)
    print(f"\nreport: {page}")
