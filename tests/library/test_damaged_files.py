"""Damaged and forged files give our error, run nothing and take no memory."""

import json
import pickle
import zipfile
from contextlib import suppress

import joblib
import numpy as np
import pytest
import sklearn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from spectransfer import (
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError
from spectransfer.library import load_transfer, save_transfer
from spectransfer.library._container import read_container, write_container


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
    from spectransfer.library._container import _sum_of

    for header in (
        '{"kind":"transfer","version":1,"transfer":NaN}',
        '{"kind":"transfer","kind":"transfer","version":1}',
        "[" * 100_000,
        "[]",
    ):
        save_file({}, path, {"spectransfer": f"{_sum_of(header)}\n{header}"})
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
    pair, few = make_instrument_pair(n_spectra=40, random_state=0), Training(n_steps=5)
    network = VAELatentTransfer(
        SpectralVAE((16,), n_latent=3, training=few, random_state=0),
        SpectralMLP((16,), training=few, random_state=0),
    )
    save_transfer(network.fit(pair.X_secondary, pair.X_primary), path)
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
