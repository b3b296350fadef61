"""What may stand where a table of spectra is asked for, and what may not."""

import tracemalloc

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from spectransfer import (
    KNNTransfer,
    MeanTransfer,
    StandardScaler,
    WavelengthCropper,
    WavelengthResampler,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers
from spectransfer.metrics import relative_squared_error
from spectransfer.spectra import PairedMaps, Spectra

pd = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(40, n_secondary=30, n_primary=30, random_state=0)


def pipeline():
    return make_transfer_pipeline(Ridge(), preparation=None)


def uses(table, pair):
    """Ways in which a table comes in as either side."""
    secondary, primary = pair.X_secondary, pair.X_primary
    fitted, knn = (t.fit(secondary, primary) for t in (pipeline(), KNNTransfer()))
    return [
        lambda: pipeline().fit(table, primary),
        lambda: pipeline().fit(secondary, table),
        lambda: KNNTransfer().fit(table, primary),
        lambda: KNNTransfer().fit(secondary, table),
        lambda: fitted.predict(table),
        lambda: fitted.score(table, primary),
        lambda: knn.predict(table),
        lambda: relative_squared_error(primary, table),
        lambda: StandardScaler().fit(table),
    ]


def test_containers_are_refused_with_the_frame_that_they_give(pair):
    maps = PairedMaps(
        pair.X_secondary, pair.X_primary, pair.axis_secondary, pair.axis_primary,
        shape=(5, 8),
    )  # fmt: skip
    alone = Spectra(pair.X_secondary, pair.axis_secondary)
    for container, way in ((alone, r"as_frame\(\)"), (pair, "frames"), (maps, "sides")):
        for use in uses(container, pair):
            with pytest.raises(TypeError, match=way):
                use()


def test_evaluation_takes_spectra_of_both_sides_with_their_axes(pair):
    sides = (
        Spectra(pair.X_secondary, pair.axis_secondary),
        Spectra(pair.X_primary, pair.axis_primary),
    )
    found = evaluate_transfers({"k": KNNTransfer()}, sides, sides)
    expected = evaluate_transfers({"k": KNNTransfer()}, pair, pair)
    assert [row.rse for row in found.rows] == [row.rse for row in expected.rows]


def test_sparse_frames_and_lazy_frames_are_refused_with_what_to_call(pair):
    thin = pd.DataFrame(pair.X_secondary).astype(pd.SparseDtype(float))
    for use in uses(thin, pair)[2:4]:
        with pytest.raises(TypeError, match=r"sparse\.to_dense"):
            use()
    polars = pytest.importorskip("polars")
    lazy = polars.DataFrame(pair.X_secondary).lazy()
    for use in uses(lazy, pair):
        with pytest.raises(TypeError, match=r"collect\(\)"):
            use()


@pytest.mark.parametrize("side", ["secondary", "primary"])
@pytest.mark.parametrize("kind", ["cropper", "linear", "flux-conserving"])
def test_channels_that_the_first_step_leaves_out_need_not_be_finite(pair, side, kind):
    axis = getattr(pair, f"wavelengths_{side}")
    if kind == "cropper":
        first = WavelengthCropper(axis[5], axis[24])
    else:
        first = WavelengthResampler(np.linspace(axis[12], axis[17], 9), kind=kind)
    frames = [frame.copy() for frame in pair.as_frames()]
    which = ["secondary", "primary"].index(side)
    known = make_transfer_pipeline(
        Ridge(), **{"secondary": None, "primary": None, side: first}
    )
    expected = known.fit(*frames).predict(frames[0])
    frames[which].iloc[3, 0] = np.nan
    frames[which].iloc[:, -1] = np.inf
    np.testing.assert_array_equal(known.fit(*frames).predict(frames[0]), expected)
    frames[which].iloc[3, 15] = np.nan
    with pytest.raises(ValueError, match="spectrum 3, channel 15"):
        known.fit(*frames)


@pytest.mark.parametrize("dtype", [">u2", "<u2", ">f4", ">f8"])
@pytest.mark.parametrize("kind", [StandardScaler, MeanTransfer])
def test_a_foreign_memory_map_of_some_megabytes_is_not_held(tmp_path, dtype, kind):
    shape = (4_200, 1_000)
    np.ones(shape, dtype).tofile(tmp_path / "map")
    mapped = np.memmap(tmp_path / "map", dtype, "r", shape=shape)
    few = mapped[:10]
    kind().fit(few, few)
    tracemalloc.start()
    try:
        kind().fit(mapped, mapped)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # a block has 16 MB, and both sides have 17 to 67 in floats
    assert peak < 19e6


def test_a_tensor_with_a_gradient_is_refused_in_our_words(pair):
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(pair.X_secondary, requires_grad=True)
    with pytest.raises(ValueError, match="X must be a table"):
        Spectra(tensor, pair.axis_secondary)
    with pytest.raises(TypeError, match="must be readable as a numpy array"):
        KNNTransfer().fit(tensor, pair.X_primary)
