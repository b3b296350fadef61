"""Trainings read spectra where they lie and keep no copy of them."""

import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from spectransfer import DirectMLPTransfer, SpectralMLP, SpectralVAE, Training

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the memory of a process is read from /proc"
)
N_CHANNELS = 4062
MB = 1e6
# of the blocks in which spectra are checked, centred and predicted
BLOCKS = 40 * MB


def anonymous_bytes():
    """Memory of this process that no file backs."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


def growth(work):
    """Most anonymous memory during a call, above what there was before."""
    before, seen, done = anonymous_bytes(), [0], threading.Event()

    def look():
        while not done.is_set():
            seen.append(anonymous_bytes())
            time.sleep(0.002)

    watcher = threading.Thread(target=look)
    watcher.start()
    work()
    done.set()
    watcher.join()
    return max(seen) - before


def mapped(path, n_spectra, rng):
    out = np.lib.format.open_memmap(path, "w+", np.float32, (n_spectra, N_CHANNELS))
    for start in range(0, n_spectra, 1000):
        rows = out[start : start + 1000]
        rows[:] = rng.normal(300, 20, size=rows.shape[1])
        rows[:, :8] += rng.normal(size=(len(rows), 8))
    out.flush()
    return np.load(path, mmap_mode="r")


QUICK = {
    "training": Training(n_steps=1, batch_size=128, patience=1),
    "random_state": 0,
}
FITS = {
    "VAE": lambda X: SpectralVAE((16,), n_latent=2, **QUICK).fit(X),
    "MLP": lambda X: SpectralMLP((16,), **QUICK).fit(X, X[:, :3]),
    "direct MLP": lambda X: DirectMLPTransfer(
        (16,), n_latent=2, decoder_layer_sizes=(16,), **QUICK
    ).fit(X, X[::-1]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FITS)
def test_a_fit_keeps_no_copy_of_its_spectra(name, tmp_path, rng):
    X = mapped(tmp_path / "spectra.npy", 6000, rng)
    FITS[name](X[:300])
    assert X.nbytes > 2 * BLOCKS
    assert growth(lambda: FITS[name](X)) < BLOCKS


@pytest.mark.slow
def test_the_papers_autoencoder_needs_its_weights_and_no_spectra(tmp_path, rng):
    X = mapped(tmp_path / "spectra.npy", 25_000, rng)
    vae = SpectralVAE.as_published(training__max_epochs=1, random_state=0)
    vae.fit(X[:300])
    weights = sum(4 * p.numel() for p in vae.net_.module_.parameters())
    # weights, the best so far, gradients, two moments, and the gradients of the step
    # that follows
    assert X.nbytes > 6 * weights + 2 * BLOCKS
    assert growth(lambda: vae.fit(X)) < 6 * weights + BLOCKS
