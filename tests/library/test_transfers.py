"""Fitted transfers in files: the same bits, and nothing run."""

import json
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from safetensors.numpy import load_file, save_file
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
)
from sklearn.preprocessing import StandardScaler as SklearnScaler

from spectransfer import (
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.adaptation import recalibrate
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError, SpectransferWarning
from spectransfer.library import load_transfer, save_transfer
from spectransfer.library._container import read_container, write_container
from spectransfer.preprocessing import (
    BaselineCorrector,
    StandardScaler,
    WavelengthCropper,
    WavelengthResampler,
)
from spectransfer.transfer import (
    CanonicalCorrelationTransfer,
    DirectMLPTransfer,
    DirectStandardization,
    FewStandardsTransfer,
    KNNTransfer,
    MeanTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    SlopeBiasCorrection,
    SpectralSpaceTransformation,
)

PAIR = make_instrument_pair(n_spectra=40, random_state=0)
X, Y = PAIR.X_secondary, PAIR.X_primary
AXES = {
    "wavelengths_secondary": PAIR.wavelengths_secondary,
    "wavelengths_primary": PAIR.wavelengths_primary,
}
FEW = Training(n_steps=5)
VAE = SpectralVAE((16,), n_latent=3, training=FEW, random_state=0)
MLP = SpectralMLP((16,), training=FEW, random_state=0)
REGRESSORS = [
    VAELatentTransfer(VAE, MLP),
    VAELatentTransfer(
        SpectralVAE(
            (16, 8), n_latent=3, shortcut=None, n_components=None, training=FEW
        ),
        SpectralMLP((), n_components=None, training=FEW),
    ),
    VAELatentTransfer(PCA(4), Ridge()),
    DirectMLPTransfer((16,), n_latent=3, training=FEW),
    KNNTransfer(3),
    MeanTransfer(),
    OffsetTransfer(**AXES),
    DirectStandardization(),
    PiecewiseDirectStandardization(**AXES),
    SpectralSpaceTransformation(**AXES),
    FewStandardsTransfer(**AXES),
    CanonicalCorrelationTransfer(),
    LinearRegression(),
    Ridge(),
    RidgeCV(),
    PLSRegression(3),
    make_pipeline(PCA(5), make_pipeline(SklearnScaler(), Ridge())),
]


@pytest.fixture(
    scope="module", params=REGRESSORS, ids=lambda r: str(r)[:40].split("(")[0]
)
def transfer(request):
    return make_transfer_pipeline(request.param).fit(X, Y)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "transfer.safetensors"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small transfer, and the bytes of its file."""
    path = tmp_path_factory.mktemp("small") / "small.safetensors"
    fitted = make_pipeline(StandardScaler(), PCA(2), Ridge()).fit(X[:, :6], Y[:, :3])
    save_transfer(fitted, path)
    return fitted, path.read_bytes()


def reread(fitted, path):
    save_transfer(fitted, path)
    return load_transfer(path)


def test_predictions_after_loading_are_the_same_bits(transfer, path):
    again = reread(transfer, path)
    for spectra in (X, X[:1], X.astype(np.float64)):
        assert_array_equal(again.predict(spectra), transfer.predict(spectra))
        assert again.predict(spectra).dtype == transfer.predict(spectra).dtype


def test_a_loaded_transfer_is_saved_as_the_same_file(transfer, path):
    again = reread(transfer, path)
    before = path.read_bytes()
    save_transfer(again, path)
    assert len(path.read_bytes()) == len(before)
    assert_array_equal(load_transfer(path).predict(X), transfer.predict(X))


@pytest.mark.parametrize(
    "step",
    [
        BaselineCorrector(20, smooth_window=10),
        StandardScaler(power=0.5),
        WavelengthCropper(
            AXES["wavelengths_secondary"][5],
            AXES["wavelengths_secondary"][50],
            wavelengths=AXES["wavelengths_secondary"],
        ),
        WavelengthResampler(
            AXES["wavelengths_secondary"][5:50:2],
            wavelengths=AXES["wavelengths_secondary"],
        ),
        SklearnScaler(),
        MinMaxScaler(),
        MaxAbsScaler(),
        RobustScaler(),
        make_pipeline(StandardScaler(), make_pipeline(MinMaxScaler(), PCA(3))),
    ],
    ids=lambda step: type(step).__name__,
)
def test_steps_transform_to_the_same_bits(step, path):
    fitted = step.fit(X)
    assert_array_equal(reread(fitted, path).transform(X), fitted.transform(X))


def test_an_axis_in_column_names_is_kept_and_still_compared(path):
    frames = [
        pd.DataFrame(values, columns=[f"{w} nm" for w in wavelengths])
        for values, wavelengths in zip((X, Y), AXES.values(), strict=True)
    ]
    fitted = make_transfer_pipeline(Ridge()).fit(*frames)
    again = reread(fitted, path)
    assert_array_equal(again.predict(frames[0]), fitted.predict(frames[0]))
    moved = frames[0].set_axis([f"{c[:-3]}1 nm" for c in frames[0].columns], axis=1)
    with pytest.raises(ValueError, match="axis"):
        again.predict(moved.iloc[:, ::-1])


def test_a_loaded_autoencoder_can_be_joined_by_another_laboratory(path):
    known = make_transfer_pipeline(VAELatentTransfer(VAE, MLP)).fit(X, Y)

    def joined(transfer):
        last = transfer.steps[-1][1]
        mapper = VAELatentTransfer(FrozenEstimator(last.regressor_.autoencoder_), MLP)
        primary = FrozenEstimator(last.transformer_)
        return make_transfer_pipeline(mapper, primary=primary).fit(X[:, ::2], Y)

    expected = joined(known).predict(X[:, ::2])
    assert_array_equal(joined(reread(known, path)).predict(X[:, ::2]), expected)


def test_recalibrated_and_slope_corrected_transfers_are_kept(path):
    day = recalibrate(make_transfer_pipeline(Ridge()).fit(X, Y), X * 1.01, X)
    assert_array_equal(reread(day, path).predict(X), day.predict(X))
    slope = SlopeBiasCorrection(Ridge().fit(Y, Y[:, 0])).fit(Y, Y[:, 0])
    assert_array_equal(reread(slope, path).predict(Y), slope.predict(Y))


def test_an_unlisted_part_is_refused_by_name_with_advice(path):
    forest = make_transfer_pipeline(RandomForestRegressor(2)).fit(X, Y)
    with pytest.raises(TypeError, match=r"RandomForestRegressor in .*joblib\.dump"):
        save_transfer(forest, path)
    assert not path.exists()


def test_a_class_made_of_a_listed_one_is_refused(path):
    class Ridge(sklearn.linear_model.Ridge):
        pass

    with pytest.raises(TypeError, match="closed list"):
        save_transfer(Ridge().fit(X, Y), path)


def test_what_is_not_fitted_and_what_holds_nan_is_not_written(path):
    with pytest.raises(NotFittedError):
        save_transfer(make_transfer_pipeline(Ridge()), path)
    broken = Ridge().fit(X, Y)
    broken.coef_[0, 0] = np.nan
    with pytest.raises(TypeError, match=r"NaN or inf in transfer\.coef_"):
        save_transfer(broken, path)


def test_a_failed_writing_leaves_the_older_file(path, monkeypatch):
    save_transfer(MeanTransfer().fit(X, Y), path)
    before = path.read_bytes()

    def full(arrays, beside, metadata):
        Path(beside).write_bytes(b"half")
        raise OSError("no room")

    monkeypatch.setattr("spectransfer.library._container.save_file", full)
    with pytest.raises(OSError, match="no room"):
        save_transfer(Ridge().fit(X, Y), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_another_scikit_learn_is_told(small, path):
    path.write_bytes(small[1])
    content, arrays = read_container(path, "transfer")
    content["written_with"]["scikit-learn"] = "0.1"
    write_container(path, "transfer", content, arrays)
    with pytest.warns(SpectransferWarning, match=r"'0\.1'"):
        load_transfer(path)


def test_an_unknown_version_is_refused_by_name(small, path):
    path.write_bytes(small[1])
    content, arrays = read_container(path, "transfer")
    write_container(path, "transfer", content | {"version": 7}, arrays)
    with pytest.raises(FileFormatError, match="but it is of version 7"):
        load_transfer(path)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_refused(small, tmp_path_factory, data):
    content = bytearray(small[1])
    place = data.draw(st.integers(0, 8 * len(content) - 1))
    content[place // 8] ^= 1 << place % 8
    path = tmp_path_factory.getbasetemp() / "flipped.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        load_transfer(path)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_a_cut_or_spliced_file_is_refused(small, tmp_path_factory, data):
    whole = small[1]
    start, stop = sorted(data.draw(st.tuples(*2 * [st.integers(0, len(whole))])))
    content = whole[:start] + data.draw(st.binary(max_size=20)) + whole[stop:]
    path = tmp_path_factory.getbasetemp() / "spliced.safetensors"
    path.write_bytes(content)
    if content == whole:
        return
    with pytest.raises(FileFormatError):
        load_transfer(path)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code of a file was run",))


def test_pickle_joblib_zip_and_numpy_files_are_refused(path):
    for write in (
        lambda: path.write_bytes(pickle.dumps(Bomb())),
        lambda: joblib.dump(Bomb(), path),
        lambda: zipfile.ZipFile(path, "w").writestr("a.py", "1/0"),
        lambda: np.save(path.open("wb"), np.array([Bomb()]), allow_pickle=True),
        lambda: path.write_bytes(b""),
    ):
        write()
        with pytest.raises(FileFormatError):
            load_transfer(path)


def raw(tensors, n_bytes, metadata=None, length=None):
    """A file of safetensors as its headers say, whatever is true."""
    header = json.dumps(tensors | {"__metadata__": metadata or {}}).encode()
    length = len(header) if length is None else length
    return length.to_bytes(8, "little") + header + bytes(n_bytes)


@pytest.mark.parametrize(
    "content",
    [
        raw({}, 0, length=2**63),
        raw({}, 0, length=2**24 + 1) + bytes(2**10),
        raw({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}}, 4),
        raw({"a": {"dtype": "F32", "shape": [2**62, 8], "data_offsets": [0, 4]}}, 4),
        raw({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}, 4),
        raw({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, 4),
        raw(
            {
                "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
            },
            12,
        ),
        raw({"../../a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, 4),
        raw({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, 4),
        raw({"a": 1}, 0),
        raw({}, 0, {"spectransfer": 1}),
    ],
)
def test_lying_sizes_overlaps_and_strange_types_are_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        load_transfer(path)


def test_nan_in_a_tensor_is_refused_though_the_checksum_is_right(path):
    arrays = {"a": np.array([np.nan])}
    write_container(
        path, "transfer", {"transfer": {"array": "a", "order": "C"}}, arrays
    )
    with pytest.raises(FileFormatError, match="holds NaN or inf"):
        load_transfer(path)


def test_header_constants_and_names_twice_are_refused(path):
    from spectransfer.library._container import _digest

    for header in (
        '{"kind":"transfer","version":1,"transfer":NaN}',
        '{"kind":"transfer","kind":"transfer","version":1}',
        "[" * 100_000,
        "[]",
    ):
        sums = {"spectransfer": header, "sha256": _digest(header, {})}
        save_file({}, path, sums)
        with pytest.raises(FileFormatError):
            load_transfer(path)
    assert load_file(path) == {}


def part(word, **state):
    return {"part": word, "state": [[n, v] for n, v in state.items()]}


@pytest.mark.parametrize(
    "tree",
    [
        None,
        3,
        {"part": "os.system", "state": []},
        {"part": "sklearn.RandomForestRegressor", "state": []},
        {"part": ["sklearn.Ridge"], "state": []},
        part("sklearn.Ridge", predict=1),
        part("sklearn.Ridge", __class__=1),
        part("sklearn.Ridge", __reduce__="os.system"),
        part("sklearn.Ridge", coef_=1),
        part("MeanTransfer"),
        {"again": 0},
        {"again": -1},
        {"array": "../../etc/passwd", "order": "C"},
        {"texts": ["a" * 10_000] + [""] * 100_000, "shape": [100_001], "object": False},
        {"texts": [], "shape": [2**40], "object": True},
        {"sparse": "csr", "shape": [2**40, 2**40], "arrays": []},
        {"scalar": "object", "value": 1},
        {"scalar": "|V1000000000", "value": 1},
        {"record": "Unit", "values": [1, 2, 3]},
        {"record": "system", "values": ["ls"]},
        {"network": {"dict": [["layer", "pickle"]]}},
        {"network": {"dict": [["layer", "chain"], ["parts", [["forward", None]]]]}},
        {"code": "1/0"},
    ],
)
def test_evil_trees_with_right_checksums_are_refused(tree, path):
    versions = {"scikit-learn": sklearn.__version__}
    content = {"transfer": tree, "written_with": versions}
    write_container(path, "transfer", content, {})
    with pytest.raises(FileFormatError):
        load_transfer(path)


def nodes(tree, where=()):
    """All places in a tree."""
    yield where
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in inside:
        if isinstance(value, dict | list):
            yield from nodes(value, (*where, key))
        else:
            yield (*where, key)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(-1, 1),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["part", "state", "array", "tuple", "dict", "layer", "again"]
            ),
            inside,
            max_size=2,
        )
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def network_content(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "network.safetensors"
    save_transfer(VAELatentTransfer(VAE, MLP).fit(X, Y), path)
    return read_container(path, "transfer")


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_a_header_with_junk_anywhere_gives_a_transfer_or_our_error(
    network_content, tmp_path_factory, data
):
    content, arrays = network_content
    content = json.loads(json.dumps(content))
    places = list(nodes(content["transfer"]))[1:]
    *above, last = data.draw(st.sampled_from(places))
    holder = content["transfer"]
    for key in above:
        holder = holder[key]
    holder[last] = data.draw(JUNK)
    path = tmp_path_factory.getbasetemp() / "junk.safetensors"
    write_container(path, "transfer", content, arrays)
    with suppress(FileFormatError):
        load_transfer(path)
