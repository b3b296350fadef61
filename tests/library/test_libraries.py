"""A published library opens anywhere and decodes as its autoencoder does."""

import json
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer import (
    BaselineCorrector,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
    WavelengthCropper,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.library import open_library, publish_library
from spectransfer.metrics import k_score
from spectransfer.spectra import Axis, Spectra

PAIR = make_instrument_pair(n_spectra=300, random_state=0)
Y, HELD_OUT = PAIR.X_primary[:200], PAIR.X_primary[200:]
AXIS = Axis(PAIR.wavelengths_primary, "nm")
NAMES = np.array([f"spot {i}" for i in range(200)])


def primary_side(last):
    return make_pipeline(BaselineCorrector(), StandardScaler(power=0), last)


def published(path, known, **how):
    given = {
        "spectra": Y,
        "sample_id": NAMES,
        "wavelengths": AXIS,
        "held_out": HELD_OUT,
    }
    publish_library(known, path, **given | how)
    return open_library(path)


@pytest.fixture(scope="module")
def vae():
    training = Training(n_steps=150)
    last = SpectralVAE((32,), n_latent=6, training=training, random_state=0)
    return primary_side(last).fit(Y)


@pytest.fixture(scope="module")
def library(vae, card, tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "library.safetensors"
    return published(path, vae, card=card)


@pytest.mark.parametrize("n_components", ["auto", 20, None])
@pytest.mark.parametrize("shortcut", ["pca", None])
@pytest.mark.parametrize("hidden", [(), (16, 8)])
def test_numpy_encodes_and_decodes_as_torch_does(
    path, card, n_components, shortcut, hidden
):
    last = SpectralVAE(
        hidden,
        n_latent=4,
        n_components=n_components,
        shortcut=shortcut,
        training=Training(n_steps=30),
        random_state=0,
    )
    known = primary_side(last).fit(Y)
    opened = published(path, known, card=card)
    latents = known.transform(HELD_OUT)
    expected = known[1].inverse_transform(known[-1].inverse_transform(latents))
    size = np.abs(expected).max()
    assert_allclose(opened.decode(latents), expected, rtol=0, atol=1e-6 * size)
    assert_allclose(opened.encode(HELD_OUT), latents, atol=1e-4)
    assert_allclose(opened.latents, known.transform(Y), atol=1e-6)


def test_a_transfer_through_latents_is_published_with_its_primary_side(path, card):
    transfer = make_transfer_pipeline(VAELatentTransfer(PCA(5), Ridge()))
    transfer.fit(PAIR.X_secondary[:200], Y)
    opened = published(path, transfer, card=card)
    predicted = transfer.predict(PAIR.X_secondary[200:])
    latents = opened.encode(predicted, measured=False)
    assert_allclose(opened.decode(latents), predicted, rtol=1e-4, atol=1e-2)
    assert_array_equal(
        opened.transform_target(HELD_OUT), transfer.transform_target(HELD_OUT)
    )


def test_a_cropped_primary_side_has_the_axis_of_what_it_decodes(path, card):
    cut = WavelengthCropper(AXIS.values[10], AXIS.values[60])
    known = make_pipeline(cut, StandardScaler(power=0), PCA(3))
    spectra = Spectra(Y, AXIS.values, unit="nm")
    frame = pytest.importorskip("pandas") and spectra.as_frame()
    opened = published(path, known.fit(frame), spectra=frame, held_out=None, card=card)
    decoded = opened.decode(opened.latents[:2])
    assert decoded.shape == (2, len(opened.axis))
    assert_allclose(opened.wavelengths, AXIS.values[10:61])
    assert opened.encode(frame[:3]).shape == (3, 3)


def test_the_datasheet_tells_the_card_and_escapes_it(path, card, vae):
    told = card | {
        "title": "<b>Rocks & more</b>",
        "errors": [{"figure": "k", "value": 0.97, "protocol": "unseen map"}],
    }
    opened = published(path, vae, card=told)
    text, html = repr(opened), opened._repr_html_()
    for word in ("200 of 6", "spot 0", "held out", "unseen map", "in air"):
        assert word in text
        assert word in html
    assert "<b>" not in html
    assert "&lt;b&gt;Rocks &amp; more" in html


def test_half_precision_halves_the_latents_and_tells_what_it_changes(
    path, card, vae, library
):
    half = published(path, vae, card=card, dtype="float16")
    assert half.latents.dtype == np.float16
    assert half.latents.nbytes == library.latents.nbytes // 2
    expected = library.decode(library.latents)
    error = ((half.decode(half.latents) - expected) ** 2).sum()
    spread = ((expected - expected.mean(axis=0)) ** 2).sum()
    assert_allclose(half.rounding, error / spread, rtol=0.05)
    assert half.rounding < 1e-5
    assert library.rounding is None


def test_the_error_is_that_of_held_out_spectra(library, vae):
    from spectransfer.metrics import relative_squared_error

    measured = library.transform_target(HELD_OUT)
    decoded = vae[1].inverse_transform(
        vae[-1].inverse_transform(vae.transform(HELD_OUT))
    )
    (error,) = library.errors
    assert_allclose(
        error["value"], relative_squared_error(measured, decoded), rtol=1e-4
    )
    assert "held out" in error["protocol"]


@pytest.mark.parametrize("name", ["title", "contact", "medium"])
def test_what_a_card_lacks_is_named(path, card, vae, name):
    with pytest.raises(ValueError, match=f"lacks {name}"):
        published(path, vae, card={k: v for k, v in card.items() if k != name})
    assert not path.exists()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"instrument": {"maker": "one"}}, "lacks instrument.model"),
        ({"contact": "  "}, "lacks contact"),
        ({"medium": "water"}, "'air' or 'vacuum'"),
        ({"errors": [{"figure": "RSE"}]}, "figure, value and protocol"),
        ({"laser": np.nan}, "finite numbers"),
        ({"laser": {1: 2}}, "no text"),
        ({"laser": np.zeros(3)}, "Write it as a text"),
    ],
)
def test_what_is_wrong_on_a_card_is_told(path, card, vae, entry, words):
    with pytest.raises(ValueError, match=words):
        published(path, vae, card=card | entry)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"wavelengths": None}, "neither the transfer nor the spectra tell it"),
        ({"wavelengths": AXIS.values}, "has none"),
        ({"wavelengths": AXIS.values[:-1]}, "one entry for each channel"),
    ],
)
def test_an_axis_that_is_not_known_is_asked_for(path, card, vae, how, words):
    with pytest.raises(WavelengthError, match=words):
        published(path, vae, card=card, **how)


def test_spectra_or_latents_and_names_have_to_fit(path, card, vae):
    for how, words in (
        ({"spectra": None}, "neither came"),
        ({"latents": np.zeros((200, 6))}, "both came"),
        ({"sample_id": NAMES[:-1]}, "there are 200 spectra"),
        ({"spectra": None, "latents": np.zeros((200, 5))}, "rows of 6 numbers"),
        ({"spectra": Y[:, :-1]}, "channels"),
    ):
        with pytest.raises(ValueError, match=words):
            published(path, vae, card=card, **how)


def test_what_has_no_autoencoder_is_refused(path, card):
    ridge = make_transfer_pipeline(Ridge()).fit(PAIR.X_secondary[:200], Y)
    with pytest.raises(TypeError, match="ends in a PrimarySpaceRegressor"):
        published(path, ridge, card=card)


def test_latents_alone_can_be_published(path, card, vae):
    opened = published(
        path, vae, card=card, spectra=None, latents=vae.transform(Y), held_out=None
    )
    assert opened.errors == []
    assert_array_equal(opened.sample_id, NAMES)


@pytest.mark.parametrize("names", [np.arange(200), np.char.add("Ø", NAMES)])
def test_names_come_back_as_they_were(path, card, vae, names):
    opened = published(path, vae, card=card, sample_id=names)
    assert_array_equal(opened.sample_id, names)


def test_an_unpublished_name_is_none_and_mean_spectra_are_those_of_samples(
    path, card, vae
):
    assert published(path, vae, card=card, sample_id=None).sample_id is None
    samples = np.repeat(np.arange(50), 4)[::-1]
    opened = published(path, vae, card=card, sample_id=samples, mean_spectra=True)
    measured = opened.transform_target(Y)
    expected = np.stack([measured[samples == s].mean(axis=0) for s in range(50)])
    assert_allclose(opened.mean_spectra, expected, rtol=1e-5, atol=1e-3)


def test_lookup_finds_the_entries_that_all_distances_would_give(library):
    decoded = library.decode(library.latents)
    queries = decoded[[5, 17]] + np.random.default_rng(0).normal(size=decoded[:2].shape)
    found = library.lookup(queries, 3)
    apart = np.sqrt(((queries[:, None] - decoded.astype(float)) ** 2).sum(axis=2))
    order = np.argsort(apart, axis=1)[:, :3]
    assert_array_equal(found.entry, order)
    assert_array_equal(found.sample_id, NAMES[order])
    assert_allclose(found.distance, np.take_along_axis(apart, order, 1), rtol=1e-5)
    latents = library.encode(queries, measured=False)
    z = np.linalg.norm(latents[:, None] - library.latents, axis=2)
    assert_allclose(
        found.latent_distance, np.take_along_axis(z, order, 1), rtol=1e-3, atol=1e-3
    )
    assert_array_equal(found.cluster, library.clusters.predict(queries))


def test_measured_primary_spectra_find_themselves(library):
    found = library.lookup(Y[:20], 1, measured=True)
    assert (found.sample_id[:, 0] == NAMES[:20]).mean() > 0.9


def test_clusters_are_those_of_kmeans_and_serve_the_k_score(library):
    from sklearn.cluster import KMeans

    decoded = library.decode(library.latents)
    kmeans = KMeans(4, random_state=0).fit(decoded)
    assert k_score(decoded, decoded, kmeans=library.clusters) == 1.0
    same = kmeans.labels_ == library.clusters.predict(decoded)
    assert same.all()


def test_spectra_on_another_axis_are_refused(library):
    moved = Spectra(library.decode(library.latents[:3]), AXIS.values + 3, unit="nm")
    with pytest.raises(WavelengthError):
        library.lookup(moved)
    with pytest.raises(WavelengthError):
        library.encode(Spectra(Y, AXIS.values + 3, unit="nm"))
    with pytest.raises(ValueError, match="Transfer them"):
        library.lookup(Y[:, :-1])
    with pytest.raises(ValueError, match="from 1 to 200"):
        library.lookup(Y[:1], 201)
    with pytest.raises(ValueError, match="6 columns"):
        library.decode(np.zeros((2, 5)))


def test_verify_tells_a_gain_and_a_strange_light_from_the_usual(library):
    assert library.verify(HELD_OUT).matches
    named = library.verify(Y, sample_id=NAMES)
    assert named.matches
    assert "matches" in repr(named)
    louder = library.verify(1.2 * Y, sample_id=NAMES)
    assert not louder.matches
    assert_allclose(louder.drift["gain"], 1.2, atol=0.02)
    assert any("gain" in reason for reason in louder.reasons)
    strange = HELD_OUT.copy()
    strange[:, ::7] += 0.3 * np.ptp(Y)
    assert not library.verify(strange).matches


def test_verify_without_anything_to_compare_is_refused(path, card, vae):
    opened = published(
        path, vae, card=card, spectra=None, latents=vae.transform(Y), held_out=None
    )
    with pytest.raises(ValueError, match="published without spectra"):
        opened.verify(HELD_OUT)
    with pytest.raises(ValueError, match="are not in it"):
        opened.verify(HELD_OUT, sample_id=np.arange(100))


def test_an_extended_library_knows_its_parent_and_keeps_decoder_and_clusters(
    library, tmp_path
):
    more = [f"new {i}" for i in range(10)]
    library.extend(
        tmp_path / "more.safetensors",
        spectra=HELD_OUT[:10],
        sample_id=more,
        card={"measured": "2026-12-01"},
    )
    opened = open_library(tmp_path / "more.safetensors")
    assert opened.parent == library.sha256
    assert opened.card["measured"] == "2026-12-01"
    assert_array_equal(opened.latents[:200], library.latents)
    assert_array_equal(opened.latents[200:], library.encode(HELD_OUT[:10]))
    assert_array_equal(opened.sample_id[200:], more)
    assert_array_equal(
        opened.decode(opened.latents[:3]), library.decode(library.latents[:3])
    )
    decoded = library.decode(library.latents)
    assert_array_equal(
        opened.clusters.predict(decoded), library.clusters.predict(decoded)
    )
    for names, words in ((None, "Pass sample_id"), (range(10), "Convert them")):
        with pytest.raises(ValueError, match=words):
            library.extend(tmp_path / "x", spectra=HELD_OUT[:10], sample_id=names)


def test_means_of_an_extended_library_are_those_of_all_spectra(
    path, card, vae, tmp_path
):
    samples = np.repeat(np.arange(50), 4)
    opened = published(path, vae, card=card, sample_id=samples, mean_spectra=True)
    added = np.r_[np.full(3, 7), np.full(2, 60)]
    opened.extend(tmp_path / "more", spectra=HELD_OUT[:5], sample_id=added)
    more = open_library(tmp_path / "more")
    every, names = np.r_[Y, HELD_OUT[:5]], np.r_[samples, added]
    measured = opened.transform_target(every)
    expected = np.stack([measured[names == s].mean(axis=0) for s in np.unique(names)])
    assert_allclose(more.mean_spectra, expected, rtol=1e-5, atol=1e-3)


def test_a_library_opens_decodes_and_looks_up_without_torch(library):
    program = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'skorch'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "from spectransfer.library import open_library\n"
        "library = open_library(sys.argv[1])\n"
        "decoded = library.decode(library.latents[:3])\n"
        "print(library.lookup(decoded, 1).entry[:, 0].tolist())\n"
        "print(float(decoded.sum(dtype='float64')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(library._path)],
        capture_output=True,
        text=True,
        check=True,
    )
    entries, total = done.stdout.splitlines()
    assert json.loads(entries) == [0, 1, 2]
    assert_allclose(
        float(total), library.decode(library.latents[:3]).sum(dtype=float), rtol=1e-6
    )


def test_latents_are_not_read_when_a_large_library_is_opened(
    path, card, vae, monkeypatch
):
    from spectransfer.library import _container

    published(path, vae, card=card)
    seen = []
    digest = _container._digest
    monkeypatch.setattr(
        _container, "_digest", lambda array: seen.append(array.shape) or digest(array)
    )
    opened = open_library(path)
    repr(opened.card)
    assert (200, 6) not in seen
    assert isinstance(opened.latents, np.memmap)
    assert (200, 6) in seen


def test_a_library_from_an_address_is_downloaded_once_and_compared(
    library, tmp_path, monkeypatch
):
    pytest.importorskip("pooch")
    import http.server
    import threading

    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path != "/library.safetensors":
                self.send_error(404)
                return
            content = library._path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    monkeypatch.setenv("SPECTRANSFER_DATA", str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/library.safetensors"
        for _ in range(2):
            opened = open_library(url, sha256=library.sha256)
            assert_array_equal(opened.latents, library.latents)
        assert len(asked) == 1
        with pytest.raises(FileFormatError, match="SHA-256"):
            open_library(url, sha256="0" * 64)
        with pytest.raises(OSError, match="must be downloaded"):
            open_library(url.replace("library.", "other."))
    finally:
        server.shutdown()
        server.server_close()


def test_another_checksum_than_asked_for_is_refused(library):
    with pytest.raises(FileFormatError, match="must have the SHA-256"):
        open_library(library._path, sha256="0" * 64)
    assert open_library(library._path, sha256=library.sha256.upper()).sha256


@pytest.mark.parametrize("kind", [np.uint64, object, np.int16])
def test_whole_numbers_of_any_type_are_the_same_names(path, card, vae, kind):
    big = (0 if kind is np.int16 else 2**53) + np.arange(200)
    opened = published(
        path, vae, card=card, sample_id=big.astype(kind), mean_spectra=True
    )
    assert opened.sample_id.dtype == np.int64
    assert_array_equal(opened.sample_id, big)
    told = opened.verify(Y[:60], sample_id=big[:60].astype(kind))
    assert_allclose(told.drift["gain"], 1.0, atol=1e-3)


@pytest.mark.parametrize(
    "names", [np.arange(200) * 1.0, np.arange(200) > 3, np.full(200, 2**63, np.uint64),
              np.ma.masked_less(np.arange(200), 3)]
)  # fmt: skip
def test_names_that_would_be_taken_for_others_are_refused(path, card, vae, names):
    with pytest.raises(ValueError, match="sample_id must"):
        published(path, vae, card=card, sample_id=names)


def test_nested_and_frozen_pipelines_keep_all_their_steps(path, card):
    flat = primary_side(PCA(5)).fit(Y)
    expected = published(path, flat, card=card).errors[0]["value"]
    from sklearn.frozen import FrozenEstimator

    nested = make_pipeline(
        BaselineCorrector(), make_pipeline(StandardScaler(power=0), PCA(5))
    ).fit(Y)
    frozen = make_pipeline(FrozenEstimator(flat)).fit(Y)
    for known in (nested, frozen, FrozenEstimator(flat), make_pipeline(flat)):
        opened = published(path, known, card=card)
        assert_allclose(opened.errors[0]["value"], expected, rtol=1e-3)


def test_axes_that_contradict_each_other_are_refused(path, card, vae):
    moved = Spectra(Y, AXIS.values + 5, unit="nm")
    for how in (
        {"spectra": moved},
        {"spectra": Spectra(Y, AXIS.values, unit="um")},
        {"held_out": Spectra(HELD_OUT, AXIS.values + 50, unit="nm")},
        {"spectra": Spectra(Y, AXIS.values)},
    ):
        with pytest.raises(WavelengthError):
            published(path, vae, card=card, **how)
    frame = Spectra(Y, AXIS.values, unit="nm").as_frame()
    known = primary_side(PCA(3)).fit(frame)
    with pytest.raises(WavelengthError, match="must be the axis"):
        published(
            path, known, card=card, spectra=frame, wavelengths=Axis(AXIS.values, "um")
        )


def test_columns_that_are_no_places_give_way_to_the_axis(path, card):
    import pandas as pd

    frame = pd.DataFrame(Y, columns=[f"c{i}" for i in range(Y.shape[1])])
    opened = published(path, primary_side(PCA(3)).fit(frame), card=card, spectra=Y)
    with pytest.raises(WavelengthError):
        opened.encode(Spectra(Y, AXIS.values + 50, unit="nm"))


def test_spectra_tell_axis_and_names(path, card, vae):
    told = Spectra(Y, AXIS.values, unit="nm", sample_id=NAMES)
    opened = published(
        path, vae, card=card, spectra=told, sample_id=None, wavelengths=None
    )
    assert_array_equal(opened.sample_id, NAMES)
    more = Spectra(HELD_OUT[:3], AXIS.values, unit="nm", sample_id=["a", "b", "c"])
    opened.extend(path.with_name("more"), spectra=more)
    assert open_library(path.with_name("more")).sample_id[-1] == "c"


def test_what_compresses_nothing_is_no_autoencoder(path, card):
    scaler = make_pipeline(StandardScaler(power=0)).fit(Y)
    with pytest.raises(TypeError, match="as many"):
        published(path, scaler, card=card)


def test_one_spectrum_is_a_library_and_none_is_not(path, card, vae):
    opened = published(path, vae, card=card, spectra=Y[:1], sample_id=["one"])
    assert opened.lookup(opened.decode(opened.latents), 1).sample_id[0, 0] == "one"
    for how in ({"spectra": Y[:0]}, {"spectra": None, "latents": np.zeros((0, 6))}):
        with pytest.raises(ValueError, match=r"at least one|rows of 6"):
            published(path, vae, card=card, sample_id=None, **how)


def test_latents_that_half_precision_cannot_hold_are_refused(path, card, vae):
    latents = vae.transform(Y) * 1e6
    how = {"spectra": None, "latents": latents, "held_out": None, "dtype": "float16"}
    with pytest.raises(ValueError, match="Publish them in float32"):
        published(path, vae, card=card, **how)


def test_verify_refuses_foreign_names_and_says_what_it_did_not_look_at(library):
    with pytest.raises(ValueError, match="such as foreign"):
        library.verify(Y[:2], sample_id=["spot 0", "foreign"])
    assert "were not looked at" in repr(library.verify(HELD_OUT))
