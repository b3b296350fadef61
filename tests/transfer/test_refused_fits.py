"""A fit that is refused, fails or is interrupted changes nothing that was fitted."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from spectransfer import (
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.nn import Unit

PAIR = make_instrument_pair(n_spectra=40, n_secondary=60, n_primary=50, random_state=0)
X, Y = PAIR.X_secondary, PAIR.X_primary


def training():
    return Training(n_steps=6)


def small_vae():
    return SpectralVAE((8,), n_latent=2, training=training(), random_state=0)


def small_mlp():
    return SpectralMLP((8,), training=training(), random_state=0)


ESTIMATORS = {
    "KNN": lambda: KNNTransfer(2),
    "mean": MeanTransfer,
    "VAE": small_vae,
    "MLP": small_mlp,
    "direct": lambda: DirectMLPTransfer(
        (8,), n_latent=2, decoder_layer_sizes=(8,), training=training(), random_state=0
    ),
    "latent": lambda: VAELatentTransfer(small_vae(), small_mlp()),
    "linear": lambda: VAELatentTransfer(PCA(2), Ridge()),
}
NETWORKS = ("VAE", "MLP", "direct", "latent")


class Refusing(Ridge):
    def fit(self, X, y, sample_weight=None):
        raise KeyboardInterrupt


class RefusingPCA(PCA):
    def transform(self, X):
        raise KeyboardInterrupt


def spoilt(spectra):
    spectra = spectra.copy()
    spectra[3, 7] = np.nan
    return spectra


def interrupt(*args, **kwargs):
    raise KeyboardInterrupt


def diverging(estimator, monkeypatch):
    for name in estimator.get_params():
        if name.endswith("training__learning_rate"):
            estimator.set_params(**{name: 1e25})


def diverging_mapper(estimator, monkeypatch):
    estimator.set_params(mapper__training__learning_rate=1e25)


def half_a_validation_set(estimator, monkeypatch):
    return {"X_val": X}


def other_validation_channels(estimator, monkeypatch):
    return {"X_val": X[:, :30], "y_val": Y[:, :-1]}


# what is done to an estimator, and options of the fit that is to fail
REFUSALS = [
    *((name, "NaN in y", lambda e, m: {"y": spoilt(Y)}) for name in ESTIMATORS
      if name != "VAE"),
    *((name, "NaN in X", lambda e, m: {"X": spoilt(X)}) for name in ESTIMATORS
      if name != "VAE"),
    ("VAE", "NaN in X", lambda e, m: {"X": spoilt(Y)}),
    *((name, "weights", lambda e, m: {"sample_weight": np.full(40, -1.0)})
      for name in ESTIMATORS),
    ("KNN", "metric", lambda e, m: e.set_params(metric="nonsense") and None),
    ("KNN", "neighbours", lambda e, m: e.set_params(n_neighbors=99) and None),
    *((name, "diverging", diverging) for name in NETWORKS),
    ("latent", "diverging mapper", diverging_mapper),
    *((name, "y_val", half_a_validation_set) for name in ("MLP", "direct", "latent")),
    *((name, "y_val", other_validation_channels) for name in ("MLP", "latent")),
    *((name, "unit", lambda e, m: m.setattr(Unit, "of", interrupt))
      for name in NETWORKS),
    ("VAE", "moments", lambda e, m: m.setattr(SpectralVAE, "_encode", interrupt)),
    ("latent", "latents", lambda e, m: m.setattr(SpectralVAE, "_encode", interrupt)),
    ("latent", "decoder", lambda e, m: m.setattr(SpectralMLP, "_fit_through",
                                                 interrupt)),
    ("linear", "autoencoder", lambda e, m: e.set_params(autoencoder=RefusingPCA(2))
     and None),
    ("linear", "mapper", lambda e, m: e.set_params(mapper=Refusing()) and None),
    *((name, "device", lambda e, m: e.set_params(training__device="gpu") and None)
      for name in ("VAE", "MLP", "direct")),
]  # fmt: skip


def use(estimator):
    if isinstance(estimator, SpectralVAE):
        latents = estimator.transform(Y)
        drawn = estimator.sample(3, random_state=0)
        return np.vstack([estimator.inverse_transform(latents), drawn])
    return estimator.predict(X)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [(name, spoil) for name, _, spoil in REFUSALS],
    ids=[f"{name}, {what}" for name, what, _ in REFUSALS],
)
def test_after_a_refused_or_failed_fit_predictions_have_the_bits_they_had(
    name, spoil, monkeypatch
):
    estimator = ESTIMATORS[name]()
    own = {"X": Y} if name == "VAE" else {"X": X, "y": Y}
    estimator.fit(**own)
    expected, fitted = use(estimator), set(vars(estimator))
    params = estimator.get_params()
    options = spoil(estimator, monkeypatch) or {}
    # other spectra, on fewer channels
    given = {key: 3 * value[:, :-5] + 100 for key, value in own.items()}
    for key in set(options) & set(given):
        options[key] = options[key][:, :-5]
    with pytest.raises((ValueError, TypeError, KeyboardInterrupt)):
        estimator.fit(**given | options)
    monkeypatch.undo()
    # some are read by predict, as in scikit-learn
    estimator.set_params(**params)
    assert set(vars(estimator)) == fitted
    assert_array_equal(use(estimator), expected)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_after_a_refused_first_fit_there_is_nothing_fitted(name):
    estimator = ESTIMATORS[name]()
    fresh = set(vars(estimator))
    with pytest.raises(ValueError, match="NaN"):
        estimator.fit(spoilt(X), Y)
    assert set(vars(estimator)) == fresh


def test_a_refused_part_of_a_map_leaves_the_mean_of_those_before():
    mean = MeanTransfer().partial_fit(X, Y)
    expected = mean.predict(X)
    for bad in (spoilt(Y), Y[:, 1:]):
        with pytest.raises(ValueError, match=r"NaN|Call fit"):
            mean.partial_fit(X, bad)
        assert_array_equal(mean.predict(X), expected)
    assert mean.n_samples_seen_ == 40
