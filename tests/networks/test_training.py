"""Training as a part: what it comes to, how it is reached, and when it is refused."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from spectransfer import (
    DirectMLPTransfer,
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.networks import PublishedTraining

HOLDERS = [SpectralVAE, SpectralMLP, DirectMLPTransfer]


def plan(n_spectra=640, kind=Training, **parameters):
    return kind(**parameters).plan(n_spectra, "net", l2="auto", verbose=False)


# what it comes to


def test_steps_are_rounded_up_to_whole_epochs():
    assert plan(n_steps=4000, batch_size=32).n_epochs == 200
    assert plan(n_steps=4001, batch_size=32).n_epochs == 201
    assert plan(n_steps=1).n_epochs == 1


@pytest.mark.parametrize(
    ("n_spectra", "n_epochs"), [(20, 1000), (640, 100), (320_000, 20)]
)
def test_automatic_steps_are_two_thousand_and_at_least_twenty_epochs(
    n_spectra, n_epochs
):
    assert plan(n_spectra, batch_size=32 if n_spectra == 640 else "auto").n_epochs == (
        n_epochs
    )


def test_an_autoencoder_that_begins_at_components_takes_a_quarter_of_automatic_steps(
    pair,
):
    X = pair.X_primary[:40]
    quick = {"hidden_layer_sizes": (4,), "n_latent": 2, "random_state": 0}
    assert SpectralVAE(**quick).fit(X).n_epochs_ == 167  # 500 steps, three an epoch
    scratch = SpectralVAE(shortcut=None, **quick)
    assert scratch.fit(X).n_epochs_ == 667
    told = SpectralVAE(training=Training(n_steps=30), **quick)
    assert told.fit(X).n_epochs_ == 10


@pytest.mark.parametrize(("n", "size"), [(1, 16), (500, 16), (700, 32), (10**5, 128)])
def test_batches_shrink_with_the_number_of_spectra(n, size):
    assert plan(n).batch_size == size


def test_automatic_patience_is_a_tenth_of_the_epochs_and_at_least_five():
    of_200 = {"n_steps": 4000, "batch_size": 32}
    assert plan(**of_200, patience="auto").patience == 20
    assert plan(n_steps=400, batch_size=32, patience="auto").patience == 5
    assert plan(**of_200).patience is None


def test_a_published_training_counts_epochs_and_is_the_papers():
    published = plan(313_600, PublishedTraining)
    assert (published.n_epochs, published.batch_size) == (100, 128)
    assert (published.learning_rate, published.decays) == (1e-4, False)
    assert (published.patience, published.min_delta) == (5, 1e-5)
    assert published.max_gradient_norm is None
    assert "n_steps" not in PublishedTraining().get_params()


# a part like any


@pytest.mark.parametrize("kind", [Training, PublishedTraining])
def test_a_training_is_cloned_set_and_shown_as_estimators_are(kind):
    training = kind(batch_size=64).set_params(device="auto")
    copy = clone(training)
    assert copy is not training
    assert copy.get_params() == training.get_params()
    assert repr(copy) == f"{kind.__name__}(batch_size=64, device='auto')"


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_network_without_a_training_has_the_default_and_its_parameters(holder):
    network = holder()
    assert network.training is None
    inner = {f"training__{k}": v for k, v in Training().get_params().items()}
    assert network.get_params().items() >= inner.items()
    assert network.get_params(deep=False)["training"] is None
    assert repr(network.set_params(training__n_steps=7).training) == (
        "Training(n_steps=7)"
    )
    assert repr(clone(network)) == repr(network)


@pytest.mark.parametrize("holder", HOLDERS)
def test_setting_all_that_was_got_changes_nothing(holder):
    network = holder()
    before = network.get_params()
    network.set_params(**before)
    assert {k: v for k, v in network.get_params().items() if k != "training"} == {
        k: v for k, v in before.items() if k != "training"
    }


def test_networks_do_not_share_the_default_training():
    one, other = SpectralMLP(), SpectralMLP()
    one.set_params(training__n_steps=3)
    assert other.set_params(training__batch_size=16).training.n_steps == "auto"


def test_parameters_are_reached_through_parts_that_are_none():
    transfer = make_transfer_pipeline(VAELatentTransfer())
    name = "transfer__regressor__mapper__training__n_steps"
    assert name in transfer.get_params()
    transfer.set_params(**{name: 5})
    latent = transfer[-1].regressor
    assert latent.mapper.training.n_steps == 5
    assert latent.autoencoder is None


def test_unknown_parameters_of_a_training_are_refused_by_name():
    with pytest.raises(ValueError, match="'max_epochs' for estimator Training"):
        SpectralMLP().set_params(training__max_epochs=5)


def test_a_grid_search_varies_the_training_of_a_plain_network(pair):
    search = GridSearchCV(
        SpectralVAE((8,), n_latent=2, random_state=0),
        {"training__learning_rate": [1e-9, 1e-2], "training__n_steps": [40]},
        cv=2,
    ).fit(pair.X_primary)
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] != scores[1]
    assert search.best_estimator_.n_epochs_ == 3


@pytest.mark.parametrize("training", [None, Training(n_steps=20)])
def test_fit_leaves_the_training_alone(pair, training):
    mlp = SpectralMLP((8,), training=training, random_state=0)
    before = repr(training)
    mlp.fit(pair.X_secondary[:40], pair.y[:40])
    assert mlp.training is training
    assert repr(training) == before


def test_none_is_the_default_training(pair):
    X, y = pair.X_secondary[:40], pair.y[:40]
    none, given = (
        SpectralMLP((8,), training=training, random_state=0).fit(X, y).predict(X)
        for training in (None, Training())
    )
    assert_array_equal(none, given)


@pytest.mark.parametrize(
    "network", [SpectralVAE, SpectralMLP, DirectMLPTransfer, VAELatentTransfer]
)
def test_the_published_network_takes_changes_of_its_parts(network):
    place = "mapper__training" if network is VAELatentTransfer else "training"
    changed = network.as_published(random_state=3, **{f"{place}__max_epochs": 2})
    params = changed.get_params()
    assert (params[f"{place}__max_epochs"], params["random_state"]) == (2, 3)
    # the rest is as published
    assert params[f"{place}__learning_rate"] == 1e-4
    others = network.as_published().get_params()
    assert others[f"{place}__max_epochs"] in (50, 100)


# when it is refused

BAD = {
    "n_steps": [0, 2.5, "many"],
    "learning_rate": [0.0, -1e-3],
    "batch_size": [0, "large"],
    "patience": [0, "long"],
    "precision": ["float16"],
    "validation_fraction": [1.0],
    "device": [None],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n in BAD for v in BAD[n]])
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_training_that_cannot_be_is_refused_in_fit_and_not_before(
    holder, name, value, pair
):
    network = holder(training=Training(**{name: value}))
    with pytest.raises(ValueError, match=f"'{name}' parameter of Training must be"):
        network.fit(pair.X_secondary, pair.X_primary)


def test_the_training_of_the_mapper_is_looked_at_before_the_autoencoder_trains(pair):
    class Watched(SpectralVAE):
        def fit(self, *args, **kwargs):
            raise AssertionError("the autoencoder was trained")

    mapper = SpectralMLP(training=Training(batch_size=0))
    with pytest.raises(ValueError, match="'batch_size' parameter of Training"):
        VAELatentTransfer(Watched(), mapper).fit(pair.X_secondary, pair.X_primary)


def test_what_is_no_training_is_refused(pair):
    with pytest.raises(ValueError, match=r"'training' parameter of SpectralMLP"):
        SpectralMLP(training={"n_steps": 5}).fit(pair.X_secondary, pair.y)


def test_a_device_of_the_transfer_reaches_both_trainings(pair):
    transfer = VAELatentTransfer(
        SpectralVAE((8,), n_latent=2, training=Training(n_steps=1)),
        device="auto",
        random_state=0,
    ).set_params(mapper__training__n_steps=1)
    transfer.fit(pair.X_secondary, pair.X_primary)
    assert transfer.autoencoder_.training.device == "auto"
    assert transfer.mapper_.training.device == "auto"
    assert transfer.autoencoder.training.device == "cpu"
    assert np.isfinite(transfer.predict(pair.X_secondary)).all()
