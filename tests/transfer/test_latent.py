import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer import (
    FewStandardsTransfer,
    MeanTransfer,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
)
from spectransfer.metrics import relative_squared_error
from spectransfer.pipeline._takes import takes


@pytest.fixture
def transfer(quick_vae, quick_mlp):
    return VAELatentTransfer(quick_vae, quick_mlp)


def error_on_unseen(transfer, pair):
    known, unseen = pair[:200], pair[200:]
    predicted = transfer.fit(known.X_secondary, known.X_primary).predict(
        unseen.X_secondary
    )
    return relative_squared_error(unseen.X_primary, predicted)


def test_transfer_equals_decoding_the_mapped_latent(transfer, pair):
    transfer.fit(pair.X_secondary, pair.X_primary)
    latents = transfer.mapper_.predict(pair.X_secondary)
    decoded = transfer.autoencoder_.inverse_transform(latents)
    assert_array_equal(transfer.predict(pair.X_secondary), decoded)


def test_mapper_is_fitted_to_the_latents_of_the_primary_spectra(transfer, pair):
    transfer.set_params(objective="latent").fit(pair.X_secondary, pair.X_primary)
    latents = transfer.autoencoder_.transform(pair.X_primary)
    alone = clone(transfer.mapper).fit(pair.X_secondary, latents)
    assert_array_equal(
        transfer.mapper_.predict(pair.X_secondary), alone.predict(pair.X_secondary)
    )


def test_pca_and_ridge_make_a_principal_component_regression(pair):
    X, y = pair.X_secondary.astype(np.float64), pair.X_primary.astype(np.float64)
    transfer = VAELatentTransfer(PCA(5), Ridge(1.0)).fit(X, y)
    pca = PCA(5).fit(y)
    expected = pca.inverse_transform(Ridge(1.0).fit(X, pca.transform(y)).predict(X))
    assert_allclose(transfer.predict(X), expected, rtol=1e-9)


def test_latent_transfer_beats_the_mean_on_unseen_spectra(transfer, pair):
    assert error_on_unseen(transfer, pair) < 0.3 * error_on_unseen(MeanTransfer(), pair)


def test_objective_through_the_decoder_lowers_the_error_of_training_spectra(
    transfer, pair
):
    X, y = pair.X_secondary, pair.X_primary
    latent = transfer.fit(X, y).predict(X)
    through = transfer.set_params(objective="spectrum").fit(X, y).predict(X)
    assert relative_squared_error(y, through) < relative_squared_error(y, latent)


def test_objective_through_the_decoder_leaves_the_decoder_alone(
    transfer, pair, quick_vae
):
    X, y = pair.X_secondary, pair.X_primary
    frozen = quick_vae.fit(y)
    before = {k: v.clone() for k, v in frozen.net_.module_.state_dict().items()}
    transfer.set_params(autoencoder=FrozenEstimator(frozen), objective="spectrum")
    transfer.fit(X, y)
    for name, weights in frozen.net_.module_.state_dict().items():
        assert_array_equal(weights, before[name])
    assert all(p.requires_grad for p in frozen.net_.module_.parameters())


def test_frozen_autoencoder_is_used_and_never_trained(transfer, pair, quick_vae):
    fitted = quick_vae.fit(pair.X_primary)
    before = fitted.transform(pair.X_primary)
    transfer.set_params(autoencoder=FrozenEstimator(fitted))
    transfer.fit(pair.X_secondary[:, ::2], pair.X_primary)
    assert transfer.autoencoder_.estimator is fitted
    assert_array_equal(fitted.transform(pair.X_primary), before)
    assert transfer.mapper_.n_features_in_ == 30


def test_frozen_autoencoder_of_another_instrument_is_refused(transfer, pair, quick_vae):
    transfer.set_params(autoencoder=FrozenEstimator(quick_vae.fit(pair.X_primary)))
    with pytest.raises(ValueError, match=r"69 features.*expecting 70"):
        transfer.fit(pair.X_secondary, pair.X_primary[:, :-1])


def test_fit_does_not_touch_its_parts(transfer, pair):
    transfer.fit(pair.X_secondary, pair.X_primary)
    assert not hasattr(transfer.autoencoder, "net_")
    assert not hasattr(transfer.mapper, "net_")


def test_parts_without_a_seed_get_theirs_from_the_transfer(pair):
    def predict():
        return (
            VAELatentTransfer(
                SpectralVAE((16,), n_latent=4, training=Training(n_steps=60)),
                SpectralMLP((16,), training=Training(n_steps=60)),
                random_state=3,
            )
            .fit(pair.X_secondary, pair.X_primary)
            .predict(pair.X_secondary)
        )

    assert_array_equal(predict(), predict())


def test_a_seed_of_a_part_is_kept(transfer, pair):
    transfer.set_params(random_state=5).fit(pair.X_secondary, pair.X_primary)
    assert transfer.autoencoder_.random_state == 0


def test_objective_through_the_decoder_needs_the_networks(pair):
    transfer = VAELatentTransfer(PCA(3), Ridge(), objective="spectrum")
    with pytest.raises(
        TypeError, match=r"needs a SpectralVAE as autoencoder.*is a PCA"
    ):
        transfer.fit(pair.X_secondary, pair.X_primary)


def test_validation_pairs_reach_both_networks(transfer, pair):
    parts = ("autoencoder", "mapper")
    transfer.set_params(**{f"{part}__training__patience": "auto" for part in parts})
    known, watched = pair[:200], pair[200:]
    transfer.fit(
        known.X_secondary,
        known.X_primary,
        X_val=watched.X_secondary,
        y_val=watched.X_primary,
    )
    decoded = transfer.autoencoder_.score(watched.X_primary)
    best = min(transfer.autoencoder_.validation_loss_curve_)
    unit = transfer.autoencoder_.unit_
    spread = np.mean(
        ((watched.X_primary - watched.X_primary.mean(0)) / unit.scale) ** 2
    )
    # loss in network units over the variance of the watched spectra = 1 - score
    assert_allclose(best / spread, 1 - decoded, rtol=0.02)
    assert transfer.mapper_.validation_loss_curve_ is not None


def test_auto_decodes_where_it_can_and_maps_latents_elsewhere(transfer, pair):
    X, y = pair.X_secondary, pair.X_primary
    named = transfer.set_params(objective="decoded").fit(X, y).predict(X)
    assert_array_equal(
        transfer.set_params(objective="auto").fit(X, y).predict(X), named
    )
    plain = VAELatentTransfer(PCA(3), Ridge())
    expected = plain.set_params(objective="latent").fit(X, y).predict(X)
    found = plain.set_params(objective="auto").fit(X, y).predict(X)
    assert_array_equal(found, expected)


def test_decoded_objective_needs_latents_and_decoder_and_no_spectra(
    transfer, pair, monkeypatch
):
    X, y = pair.X_secondary, pair.X_primary
    autoencoder = FrozenEstimator(transfer.autoencoder.fit(y))
    seen = []
    through = SpectralMLP._fit_through

    def watched_through(self, autoencoder, pair, watched, spectra, *rest):
        seen.append((spectra, pair[1]))
        return through(self, autoencoder, pair, watched, spectra, *rest)

    monkeypatch.setattr(SpectralMLP, "_fit_through", watched_through)
    transfer.set_params(autoencoder=autoencoder, objective="decoded").fit(X, y)
    (spectra, learned), latents = seen[0], autoencoder.transform(y)
    assert spectra is None
    assert_array_equal(learned, latents)


def test_decoded_objective_matches_decoded_spectra_better_than_latents_do(
    transfer, pair
):
    X, y = pair.X_secondary, pair.X_primary
    autoencoder = FrozenEstimator(transfer.autoencoder.fit(y))
    transfer.set_params(autoencoder=autoencoder)
    wanted = autoencoder.inverse_transform(autoencoder.transform(y))
    errors = {
        objective: relative_squared_error(
            wanted, transfer.set_params(objective=objective).fit(X, y).predict(X)
        )
        for objective in ("latent", "decoded")
    }
    assert errors["decoded"] < errors["latent"]


def test_the_published_transfer_maps_latents():
    assert VAELatentTransfer.as_published().objective == "latent"


@pytest.mark.parametrize("objective", ["decoded", "spectrum"])
def test_the_curves_of_both_stages_are_kept(transfer, pair, objective):
    known, watched = pair[:200], pair[200:]
    transfer.set_params(mapper__training__patience="auto")
    validation = {"X_val": watched.X_secondary, "y_val": watched.X_primary}
    stages = [
        transfer.set_params(objective=stage).fit(
            known.X_secondary, known.X_primary, **validation
        ).mapper_
        for stage in ("latent", objective)
    ]  # fmt: skip
    first, both = stages
    assert first.decoded_loss_curve_ is None
    assert both.loss_curve_ == first.loss_curve_
    assert both.validation_loss_curve_ == first.validation_loss_curve_
    assert both.n_epochs_ == len(first.loss_curve_)
    assert len(both.decoded_loss_curve_) == len(both.decoded_validation_loss_curve_)
    assert both.decoded_loss_curve_ != both.loss_curve_


def test_one_seed_reaches_networks_inside_pipelines(rng):
    X, y = rng.random((60, 20)), rng.random((60, 30))
    short = Training(n_steps=4, batch_size=16)
    transfer = VAELatentTransfer(
        SpectralVAE((8,), n_latent=2, training=short),
        make_pipeline(StandardScaler(), SpectralMLP((8,), training=short)),
        random_state=0,
    )
    first = transfer.fit(X, y).predict(X)
    assert_array_equal(transfer.fit(X, y).predict(X), first)


def test_latents_that_are_no_numbers_are_the_autoencoders_fault(rng):
    class Broken(PCA):
        def transform(self, X):
            return np.full((len(X), 2), np.nan)

    with pytest.raises(ValueError, match="latents of the autoencoder contains NaN"):
        VAELatentTransfer(Broken(2), SpectralMLP((4,))).fit(
            rng.random((40, 10)), rng.random((40, 12))
        )


def test_spectra_without_partners_reach_both_parts(pair):
    few, others = slice(0, 12), slice(100, 200)
    library = pair.X_primary[150:250]
    transfer = VAELatentTransfer(PCA(6), FewStandardsTransfer()).fit(
        pair.X_secondary[few],
        pair.X_primary[few],
        X_unpaired=pair.X_secondary[others],
        y_unpaired=library,
        sample_id=np.repeat(np.arange(6), 2),
    )
    every = PCA(6).fit(np.concatenate([pair.X_primary[few], library]))
    assert_allclose(transfer.autoencoder_.components_, every.components_)
    mapper = FewStandardsTransfer().fit(
        pair.X_secondary[few],
        every.transform(pair.X_primary[few]),
        X_unpaired=pair.X_secondary[others],
        y_unpaired=every.transform(library),
        sample_id=np.repeat(np.arange(6), 2),
    )
    assert mapper.shares_["rotation"] > 0
    assert transfer.mapper_.shares_ == mapper.shares_


def test_spectra_without_partners_help_to_join_a_library_with_few_standards(pair):
    few, own, new = slice(0, 8), slice(8, 200), slice(200, None)
    library = FrozenEstimator(PCA(6).fit(pair.X_primary[own]))
    join = VAELatentTransfer(library, FewStandardsTransfer())
    standards = pair.X_secondary[few], pair.X_primary[few]
    alone = clone(join).fit(*standards)
    beside = clone(join).fit(
        *standards, X_unpaired=pair.X_secondary[own], y_unpaired=pair.X_primary[own]
    )
    error_alone, error_beside = (
        relative_squared_error(
            pair.X_primary[new], transfer.predict(pair.X_secondary[new])
        )
        for transfer in (alone, beside)
    )
    assert error_beside < 0.9 * error_alone


@pytest.mark.parametrize("name", ["X_unpaired", "sample_id"])
def test_what_no_part_learns_from_is_refused(pair, name):
    given = {"X_unpaired": pair.X_secondary, "sample_id": np.arange(40)}[name]
    transfer = VAELatentTransfer(PCA(4), Ridge())
    with pytest.raises(TypeError, match=f"{name} need a mapper that learns"):
        transfer.fit(pair.X_secondary[:40], pair.X_primary[:40], **{name: given})
    # a curve of standards has rows of both kinds, and asks first
    assert not takes(transfer, name)
    assert takes(VAELatentTransfer(PCA(4), FewStandardsTransfer()), name)
    assert takes(transfer, "y_unpaired")
    assert not takes(VAELatentTransfer(FrozenEstimator(PCA(4)), Ridge()), "y_unpaired")
