"""Which preparation suits which kind of spectroscopy, on real pairs of instruments.

Ridge carries spectra from one instrument to the other, half of the samples known, half
new. What counts is what transferred spectra are for: a calibration (PLS), learned from
primary spectra of the known samples in the space of the predictions, reads the
properties of new samples from predictions. Its error is given in standard deviations
of the property, as mean over properties, beside what it reads from the primary's own
spectra and from the secondary's without any transfer. RSE is relative to the space
that a preparation leads to, and compares within a column of one preparation only.

Choose on some draws, report on others:

    python benchmarks/preparations.py --draws 0 1 2 3 4 5 6 7 8 9
    python benchmarks/preparations.py

The pairs are in the folder that SPECTRANSFER_SHARED names.
"""

import argparse
import os
import warnings
from pathlib import Path

import numpy as np
from chemotools.derivative import SavitzkyGolay
from chemotools.scatter import StandardNormalVariate
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, GroupKFold, GroupShuffleSplit
from sklearn.pipeline import make_pipeline

from spectransfer import BaselineCorrector, StandardScaler, make_transfer_pipeline
from spectransfer.io import load_pair
from spectransfer.metrics import relative_squared_error
from spectransfer.spectra import SpectraPair

SETS = {
    "tablets (NIR)": "nir_tablets_idrc2002_instr1_instr2.npz",
    "wheat (NIR)": "nir_wheat_idrc2016_A5_B5.npz",
    "analytes (Raman)": "raman_analytes_anton532_anton785.npz",
}
WAYS = {
    "None": None,
    "scale": StandardScaler(power=0),
    "baseline, scale": make_pipeline(BaselineCorrector(), StandardScaler(power=0)),
    "SNV, scale": make_pipeline(StandardNormalVariate(), StandardScaler(power=0)),
    "derivative, scale": make_pipeline(
        SavitzkyGolay(15, 2, 1), StandardScaler(power=0)
    ),
    "derivative, SNV, scale": make_pipeline(
        SavitzkyGolay(15, 2, 1), StandardNormalVariate(), StandardScaler(power=0)
    ),
    "baseline, SNV, scale": make_pipeline(
        BaselineCorrector(), StandardNormalVariate(), StandardScaler(power=0)
    ),
}


def ridge() -> RidgeCV:
    """Give a ridge whose strength follows the scale of what it is given."""
    return RidgeCV(np.logspace(-8, 8, 17))


def error_of(calibration, spectra, y: np.ndarray) -> float:
    """Give the error of a calibration in deviations of each property, averaged."""
    missed = mean_squared_error(
        y, calibration.predict(spectra), multioutput="raw_values"
    )
    return float(np.mean(np.sqrt(missed) / y.std(axis=0)))


def calibrated(spectra: np.ndarray, y: np.ndarray, groups: np.ndarray):
    """Fit a calibration by PLS, its components chosen by leaving samples out."""
    search = GridSearchCV(
        PLSRegression(scale=False),
        {"n_components": [2, 4, 6, 8, 12]},
        scoring="neg_root_mean_squared_error",
        cv=GroupKFold(4),
    )
    return search.fit(spectra, y, groups=groups)


def untransferred(pair: SpectraPair) -> np.ndarray:
    """Read secondary spectra at the primary's channels, and nothing else."""
    axes = pair.wavelengths_primary, pair.wavelengths_secondary
    return np.array([np.interp(*axes, x) for x in pair.X_secondary])


def judge(way, pair: SpectraPair, draw: int) -> tuple[float, ...]:
    """Give RSE, and the errors of ridge, primary and untransferred spectra."""
    split = GroupShuffleSplit(1, train_size=0.5, random_state=draw)
    known, new = next(split.split(pair.X_primary, groups=pair.sample_id))
    known, new = pair[known], pair[new]
    transfer = make_transfer_pipeline(
        ridge(), secondary=clone(way) if way else None, primary=way
    ).fit(known.X_secondary, known.X_primary)
    target = transfer.transform_target
    calibration = calibrated(target(known.X_primary), known.y, known.sample_id)
    predicted, measured = transfer.predict(new.X_secondary), target(new.X_primary)
    return (
        relative_squared_error(measured, predicted),
        error_of(calibration, predicted, new.y),
        error_of(calibration, measured, new.y),
        error_of(calibration, target(untransferred(new)), new.y),
    )


def main() -> None:
    """Print a table for each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, nargs="+", default=list(range(10, 20)))
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    arguments = parser.parse_args()
    folder = Path(os.environ["SPECTRANSFER_SHARED"]) / "data"
    for name in arguments.sets:
        pair = load_pair(folder / SETS[name])
        print(f"\n{name}: median (worst) of {len(arguments.draws)} draws")
        print(f"{'preparation':24}{'RSE of ridge':>18}", end="")
        print("".join(f"{who:>18}" for who in ("ridge", "primary", "untransferred")))
        for way, steps in WAYS.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = np.array([judge(steps, pair, d) for d in arguments.draws])
            middle, worst = np.median(found, axis=0), found.max(axis=0)
            cells = [f"{m:.3f} ({w:.3f})" for m, w in zip(middle, worst, strict=True)]
            print(f"{way:24}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
