"""Which transferred spectra to trust: coverage, widths, flags, expected errors, cost.

    python benchmarks/reliability.py                 # ridge, light, seeds 731 to 740
    python benchmarks/reliability.py --parts few     # 20 standards, and NIR
    python benchmarks/reliability.py --parts map --side 20 --full --seeds 731

Parts are "map" (same-day maps), "few" (20 standards at random), "strange" (minerals
that were absent, and spoiled spectra), "joiner" (flags from a published library) and
"cost". Means and medians over seeds, and the worst. What could be reached at most:
benchmarks/reliability_ceiling.py.
"""

import argparse
import os
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.ndimage import uniform_filter
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline

from spectransfer import (
    BaselineCorrector,
    FewStandardsTransfer,
    StandardScaler,
    make_transfer_pipeline,
)
from spectransfer.library import open_library, publish_library
from spectransfer.metrics import spectrum_cosine, target_in_prediction_space
from spectransfer.reliability import ApplicabilityDomain, ConformalTransfer
from spectransfer.simulation import Rock, make_libs_maps
from spectransfer.spectra import Spectra

MINERALS = ("quartz", "albite", "muscovite", "garnet", "beryl", "columbite-tantalite")
FEW = 20
Rows = dict[str, list[float]]


def asked_for(page: str) -> argparse.ArgumentParser:
    """Give what may be asked for on the command line."""
    parser = argparse.ArgumentParser(description=page.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(731, 741)))
    parser.add_argument("--parts", nargs="+", default=["map", "few", "strange", "cost"])
    parser.add_argument("--full", action="store_true", help="full-width spectra")
    parser.add_argument(
        "--side", type=int, default=40, help="training shots along a side"
    )
    return parser


def simulate(seed: int, arguments: argparse.Namespace, **options: object) -> object:
    """Give training and validation map of one day."""
    width = "full" if arguments.full else "light"
    sides = (arguments.side,) * 2, (30, 30)
    return make_libs_maps(
        *sides, None, spectrometers=width, random_state=seed, **options
    )


def side(full: bool) -> Pipeline:
    """Give the steps of one side, with baseline windows that fit the channels."""
    window, smooth = (100, 50) if full else (25, 12)
    baseline = BaselineCorrector(window, smooth_window=smooth)
    return Pipeline([("baseline", baseline), ("scaler", StandardScaler(power=0))])


def pipeline(regressor: object, full: bool) -> Pipeline:
    """Give a transfer between two such sides."""
    return make_transfer_pipeline(regressor, secondary=side(full), primary=side(full))


def coverage(transfer: ConformalTransfer, X: object, truth: np.ndarray) -> list[float]:
    """Give shares held by bands of channels, and by simultaneous ones."""
    held = []
    for simultaneous in (False, True):
        lower, upper = transfer.predict_interval(X, simultaneous=simultaneous)
        inside = (lower <= truth) & (truth <= upper)
        held.append(100 * (inside.all(axis=1) if simultaneous else inside).mean())
    return held


def of_a_map(rows: Rows, seed: int, arguments: argparse.Namespace) -> None:
    """Judge bands and expected errors on a second map of the same day."""
    maps = simulate(seed, arguments)
    secondary, primary = maps.train[:].as_frames()
    X, y = maps.validation[:].as_frames()
    transfer = ConformalTransfer(pipeline(Ridge(100.0), arguments.full))
    transfer.fit(secondary, primary)
    truth = np.asarray(target_in_prediction_space(transfer, y))
    predicted = transfer.predict(X)
    off = np.abs(truth - predicted).astype(np.float64)
    told = coverage(transfer, X, truth)
    rows["coverage, by channel, %"].append(told[0])
    rows["coverage, simultaneous, %"].append(told[1])
    for name, whole in (("by channel", False), ("simultaneous", True)):
        lower, upper = transfer.predict_interval(X, simultaneous=whole)
        found = width_ratio(off, (upper - lower) / 2, simultaneous=whole)
        rows[f"width / constant width, {name}"].append(found)
    expected = transfer.expected_error(X)
    true = {
        "euclidean": np.linalg.norm(off, axis=1),
        "cosine": spectrum_cosine(truth, predicted),
    }
    for name, values in true.items():
        rows[f"rank correlation, {name}"].append(spearmanr(values, expected[name])[0])
        images = [maps.validation.image(v) for v in (values, expected[name])]
        smooth = [uniform_filter(image, 5).ravel() for image in images]
        rows[f"the same, means of 5 x 5 shots, {name}"].append(spearmanr(*smooth)[0])
    half = (upper - lower).mean(axis=0) / truth.std(axis=0)
    inferred = transfer.inferred_
    ratio = np.median(half[inferred]) / np.median(half[~inferred])
    rows["relative width, inferred / seen channels"].append(ratio)
    rows["inferred lines"].append(len(transfer.inferred_lines(X)))


def width_ratio(off: np.ndarray, half: np.ndarray, *, simultaneous: bool) -> float:
    """Compare half widths with the best constant ones, found on the test map itself.

    That is one width for all channels of simultaneous bands, and one for each channel
    of bands of channels.
    """
    inside = off <= half
    if simultaneous:
        constant = np.quantile(off.max(axis=1), inside.all(axis=1).mean())
    else:
        level = inside.mean(axis=0)
        constant = np.mean(
            [np.quantile(o, q) for o, q in zip(off.T, level, strict=True)]
        )
    return float(half.mean() / constant)


def of_cost(rows: Rows, seed: int, arguments: argparse.Namespace) -> None:
    """Compare the time of bands and of flags with that of predictions, by turns."""
    maps = simulate(seed, arguments)
    transfer = ConformalTransfer(pipeline(Ridge(100.0), arguments.full))
    transfer.fit(maps.train.X_secondary, maps.train.X_primary)
    X = np.array(maps.validation.X_secondary)
    calls = transfer.predict, transfer.predict_interval, transfer.domain_.predict
    times: list[list[float]] = []
    for _ in range(15):
        row = []
        for call in calls:
            start = time.process_time()
            call(X)
            row.append(time.process_time() - start)
        times.append(row)
    predict, interval, flags = np.min(times, axis=0)
    rows["cost of intervals, % of predict"].append(100 * (interval / predict - 1))
    rows["cost of flags, % of predict"].append(100 * flags / predict)


def errors_of(truth: np.ndarray, predicted: np.ndarray) -> dict[str, np.ndarray]:
    """Give Euclidean and cosine errors."""
    off = np.asarray(truth, np.float64) - predicted
    return {
        "euclidean": np.linalg.norm(off, axis=1),
        "cosine": spectrum_cosine(truth, predicted),
    }


def of_few(rows: Rows, seed: int, arguments: argparse.Namespace) -> None:
    """Judge the coverage with 20 standards at random."""
    rng = np.random.default_rng(seed)
    maps = simulate(seed, arguments)
    sets: dict[str, tuple[object, ...]] = {}
    chosen = rng.choice(len(maps.train.X_secondary), FEW, replace=False)
    known = maps.train[np.sort(chosen)]
    sets["LIBS"] = (
        pipeline(Ridge(1.0), arguments.full),
        known.X_secondary,
        known.X_primary,
        maps.validation.X_secondary,
        maps.validation.X_primary,
    )
    folder = Path(os.environ.get("SPECTRANSFER_SHARED", "")) / "data"
    for name, file in (
        ("tablets", "nir_tablets_idrc2002_instr1_instr2.npz"),
        ("wheat", "nir_wheat_idrc2016_A5_B5.npz"),
    ):
        if not (folder / file).exists():
            continue
        with np.load(folder / file) as data:
            X, y = data["X_secondary"], data["X_primary"]
        order = rng.permutation(len(X))
        sets[name] = (
            FewStandardsTransfer(),
            X[order[:FEW]],
            y[order[:FEW]],
            X[order[FEW:]],
            y[order[FEW:]],
        )
    for name, (transfer, *spectra) in sets.items():
        X, y, X_new, y_new = (np.asarray(s, dtype=np.float64) for s in spectra)
        fitted = ConformalTransfer(transfer).fit(X, y)
        truth = target_in_prediction_space(fitted, y_new)
        told = coverage(fitted, X_new, truth)
        rows[f"coverage of {name}, {FEW} standards, by channel, %"].append(told[0])
        rows[f"coverage of {name}, {FEW} standards, simultaneous, %"].append(told[1])


SPOILED: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "noise": lambda x, rng: rng.normal(x.mean(), x.std(), x.shape),
    "zeros": lambda x, rng: 0 * x,
    "reversed": lambda x, rng: x[:, ::-1],
    "gain 10": lambda x, rng: 10 * x,
    "shift by 3 channels": lambda x, rng: np.roll(x, 3, axis=1),
    "spike as high as the spectrum": lambda x, rng: spiked(x, rng),
    "saturated at half": lambda x, rng: np.minimum(
        x, 0.5 * x.max(axis=1, keepdims=True)
    ),
}


def spiked(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put the height of a spectrum onto one of its channels."""
    x = x.copy()
    x[np.arange(len(x)), rng.integers(x.shape[1], size=len(x))] += np.ptp(x, axis=1)
    return x


def of_strangers(rows: Rows, seed: int, arguments: argparse.Namespace) -> None:
    """Judge flags of minerals that were absent, of spoiled spectra, of usual ones."""
    for mineral in ("garnet", "beryl"):
        place = MINERALS.index(mineral)
        shares = list(Rock().shares)
        shares[place] = 0.0
        without = Rock(tuple(shares))
        maps = simulate(seed, arguments, rock=without)
        domain = ApplicabilityDomain().fit(maps.train.X_secondary)
        usual = maps.validation.X_secondary
        alarms = 100 * (domain.predict(usual) == -1).mean()
        rows["false alarms, %"].append(alarms)
        shares[place] = 0.2
        new = simulate(seed + 5000, arguments, rock=Rock(tuple(shares))).validation
        fractions = new.annotations["mineral_fractions"][:, place]
        score = -domain.score_samples(new.X_secondary)
        clear = (fractions > 0.5) | (fractions < 1e-6)
        strange = fractions > 0.5
        rows[f"AUROC, no {mineral} in training"].append(
            roc_auc_score(strange[clear], score[clear])
        )
        found = domain.predict(new.X_secondary)[strange] == -1
        rows[f"found at 5 %, {mineral}, %"].append(100 * found.mean())
    rng = np.random.default_rng(seed)
    for name, spoil in SPOILED.items():
        flags = domain.predict(spoil(np.asarray(usual), rng)) == -1
        rows[f"found: {name}, %"].append(100 * flags.mean())


CARD = {
    "title": "Simulated rock",
    "instrument": {"maker": "none", "model": "simulated", "laser": "266 nm"},
    "measured": "2026-11-27",
    "medium": "air",
    "standards": {"description": "shots of a map", "source": "make_libs_maps"},
    "licence": {"data": "CC0-1.0", "code": "BSD-3-Clause"},
    "citation": "none",
    "contact": "none",
}


def of_a_joiner(rows: Rows, seed: int, arguments: argparse.Namespace) -> None:
    """Judge flags by what a library says that has no garnet; 20 standards join it."""
    place = MINERALS.index("garnet")
    shares = list(Rock().shares)
    shares[place] = 0.0
    maps = simulate(seed, arguments, rock=Rock(tuple(shares)))
    shares[place] = 0.2
    strange = simulate(seed + 5000, arguments, rock=Rock(tuple(shares))).validation
    known, usual = maps.train, maps.validation
    names = np.arange(len(known.X_primary))
    autoencoder = Pipeline([*side(arguments.full).steps, ("pca", PCA(15))])
    autoencoder.fit(known.X_primary)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rock.safetensors"
        publish_library(
            autoencoder,
            path,
            spectra=known.X_primary,
            sample_id=names,
            wavelengths=known.axis_primary,
            held_out=usual.X_primary[::3],
            card=CARD,
        )
        library = open_library(path)
        chosen = np.sort(np.random.default_rng(seed).choice(names, FEW, replace=False))
        own = Spectra(
            known.X_secondary[chosen], known.axis_secondary, sample_id=names[chosen]
        )
        joined = library.join(own)
        domain = ApplicabilityDomain().fit(library.sample(500, random_state=seed))
    garnet = strange.annotations["mineral_fractions"][:, place] > 0.5
    for name, spectra in (
        ("measured primary", lambda m: library.transform_target(m.X_primary)),
        ("transferred", lambda m: joined.predict(m.X_secondary)),
    ):
        alarms, flags = (domain.predict(spectra(m)) == -1 for m in (usual, strange))
        rows[f"{name} spectra: false alarms, %"].append(100 * alarms.mean())
        rows[f"{name} spectra: garnet found, %"].append(100 * flags[garnet].mean())


PARTS = {
    "joiner": of_a_joiner,
    "map": of_a_map,
    "few": of_few,
    "strange": of_strangers,
    "cost": of_cost,
}


def run(arguments: argparse.Namespace, parts: dict[str, Callable[..., None]]) -> None:
    """Print one row for each figure."""
    warnings.simplefilter("ignore")
    for part in arguments.parts:
        rows: Rows = defaultdict(list)
        for seed in arguments.seeds:
            parts[part](rows, seed, arguments)
        print(f"\n{part}: {len(arguments.seeds)} seeds from {arguments.seeds[0]}")
        print(f"{'':62} {'mean':>8} {'median':>8} {'lowest':>8} {'highest':>8}")
        for name, found in rows.items():
            told = np.mean(found), np.median(found), np.min(found), np.max(found)
            print(f"{name:62} " + " ".join(f"{value:8.3g}" for value in told))


def main() -> None:
    """Print the tables of all parts that are asked for."""
    run(asked_for(__doc__).parse_args(), PARTS)


if __name__ == "__main__":
    main()
