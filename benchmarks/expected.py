"""Is the error that `FewStandardsTransfer` expects the error that new spectra have?

    python benchmarks/expected.py --seeds 651 652 653 654 655 656 657 658 659 660

Simulated maps at light width, 48x48: standards at random and chosen by
`select_standards`; each number is the median (and the worst) of the seeds. The last two
columns tell where the error is: the primary library is divided into eight clusters, and
what is missed of new spectra is counted in those clusters that no standard is in.

"and those told" are the standards at random together with the spectra that
`to_measure_` then names, at most five, and "and as many" as many more at random.
"""

import argparse
import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from spectransfer import BaselineCorrector, FewStandardsTransfer
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import relative_squared_error
from spectransfer.model_selection import select_standards
from spectransfer.simulation import make_libs_maps

SIZES = (10, 20, 50)
N_CLUSTERS = 8


def corrected(maps):
    both = maps.X_secondary, maps.X_primary
    return [BaselineCorrector().fit_transform(spectra) for spectra in both]


def figures(seed):
    """Give (size, way) and what was expected, missed, and missed of unseen clusters."""
    maps = make_libs_maps(
        (48, 48), (32, 32), None, spectrometers="light", random_state=seed
    )
    (X, y), (X_new, y_new) = corrected(maps.train), corrected(maps.validation)
    rng = np.random.default_rng(seed)
    here, there = np.split(rng.permutation(len(X)), 2)
    own, partner, library = X[here], y[here], y[there]
    components = PCA(N_CLUSTERS, whiten=True, random_state=0).fit(library)
    clusters = KMeans(N_CLUSTERS, n_init=3, random_state=0)
    clusters.fit(components.transform(library))
    cluster_of = clusters.predict(components.transform(y_new))

    def fitted(rows):
        return FewStandardsTransfer(
            wavelengths_secondary=maps.train.wavelengths_secondary,
            wavelengths_primary=maps.train.wavelengths_primary,
        ).fit(own[rows], partner[rows], X_unpaired=own, y_unpaired=library)

    for k in SIZES:
        order = rng.permutation(len(own))
        told = fitted(order[:k]).to_measure_
        ways = {
            "at random": order[:k],
            "and as many": order[: k + len(told)],
            "and those told": np.concatenate([order[:k], told]),
            "chosen": select_standards(own, k, random_state=seed),
        }
        for way, rows in ways.items():
            transfer = fitted(rows)
            predicted = transfer.predict(X_new)
            error = relative_squared_error(y_new, predicted)
            missed = ((y_new - predicted) ** 2).sum(axis=1)
            there_are = clusters.predict(components.transform(partner[rows]))
            unseen = ~np.isin(cluster_of, there_are)
            expected = transfer.expected_rse_["mixture"]
            of_unseen = missed[unseen].sum() / missed.sum()
            yield way, k, (expected, error, error / expected, unseen.mean(), of_unseen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[641])
    # which spectra standards lack is what the table shows
    warnings.simplefilter("ignore", SpectransferWarning)
    found = {}
    for seed in parser.parse_args().seeds:
        for way, k, values in figures(seed):
            found.setdefault((way, k), []).append(values)
    names = ("expected", "missed", "ratio", "unseen", "of the error")
    print(f"{'':19}" + "".join(f"{name:>18}" for name in names))
    for way, k in found:
        table = np.array(found[way, k])
        cells = zip(np.median(table, axis=0), table.max(axis=0), strict=True)
        line = "".join(f"{median:10.3f} /{worst:6.3f}" for median, worst in cells)
        print(f"{way:15}{k:4}{line}")


if __name__ == "__main__":
    main()
