"""Size of a library against the spectra it stands for, and times to open and look up.

    python benchmarks/bench_library.py            # the demo's size
    python benchmarks/bench_library.py --full     # the paper's: 313,600 spectra

At the paper's size the decoder is trained on 2,048 spectra of full width; latents are
drawn with the moments of theirs, since only their number counts.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from joining import CARD
from sklearn.pipeline import make_pipeline

from spectransfer import BaselineCorrector, SpectralVAE, StandardScaler
from spectransfer.library import open_library, publish_library
from spectransfer.simulation import make_libs_maps
from spectransfer.spectra import Axis


def median_time(work, n_times: int = 5) -> float:
    """Give the median of some runs, in seconds."""
    times = []
    for _ in range(n_times):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def main() -> None:
    """Print sizes and times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="the paper's size")
    given = parser.parse_args()
    n_entries = 313_600 if given.full else 4096
    spectrometers = "full" if given.full else "light"
    maps = make_libs_maps(
        (32, 64), None, None, second_day=(), spectrometers=spectrometers, random_state=0
    )
    spectra = maps.train.X_primary
    autoencoder = make_pipeline(
        BaselineCorrector(), StandardScaler(power=0), SpectralVAE(random_state=0)
    ).fit(spectra)
    known = autoencoder.transform(spectra)
    rng = np.random.default_rng(0)
    latents = rng.multivariate_normal(known.mean(axis=0), np.cov(known.T), n_entries)
    size = n_entries * spectra.shape[1] * 4
    print(f"{n_entries} spectra of {spectra.shape[1]} channels: {size / 1e6:.0f} MB")
    for dtype in ("float32", "float16"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "library.safetensors"
            publish_library(
                autoencoder,
                path,
                latents=latents,
                sample_id=np.arange(n_entries),
                held_out=spectra[:100],
                wavelengths=Axis(maps.train.wavelengths_primary, "nm"),
                card=CARD,
                dtype=dtype,
            )
            weight = path.stat().st_size
            opening = median_time(lambda path=path: open_library(path))
            library = open_library(path)
            first = median_time(lambda library=library: library.latents, 1)
            decoded = library.decode(library.latents[:256])
            library.lookup(decoded[:1])
            one = median_time(lambda library=library, d=decoded: library.lookup(d[:1]))
            many = median_time(lambda library=library, d=decoded: library.lookup(d), 3)
            rounding = f", RSE {library.rounding:.1g}" if library.rounding else ""
            print(
                f"{dtype}: {weight / 1e6:.1f} MB, 1 byte for {size / weight:.1f}"
                f"{rounding}; opened in {opening * 1e3:.0f} ms, latents checked in "
                f"{first * 1e3:.0f} ms, looked up in {one * 1e3:.1f} ms alone and "
                f"{many / 256 * 1e3:.2f} ms among 256"
            )


if __name__ == "__main__":
    main()
