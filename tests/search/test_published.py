"""The paper's whole search, and its spaces."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from spectransfer import (
    DirectMLPTransfer,
    KNNTransfer,
    SpectralMLP,
    SpectralVAE,
    Training,
    VAELatentTransfer,
    make_transfer_pipeline,
    rse_scorer,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers
from spectransfer.metrics import euclidean_scorer
from spectransfer.search import published_space, search_published

PAIR = make_instrument_pair(n_spectra=90, n_secondary=50, n_primary=60, random_state=0)
KNOWN, WATCHED, UNSEEN = PAIR[:50], PAIR[50:70], PAIR[70:]
MAPS = (KNOWN.X_secondary, KNOWN.X_primary, WATCHED.X_secondary, WATCHED.X_primary)
LAYERS = [(8,), (8, 4)]
SMALL = {
    "spaces": {
        "vae": {"hidden_layer_sizes": LAYERS, "n_latent": [1, 3]},
        "mlp": {"hidden_layer_sizes": LAYERS, "training__learning_rate": [1e-2, 1e-3]},
        "direct": {"hidden_layer_sizes": LAYERS, "n_latent": [1, 3]},
    },
    # four steps to an epoch
    "max_resources": {"vae": 36, "mlp": 36, "direct": 36},
    "autoencoder": SpectralVAE(training=Training(batch_size=16)),
    "mapper": SpectralMLP(training=Training(batch_size=16)),
    "direct": DirectMLPTransfer(
        decoder_layer_sizes=(8,), training=Training(batch_size=16)
    ),
    "secondary": StandardScaler(),
    "primary": StandardScaler(),
    "random_state": 0,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return search_published(*MAPS, folder=tmp_path_factory.mktemp("kept"), **SMALL)


def test_all_transfers_are_ready_to_be_evaluated(found):
    assert list(found.transfers) == ["latent", "direct", "knn"]
    assert list(found.searches) == ["vae", "mlp", "direct", "knn"]
    table = evaluate_transfers(
        found.transfers,
        (KNOWN.X_secondary, KNOWN.X_primary),
        (UNSEEN.X_secondary, UNSEEN.X_primary),
    )
    # they were fitted: nothing is left to be timed
    assert {row.fit_time for row in table.rows} == {None}
    assert all(np.isfinite(row.rse) for row in table.rows)


def test_the_autoencoder_is_searched_on_primary_spectra_alone(found):
    search = found.searches["vae"]
    alone = make_pipeline(StandardScaler(), search.best_estimator_["vae"])
    alone[0].fit(KNOWN.X_primary)
    assert search.best_score_ == alone.score(WATCHED.X_primary)
    rungs, scores = (search.cv_results_[k] for k in ("iter", "mean_test_score"))
    assert search.best_score_ == scores[rungs == rungs.max()].max()


def test_the_mapper_learns_into_the_frozen_best_autoencoder(found):
    latent = found.transfers["latent"]["transfer"].regressor_
    best = found.searches["vae"].best_estimator_["vae"]
    assert latent.autoencoder_.estimator is best
    sizes = "transfer__regressor__mapper__hidden_layer_sizes"
    assert (
        latent.mapper_.hidden_layer_sizes == found.searches["mlp"].best_params_[sizes]
    )


@pytest.mark.parametrize(
    ("search", "name", "scorer"),
    [
        ("mlp", "latent", rse_scorer),
        ("direct", "direct", rse_scorer),
        ("knn", "knn", euclidean_scorer),
    ],
)
def test_transfers_are_judged_in_counts_on_the_validation_map(
    found, search, name, scorer
):
    score = scorer(found.transfers[name], WATCHED.X_secondary, WATCHED.X_primary)
    assert found.searches[search].best_score_ == pytest.approx(score, rel=1e-12)


def test_neighbours_are_those_of_the_text_tried_in_full(found):
    tried = found.searches["knn"].cv_results_["param_transfer__regressor__n_neighbors"]
    assert list(tried) == [2, 3, 4, 5, 10, 15, 20]


def test_the_whole_search_is_taken_up_from_its_folder(found, monkeypatch):
    folder = found.searches["vae"].folder
    monkeypatch.setattr(SpectralVAE, "fit", None)
    monkeypatch.setattr(SpectralMLP, "fit", None)
    again = search_published(*MAPS, folder=folder, methods=["latent"], **SMALL)
    assert_array_equal(
        again.transfers["latent"].predict(UNSEEN.X_secondary),
        found.transfers["latent"].predict(UNSEEN.X_secondary),
    )


def test_without_estimators_it_is_the_published_networks():
    space = {"hidden_layer_sizes": [(4,)]}
    found = search_published(
        *MAPS,
        methods=("latent",),
        source="code",
        spaces={"vae": space, "mlp": space},
        max_resources={"vae": 1, "mlp": 1},
        **{side: SMALL[side] for side in ("secondary", "primary", "random_state")},
    )
    vae = found.searches["vae"].best_estimator_["vae"]
    assert (vae.kl_scale, vae.l2) == ("channel", 1e-6)
    assert (vae.training.patience, vae.training.batch_size) == (5, 128)
    mapper = found.searches["mlp"].estimator["transfer"].regressor.mapper
    assert mapper.training.patience == 5


def test_steps_may_be_the_resource():
    found = search_published(
        *MAPS,
        methods=["direct"],
        resource="training__n_steps",
        n_candidates=2,
        **SMALL
        | {
            "max_resources": None,
            "direct": DirectMLPTransfer(training=Training(n_steps=40)),
        },
    )
    assert found.searches["direct"].n_resources_ == [[40]]


def test_ctrl_c_ends_the_whole_search_and_leaves_its_fits(monkeypatch, tmp_path):
    calls = iter(range(100))
    fit = SpectralMLP._fit  # to latents, or through a decoder

    def late(self, *args, **kwargs):
        if next(calls) == 2:
            raise KeyboardInterrupt
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(SpectralMLP, "_fit", late)
    options = SMALL | {"folder": tmp_path, "random_state": 0}
    with pytest.raises(KeyboardInterrupt):
        search_published(*MAPS, methods=["latent", "knn"], **options)
    kept = len(list(tmp_path.glob("*.json")))
    assert kept > 2
    assert len(list(tmp_path.glob("*.joblib"))) == 1


def test_unknown_methods_and_sources_are_refused():
    with pytest.raises(ValueError, match=r"(?s)methods must be of 'latent'.*'ridge'"):
        search_published(*MAPS, methods=["latent", "ridge"])
    with pytest.raises(ValueError, match="'source' parameter of search_published"):
        search_published(*MAPS, source="paper")


# spaces

BARE = {
    "vae": SpectralVAE(),
    "mlp": SpectralMLP(),
    "direct": DirectMLPTransfer(),
    "knn": KNNTransfer(),
}
WHOLE = {
    "vae": (VAELatentTransfer(SpectralVAE()), "transfer__regressor__autoencoder"),
    "mlp": (VAELatentTransfer(None, SpectralMLP()), "transfer__regressor__mapper"),
    "direct": (DirectMLPTransfer(), "transfer__regressor"),
    "knn": (KNNTransfer(), "transfer__regressor__"),
}


def test_the_text_offers_what_it_says():
    # sections 3.2.1 to 3.2.3: 4 x 3 pairs of layers each, mirrored around 4
    # bottlenecks in the VAE; 3 learning rates; 7 numbers of neighbours
    sizes = {m: len(ParameterGrid(published_space(m))) for m in BARE}
    assert sizes == {"vae": 144, "mlp": 36, "direct": 12 * 12 * 4 * 3, "knn": 7}


def test_what_the_paper_chose_is_in_its_own_spaces():
    vae, mlp = published_space("vae"), published_space("mlp")
    assert (1024, 512) in vae["hidden_layer_sizes"]
    assert 64 in vae["n_latent"]
    assert (128, 512) in mlp["hidden_layer_sizes"]
    assert 1e-4 in vae["training__learning_rate"]
    assert 1e-4 in mlp["training__learning_rate"]
    assert 10 in published_space("knn")["n_neighbors"]


def test_the_code_could_not_have_chosen_the_texts_bottleneck_of_three():
    assert 3 not in published_space("vae", source="code")["n_latent"]
    assert (512, 1024) not in published_space("vae", source="code")[
        "hidden_layer_sizes"
    ]
    assert len(ParameterGrid(published_space("vae", source="code"))) == 3 * 3 * 3 * 3


@pytest.mark.parametrize("source", ["text", "code"])
@pytest.mark.parametrize("method", BARE)
def test_every_point_fits_the_bare_estimator_and_the_pipeline(method, source):
    for point in list(ParameterGrid(published_space(method, source=source)))[::50]:
        estimator = clone(BARE[method]).set_params(**point)
        estimator._validate_params()
    regressor, prefix = WHOLE[method]
    space = published_space(method, prefix=prefix, source=source)
    pipeline = make_transfer_pipeline(regressor)
    assert set(space) <= set(pipeline.get_params())
    for point in list(ParameterGrid(space))[::50]:
        assert pipeline.set_params(**point).get_params() | point == (
            pipeline.get_params()
        )


def test_a_space_may_be_changed_without_changing_the_next_one():
    published_space("knn")["n_neighbors"].append(99)
    assert 99 not in published_space("knn")["n_neighbors"]


def test_spaces_of_unknown_methods_are_refused():
    with pytest.raises(ValueError, match="'method' parameter of published_space"):
        published_space("cnn")
