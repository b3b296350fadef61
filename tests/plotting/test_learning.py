import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor

from spectransfer import (
    DirectMLPTransfer,
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.plotting import LearningCurveDisplay

# an epoch is one step
SMALL = {
    "training": Training(n_steps=4, batch_size=1000, patience=9),
    "random_state": 0,
}


@pytest.fixture(scope="module")
def vae(pair):
    return SpectralVAE((8,), n_latent=2, **SMALL).fit(pair.X_primary)


@pytest.fixture(scope="module")
def transfer(pair, vae):
    return VAELatentTransfer(
        FrozenEstimator(vae),
        SpectralMLP(
            (8,),
            training=Training(n_steps=6, batch_size=1000, patience=9),
            random_state=0,
        ),
    ).fit(pair.X_secondary, pair.X_primary)


def labels(display):
    return [line.get_label() for line in display.losses_]


def test_losses_are_drawn_epoch_by_epoch(vae):
    display = LearningCurveDisplay.from_estimator(vae)
    training, validation = display.losses_
    assert_array_equal(training.get_xdata(), [1, 2, 3, 4])
    assert_array_equal(training.get_ydata(), vae.loss_curve_)
    assert_array_equal(validation.get_ydata(), vae.validation_loss_curve_)
    assert labels(display) == ["SpectralVAE", "SpectralVAE, validation"]
    assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert display.ax_.get_yscale() == "log"


def test_the_kl_weight_has_an_axis_of_its_own(vae):
    display = LearningCurveDisplay.from_estimator(vae)
    assert display.kl_ax_ is not display.ax_
    assert display.kl_ax_.get_ylabel() == "KL weight"
    top = display.kl_areas_[0].get_paths()[0].vertices[:, 1].max()
    assert_allclose(top, max(vae.kl_weight_curve_))
    assert display.kl_ax_.get_yscale() == "linear"
    assert display.ax_.get_zorder() > display.kl_ax_.get_zorder()


def test_both_parts_of_a_latent_transfer_are_drawn(transfer, vae):
    display = LearningCurveDisplay.from_estimator(transfer)
    assert labels(display) == [
        "autoencoder",
        "autoencoder, validation",
        "mapper",
        "mapper, validation",
        "mapper, decoded",
        "mapper, decoded, validation",
    ]
    mapper = transfer.mapper_
    assert_array_equal(display.losses_[0].get_ydata(), vae.loss_curve_)
    assert_array_equal(display.losses_[2].get_ydata(), mapper.loss_curve_)
    assert_array_equal(display.losses_[4].get_ydata(), mapper.decoded_loss_curve_)
    assert len(display.losses_[2].get_xdata()) == 6


def test_networks_are_found_inside_a_whole_pipeline(pair):
    pipeline = make_transfer_pipeline(DirectMLPTransfer((8,), n_latent=2, **SMALL)).fit(
        pair.X_secondary, pair.X_primary
    )
    display = LearningCurveDisplay.from_estimator(pipeline)
    network = pipeline[-1].regressor_
    assert labels(display) == ["DirectMLPTransfer", "DirectMLPTransfer, validation"]
    assert_array_equal(display.losses_[0].get_ydata(), network.loss_curve_)
    assert display.kl_ax_ is None


def test_a_frozen_network_has_its_own_name(vae):
    display = LearningCurveDisplay.from_estimator(FrozenEstimator(vae))
    assert labels(display)[0] == "SpectralVAE"


def test_a_network_is_found_in_a_frozen_search_over_a_pipeline(pair):
    network = DirectMLPTransfer(
        (8,), n_latent=2, training=Training(n_steps=3), random_state=0
    )
    search = GridSearchCV(
        make_transfer_pipeline(network), {"scaler__power": [1.0]}, cv=2
    ).fit(pair.X_secondary, pair.X_primary)
    display = LearningCurveDisplay.from_estimator(FrozenEstimator(search))
    assert labels(display) == ["DirectMLPTransfer"]


def test_a_network_of_scikit_learn_is_drawn_too(pair):
    network = MLPRegressor(
        hidden_layer_sizes=(4,), solver="sgd", max_iter=3, random_state=0
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        network.fit(pair.X_secondary / pair.X_secondary.max(), pair.y[:, 0])
    display = LearningCurveDisplay.from_estimator(network)
    assert_array_equal(display.losses_[0].get_ydata(), network.loss_curve_)


def test_a_legend_names_losses_and_weight(vae):
    legend = LearningCurveDisplay.from_estimator(vae).ax_.get_legend()
    assert [text.get_text() for text in legend.texts] == [
        "SpectralVAE",
        "SpectralVAE, validation",
        "KL weight",
    ]


def test_an_estimator_without_a_network_is_refused(pair):
    ridge = Ridge(1e3).fit(pair.X_secondary, pair.X_primary)
    with pytest.raises(TypeError, match="Ridge has none"):
        LearningCurveDisplay.from_estimator(ridge)


def test_a_network_that_is_not_fitted_is_refused():
    with pytest.raises(NotFittedError):
        LearningCurveDisplay.from_estimator(SpectralVAE())
