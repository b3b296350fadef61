"""What a library says of its spectra as a whole, and spectra drawn from that."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from spectransfer import BaselineCorrector, StandardScaler
from spectransfer.datasets import make_instrument_pair
from spectransfer.library import open_library, publish_library
from spectransfer.reliability import ApplicabilityDomain
from spectransfer.spectra import Axis, Spectra

PAIR = make_instrument_pair(n_spectra=500, shots_per_sample=1, random_state=0)
KNOWN, NEW = PAIR[:300], PAIR[300:]
NAMES = np.array([f"spot {i}" for i in range(200)])


@pytest.fixture(scope="module")
def library(card, tmp_path_factory):
    known, held_out = KNOWN.X_primary[:200], KNOWN.X_primary[200:]
    steps = BaselineCorrector(), StandardScaler(power=0), PCA(8)
    path = tmp_path_factory.mktemp("drawn") / "library.safetensors"
    publish_library(
        make_pipeline(*steps).fit(known),
        path,
        spectra=known,
        sample_id=NAMES,
        wavelengths=Axis(PAIR.wavelengths_primary, "nm"),
        held_out=held_out,
        card=card,
    )
    return open_library(path)


def test_drawn_spectra_have_the_mean_and_the_noise_of_held_out_ones(library):
    drawn = library.sample(2000, random_state=0)
    assert_array_equal(drawn, library.sample(2000, random_state=0))
    held_out = library.transform_target(KNOWN.X_primary[200:])
    spread = held_out.std(axis=0)
    apart = (drawn.mean(axis=0) - held_out.mean(axis=0)) / spread
    assert np.abs(apart).max() < 0.5
    missed = held_out - library.decode(library.encode(KNOWN.X_primary[200:]))
    left = drawn - library.decode(library.encode(drawn, measured=False))
    # encoding takes 8 of 1,000 directions of the noise away
    assert_allclose(left.std(), missed.std(), rtol=0.05)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_what_is_published_tells_a_joiner_which_spectra_are_strange(library):
    domain = ApplicabilityDomain().fit(library.sample(500, random_state=0))
    measured = library.transform_target(NEW.X_primary)
    assert (domain.predict(measured) == -1).mean() < 0.12
    own = Spectra(
        KNOWN.X_secondary[:40],
        PAIR.wavelengths_secondary,
        unit="nm",
        sample_id=NAMES[:40],
    )
    transfer = library.join(own)
    usual = transfer.predict(NEW.X_secondary)
    assert (domain.predict(usual) == -1).mean() < 0.2
    for spoiled in (NEW.X_secondary[:, ::-1], 10 * NEW.X_secondary):
        strange = transfer.predict(np.ascontiguousarray(spoiled))
        assert (domain.predict(strange) == -1).mean() > 0.95


def test_a_library_without_spectra_has_no_noise_to_draw(library, card, tmp_path):
    publish_library(
        make_pipeline(BaselineCorrector(), PCA(4)).fit(KNOWN.X_primary),
        tmp_path / "latents.safetensors",
        latents=np.ones((5, 4)),
        wavelengths=Axis(PAIR.wavelengths_primary, "nm"),
        card=card,
    )
    with pytest.raises(ValueError, match="held_out="):
        open_library(tmp_path / "latents.safetensors").sample(3)
