import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_transformer_preserve_dtypes

from spectransfer import BaselineCorrector, SpectralVAE, Training
from spectransfer.metrics import relative_squared_error
from spectransfer.networks import PublishedTraining
from spectransfer.nn import VAE
from spectransfer.simulation import make_libs_maps


def test_reconstruction_comes_near_to_that_of_pca(pair, quick_vae):
    spectra = pair.X_primary
    pca = PCA(quick_vae.n_latent).fit(spectra)
    kept = pca.explained_variance_ratio_.sum()
    quick_vae.set_params(training__n_steps=1500, kl_weight=0.0)
    score = quick_vae.fit(spectra).score(spectra)
    # a nonlinear code of six numbers, trained briefly, against the best linear one
    assert score > 0.9 * kept


def test_score_is_the_variance_that_survives(pair, quick_vae):
    vae = quick_vae.fit(pair.X_primary)
    decoded = vae.inverse_transform(vae.transform(pair.X_primary))
    expected = 1 - relative_squared_error(pair.X_primary, decoded)
    assert_allclose(vae.score(pair.X_primary), expected, rtol=1e-12)


def test_transform_is_the_posterior_mean_of_the_module(pair, quick_vae):
    vae = quick_vae.fit(pair.X_primary)
    shift, scale = vae.unit_
    inside = torch.from_numpy((pair.X_primary - shift) / np.float32(scale))
    with torch.inference_mode():
        mean, _ = vae.net_.module_.encode(inside)
    assert_allclose(vae.transform(pair.X_primary), mean.numpy(), rtol=1e-4, atol=1e-5)


def test_latents_do_not_depend_on_the_spectra_beside_them(pair, quick_vae):
    vae = quick_vae.fit(pair.X_primary)
    whole = vae.transform(pair.X_primary)
    # a product with six columns rounds by the place of a row in its block
    rounding = {"rtol": 1e-6, "atol": 1e-6}
    assert_allclose(vae.transform(pair.X_primary[5:6]), whole[5:6], **rounding)
    assert_allclose(vae.transform(pair.X_primary[::7]), whole[::7], **rounding)


def test_kl_weight_follows_four_cycles(pair, quick_vae):
    # nineteen steps in an epoch
    vae = quick_vae.set_params(training__n_steps=40 * 19).fit(pair.X_primary)
    weights = np.array(vae.kl_weight_curve_)
    assert len(weights) == 40
    assert_array_equal(np.flatnonzero(weights == 0), [0, 10, 20, 30])
    assert weights.max() == vae.kl_weight


def test_literal_kl_scale_pushes_the_posterior_to_the_prior(pair, quick_vae):
    spectra = pair.X_primary
    gentle = quick_vae.fit(spectra).latent_covariance_.trace()
    literal = quick_vae.set_params(kl_scale="literal").fit(spectra)
    assert literal.latent_covariance_.trace() < gentle


@pytest.mark.parametrize("unit", [1e-3, 1e4])
def test_training_does_not_depend_on_the_intensity_unit(pair, quick_vae, unit):
    spectra = pair.X_primary.astype(np.float64)
    score = quick_vae.fit(spectra).score(spectra)
    rescaled = quick_vae.fit(unit * spectra + 7 * unit)
    # the same network up to the rounding of the unit
    assert_allclose(rescaled.score(unit * spectra + 7 * unit), score, atol=0.02)


def test_without_normalization_the_unit_is_the_identity(pair, quick_vae):
    published = PublishedTraining(max_epochs=1)
    vae = quick_vae.set_params(training=published).fit(pair.X_primary)
    assert vae.unit_.scale == 1
    assert not vae.unit_.shift.any()


def test_latent_covariance_is_that_of_the_training_latents(pair, quick_vae):
    vae = quick_vae.fit(pair.X_primary)
    expected = np.cov(vae.transform(pair.X_primary), rowvar=False, ddof=0)
    assert_allclose(vae.latent_covariance_, expected, rtol=1e-5, atol=1e-6)


def test_sampled_spectra_have_the_mean_and_spread_of_measured_ones(pair, quick_vae):
    vae = quick_vae.fit(pair.X_primary)
    drawn = vae.sample(2000, random_state=0)
    measured_std = pair.X_primary.std(axis=0)
    difference = np.abs(drawn.mean(axis=0) - pair.X_primary.mean(axis=0))
    # the decoder bends a normal distribution: half a standard deviation is its mark
    assert (difference < 0.5 * measured_std).mean() > 0.9
    assert_array_equal(drawn, vae.sample(2000, random_state=0))


def test_sample_refuses_an_unknown_source(pair, quick_vae):
    with pytest.raises(ValueError, match="'fitted' or 'prior', but it is 'posterior'"):
        quick_vae.fit(pair.X_primary).sample(source="posterior")


def test_published_configuration_is_the_papers():
    vae = SpectralVAE.as_published()
    assert (vae.hidden_layer_sizes, vae.n_latent) == ((1024, 512), 64)
    training = vae.training
    assert (training.learning_rate, training.batch_size) == (1e-4, 128)
    assert (training.max_epochs, training.patience) == (50, 5)
    assert (vae.kl_weight, vae.kl_cycles, vae.kl_scale) == (0.5, 4, "channel")
    assert (vae.l2, vae.shortcut) == (1e-6, None)


def test_the_letter_of_the_paper_is_had_by_name():
    vae = SpectralVAE.as_published(kl_scale="literal", training__patience=None)
    assert (vae.kl_scale, vae.training.patience) == ("literal", None)
    assert vae.training.max_epochs == 50


def test_published_network_has_the_papers_layers():
    shapes = [tuple(p.shape) for p in VAE(4062, (1024, 512), 64).parameters()][::2]
    assert shapes == [
        (1024, 4062), (512, 1024), (64, 512), (64, 512),
        (512, 64), (1024, 512), (4062, 1024),
    ]  # fmt: skip


def test_given_validation_spectra_are_what_early_stopping_watches(pair, quick_vae):
    known, watched = pair.X_primary[:200], pair.X_primary[200:]
    vae = quick_vae.set_params(training__patience="auto").fit(known, X_val=watched)
    decoded = vae.inverse_transform(vae.transform(watched))
    error = np.mean(((decoded - watched) / vae.unit_.scale) ** 2)
    # the best weights were restored: theirs is the smallest validation loss
    assert_allclose(error, min(vae.validation_loss_curve_), rtol=0.02)


def test_feature_names_out_number_the_latents(pair, quick_vae):
    vae = quick_vae.set_params(training__n_steps=50).fit(pair.X_primary)
    names = vae.get_feature_names_out()
    assert list(names) == [f"spectralvae{i}" for i in range(6)]


@pytest.mark.parametrize(
    "training",
    [
        Training(n_steps=1, learning_rate=1e-12),
        PublishedTraining(max_epochs=1, learning_rate=1e-12),
    ],
)
def test_with_a_shortcut_the_training_begins_at_the_pca(pair, training):
    spectra = pair.X_primary / 1000
    vae = SpectralVAE((16,), n_latent=6, training=training, random_state=0)
    vae.fit(spectra)
    pca = PCA(6, random_state=0).fit(spectra)
    expected = pca.inverse_transform(pca.transform(spectra))
    decoded = vae.inverse_transform(vae.transform(spectra))
    scale = np.abs(expected).max()
    assert_allclose(decoded, expected, rtol=0, atol=1e-4 * scale)
    # latents are the scores, at unit variance and up to their signs
    scores = pca.transform(spectra) / np.sqrt(pca.explained_variance_)
    latents = vae.transform(spectra)
    assert_allclose(np.abs(latents), np.abs(scores), atol=2e-3)


def test_a_shortcut_never_leaves_the_reconstruction_worse_than_pca(pair):
    known, unseen = pair.X_primary[:200], pair.X_primary[200:]
    vae = SpectralVAE(
        (32, 16),
        n_latent=6,
        kl_weight=0,
        training=Training(n_steps=600),
        random_state=0,
    )
    pca = PCA(6).fit(known)
    linear = pca.inverse_transform(pca.transform(unseen))
    assert vae.fit(known).score(unseen) > 1 - relative_squared_error(unseen, linear)


@pytest.mark.parametrize("n_spectra", [1, 3])
def test_fewer_spectra_than_latents_have_fewer_components(pair, n_spectra):
    few = pair.X_primary[:n_spectra]
    training = Training(n_steps=1, learning_rate=1e-12)
    vae = SpectralVAE((8,), n_latent=6, training=training, random_state=0).fit(few)
    start = vae.net_.module_.shortcut.weight.detach().numpy()
    used = np.abs(start).max(axis=1) > 1e-6
    assert used.tolist() == [i < n_spectra - 1 for i in range(6)]
    decoded = vae.inverse_transform(vae.transform(few))
    # so few spectra are reproduced by their own components
    assert_allclose(decoded, few, atol=1e-3 * few.max())


def test_without_a_shortcut_the_network_is_the_papers(pair, quick_vae):
    vae = quick_vae.set_params(shortcut=None, training__n_steps=20).fit(pair.X_primary)
    names = [name for name, _ in vae.net_.module_.named_parameters()]
    assert not [name for name in names if "shortcut" in name]


def test_with_a_shortcut_rare_bright_spectra_do_not_shake_the_training():
    maps = make_libs_maps(
        (32, 32), None, None, second_day=(), spectrometers="light", random_state=0
    )
    spectra = BaselineCorrector().fit_transform(maps.train.X_primary)
    vae = SpectralVAE(
        (256, 128),
        n_latent=16,
        # twenty epochs
        training=Training(n_steps=640, batch_size=32),
        random_state=1,
    )
    losses = vae.fit(spectra).loss_curve_
    # begun at the PCA, what is lost is a few per cent of the variance, which is 1
    assert max(losses) < 1


def test_with_a_shortcut_no_posterior_is_wider_than_the_prior(pair, quick_vae):
    vae = quick_vae.set_params(training__n_steps=100).fit(pair.X_primary)
    bright = torch.from_numpy(1e3 * pair.X_primary[:8] / pair.X_primary.std())
    _, log_variance = vae.net_.module_.eval().encode(bright)
    assert log_variance.max() <= 0


def test_float32_stays_float32_and_the_tags_say_so():
    vae = SpectralVAE((8,), n_latent=2, training=Training(n_steps=5))
    assert set(get_tags(vae).transformer_tags.preserves_dtype) == {
        "float32",
        "float64",
    }
    check_transformer_preserve_dtypes("SpectralVAE", vae)
