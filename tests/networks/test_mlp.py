import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor

from spectransfer import DirectMLPTransfer, SpectralMLP, SpectralVAE, Training
from spectransfer.networks import encoder_layers_for


def test_mlp_without_hidden_layers_learns_the_linear_regression(rng):
    X = rng.normal(size=(500, 4))
    y = X @ rng.normal(size=(4, 3)) + 5
    linear = LinearRegression().fit(X, y).predict(X)
    training = Training(n_steps=4000, learning_rate=0.01)
    mlp = SpectralMLP((), training=training, random_state=0)
    # Adam ends near the optimum, not on it
    assert_allclose(mlp.fit(X, y).predict(X), linear, atol=0.02 * y.std())


def test_mlp_does_as_well_as_scikit_learns_on_the_same_task(rng):
    X = rng.uniform(-1, 1, size=(1200, 5))
    y = np.c_[np.sin(3 * X[:, 0]) * X[:, 1], X[:, 2] ** 2]
    theirs = MLPRegressor(
        hidden_layer_sizes=(64, 64), max_iter=200, random_state=0
    ).fit(X[:800], y[:800])
    ours = SpectralMLP((64, 64), random_state=0).fit(X[:800], y[:800])
    assert ours.score(X[800:], y[800:]) > theirs.score(X[800:], y[800:]) - 0.02


def test_predictions_do_not_depend_on_the_spectra_beside_them(pair, quick_mlp):
    mlp = quick_mlp.fit(pair.X_secondary, pair.y)
    whole = mlp.predict(pair.X_secondary)
    assert_array_equal(mlp.predict(pair.X_secondary[17:18]), whole[17:18])
    assert_array_equal(mlp.predict(pair.X_secondary[::-1]), whole[::-1])


def test_predictions_do_not_depend_on_the_block_size(pair, quick_mlp, monkeypatch):
    mlp = quick_mlp.fit(pair.X_secondary, pair.y)
    whole = mlp.predict(pair.X_secondary)
    monkeypatch.setattr("spectransfer.nn._inference.BLOCK_ROWS", 64)
    # another block size is another matrix product: equal to rounding
    assert_allclose(mlp.predict(pair.X_secondary), whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_come_in_the_precision_of_the_spectra(pair, quick_mlp, dtype):
    mlp = quick_mlp.set_params(training__n_steps=50).fit(pair.X_secondary, pair.y)
    assert mlp.predict(pair.X_secondary.astype(dtype)).dtype == dtype


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (SpectralMLP((4, 3)), {"hidden0": 4e-3, "hidden1": 4e-3}),
        (
            DirectMLPTransfer((4,), n_latent=2, decoder_layer_sizes=(3,)),
            {"mapper.hidden0": 4e-3, "decoder.hidden0": 3.136e-3},
        ),
        (
            SpectralVAE((4,), n_latent=2),
            {"encoder.hidden0": 3.136e-3, "decoder.layers.hidden0": 3.136e-3},
        ),
    ],
)
def test_the_penalty_of_many_channels_is_on_what_secondary_spectra_enter_by(
    estimator, expected, rng
):
    X, y = rng.normal(size=(100, 400)), rng.normal(size=(100, 5))
    # in bfloat16 by torch's optimizer, which tells of its penalties
    few = {"training__n_steps": 1, "training__precision": "bfloat16"}
    net = estimator.set_params(random_state=0, n_components=None, **few).fit(X, y).net_
    strengths = {
        id(weights): group["weight_decay"] / 2
        for group in net.optimizer_.param_groups
        for weights in group["params"]
    }
    found = {
        name.removesuffix(".weight"): strengths[id(weights)]
        for name, weights in net.module_.named_parameters()
        if strengths[id(weights)] > 0
    }
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("n_channels", "layers"),
    [(4062, (1024, 512)), (2048, (1024, 512)), (650, (256, 128)), (1, (64, 32))],
)
def test_layers_narrow_with_the_number_of_channels(n_channels, layers):
    assert encoder_layers_for(n_channels) == layers


def test_training_stops_early_and_restores_the_best_weights(rng):
    X, y = rng.normal(size=(200, 10)), rng.normal(size=(200, 2))
    # twelve steps in an epoch
    training = Training(n_steps=300 * 12, patience=8)
    mlp = SpectralMLP((64,), training=training, random_state=0).fit(X, y)
    losses = mlp.validation_loss_curve_
    assert mlp.n_epochs_ < 300
    assert mlp.n_epochs_ - 1 - int(np.argmin(losses)) <= 8 + 1


def test_no_validation_without_patience(pair, quick_mlp):
    mlp = quick_mlp.fit(pair.X_secondary, pair.y)
    assert mlp.validation_loss_curve_ is None
    # nineteen steps in an epoch
    assert mlp.n_epochs_ == 22


def test_l2_penalty_shrinks_the_hidden_kernels(pair, quick_mlp):
    def kernel_norm(l2):
        mlp = quick_mlp.set_params(l2=l2, training__n_steps=300)
        module = mlp.fit(pair.X_secondary, pair.y).net_.module_
        return module.hidden0.weight.detach().square().sum().item()

    assert kernel_norm(1e-1) < 0.5 * kernel_norm(0.0)


def test_the_kept_net_holds_no_spectra_and_no_moments(pair, quick_mlp):
    net = quick_mlp.fit(pair.X_secondary, pair.y).net_
    assert net.train_split is None
    assert net.dense_step is None
    assert not hasattr(net, "optimizer_")
    assert not any(epoch["batches"] for epoch in net.history)


def test_validation_set_must_come_in_both_halves(pair, quick_mlp):
    with pytest.raises(ValueError, match="y_val is None"):
        quick_mlp.fit(pair.X_secondary, pair.y, X_val=pair.X_secondary)


def test_validation_targets_must_have_the_channels_of_the_training_ones(
    pair, quick_mlp
):
    with pytest.raises(ValueError, match="y_val must have the channels of y"):
        quick_mlp.fit(
            pair.X_secondary, pair.y, X_val=pair.X_secondary, y_val=pair.y[:, :1]
        )


def test_layer_sizes_that_are_no_sizes_are_refused(pair):
    with pytest.raises(ValueError, match=r"positive whole numbers.*\(0,\)"):
        SpectralMLP((0,)).fit(pair.X_secondary, pair.y)
