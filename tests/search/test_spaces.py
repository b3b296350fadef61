"""The paper's spaces."""

import pytest
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from spectransfer import (
    DirectMLPTransfer,
    KNNTransfer,
    SpectralMLP,
    SpectralVAE,
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.search import published_space

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


def test_unknown_methods_are_refused():
    with pytest.raises(ValueError, match="'method' parameter of published_space"):
        published_space("cnn")
