"""Damaged and forged libraries give our error, at opening or at the first use."""

import json
import os
import pickle
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
import sklearn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer import BaselineCorrector, SpectralVAE, StandardScaler, Training
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError
from spectransfer.library import load_transfer, open_library, publish_library
from spectransfer.library._container import read_container, write_container
from spectransfer.library._layers import layer_of
from spectransfer.nn import module_of
from spectransfer.spectra import Axis

PAIR = make_instrument_pair(n_spectra=40, random_state=0)
QUICK = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)


def use(path):
    """Everything that one does with a library."""
    library = open_library(path)
    repr(library)
    library._repr_html_()
    decoded = library.decode(library.latents[:3])
    library.lookup(decoded, 1)
    library.encode(PAIR.X_primary[:2])
    library.verify(PAIR.X_primary[:5])
    # arrays that nothing above has asked for
    assert set(library._stored[1]) == set(library._arrays)
    return library


@pytest.fixture(scope="module", params=["network", "components"])
def small(request, card, tmp_path_factory):
    """A small library: its bytes, header and arrays."""
    last = PCA(3)
    if request.param == "network":
        few = Training(n_steps=5)
        last = SpectralVAE((8,), n_latent=3, training=few, random_state=0)
    known = make_pipeline(BaselineCorrector(), StandardScaler(power=0), last)
    path = tmp_path_factory.mktemp("small") / "library.safetensors"
    publish_library(
        known.fit(PAIR.X_primary),
        path,
        spectra=PAIR.X_primary,
        sample_id=[f"spot {i}" for i in range(40)],
        card=card,
        wavelengths=Axis(PAIR.wavelengths_primary, "nm"),
        held_out=PAIR.X_primary[:10],
        mean_spectra=True,
    )
    use(path)
    return path.read_bytes(), *read_container(path, "library")


@QUICK
@given(st.data())
def test_a_flipped_bit_is_refused_when_it_is_met(small, tmp_path, data):
    content = bytearray(small[0])
    place = data.draw(st.integers(0, 8 * len(content) - 1))
    content[place // 8] ^= 1 << place % 8
    path = tmp_path / "flipped.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        use(path)


@QUICK
@given(st.data())
def test_a_header_with_junk_anywhere_gives_a_library_or_our_error(
    small, tmp_path, data
):
    content = json.loads(json.dumps(small[1]))
    places = []

    def walk(tree, where):
        inside = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for key, value in inside:
            places.append((*where, key))
            if isinstance(value, dict | list):
                walk(value, (*where, key))

    walk(content, ())
    *above, last = data.draw(st.sampled_from(places))
    holder = content
    for key in above:
        holder = holder[key]
    junk = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    holder[last] = data.draw(junk | st.just([]) | st.just({}) | st.just([[1]]))
    if last in ("kind", "version"):
        return
    path = tmp_path / "junk.safetensors"
    write_container(path, "library", content, small[2])
    with suppress(FileFormatError):
        use(path)


@QUICK
@given(st.data())
def test_arrays_of_other_shapes_and_types_give_our_error(small, tmp_path, data):
    arrays = dict(small[2])
    name = data.draw(st.sampled_from(sorted(arrays)))
    shape = data.draw(st.lists(st.integers(0, 5), max_size=3))
    dtype = data.draw(st.sampled_from(["<f4", "<f8", "<i8", "|u1", "<f2"]))
    arrays[name] = np.ones(shape, dtype)
    path = tmp_path / "shape.safetensors"
    write_container(path, "library", small[1], arrays)
    with suppress(FileFormatError):
        use(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_and_latents_that_are_not_finite_are_refused(small, tmp_path, value):
    _, content, arrays = small
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            continue
        broken = np.array(array)
        broken.flat[0] = value
        path = tmp_path / "nan.safetensors"
        write_container(path, "library", content, dict(arrays) | {name: broken})
        with pytest.raises(FileFormatError, match="NaN or inf"):
            use(path)


def test_a_transfer_or_a_pickle_in_place_of_a_library_is_refused(small, tmp_path):
    path = tmp_path / "other.safetensors"
    write_container(path, "transfer", small[1] | {"kind": "transfer"}, small[2])
    with pytest.raises(
        FileFormatError, match="must hold a library, but it holds a 'transfer'"
    ):
        open_library(path)
    path.write_bytes(pickle.dumps(range(10)))
    with pytest.raises(FileFormatError):
        open_library(path)


def test_opening_takes_no_memory_beyond_the_size_of_the_file(small, tmp_path):
    path = tmp_path / "library.safetensors"
    path.write_bytes(small[0])
    use(path)
    tracemalloc.start()
    open_library(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * len(small[0]) + 2**20


def test_names_that_are_no_text_are_refused_when_they_are_asked_for(small, tmp_path):
    arrays = dict(small[2]) | {"sample_id": np.full((40, 2), 0xFF, np.uint8)}
    path = tmp_path / "names.safetensors"
    write_container(path, "library", small[1], arrays)
    with pytest.raises(FileFormatError, match="UTF-8"):
        _ = open_library(path).sample_id


def forged(small, path, tree):
    """A transfer whose tree is forged, with the right checksums."""
    write_container(
        path,
        "transfer",
        {"transfer": tree, "written_with": {"scikit-learn": sklearn.__version__}},
        {},
    )
    return path


def test_a_part_that_would_point_into_memory_is_refused(small, tmp_path):
    interface = [
        ["data", {"tuple": [4096, False]}],
        ["shape", {"tuple": [4]}],
        ["typestr", "<f8"],
        ["version", 3],
    ]
    state = [
        ["copy", True],
        ["clip", False],
        ["__array_interface__", {"dict": interface}],
    ]
    part = {"part": "sklearn.MaxAbsScaler", "state": state}
    path = tmp_path / "pointer.safetensors"
    forged(small, path, {"record": "Axis", "values": [part, "nm", None]})
    with pytest.raises(FileFormatError, match="no attribute"):
        load_transfer(path)


def test_parts_that_come_again_and_again_are_refused_at_once(small, tmp_path):
    tree = {"part": "sklearn.Ridge", "state": []}
    steps = [
        ["transform_input", None],
        ["memory", None],
        ["verbose", False],
    ]
    ridge = Ridge().get_params()
    tree["state"] = [[name, value] for name, value in ridge.items()]
    for depth in range(30):
        inner = [
            {"tuple": ["a", tree]},
            {"tuple": ["b", {"again": depth}]},
        ]
        tree = {"part": "sklearn.Pipeline", "state": [["steps", inner], *steps]}
    path = forged(small, tmp_path / "again.safetensors", tree)
    with pytest.raises(FileFormatError, match="more than 10000 parts"):
        load_transfer(path)


@pytest.mark.parametrize("shape", [(0, 5), (2**20, 0), (2**18, 1)])
def test_layers_of_few_numbers_and_many_outputs_are_refused(small, tmp_path, shape):
    tree = {"layer": "dense", "kernel": np.zeros(shape, "f4"), "bias": None}
    for module in (layer_of, module_of):
        with pytest.raises(ValueError, match="has the shape"):
            module(tree)


@pytest.mark.parametrize(
    "change",
    [
        {"errors": [1]},
        {"errors": [{}]},
        {"errors": "abc"},
        {"rounding": "x"},
        {"n_held_out": "x"},
        {"n_held_out": -5},
        {"parent": 3},
        {"unit": "parsec"},
    ],
)
def test_forged_figures_are_refused_when_a_library_is_opened(small, tmp_path, change):
    path = tmp_path / "figures.safetensors"
    write_container(path, "library", small[1] | change, small[2])
    with pytest.raises(FileFormatError):
        open_library(path)


@pytest.mark.parametrize(
    "name", ["quantiles", "latent_mean", "latent_covariance", "mean_spectra",
             "sample_id", "residual", "clusters", "axis"]
)  # fmt: skip
@pytest.mark.parametrize("shape", [(2, 3), (3, 0), (1,), (40, 0)])
def test_arrays_that_do_not_fit_each_other_are_refused(small, tmp_path, name, shape):
    arrays = dict(small[2]) | {name: np.ones(shape)}
    path = tmp_path / "shape.safetensors"
    write_container(path, "library", small[1], arrays)
    with pytest.raises(FileFormatError):
        open_library(path)


def test_what_steers_a_terminal_is_not_printed(small, tmp_path):
    card = small[1]["card"] | {"title": "\x1b]0;x\x07\n  SHA-256: 00"}
    path = tmp_path / "title.safetensors"
    write_container(path, "library", small[1] | {"card": card}, small[2])
    told = repr(open_library(path))
    assert "\x1b" not in told
    assert "\n  SHA-256" not in told


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_pipes_and_folders_are_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        for sha256 in (None, "0" * 64):
            with pytest.raises(FileFormatError, match="no file at all"):
                open_library(path, sha256)
