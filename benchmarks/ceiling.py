"""How far could few standards carry, if the truth chose among the maps they give?

    python benchmarks/ceiling.py --seeds 671 672 673 674 675 676 677 678 679 680
    python benchmarks/ceiling.py --sets tablets --data FOLDER --seeds 671 ... 680

`FewStandardsTransfer` learns some hundred linear maps (priors at several strengths)
and mixes them by what samples that are left out say. Here the new spectra themselves
choose: the best single map, and the best mixture, which no mixture can beat.
"all pairs" is ridge on all pairs of the half of the map that standards come from.

Of simulated maps the minerals of every shot are known. A mineral *has a standard* where
it is at least a quarter of what some standard is made of. "known" is the error of new
spectra whose main mineral has a standard, relative to the variance of all; "unknown" is
the share of the others, and "of the error" what they make up of the whole error.
Each number is the median (and the worst) of the seeds.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from spectransfer import BaselineCorrector, DirectStandardization, FewStandardsTransfer
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import relative_squared_error
from spectransfer.model_selection import select_standards
from spectransfer.simulation import make_libs_maps
from spectransfer.transfer._affine import Mixture

# what a mineral counts from in a standard
_PART = 0.25


class Told(FewStandardsTransfer):
    """Keeps the maps that it mixes."""

    def _weigh(self, maps, *others):
        self.maps_ = maps
        return super()._weigh(maps, *others)


def residuals(transfer, X, y):
    """Give what each map misses, of shape (n_maps, n_spectra, n_channels)."""
    center, missed = transfer.maps_[0].standards.means[0], []
    for prior in transfer.maps_:
        for shares in np.eye(len(prior.strengths)):
            mixture = Mixture(center, y.shape[1])
            prior.add_to(mixture, shares)
            predicted = np.tile(mixture.at_center, (len(X), 1))
            if mixture.local is not None:
                predicted += (X - center) @ mixture.local.T
            if (factors := mixture.factors()) is not None:
                predicted += (X - center) @ factors[0] @ factors[1]
            missed.append((y - predicted).astype(np.float32))
    return np.stack(missed)


def best_mixture(missed):
    """Give the squared error of the mixture that suits these spectra best."""
    squares = (missed**2).sum(axis=(1, 2))
    missed = missed[squares < 10.0 * squares.min()]
    gram = np.zeros((len(missed),) * 2)
    for block in np.array_split(missed, 16, axis=1):
        flat = block.reshape(len(block), -1).astype(np.float64)
        gram += flat @ flat.T
    gram /= np.diag(gram).min()
    triangle = np.linalg.cholesky(gram + 1e-5 * np.eye(len(gram)))
    found, _ = nnls(triangle.T, np.linalg.solve(triangle, np.ones(len(gram))))
    weights = (found / found.sum()).astype(np.float32)
    return (np.tensordot(weights, missed, 1) ** 2).sum(axis=1)


def told(own, rows, beside, new, axes, covered):
    """Give rows of the table: of the default, and of what the truth chooses."""
    X, y = (side.astype(np.float64) for side in new)
    pairs = own[0][rows], own[1][rows]
    named = dict(
        zip(("wavelengths_secondary", "wavelengths_primary"), axes, strict=True)
    )
    transfer = Told(**named).fit(*pairs, **beside)
    missed = residuals(transfer, X, y)
    by_map = (missed**2).sum(axis=2)
    found = {
        "default": ((y - transfer.predict(X)) ** 2).sum(axis=1),
        "best map": by_map[by_map.sum(axis=1).argmin()],
        "best mixture": best_mixture(missed),
        "DS (ridge)": ((y - DirectStandardization().fit(*pairs).predict(X)) ** 2).sum(
            1
        ),
    }
    spread = ((y - y.mean(axis=0)) ** 2).sum()
    return {
        name: (
            errors.sum() / spread,
            errors[covered].sum() / spread,
            1.0 - covered.mean(),
            errors[~covered].sum() / errors.sum(),
        )
        for name, errors in found.items()
    }


def light(seed, side, sizes):
    """Give tables of a simulated map, for standards at random and chosen."""
    maps = make_libs_maps(
        (side, side), (24, 24), None, spectrometers="light", random_state=seed
    )
    sides = [(m.X_secondary, m.X_primary) for m in (maps.train, maps.validation)]
    both, new = ([BaselineCorrector().fit_transform(s) for s in part] for part in sides)
    rng = np.random.default_rng(seed)
    here, there = np.split(rng.permutation(len(both[0])), 2)
    own = [spectra[here] for spectra in both]
    beside = {"X_unpaired": own[0], "y_unpaired": both[1][there]}
    minerals = maps.train.annotations["mineral_fractions"][here]
    main = maps.validation.annotations["mineral_fractions"].argmax(axis=1)
    axes = maps.train.wavelengths_secondary, maps.train.wavelengths_primary
    error = relative_squared_error(
        new[1], DirectStandardization().fit(*own).predict(new[0])
    )
    yield "all pairs", len(here), {"DS (ridge)": (error, error, 0.0, 0.0)}
    for k in sizes:
        ways = {
            "at random": rng.choice(len(here), k, replace=False),
            "chosen": select_standards(own[0], k, random_state=seed),
        }
        for way, rows in ways.items():
            covered = (minerals[rows] >= _PART).any(axis=0)[main]
            yield way, k, told(own, rows, beside, new, axes, covered)


def tablets(folder, seed, sizes):
    """Give tables of real pairs; what their standards lack is not known."""
    with np.load(folder / "nir_tablets_idrc2002_instr1_instr2.npz") as f:
        data = dict(f)
    both = [data[f"X_{side}"].astype(np.float64) for side in ("secondary", "primary")]
    axes = data["wavelengths_secondary"], data["wavelengths_primary"]
    rng = np.random.default_rng(seed)
    known = rng.permutation(np.flatnonzero(data["split"] == "calibrate"))
    here, there = np.array_split(known, 2)
    own = [spectra[here] for spectra in both]
    new = [spectra[data["split"] == "test"] for spectra in both]
    beside = {"X_unpaired": own[0], "y_unpaired": both[1][there]}
    covered = np.ones(len(new[0]), dtype=bool)
    for k in sizes:
        ways = {
            "at random": rng.choice(len(here), k, replace=False),
            "chosen": select_standards(own[0], k, random_state=seed),
        }
        for way, rows in ways.items():
            yield way, k, told(own, rows, beside, new, axes, covered)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[661])
    parser.add_argument("--side", type=int, default=48)
    parser.add_argument("--sets", nargs="+", default=["light"])
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of standards")
    parser.add_argument("--data", type=Path, help="folder of the real pairs")
    given = parser.parse_args()
    # which spectra standards lack is what the table shows
    warnings.simplefilter("ignore", SpectransferWarning)
    for kind in given.sets:
        found = {}
        for seed in given.seeds:
            tables = (
                light(seed, given.side, given.sizes or (20, 50))
                if kind == "light"
                else tablets(given.data, seed, given.sizes or (5, 20))
            )
            for way, k, table in tables:
                for name, values in table.items():
                    found.setdefault((way, k, name), []).append(values)
        columns = ("missed", "known", "unknown", "of the error")
        print(f"\n{kind}\n{'':30}" + "".join(f"{name:>17}" for name in columns))
        for (way, k, name), values in found.items():
            table = np.array(values)
            cells = zip(np.median(table, axis=0), table.max(axis=0), strict=True)
            line = "".join(f"{median:9.3f} /{worst:6.3f}" for median, worst in cells)
            print(f"{way:10}{k:6}  {name:12}{line}")


if __name__ == "__main__":
    main()
