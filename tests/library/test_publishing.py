"""A published library decodes as its autoencoder does, and says what it is."""

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
from spectransfer.exceptions import WavelengthError
from spectransfer.library import open_library
from spectransfer.spectra import Axis, Spectra

PAIR = make_instrument_pair(n_spectra=300, random_state=0)
Y, HELD_OUT = PAIR.X_primary[:200], PAIR.X_primary[200:]
AXIS = Axis(PAIR.wavelengths_primary, "nm")
NAMES = np.array([f"spot {i}" for i in range(200)])


def primary_side(last):
    return make_pipeline(BaselineCorrector(), StandardScaler(power=0), last)


@pytest.mark.parametrize("n_components", ["auto", 20, None])
@pytest.mark.parametrize("shortcut", ["pca", None])
@pytest.mark.parametrize("hidden", [(), (16, 8)])
def test_numpy_encodes_and_decodes_as_torch_does(
    published, path, n_components, shortcut, hidden
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
    opened = published(path, known)
    latents = known.transform(HELD_OUT)
    expected = known[1].inverse_transform(known[-1].inverse_transform(latents))
    size = np.abs(expected).max()
    assert_allclose(opened.decode(latents), expected, rtol=0, atol=1e-6 * size)
    assert_allclose(opened.encode(HELD_OUT), latents, atol=1e-4)
    assert_allclose(opened.latents, known.transform(Y), atol=1e-6)


def test_a_transfer_through_latents_is_published_with_its_primary_side(published, path):
    transfer = make_transfer_pipeline(VAELatentTransfer(PCA(5), Ridge()))
    transfer.fit(PAIR.X_secondary[:200], Y)
    opened = published(path, transfer)
    predicted = transfer.predict(PAIR.X_secondary[200:])
    latents = opened.encode(predicted, measured=False)
    assert_allclose(opened.decode(latents), predicted, rtol=1e-4, atol=1e-2)
    assert_array_equal(
        opened.transform_target(HELD_OUT), transfer.transform_target(HELD_OUT)
    )


def test_a_cropped_primary_side_has_the_axis_of_what_it_decodes(published, path):
    cut = WavelengthCropper(AXIS.values[10], AXIS.values[60])
    known = make_pipeline(cut, StandardScaler(power=0), PCA(3))
    spectra = Spectra(Y, AXIS.values, unit="nm")
    frame = pytest.importorskip("pandas") and spectra.as_frame()
    opened = published(path, known.fit(frame), spectra=frame, held_out=None)
    decoded = opened.decode(opened.latents[:2])
    assert decoded.shape == (2, len(opened.axis))
    assert_allclose(opened.wavelengths, AXIS.values[10:61])
    assert opened.encode(frame[:3]).shape == (3, 3)


def test_the_datasheet_tells_the_card_and_escapes_it(published, path, card, vae):
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
    published, path, vae, library
):
    half = published(path, vae, dtype="float16")
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
def test_what_a_card_lacks_is_named(published, path, card, vae, name):
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
def test_what_is_wrong_on_a_card_is_told(published, path, card, vae, entry, words):
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
def test_an_axis_that_is_not_known_is_asked_for(published, path, vae, how, words):
    with pytest.raises(WavelengthError, match=words):
        published(path, vae, **how)


def test_spectra_or_latents_and_names_have_to_fit(published, path, vae):
    for how, words in (
        ({"spectra": None}, "neither came"),
        ({"latents": np.zeros((200, 6))}, "both came"),
        ({"sample_id": NAMES[:-1]}, "there are 200 spectra"),
        ({"spectra": None, "latents": np.zeros((200, 5))}, "rows of 6 numbers"),
        ({"spectra": Y[:, :-1]}, "channels"),
    ):
        with pytest.raises(ValueError, match=words):
            published(path, vae, **how)


def test_what_has_no_autoencoder_is_refused(published, path):
    ridge = make_transfer_pipeline(Ridge()).fit(PAIR.X_secondary[:200], Y)
    with pytest.raises(TypeError, match="ends in a PrimarySpaceRegressor"):
        published(path, ridge)


def test_latents_alone_can_be_published(published, path, vae):
    opened = published(path, vae, spectra=None, latents=vae.transform(Y), held_out=None)
    assert opened.errors == []
    assert_array_equal(opened.sample_id, NAMES)


@pytest.mark.parametrize("names", [np.arange(200), np.char.add("Ø", NAMES)])
def test_names_come_back_as_they_were(published, path, vae, names):
    opened = published(path, vae, sample_id=names)
    assert_array_equal(opened.sample_id, names)


@pytest.mark.parametrize("kind", [np.uint64, object, np.int16])
def test_whole_numbers_of_any_type_are_the_same_names(published, path, vae, kind):
    big = (0 if kind is np.int16 else 2**53) + np.arange(200)
    opened = published(path, vae, sample_id=big.astype(kind), mean_spectra=True)
    assert opened.sample_id.dtype == np.int64
    assert_array_equal(opened.sample_id, big)
    told = opened.verify(Y[:60], sample_id=big[:60].astype(kind))
    assert_allclose(told.drift["gain"], 1.0, atol=1e-3)


@pytest.mark.parametrize(
    "names", [np.arange(200) * 1.0, np.arange(200) > 3, np.full(200, 2**63, np.uint64),
              np.ma.masked_less(np.arange(200), 3)]
)  # fmt: skip
def test_names_that_would_be_taken_for_others_are_refused(published, path, vae, names):
    with pytest.raises(ValueError, match="sample_id must"):
        published(path, vae, sample_id=names)


def test_nested_and_frozen_pipelines_keep_all_their_steps(published, path):
    flat = primary_side(PCA(5)).fit(Y)
    expected = published(path, flat).errors[0]["value"]
    from sklearn.frozen import FrozenEstimator

    nested = make_pipeline(
        BaselineCorrector(), make_pipeline(StandardScaler(power=0), PCA(5))
    ).fit(Y)
    frozen = make_pipeline(FrozenEstimator(flat)).fit(Y)
    for known in (nested, frozen, FrozenEstimator(flat), make_pipeline(flat)):
        opened = published(path, known)
        assert_allclose(opened.errors[0]["value"], expected, rtol=1e-3)


def test_axes_that_contradict_each_other_are_refused(published, path, vae):
    moved = Spectra(Y, AXIS.values + 5, unit="nm")
    for how in (
        {"spectra": moved},
        {"spectra": Spectra(Y, AXIS.values, unit="um")},
        {"held_out": Spectra(HELD_OUT, AXIS.values + 50, unit="nm")},
        {"spectra": Spectra(Y, AXIS.values)},
    ):
        with pytest.raises(WavelengthError):
            published(path, vae, **how)
    frame = Spectra(Y, AXIS.values, unit="nm").as_frame()
    known = primary_side(PCA(3)).fit(frame)
    with pytest.raises(WavelengthError, match="must be the axis"):
        published(path, known, spectra=frame, wavelengths=Axis(AXIS.values, "um"))


def test_columns_that_are_no_places_give_way_to_the_axis(published, path):
    import pandas as pd

    frame = pd.DataFrame(Y, columns=[f"c{i}" for i in range(Y.shape[1])])
    opened = published(path, primary_side(PCA(3)).fit(frame), spectra=Y)
    with pytest.raises(WavelengthError):
        opened.encode(Spectra(Y, AXIS.values + 50, unit="nm"))


def test_spectra_tell_axis_and_names(published, path, vae):
    told = Spectra(Y, AXIS.values, unit="nm", sample_id=NAMES)
    opened = published(path, vae, spectra=told, sample_id=None, wavelengths=None)
    assert_array_equal(opened.sample_id, NAMES)
    more = Spectra(HELD_OUT[:3], AXIS.values, unit="nm", sample_id=["a", "b", "c"])
    opened.extend(path.with_name("more"), spectra=more)
    assert open_library(path.with_name("more")).sample_id[-1] == "c"


def test_what_compresses_nothing_is_no_autoencoder(published, path):
    scaler = make_pipeline(StandardScaler(power=0)).fit(Y)
    with pytest.raises(TypeError, match="as many"):
        published(path, scaler)


def test_one_spectrum_is_a_library_and_none_is_not(published, path, vae):
    opened = published(path, vae, spectra=Y[:1], sample_id=["one"])
    assert opened.lookup(opened.decode(opened.latents), 1).sample_id[0, 0] == "one"
    for how in ({"spectra": Y[:0]}, {"spectra": None, "latents": np.zeros((0, 6))}):
        with pytest.raises(ValueError, match=r"at least one|rows of 6"):
            published(path, vae, sample_id=None, **how)


def test_latents_that_half_precision_cannot_hold_are_refused(published, path, vae):
    latents = vae.transform(Y) * 1e6
    how = {"spectra": None, "latents": latents, "held_out": None, "dtype": "float16"}
    with pytest.raises(ValueError, match="Publish them in float32"):
        published(path, vae, **how)
