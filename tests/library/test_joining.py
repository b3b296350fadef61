"""A joined transfer is an ordinary one, learned from latents alone."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer import (
    BaselineCorrector,
    FewStandardsTransfer,
    OffsetTransfer,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
    WavelengthCropper,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import WavelengthError
from spectransfer.library import (
    load_transfer,
    open_library,
    publish_library,
    save_transfer,
)
from spectransfer.metrics import relative_squared_error
from spectransfer.spectra import Axis, Spectra

PAIR = make_instrument_pair(n_spectra=400, random_state=1)
KNOWN, NEW = PAIR[:300], PAIR[300:]
NAMES = np.array([f"spot {i}" for i in range(300)])
OWN = Spectra(
    KNOWN.X_secondary, KNOWN.wavelengths_secondary, unit="nm", sample_id=NAMES
)


def published(folder, card, last, names=NAMES):
    known = make_pipeline(BaselineCorrector(), StandardScaler(power=0), last)
    path = folder / "library.safetensors"
    publish_library(
        known.fit(KNOWN.X_primary),
        path,
        spectra=KNOWN.X_primary,
        sample_id=names,
        card=card,
        wavelengths=Axis(KNOWN.wavelengths_primary, "nm"),
    )
    return open_library(path)


@pytest.fixture(scope="module")
def library(card, tmp_path_factory):
    return published(tmp_path_factory.mktemp("joined"), card, PCA(12))


def error_of(transfer):
    predicted = transfer.predict(NEW.X_secondary)
    return relative_squared_error(transfer.transform_target(NEW.X_primary), predicted)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_few_standards_do_as_well_as_with_primary_spectra(library):
    own = make_transfer_pipeline(FewStandardsTransfer())
    own.fit(
        OWN[:20].as_frame(),
        Spectra(KNOWN.X_primary[:20], KNOWN.wavelengths_primary, unit="nm").as_frame(),
    )
    joined = library.join(OWN[:20])
    assert type(joined[-1].regressor_) is FewStandardsTransfer
    assert error_of(joined) < 1.15 * error_of(own) + 0.005
    with_others = library.join(OWN[:20], X_unpaired=OWN[20:])
    assert "rotation" in with_others[-1].regressor_.shares_


def test_what_is_expected_is_the_error_of_samples_that_were_left_out(library):
    joined = library.join(OWN[:60], regressor=Ridge(10.0), cv=4)
    fresh, error = joined[:-1], 0.0
    targets = library.decode(library.latents[:60])
    prepared = library._decode_prepared(library.latents[:60])
    from sklearn.model_selection import GroupKFold

    for kept, left in GroupKFold(4).split(NAMES[:60], groups=NAMES[:60]):
        front = clone(fresh).fit(OWN.X[kept])
        ridge = Ridge(10.0).fit(front.transform(OWN.X[kept]), prepared[kept])
        found = library._side.undo(ridge.predict(front.transform(OWN.X[left])))
        error += ((found - targets[left]) ** 2).sum()
    spread = ((targets - targets.mean(axis=0)) ** 2).sum()
    assert_allclose(joined.expected_rse_, error / spread, rtol=1e-4)
    assert np.isnan(library.join(OWN[:60], regressor=Ridge(), cv=None).expected_rse_)


def test_partners_are_found_by_name_in_any_order(library):
    order = np.random.default_rng(0).permutation(40)
    straight = library.join(OWN[:40], regressor=Ridge(), cv=None)
    turned = library.join(OWN[order], regressor=Ridge(), cv=None)
    assert_allclose(
        turned.predict(OWN.X[:5]), straight.predict(OWN.X[:5]), rtol=1e-4, atol=0.1
    )


def test_replicates_on_both_sides_are_joined_by_sample(card, tmp_path):
    library = published(tmp_path, card, PCA(5), names=np.repeat(np.arange(100), 3))
    samples = np.array([3, 3, 50, 99, 50])
    joined = library.join(OWN.X[:5], sample_id=samples, regressor=Ridge(), cv=None)
    known = library.sample_id
    decoded = library._decode_prepared(library.latents)
    means = np.stack([decoded[known == s].mean(axis=0) for s in samples])
    ridge = Ridge().fit(joined[:-1].transform(OWN.X[:5]), means)
    assert_allclose(
        joined[-1].regressor_.predict(joined[:-1].transform(OWN.X[:5])),
        ridge.predict(joined[:-1].transform(OWN.X[:5])),
        rtol=1e-4,
        atol=1e-5,
    )


def test_measured_primary_spectra_are_learned_in_place_of_latents(library):
    joined = library.join(
        OWN[:50].X, y=KNOWN.X_primary[:50], regressor=Ridge(), cv=None
    )
    own = make_transfer_pipeline(
        Ridge(), primary=library._side.transformer and joined[-1].transformer
    ).fit(OWN.X[:50], KNOWN.X_primary[:50])
    assert_allclose(joined.predict(OWN.X), own.predict(OWN.X), rtol=1e-6)


def test_primary_spectra_of_other_samples_are_not_learned_row_by_row(library):
    measured = Spectra(
        KNOWN.X_primary, KNOWN.wavelengths_primary, unit="nm", sample_id=NAMES
    )
    first = library.join(OWN[:30], y=measured[:30], cv=None)
    assert_allclose(
        first.predict(OWN.X[30:33]),
        library.join(OWN[:30], y=measured.X[:30], cv=None).predict(OWN.X[30:33]),
    )
    with pytest.raises(ValueError, match=r"row 0 is 'spot 0' in X and 'spot 29' in y"):
        library.join(OWN[:30], y=measured[np.arange(30)[::-1]])


def test_a_published_network_is_joined_through_its_decoder(card, tmp_path):
    training = Training(n_steps=150)
    last = SpectralVAE((32,), n_latent=6, training=training, random_state=0)
    library = published(tmp_path, card, last)
    from sklearn.frozen import FrozenEstimator

    mapper = VAELatentTransfer(
        FrozenEstimator(library._full_autoencoder),
        SpectralMLP((32,), training=training),
        random_state=0,
    )
    joined = library.join(OWN, regressor=mapper, cv=None)
    assert joined[-1].regressor_.mapper_.decoded_loss_curve_
    latents = library.encode(joined.predict(NEW.X_secondary), measured=False)
    assert latents.shape == (100, 6)
    assert error_of(joined) < 0.5


def test_the_default_for_many_samples_is_the_frozen_network(card, tmp_path):
    from spectransfer.library import _join

    training = Training(n_steps=30)
    last = SpectralVAE((8,), n_latent=4, training=training, random_state=0)
    library = published(tmp_path, card, last)
    how = _join.Joining("default", None, None, 0, 0)
    assert isinstance(_join._default_regressor(library, 500, how), FewStandardsTransfer)
    many = _join._default_regressor(library, 501, how)
    assert many.autoencoder.estimator is library._full_autoencoder


def test_a_joined_transfer_is_cloned_fitted_again_and_kept(library, tmp_path):
    joined = library.join(OWN[:30], cv=3)
    save_transfer(joined, tmp_path / "joined.safetensors")
    again = load_transfer(tmp_path / "joined.safetensors")
    assert again.expected_rse_ == joined.expected_rse_
    frame = Spectra(NEW.X_secondary, NEW.wavelengths_secondary, unit="nm").as_frame()
    assert_array_equal(again.predict(frame), joined.predict(frame))
    fresh = clone(joined)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fresh.fit(KNOWN.X_secondary[:30], KNOWN.X_primary[:30])
    assert fresh.predict(NEW.X_secondary).shape == NEW.X_primary.shape


def test_the_axis_of_the_joiner_is_compared_afterwards(library):
    joined = library.join(OWN[:10], cv=None)
    moved = Spectra(OWN.X[:3], OWN.wavelengths + 2, unit="nm")
    with pytest.raises(WavelengthError):
        joined.predict(moved.as_frame())
    names = joined[-1].primary_side_.predicted_names
    assert names == library.axis.names


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({}, "neither sample_id nor y came"),
        ({"sample_id": ["spot 1", "nobody"]}, "1 of 2 are not in it: nobody"),
        ({"sample_id": ["spot 1"]}, "there are 2 spectra"),
        ({"y": KNOWN.X_primary[:3]}, "there are 3 and 2"),
        ({"y": KNOWN.X_primary[:2, 1:]}, "channels"),
        ({"sample_id": NAMES[:2], "secondary": "raman"}, "Pass the steps themselves"),
    ],
)
def test_what_cannot_be_joined_is_told(library, how, words):
    with pytest.raises(ValueError, match=words):
        library.join(OWN.X[:2], **how)


def test_a_library_without_names_is_joined_by_primary_spectra_only(card, tmp_path):
    library = published(tmp_path, card, PCA(3), names=None)
    with pytest.raises(ValueError, match="has no names"):
        library.join(OWN[:5])
    joined = library.join(OWN.X[:5], y=KNOWN.X_primary[:5])
    assert joined.predict(OWN.X[:2]).shape == (2, len(library.axis))


def test_the_secondary_side_is_what_one_asks_for(library):
    for secondary, kinds in (
        ("default", [BaselineCorrector, StandardScaler]),
        (None, []),
        ("passthrough", []),
        (WavelengthCropper(), [WavelengthCropper]),
        (make_pipeline(StandardScaler()), [StandardScaler]),
    ):
        joined = library.join(OWN[:10], secondary=secondary, cv=None)
        assert [type(step) for _, step in joined.steps[:-1]] == kinds


@pytest.mark.slow
def test_joining_without_torch_needs_none(library, tmp_path):
    import subprocess
    import sys

    np.savez(tmp_path / "own.npz", X=OWN.X[:10], ids=NAMES[:10])
    program = (
        "import sys, numpy as np\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'skorch'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "from spectransfer.library import open_library\n"
        "own = np.load(sys.argv[2])\n"
        "joined = open_library(sys.argv[1]).join(own['X'], sample_id=own['ids'])\n"
        "print(joined.predict(own['X']).shape[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(library._path), str(tmp_path / "own.npz")],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "10", done.stderr


def test_folds_know_the_axis_as_the_whole_fit_does(library):
    from_spectra = library.join(OWN[:12]).expected_rse_
    frame = library.join(OWN[:12].as_frame(), sample_id=NAMES[:12]).expected_rse_
    assert_allclose(from_spectra, frame, rtol=1e-6)
    assert library.join(OWN[:12], regressor=OffsetTransfer()).expected_rse_ > 0


def test_spectra_without_partners_are_compared_with_the_standards(library):
    for axis, unit in ((OWN.wavelengths + 5, "nm"), (OWN.wavelengths, "um")):
        others = Spectra(OWN.X[20:], axis, unit=unit)
        with pytest.raises(WavelengthError):
            library.join(OWN[:10], X_unpaired=others)
    with pytest.raises(ValueError, match="X_unpaired must have"):
        library.join(OWN[:10], X_unpaired=OWN.X[20:, 1:])
    with pytest.raises(WavelengthError, match="has none"):
        library.join(Spectra(OWN.X[:3], OWN.wavelengths, sample_id=NAMES[:3]))


def test_large_whole_numbers_find_their_own_partners(card, tmp_path):
    big = 2**53 + np.arange(300)
    library = published(tmp_path, card, PCA(12), names=big)
    expected = library.join(OWN.X[:40], sample_id=big[:40], cv=None).predict(OWN.X)
    other = library.join(
        OWN.X[:40], sample_id=big[:40].astype(np.uint64), cv=None
    ).predict(OWN.X)
    assert_array_equal(other, expected)
    with pytest.raises(ValueError, match="texts or whole numbers"):
        library.join(OWN.X[:40], sample_id=big[:40].astype(float))


def test_two_samples_and_wrong_folds_expect_nothing(library):
    assert np.isnan(library.join(OWN[:2]).expected_rse_)
    for cv in (-3, 1, "5"):
        with pytest.raises(ValueError, match="cv must be"):
            library.join(OWN[:10], cv=cv)
    with pytest.raises(ValueError, match="at least one spectrum"):
        library.join(OWN.X[:0], sample_id=[])


def test_samples_that_only_the_primary_spectra_name_are_left_out_together(library):
    rows, names = np.repeat(np.arange(6), 3), np.repeat(NAMES[:6], 3)
    own = Spectra(KNOWN.X_secondary[rows], KNOWN.wavelengths_secondary, unit="nm")
    told = Spectra(
        KNOWN.X_primary[rows], KNOWN.wavelengths_primary, unit="nm", sample_id=names
    )
    joined = library.join(own, y=told, cv=None)
    assert "Of 6 samples" in joined[-1].regressor_.report_
