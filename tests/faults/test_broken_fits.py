"""Fits that fail or are interrupted; long work that is stopped, or done at once."""

import os
import signal
import time
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from spectransfer import (
    BaselineCorrector,
    CanonicalCorrelationTransfer,
    DirectMLPTransfer,
    DirectStandardization,
    DriftCorrector,
    FewStandardsTransfer,
    KNNTransfer,
    MeanTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    SpectralMLP,
    SpectralSpaceTransformation,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
    WavelengthCropper,
    WavelengthResampler,
    make_transfer_pipeline,
    transfer_spectra,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers, standards_curve
from spectransfer.preprocessing import AxisAligner, BlindCorrector
from spectransfer.search import HalvingSearch
from spectransfer.simulation import make_libs_maps

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
]
PAIR = make_instrument_pair(300, n_secondary=120, n_primary=130, random_state=0)
OTHER = make_instrument_pair(300, n_secondary=120, n_primary=130, random_state=1)
DAY = make_instrument_pair(300, n_secondary=120, n_primary=120, random_state=2)
SEED = 7
AXES = {
    "wavelengths_secondary": PAIR.wavelengths_secondary,
    "wavelengths_primary": PAIR.wavelengths_primary,
}
QUICK = {"training": Training(n_steps=8, batch_size=50), "random_state": 0}
VAE = SpectralVAE((8,), n_latent=2, **QUICK)
TRANSFERS = {
    "mean": MeanTransfer(),
    "knn": KNNTransfer(3),
    "offset": OffsetTransfer(**AXES),
    "ds": DirectStandardization(),
    "pds": PiecewiseDirectStandardization(**AXES),
    "sst": SpectralSpaceTransformation(3, **AXES),
    "cca": CanonicalCorrelationTransfer(3, n_principal=3),
    "few": FewStandardsTransfer(**AXES),
    "mlp": SpectralMLP((8,), **QUICK),
    "direct": DirectMLPTransfer((8,), n_latent=2, decoder_layer_sizes=(8,), **QUICK),
    "latent": VAELatentTransfer(VAE, SpectralMLP((8,), **QUICK)),
    "pca": VAELatentTransfer(PCA(3), Ridge()),
    "pipeline": make_transfer_pipeline(
        Ridge(), secondary=StandardScaler(), primary=StandardScaler()
    ),
}
STEPS = {
    "baseline": BaselineCorrector(),
    "scaler": StandardScaler(),
    "cropper": WavelengthCropper(280, 350, wavelengths=PAIR.wavelengths_secondary),
    "resampler": WavelengthResampler(
        np.linspace(270, 360, 80), wavelengths=PAIR.wavelengths_secondary
    ),
    "vae": VAE,
    "drift": DriftCorrector(),
    "aligner": AxisAligner(),
    "blind": BlindCorrector("same-statistics"),
}
OF_TWO_DAYS = ("drift", "aligner", "blind")


def fit(name, estimator, pair):
    """Fit to pairs, to spectra, or to those of two days."""
    if name in OF_TWO_DAYS:
        later = pair.X_secondary[:12] * np.float32(1.1)
        return estimator.fit(later, pair.X_secondary[:12])
    if name in STEPS:
        return estimator.fit(pair.X_secondary)
    return estimator.fit(pair.X_secondary[:60], pair.X_primary[:60])


def apply(name, estimator):
    if name in STEPS:
        return estimator.transform(PAIR.X_secondary[:9])
    return estimator.predict(PAIR.X_secondary[:9])


EVERY = TRANSFERS | STEPS
of_every_estimator = pytest.mark.parametrize("name", EVERY)
quietly = pytest.mark.filterwarnings("ignore")  # what they think of such days


@quietly
@of_every_estimator
def test_a_failed_fit_leaves_what_was_fitted(name, tally):
    estimator = fit(name, EVERY[name], PAIR)
    before = apply(name, estimator)
    broken = OTHER.X_secondary.copy()
    broken[5, 5] = np.nan
    few, many = OTHER.X_secondary[:12], OTHER.X_primary
    given = {
        "pairs": [(broken, many), (OTHER.X_secondary, many[:-1]), (few[0], many)],
        # a cropper may be there to take off what was not measured
        "spectra": [(few[0],), (few[:, :0],), ([["a"]],)]
        + [(broken,)] * (name != "cropper"),
        "days": [(broken[:12], few), (few, few[:, :50]), (few[0], few)],
    }
    kind = "days" if name in OF_TWO_DAYS else "spectra" if name in STEPS else "pairs"
    for arrays in given[kind]:
        tally["failed fits", "tried"] += 1
        with pytest.raises(ValueError, match=r"\w"):
            estimator.fit(*arrays)
        assert_array_equal(apply(name, estimator), before)
        tally["failed fits", "survived"] += 1


@contextmanager
def alarms():
    """Let the alarm be a Ctrl-C, and none be left."""
    handler = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


@quietly
@of_every_estimator
def test_an_interrupted_fit_leaves_what_was_fitted(name, tally):
    estimator = fit(name, EVERY[name], OTHER)
    # the signal may come when all is learned and `fit` has not returned
    finished_by_then = apply(name, estimator)
    start = time.perf_counter()
    before = apply(name, fit(name, estimator, PAIR))
    seconds = time.perf_counter() - start
    rng = np.random.default_rng(SEED)
    with alarms():
        for _ in range(10):
            interrupted = True
            try:
                signal.setitimer(signal.ITIMER_REAL, float(rng.uniform(1e-4, seconds)))
                fit(name, estimator, OTHER)
                interrupted = False
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                signal.setitimer(signal.ITIMER_REAL, 0)
            if interrupted:
                tally["interrupted fits", "tried"] += 1
                after = apply(name, estimator)
                if not np.array_equal(after, finished_by_then):
                    assert_array_equal(after, before)
                tally["interrupted fits", "survived"] += 1
            fit(name, estimator, PAIR)


def search_in(folder):
    search = HalvingSearch(
        make_transfer_pipeline(Ridge()),
        {"transfer__regressor__alpha": np.logspace(-3, 3, 9)},
        resource=None,
        folder=folder / "search",
        random_state=0,
    )
    search.fit(
        PAIR.X_secondary[:200],
        PAIR.X_primary[:200],
        X_val=PAIR.X_secondary[200:],
        y_val=PAIR.X_primary[200:],
    )
    return np.array([search.best_score_])


def evaluate_in(folder):
    table = evaluate_transfers(
        {"ridge": make_transfer_pipeline(Ridge()), "KNN": KNNTransfer(3)},
        PAIR[:200],
        PAIR[200:],
    )
    return np.array([row.rse for row in table])


def curve_in(folder):
    ways = {"ridge": make_transfer_pipeline(Ridge()), "few": FewStandardsTransfer()}
    curve = standards_curve(ways, DAY, [4, 8], n_draws=3)
    return np.array([curve.medians()[name] for name in ways])


def transfer_in(folder):
    mean = MeanTransfer().fit(PAIR.X_secondary, PAIR.X_primary)
    many = np.tile(PAIR.X_secondary, (40, 1))
    return np.array(transfer_spectra(mean, many, folder / "out.npy", block_size=64))


def simulate_in(folder):
    maps = make_libs_maps((6, 6), None, None, random_state=0)
    return np.array(maps.train.X_secondary)


LONG = {
    "search": search_in,
    "evaluation": evaluate_in,
    "curve": curve_in,
    "streaming": transfer_in,
    "simulation": simulate_in,
}
of_long_work = pytest.mark.parametrize("work", LONG.values(), ids=LONG)


def in_a_child(work, folder, expected):
    """Work in a forked process, and give its number; it ends with 0, 5 or an error."""
    # a signal that comes before the child is ready waits until it is
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    child = os.fork()
    if child:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        return child
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        code = 0 if np.array_equal(work(folder), expected) else 6
    except KeyboardInterrupt:
        code = 5
    finally:
        os._exit(code)


@quietly
@of_long_work
def test_long_work_ends_when_it_is_interrupted_and_can_be_done_again(
    work, tmp_path, tally
):
    (tmp_path / "whole").mkdir()
    start = time.perf_counter()
    expected = work(tmp_path / "whole")
    seconds = time.perf_counter() - start
    rng = np.random.default_rng(SEED)
    for _ in range(10):
        child = in_a_child(work, tmp_path, expected)
        time.sleep(float(rng.uniform(0, seconds)))
        os.kill(child, signal.SIGINT)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        tally["interrupted work", "tried"] += 1
        # before the child listens, and when it has finished, it ends otherwise
        assert code in (0, 5, -signal.SIGINT)
        tally["interrupted work", "survived"] += 1
    assert_array_equal(work(tmp_path), expected)


@quietly
@of_long_work
def test_long_work_that_is_done_twice_at_once_in_one_folder_is_right_twice(
    work, tmp_path, tally
):
    (tmp_path / "whole").mkdir()
    expected = work(tmp_path / "whole")
    for _ in range(3):
        children = [in_a_child(work, tmp_path, expected) for _ in range(3)]
        for child in children:
            tally["at once", "tried"] += 1
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            tally["at once", "survived"] += 1
