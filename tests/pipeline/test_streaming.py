import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    PrimarySpaceRegressor,
    StandardScaler,
    Training,
    _files,
    make_transfer_pipeline,
    transfer_spectra,
)
from spectransfer._files import on_memory_map
from spectransfer.datasets import make_instrument_pair
from spectransfer.io import read_spectra
from spectransfer.spectra import Axis, Spectra, SpectraPair

WINDOWS = {"min_window": 20, "smooth_window": 10, "allow_long_windows": True}


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(
        n_spectra=1200, n_secondary=40, n_primary=50, random_state=0
    )


def prepared(statistics="fit"):
    return make_pipeline(
        BaselineCorrector(**WINDOWS), StandardScaler(statistics=statistics)
    )


def fitted(pair, regressor, statistics="fit"):
    transfer = make_transfer_pipeline(
        regressor, secondary=prepared(statistics), primary=prepared()
    )
    return transfer.fit(pair.X_secondary[:300], pair.X_primary[:300])


@pytest.fixture(scope="module", params=["knn", "network"])
def transfer(pair, request):
    network = DirectMLPTransfer((8,), training=Training(n_steps=20), random_state=0)
    parts = {"knn": KNNTransfer(3), "network": network}
    return fitted(pair, parts[request.param])


@pytest.mark.parametrize("block_size", [1, 256, 300, 1024, 5000])
def test_blocks_of_any_size_give_what_predict_does(pair, transfer, block_size):
    in_blocks = transfer_spectra(transfer, pair.X_secondary, block_size=block_size)
    assert_array_equal(in_blocks, transfer.predict(pair.X_secondary))


def test_batch_statistics_are_those_of_the_whole_map(pair):
    transfer = fitted(pair, Ridge(), statistics="batch")
    drifted = pair.X_secondary * np.linspace(1, 3, 1200)[:, None]
    in_blocks = transfer_spectra(transfer, drifted, block_size=256)
    assert_allclose(in_blocks, transfer.predict(drifted), rtol=1e-4, atol=1e-2)
    of_a_block = transfer.predict(drifted[:256])
    assert np.abs(of_a_block - in_blocks[:256]).max() > 10


def test_the_paper_protocol_uses_the_whole_reference(pair):
    transfer = fitted(pair, Ridge())
    measured = pair.X_primary[100:]
    in_blocks = transfer_spectra(
        transfer, pair.X_secondary, block_size=256, reference=measured
    )
    at_once = transfer.predict(pair.X_secondary, reference=measured)
    assert_allclose(in_blocks, at_once, rtol=1e-4, atol=1e-2)
    assert np.abs(in_blocks - transfer.predict(pair.X_secondary)).max() > 1


def test_single_targets_stay_single(pair):
    ridge = Ridge().fit(pair.X_secondary, pair.X_primary[:, 0])
    in_blocks = transfer_spectra(ridge, pair.X_secondary, block_size=256)
    assert_allclose(in_blocks, ridge.predict(pair.X_secondary), rtol=1e-5)


def test_data_frames_keep_the_names_of_their_channels(pair):
    frame = pd.DataFrame(pair.X_secondary, columns=[f"c{i}" for i in range(40)])
    knn = KNNTransfer(2).fit(frame, pair.X_primary)
    assert_array_equal(transfer_spectra(knn, frame, block_size=256), knn.predict(frame))


def test_a_path_becomes_a_complete_file_that_comes_back_mapped(pair, tmp_path):
    knn = KNNTransfer(2).fit(pair.X_secondary[:300], pair.X_primary[:300])
    np.save(tmp_path / "map.npy", pair.X_secondary)
    mapped = np.load(tmp_path / "map.npy", mmap_mode="r")
    path = tmp_path / "primary.npy"
    in_file = transfer_spectra(knn, mapped, path, block_size=256)
    assert isinstance(in_file, np.memmap)
    assert not in_file.flags.writeable
    assert_array_equal(np.load(path), knn.predict(pair.X_secondary))
    assert {p.name for p in tmp_path.iterdir()} == {"map.npy", "primary.npy"}


class Failing(MeanTransfer):
    """Predicts two blocks, and is then interrupted or out of order."""

    def __init__(self, error=KeyboardInterrupt):
        self.error = error

    def predict(self, X):
        self.calls_ = getattr(self, "calls_", 0) + 1
        if self.calls_ == 3:
            raise self.error
        return super().predict(X)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_run_that_breaks_off_leaves_the_older_file_and_nothing_else(
    pair, tmp_path, error
):
    path = tmp_path / "primary.npy"
    np.save(path, np.arange(3))
    failing = Failing(error).fit(pair.X_secondary, pair.X_primary)
    with pytest.raises(error):
        transfer_spectra(failing, pair.X_secondary, path, block_size=256)
    assert_array_equal(np.load(path), np.arange(3))
    assert list(tmp_path.iterdir()) == [path]


def test_an_array_is_filled_and_given_back(pair):
    knn = KNNTransfer(2).fit(pair.X_secondary[:300], pair.X_primary[:300])
    out = np.empty((1200, 50))
    assert transfer_spectra(knn, pair.X_secondary, out) is out
    assert_array_equal(out, knn.predict(pair.X_secondary))


@pytest.mark.parametrize(
    "out",
    [np.empty((1200, 49)), np.empty((1199, 50)), np.empty((1200, 50), dtype=int)],
    ids=["channels", "spectra", "integers"],
)
def test_an_array_that_does_not_fit_is_refused(pair, out):
    knn = KNNTransfer(2).fit(pair.X_secondary, pair.X_primary)
    with pytest.raises(ValueError, match=r"shape \(1200, 50\) that float32 fits into"):
        transfer_spectra(knn, pair.X_secondary, out)


def test_a_file_of_another_kind_is_refused(pair, tmp_path):
    knn = KNNTransfer(2).fit(pair.X_secondary, pair.X_primary)
    with pytest.raises(ValueError, match=r"a \.npy or \.npz file.*Call it map\.npy"):
        transfer_spectra(knn, pair.X_secondary, tmp_path / "map.txt")


def test_results_of_mapped_spectra_lie_in_a_temporary_file(pair, tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "LARGE", 1)
    np.save(tmp_path / "map.npy", pair.X_secondary)
    mapped = np.load(tmp_path / "map.npy", mmap_mode="r")
    knn = KNNTransfer(2).fit(pair.X_secondary, pair.X_primary)
    assert on_memory_map(transfer_spectra(knn, mapped))
    assert not on_memory_map(transfer_spectra(knn, pair.X_secondary))


def test_complaints_say_where_their_block_begins(pair):
    X = pair.X_secondary.copy()
    X[700, 3] = np.nan
    knn = KNNTransfer(2).fit(pair.X_secondary, pair.X_primary)
    with pytest.raises(ValueError, match="spectrum 188, channel 3") as caught:
        transfer_spectra(knn, X, block_size=256)
    assert caught.value.__notes__ == [
        "Spectra are counted from spectrum 512 of the map."
    ]


def test_progress_is_shown_when_asked_for_and_not_otherwise(pair, capsys):
    knn = KNNTransfer(2).fit(pair.X_secondary, pair.X_primary)
    transfer_spectra(knn, pair.X_secondary)
    assert capsys.readouterr() == ("", "")
    transfer_spectra(knn, pair.X_secondary, verbose=True)
    assert "1200/1200" in capsys.readouterr().err


def test_arrays_are_transferred_without_dask(pair, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    knn = KNNTransfer(2).fit(pair.X_secondary, pair.X_primary)
    assert transfer_spectra(knn, pair.X_secondary).shape == (1200, 50)


def test_a_primary_side_alone_is_carried_too(pair):
    transfer = PrimarySpaceRegressor(Ridge(), transformer=StandardScaler())
    transfer.fit(pair.X_secondary, pair.X_primary)
    in_blocks = transfer_spectra(transfer, pair.X_secondary, block_size=256)
    assert_allclose(in_blocks, transfer.predict(pair.X_secondary), rtol=1e-4)


def test_spectra_as_they_were_read_are_transferred_by_name_and_keep_their_samples(pair):
    named = SpectraPair(
        pair.X_secondary,
        pair.X_primary,
        Axis(pair.wavelengths_secondary, "nm"),
        Axis(pair.wavelengths_primary, "nm"),
    )
    transfer = make_transfer_pipeline(Ridge(), secondary=None, primary=None).fit(
        *named.as_frames()
    )
    ids = [f"s{i}" for i in range(len(pair))]
    read = Spectra(pair.X_secondary, named.axis_secondary, sample_id=ids)
    frame = transfer_spectra(transfer, read, output="pandas")
    assert list(frame.index) == ids
    expected = transfer.predict(named.as_frames()[0])
    assert_array_equal(frame.to_numpy(), expected)
    other = Spectra(pair.X_secondary, Axis(pair.wavelengths_secondary + 1, "nm"))
    with pytest.raises(ValueError):
        transfer_spectra(transfer, other)
    primary = transfer_spectra(transfer, read)
    assert_array_equal(primary.X, expected)
    assert_array_equal(primary.wavelengths, pair.wavelengths_primary)
    assert (primary.unit, primary.sample_id.tolist()) == ("nm", ids)
    plain = Ridge().fit(pair.X_secondary, pair.X_primary)
    with pytest.raises(ValueError, match="does not know the axis"):
        transfer_spectra(plain, read)
    assert_allclose(transfer_spectra(plain, read.X), expected, rtol=1e-5)


@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_predictions_without_an_axis_are_refused_before_a_file_is_made(
    pair, tmp_path, ending
):
    known = KNNTransfer(1).fit(pair.X_secondary[:9], pair.X_primary[:9, :7])
    read = Spectra(pair.X_secondary[:5], pair.wavelengths_secondary, unit="nm")
    for spectra in (read, pair[:5]):
        with pytest.raises(ValueError, match="axis"):
            transfer_spectra(known, spectra, tmp_path / f"out.{ending}")
    assert not list(tmp_path.iterdir())


def test_an_archive_keeps_the_names_of_samples(pair, tmp_path):
    known = KNNTransfer(1).fit(*pair[:9].as_frames())
    ids = np.array(["007", "b"], dtype=object)
    read = Spectra(pair.X_secondary[:2], pair.axis_secondary, sample_id=ids)
    transferred = transfer_spectra(known, read, tmp_path / "out.npz")
    back = read_spectra(tmp_path / "out.npz")
    assert_array_equal(back.sample_id, ["007", "b"])
    assert_array_equal(back.X, transferred.X)
    assert back.unit == transferred.unit


def test_a_table_of_text_is_written_by_what_writes_those(pair, tmp_path):
    known = MeanTransfer().fit(pair.X_secondary, pair.X_primary)
    with pytest.raises(ValueError, match="save_spectra writes Spectra"):
        transfer_spectra(known, pair.X_secondary, tmp_path / "out.csv")
