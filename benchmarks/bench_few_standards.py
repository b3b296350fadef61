"""How long `FewStandardsTransfer` takes to fit, with spectra without partners.

    python benchmarks/bench_few_standards.py

At the widths of the paper's instruments, 968 to 1015 and 3872 to 4062 channels, on
random spectra of twenty components. Processor seconds count, since other work on the
machine does not change them much; one thread (OMP_NUM_THREADS=1).
"""

import argparse
import time
import warnings

import numpy as np

from spectransfer import FewStandardsTransfer
from spectransfer.exceptions import SpectransferWarning

N_UNPAIRED = 2048


def spectra(rng, n, n_channels, latent):
    smooth = np.cumsum(rng.normal(size=(latent.shape[1], n_channels)), axis=1)
    return latent @ smooth + rng.normal(size=(n, n_channels))


def main():
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    # the clouds of two random populations have nothing in common
    warnings.simplefilter("ignore", SpectransferWarning)
    rng = np.random.default_rng(0)
    print(f"{'channels':>14} {'standards':>10} {'processor':>10} {'wall':>8}  seconds")
    for widths in ((968, 1015), (3872, 4062)):
        latent = rng.gamma(0.5, size=(N_UNPAIRED, 20))
        sides = [spectra(rng, N_UNPAIRED, width, latent) for width in widths]
        axes = [np.linspace(240.0, 900.0, width) for width in widths]
        for n in (5, 20, 50, 100, 500):
            transfer = FewStandardsTransfer(
                wavelengths_secondary=axes[0], wavelengths_primary=axes[1]
            )
            begun = time.process_time(), time.perf_counter()
            transfer.fit(
                sides[0][:n], sides[1][:n], X_unpaired=sides[0], y_unpaired=sides[1]
            )
            took = time.process_time() - begun[0], time.perf_counter() - begun[1]
            where = f"{widths[0]} to {widths[1]}"
            print(f"{where:>14} {n:10} {took[0]:10.1f} {took[1]:8.1f}", flush=True)


if __name__ == "__main__":
    main()
