"""
What does a library do that is of another rock, axis or unit than the standards?
================================================================================

`FewStandardsTransfer` completes spectra by a library of primary spectra (`y_unpaired`).
Here it is of other minerals, shifted, or in other units. Missed (median and worst) are
new spectra of the rock of the standards, with `--standards` of them at random;
*expected* is the median of `expected_rse_`, and *told* counts the fits that warned of
the library.

    OMP_NUM_THREADS=1 python benchmarks/other_library.py --seeds 951 952 953 954 955
"""

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from _report import machine

from spectransfer import FewStandardsTransfer, StandardScaler, make_transfer_pipeline
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import relative_squared_error
from spectransfer.preprocessing import BaselineCorrector
from spectransfer.simulation import Rock, make_libs_maps

# shares of the minerals, or what those of the rock of the standards are multiplied by
ROCKS = {
    "without garnet": (True, {3: 0.0}),
    "without muscovite": (True, {2: 0.0}),
    "ten times the garnet": (True, {3: 10.0}),
    "without quartz": (False, {1: 0.5, 2: 0.5}),
    "quartz only": (False, {0: 1.0}),
    "garnet, some quartz": (False, {0: 0.1, 3: 1.0}),
}


def rock(changes: bool, shares: dict[int, float]) -> Rock:
    """Give a rock of changed shares, or of these only."""
    found = np.array(Rock().shares)
    if not changes:
        found[:] = 0.0
    for mineral, share in shares.items():
        found[mineral] = share * (found[mineral] if changes else 1.0)
    return Rock(tuple(found))


def corrected(spectra: Any) -> Any:
    """Take the baseline off, which each spectrum has by itself."""
    return BaselineCorrector().fit_transform(spectra)


def libraries(seed: int, own: Any, axis: Any) -> dict[str, Any]:
    """Give every library; own is of the rock of the standards."""
    found = {
        "none": None,
        "of the same rock": own,
        "the same, a tenth as strong": own / 10.0,
        "the same, shifted by 5 nm": np.stack(
            [np.interp(axis + 5.0, axis, spectrum) for spectrum in own]
        ),
    }
    for name, (changes, shares) in ROCKS.items():
        other = make_libs_maps(
            (24, 24),
            None,
            None,
            spectrometers="light",
            rock=rock(changes, shares),
            random_state=1000 + seed,
        )
        found[name] = corrected(other.train.X_primary)
    return found


def fits(seed: int, numbers: list[int]) -> Any:
    """Fit with every library and number of standards: what was missed, and was told."""
    maps = make_libs_maps(
        (32, 32), (24, 24), None, spectrometers="light", random_state=seed
    )
    train, new = maps.train, maps.validation
    X, y, X_new, y_new = map(
        corrected, (train.X_secondary, train.X_primary, new.X_secondary, new.X_primary)
    )
    rng = np.random.default_rng(seed)
    here, there = np.split(rng.permutation(len(X)), 2)
    given = libraries(seed, y[there], train.wavelengths_primary)
    for k in numbers:
        rows = rng.choice(here, k, replace=False)
        for name, library in given.items():
            transfer = make_transfer_pipeline(
                FewStandardsTransfer(
                    wavelengths_secondary=train.wavelengths_secondary,
                    wavelengths_primary=train.wavelengths_primary,
                ),
                secondary=StandardScaler(power=0),
                primary=StandardScaler(power=0),
            )
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always", SpectransferWarning)
                transfer.fit(X[rows], y[rows], y_unpaired=library)
            missed = relative_squared_error(y_new, transfer.predict(X_new))
            told = any("y_unpaired must" in str(one.message) for one in said)
            expected = transfer[-1].regressor_.expected_rse_["mixture"]
            yield k, name, missed, expected, told


def main() -> None:
    """Print a row for each library."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="maps")
    parser.add_argument("--standards", type=int, nargs="+", default=[5, 20])
    options = parser.parse_args()
    print(f"Measured on: {machine()}.\n")
    found: dict[Any, list[tuple[float, float, bool]]] = {}
    for seed in options.seeds:
        for k, name, *result in fits(seed, options.standards):
            found.setdefault((k, name), []).append(tuple(result))
    print(f"{'library':28}{'standards':>10}{'missed':>17}{'expected':>10}{'told':>6}")
    for (k, name), results in sorted(found.items(), key=lambda item: item[0][0]):
        missed, expected, told = np.transpose(results)
        print(
            f"{name:28}{k:10}{np.median(missed):8.3f} /{missed.max():7.3f}"
            f"{np.median(expected):10.3f}{int(told.sum()):6}"
        )


if __name__ == "__main__":
    main()
