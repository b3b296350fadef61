"""
How many shared standards does a transfer need, and which?
==========================================================

Every shared standard costs a measurement on both instruments. We take few of them, at
random or chosen by `select_standards`, and ask every linear transfer for spectra that
none of them has seen. The tables show the median and the worst relative squared error
over all draws. LIBS maps are simulated, each draw with another seed; secondary spectra
without partners come from one half of the map, the primary's library from the other.
Real pairs (NIR of tablets and of wheat) need their files: ``--data FOLDER``.
"""

import argparse
import warnings
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV, KFold

from spectransfer import (
    BaselineCorrector,
    CanonicalCorrelationTransfer,
    DirectStandardization,
    FewStandardsTransfer,
    KNNTransfer,
    MeanTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    SpectralSpaceTransformation,
    StandardScaler,
    make_transfer_pipeline,
)
from spectransfer.metrics import relative_squared_error
from spectransfer.model_selection import select_standards
from spectransfer.simulation import Rock, make_libs_maps

ROCKS = {
    "twice the quartz": (0, 2.0),
    "no muscovite": (2, 0.0),
    "10x garnet": (3, 10.0),
}
REAL = {
    "tablets": "nir_tablets_idrc2002_instr1_instr2.npz",
    "wheat": "nir_wheat_idrc2016_A5_B5.npz",
}
CHOICES = ["at random", "kmeans", "kmedoids", "kennard-stone", "duplex", "d-optimal"]


def methods(axes, k):
    """Give every row of the tables; `axes` of both sides."""
    secondary, primary = axes
    axes = {"wavelengths_secondary": secondary, "wavelengths_primary": primary}
    return {
        "untransferred": OffsetTransfer("nothing", **axes),
        "mean": MeanTransfer(),
        "offset": OffsetTransfer(**axes),
        "slope and offset": OffsetTransfer("slope", **axes),
        "DS (ridge)": DirectStandardization(),
        "RidgeCV": RidgeCV(np.logspace(-4, 6, 21)),
        "PDS": PiecewiseDirectStandardization(**axes),
        "SST": SpectralSpaceTransformation(**axes),
        "CCA": CanonicalCorrelationTransfer(),
        "PLS": GridSearchCV(
            PLSRegression(scale=False),
            {"n_components": [1, 2, 3][: max(1, k - 3)]},
            cv=KFold(min(5, k)),
            scoring="neg_mean_squared_error",
        ),
        "KNN": KNNTransfer(min(3, k), weights="distance"),
        "FewStandards, pairs only": FewStandardsTransfer(**axes),
        "FewStandards": FewStandardsTransfer(**axes),
    }


def errors_of(draw, k, rows, new, prepare, only=None):
    """Fit methods to some rows: the error of each on `new` pairs, and its predictions.

    `draw` holds spectra to choose from, unpaired ones and axes; `prepare` gives the
    preparation of a side; `only` names the methods that are asked (None: all).
    """
    found = {}
    for name, regressor in methods(draw["axes"], k).items():
        if only is not None and name not in only:
            continue
        transfer = make_transfer_pipeline(
            regressor, secondary=prepare(), primary=prepare()
        )
        unpaired = draw["unpaired"] if name == "FewStandards" else {}
        transfer.fit(draw["X"][rows], draw["y"][rows], **unpaired)
        predicted = transfer.predict(new[0])
        truth = transfer[-1].transform_target(new[1])
        found[name] = relative_squared_error(truth, predicted), predicted
    return found


def show(title, table):
    """Print medians and worst draws, a column for each number of standards."""
    columns = list(table)
    print(f"\n{title}\n{'':26}" + "".join(f"{c:>20}" for c in columns))
    rows = list(dict.fromkeys(name for c in columns for name in table[c]))
    for row in rows:
        cells = [table[c].get(row, [np.nan]) for c in columns]
        print(
            f"{row:26}"
            + "".join(f"{np.median(c):11.3f} /{np.max(c):7.3f}" for c in cells),
            flush=True,
        )


def libs(seed, spectrometers, side, rock=None):
    """Simulate a map and another one to judge by, both free of baseline."""
    maps = make_libs_maps(
        (side, side) if rock is None else (32, 32),
        (32, 32) if rock is None else None,
        None,
        spectrometers=spectrometers,
        rock=rock,
        random_state=seed,
    )
    parts = [m for m in (maps.train, maps.validation) if m is not None]
    # the baseline of each spectrum is its own: taken off once, for all methods
    return maps.train, [
        tuple(
            BaselineCorrector().fit_transform(s) for s in (m.X_secondary, m.X_primary)
        )
        for m in parts
    ]


def libs_draw(seed, spectrometers, side):
    """Give a map in halves: standards and unpaired spectra here, the library there."""
    maps, ((X, y), new) = libs(seed, spectrometers, side)
    rng = np.random.default_rng(seed)
    here, there = np.split(rng.permutation(len(X)), 2)
    draw = {
        "X": X[here],
        "y": y[here],
        "unpaired": {"X_unpaired": X[here], "y_unpaired": y[there]},
        "axes": (maps.wavelengths_secondary, maps.wavelengths_primary),
    }
    return draw, new, rng


def other_rocks():
    """Give rocks with other shares of minerals than the simulated one."""
    changed = {}
    for name, (mineral, factor) in ROCKS.items():
        shares = np.array(Rock().shares)
        shares[mineral] *= factor
        changed[name] = Rock(tuple(shares))
    return changed


def add(table, column, found):
    for name, (error, _) in found.items():
        table.setdefault(column, {}).setdefault(name, []).append(error)


def libs_tables(seeds, sizes, spectrometers="light", side=48, rocks=True, only=None):
    """Print the tables of simulated maps."""
    at_random, chosen, other = {}, {}, {}
    prepare = partial(StandardScaler, power=0)
    rocks = rocks and (only is None or "FewStandards" in only)
    for seed in seeds:
        draw, new, rng = libs_draw(seed, spectrometers, side)
        foreign = {
            name: libs(1000 + seed, spectrometers, side, rock)[1][0][0]
            for name, rock in (other_rocks() if rocks else {}).items()
        }
        for k in sizes:
            some = rng.choice(len(draw["X"]), k, replace=False)
            add(
                at_random,
                f"{k} standards",
                errors_of(draw, k, some, new, prepare, only),
            )
            best = select_standards(draw["X"], k, random_state=seed)
            found = errors_of(draw, k, best, new, prepare, only)
            add(chosen, f"{k} standards", found)
            for name, X_unpaired in (foreign if k > 10 else {}).items():
                transfer = make_transfer_pipeline(
                    methods(draw["axes"], k)["FewStandards"],
                    secondary=prepare(),
                    primary=prepare(),
                ).fit(
                    draw["X"][best],
                    draw["y"][best],
                    **(draw["unpaired"] | {"X_unpaired": X_unpaired}),
                )
                error = relative_squared_error(new[1], transfer.predict(new[0]))
                row = {f"FewStandards, {name}": (error, None)}
                beside = {n: e for n, e in found.items() if n == "DS (ridge)"}
                add(other, f"{k} standards", row | beside)
        print(f"seed {seed} done", flush=True)
    show(f"LIBS {spectrometers} {side}x{side}, standards at random: RSE", at_random)
    show(f"LIBS {spectrometers} {side}x{side}, standards chosen: RSE", chosen)
    if other:
        show("The same, unpaired secondary spectra of another rock: RSE", other)
    draw_curves({"at random": at_random, "chosen": chosen})


def draw_curves(tables):
    """Draw the medians of some methods over the number of standards."""
    _, axes = plt.subplots(
        1, len(tables), figsize=(8.0, 3.4), sharey=True, layout="constrained"
    )
    for ax, (how, table) in zip(axes, tables.items(), strict=True):
        for name in ("untransferred", "KNN", "DS (ridge)", "SST", "FewStandards"):
            if not all(name in column for column in table.values()):
                continue
            medians = [np.median(column[name]) for column in table.values()]
            sizes = [int(column.split()[0]) for column in table]
            ax.plot(sizes, medians, "o-", label=name)
        ax.set(xlabel="standards", title=f"standards {how}", yscale="log")
    axes[0].set_ylabel("relative squared error")
    axes[-1].legend(frameon=False, fontsize="small")
    plt.show()


def ways_to_choose(seed, sizes, draw, new, prepare, tables, only):
    """Choose standards in every way, and add the errors of some transfers."""
    for k in sizes:
        rng = np.random.default_rng(seed)
        for way in CHOICES:
            if way == "at random":
                rows = rng.choice(len(draw["X"]), k, replace=False)
            else:
                rows = select_standards(draw["X"], k, method=way, random_state=seed)
            found = errors_of(draw, k, rows, new, prepare, only)
            for name, (error, _) in found.items():
                column = tables.setdefault(name, {}).setdefault(f"{k}", {})
                column.setdefault(way, []).append(error)


def choice_tables(folder, seeds, which, sizes=(10, 20, 50), only=None):
    """Print what each way of choosing does for some transfers, two if none is named."""
    only = only or ("DS (ridge)", "FewStandards")
    for kind in which:
        tables = {}
        for seed in seeds:
            if kind == "light":
                draw, new, _ = libs_draw(seed, "light", 48)
                prepare = partial(StandardScaler, power=0)
            else:
                draw, new = real_pair(folder, kind, np.random.default_rng(seed))
                prepare = _nothing
            few = [k for k in sizes if k < len(draw["X"])]
            ways_to_choose(seed, few, draw, new, prepare, tables, only)
        for name, table in tables.items():
            show(f"{kind}, {name}, by the choice of standards: RSE", table)


def _nothing():
    return None


def snv(spectra):
    spectra = np.asarray(spectra, dtype=np.float64)
    return (spectra - spectra.mean(1, keepdims=True)) / spectra.std(1, keepdims=True)


def real_draw(X, y, axes, train, rng):
    here, there = np.array_split(rng.permutation(train), 2)
    return {
        "X": X[here],
        "y": y[here],
        "unpaired": {"X_unpaired": X[here], "y_unpaired": y[there]},
        "axes": axes,
    }


def real_pair(folder, kind, rng):
    """Give a real pair of instruments: a draw, and what is judged by."""
    with np.load(folder / REAL[kind]) as f:
        data = dict(f)
    X, y = data["X_secondary"].astype(np.float64), data["X_primary"].astype(np.float64)
    axes = data["wavelengths_secondary"], data["wavelengths_primary"]
    if kind == "tablets":
        known = np.flatnonzero(data["split"] == "calibrate")
        rest = np.flatnonzero(data["split"] == "test")
    else:
        X, y = snv(X), snv(y)
        known, rest = np.split(rng.permutation(len(X)), [90])
    return real_draw(X, y, axes, known, rng), (X[rest], y[rest])


def real_tables(folder, seeds, which, only=None):
    """Print the tables of real pairs."""
    if "tablets" in which:
        with np.load(folder / REAL["tablets"]) as f:
            tablets = dict(f)
        tablets_tables(tablets, seeds, only)
    if "wheat" not in which:
        return
    for chosen in (False, True):
        table = {}
        for seed in seeds:
            rng = np.random.default_rng(seed)
            draw, new = real_pair(folder, "wheat", rng)
            for k in (5, 20, 40):
                rows = rng.choice(len(draw["X"]), k, replace=False)
                if chosen:
                    rows = select_standards(draw["X"], k, random_state=seed)
                add(table, f"{k}", errors_of(draw, k, rows, new, _nothing, only))
        show(f"Wheat B5 to A5, SNV, {'chosen' if chosen else 'at random'}: RSE", table)


def tablets_tables(tablets, seeds, only=None):
    """Print errors of spectra, and of the assay by the primary's own calibration."""
    X = tablets["X_secondary"].astype(np.float64)
    y = tablets["X_primary"].astype(np.float64)
    axes = tablets["wavelengths_secondary"], tablets["wavelengths_primary"]
    assay = tablets["y"][:, list(tablets["y_names"]).index("assay")]
    calibrate, test = (
        np.flatnonzero(tablets["split"] == part) for part in ("calibrate", "test")
    )
    pls = GridSearchCV(
        PLSRegression(scale=False),
        {"n_components": range(1, 13)},
        cv=KFold(10, shuffle=True, random_state=0),
        scoring="neg_mean_squared_error",
    ).fit(y[calibrate], assay[calibrate])

    def rmsep(spectra):
        return np.sqrt(((pls.predict(spectra).ravel() - assay[test]) ** 2).mean())

    for chosen in (False, True):
        spectra_table, assay_table = {}, {}
        for seed in seeds:
            rng = np.random.default_rng(seed)
            draw = real_draw(X, y, axes, calibrate, rng)
            for k in (5, 20):
                rows = rng.choice(len(draw["X"]), k, replace=False)
                if chosen:
                    rows = select_standards(draw["X"], k, random_state=seed)
                found = errors_of(draw, k, rows, (X[test], y[test]), _nothing, only)
                add(spectra_table, f"{k}", found)
                found = {name: (rmsep(p), p) for name, (_, p) in found.items()}
                add(assay_table, f"{k}", found | {"primary": (rmsep(y[test]), None)})
        how = "chosen" if chosen else "at random"
        show(f"Tablets, raw, standards {how}: RSE", spectra_table)
        show(f"Tablets, raw, standards {how}: RMSEP of the assay", assay_table)


def asked():
    """Read what is asked for, and refuse what would print nothing."""
    parser = argparse.ArgumentParser(
        description="How many shared standards does a transfer need, and which?"
    )
    add, sets = parser.add_argument, ["light", "full", *REAL]
    add("--seeds", type=int, nargs="+", default=[11], help="a draw each; default 11")
    add("--sizes", type=int, nargs="+", default=[10, 20, 50], help="standards of light "
        "maps and of --choices; full maps have 20, real pairs their own")  # fmt: skip
    add("--data", type=Path, help="folder of the real pairs")
    add("--sets", nargs="+", choices=sets, help="light and full are simulated maps; "
        "default: light, and with --data tablets and wheat")  # fmt: skip
    add("--choices", action="store_true", help="compare ways to choose, instead")
    add("--only", nargs="+", choices=list(methods((None, None), 5)),
        metavar="METHOD", help="methods, as the tables name them; default: all, "
        "with --choices DS (ridge) and FewStandards")  # fmt: skip
    add("--side", type=int, default=64, help="spots along a full map; default 64")
    given = parser.parse_args()
    if given.sets is None:
        given.sets = ["light"] if given.data is None else ["light", *REAL]
    if given.data is not None and not given.data.is_dir():
        parser.error(f"--data names the folder of real pairs: no folder {given.data}")
    for kind in [kind for kind in REAL if kind in given.sets]:
        if given.data is None:
            parser.error(f"{kind} needs --data FOLDER, with {REAL[kind]}")
        if not (given.data / REAL[kind]).is_file():
            parser.error(f"{REAL[kind]} is not in {given.data}: leave out {kind}")
    if given.choices and "full" in given.sets:
        parser.error("--choices asks no full maps: leave full out of --sets")
    return given


def main():
    """Print what is asked for."""
    given = asked()
    print(f"Each cell: median / worst of {len(given.seeds)} draws, one for each seed.")
    # standards at random lack some materials: the tables show what that costs
    warnings.filterwarnings("ignore", ".*unlike all standards")
    if given.choices:
        kinds = [kind for kind in ("light", *REAL) if kind in given.sets]
        choice_tables(given.data, given.seeds, kinds, given.sizes, given.only)
        return
    if "light" in given.sets:
        libs_tables(given.seeds, given.sizes, only=given.only)
    if given.data is not None:
        real_tables(given.data, given.seeds, given.sets, given.only)
    if "full" in given.sets:
        libs_tables(given.seeds, [20], "full", given.side, rocks=False, only=given.only)


if __name__ == "__main__":
    main()
