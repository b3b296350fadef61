"""Transfers and transformers over dask arrays: the same numbers, chunk by chunk."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    KNNTransfer,
    StandardScaler,
    Training,
    make_transfer_pipeline,
    transfer_spectra,
)
from spectransfer.datasets import make_instrument_pair

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(
        n_spectra=700, n_secondary=40, n_primary=50, random_state=0
    )


def fitted(pair, regressor, statistics="fit"):
    secondary = make_pipeline(
        BaselineCorrector(20, smooth_window=10), StandardScaler(statistics=statistics)
    )
    transfer = make_transfer_pipeline(
        regressor, secondary=secondary, primary=StandardScaler()
    )
    return transfer.fit(pair.X_secondary[:300], pair.X_primary[:300])


def in_chunks(X):
    return da.from_array(X, chunks=(256, -1))


def test_chunks_are_transferred_when_they_are_computed(pair):
    transfer = fitted(pair, KNNTransfer(3))
    lazy = transfer_spectra(transfer, in_chunks(pair.X_secondary))
    expected = transfer.predict(pair.X_secondary)
    assert lazy.shape == expected.shape
    assert lazy.dtype == expected.dtype
    assert lazy.chunks == ((256, 256, 188), (50,))
    assert_array_equal(lazy.compute(), expected)
    assert_array_equal(lazy[300:400].compute(), expected[300:400])


def test_single_targets_stay_single(pair):
    ridge = Ridge().fit(pair.X_secondary, pair.X_primary[:, 0])
    lazy = transfer_spectra(ridge, in_chunks(pair.X_secondary))
    assert lazy.shape == (700,)
    assert_allclose(lazy.compute(), ridge.predict(pair.X_secondary), rtol=1e-5)


def test_batch_statistics_are_those_of_all_chunks(pair):
    transfer = fitted(pair, Ridge(), statistics="batch")
    drifted = pair.X_secondary * np.linspace(1, 3, 700, dtype=np.float32)[:, None]
    lazy = transfer_spectra(transfer, in_chunks(drifted))
    expected = transfer.predict(drifted)
    assert_allclose(lazy.compute(), expected, rtol=1e-3, atol=1e-2)


def test_the_paper_protocol_reaches_every_chunk(pair):
    transfer = fitted(pair, Ridge())
    measured = pair.X_primary[300:]
    lazy = transfer_spectra(transfer, in_chunks(pair.X_secondary), reference=measured)
    expected = transfer.predict(pair.X_secondary, reference=measured)
    assert_allclose(lazy.compute(), expected, rtol=1e-3, atol=1e-2)


def test_channels_in_several_chunks_are_refused(pair):
    knn = KNNTransfer(2).fit(pair.X_secondary, pair.X_primary)
    X = da.from_array(pair.X_secondary, chunks=(256, 20))
    with pytest.raises(
        ValueError, match=r"chunks of \(256, 20\).*rechunk\(\{1: -1\}\)"
    ):
        transfer_spectra(knn, X)


def test_a_lazy_result_cannot_be_written_now(pair, tmp_path):
    knn = KNNTransfer(2).fit(pair.X_secondary, pair.X_primary)
    with pytest.raises(ValueError, match="to_zarr"):
        transfer_spectra(knn, in_chunks(pair.X_secondary), tmp_path / "map.npy")


@pytest.mark.parametrize(
    "transformer",
    [BaselineCorrector(20, smooth_window=10), StandardScaler()],
    ids=lambda t: type(t).__name__,
)
def test_transformers_go_over_chunks_with_map_blocks(pair, transformer):
    X = pair.X_secondary
    transformer.fit(X)
    lazy = in_chunks(X).map_blocks(transformer.transform, dtype=X.dtype, meta=X[:0])
    assert_array_equal(lazy.compute(), transformer.transform(X))


@pytest.mark.parametrize(
    "processes", [False, pytest.param(True, marks=pytest.mark.slow)]
)
def test_a_local_cluster_gives_the_numbers_of_predict(pair, processes):
    network = DirectMLPTransfer((8,), training=Training(n_steps=20), random_state=0)
    transfer = fitted(pair, network)
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=processes,
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        lazy = transfer_spectra(transfer, in_chunks(pair.X_secondary))
        found = client.compute(lazy).result(timeout=300)
    assert_allclose(found, transfer.predict(pair.X_secondary), rtol=1e-5, atol=1e-3)
