"""Options of a training: what they cost in accuracy, and what they leave behind."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone

from spectransfer import SpectralMLP, SpectralVAE, VAELatentTransfer
from spectransfer.datasets import make_instrument_pair
from spectransfer.nn._data import CPU
from spectransfer.nn._precision import autocast, matrix_products

# what torch imports for its compiler warns of torch's own past
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")

PAIR = make_instrument_pair(
    n_spectra=60, n_secondary=110, n_primary=120, random_state=0
)
X, Y = PAIR.X_secondary, PAIR.X_primary
QUICK = {"max_epochs": 4, "batch_size": 10, "random_state": 0}


def small_mlp(**changes):
    return SpectralMLP((8,), **(QUICK | changes))


def small_vae(**changes):
    return SpectralVAE((8,), n_latent=2, **(QUICK | changes))


@pytest.fixture
def matmul_setting():
    before = torch.get_float32_matmul_precision()
    yield
    torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("before", ["highest", "high"])
def test_tf32_is_asked_for_inside_and_given_back(before, matmul_setting):
    torch.set_float32_matmul_precision(before)
    with pytest.raises(KeyError, match="high"), matrix_products("tf32"):
        raise KeyError(torch.get_float32_matmul_precision())
    assert torch.get_float32_matmul_precision() == before


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_torchs_own_setting_is_left_alone_by_the_others(precision, matmul_setting):
    torch.set_float32_matmul_precision("high")
    with matrix_products(precision):
        assert torch.get_float32_matmul_precision() == "high"


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_products_are_rounded_as_asked(precision):
    a = torch.full((4, 4), 1 + 2.0**-12)
    with autocast(precision, CPU):
        product = a @ torch.eye(4)
    # 12 bits after the point are more than bfloat16 has
    assert bool((product == a).all()) is (precision != "bfloat16")


def test_training_in_bfloat16_leaves_weights_and_results_in_float32():
    vae = small_vae(precision="bfloat16").fit(Y)
    assert {p.dtype for p in vae.net_.module_.parameters()} == {torch.float32}
    assert vae.transform(Y.astype(np.float32)).dtype == np.float32
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("make", [small_mlp, small_vae])
def test_bfloat16_rounds_but_learns_the_same(make):
    exact, rounded = make(), make(precision="bfloat16")
    losses = [np.array(e.fit(X, Y).loss_curve_) for e in (exact, rounded)]
    assert not np.array_equal(*losses)
    # eight bits of every factor, in a mean of many
    assert np.abs(losses[1] / losses[0] - 1).max() < 0.01


def test_predictions_follow_the_precision_that_is_set_at_the_time():
    mlp = small_mlp().fit(X, Y)
    exact = mlp.predict(X)
    rounded = mlp.set_params(precision="bfloat16").predict(X)
    assert 0 < np.abs(rounded - exact).max() < 0.02 * Y.std()
    assert_array_equal(mlp.set_params(precision="float32").predict(X), exact)


def test_tf32_changes_nothing_on_the_cpu():
    expected = small_mlp().fit(X, Y).predict(X)
    assert_array_equal(small_mlp(precision="tf32").fit(X, Y).predict(X), expected)


def test_a_transfer_sets_the_precision_of_its_parts_by_their_names():
    transfer = VAELatentTransfer(small_vae(), small_mlp())
    transfer.set_params(autoencoder__precision="bfloat16", mapper__compile=True)
    copy = clone(transfer)
    assert copy.autoencoder.precision == "bfloat16"
    assert copy.mapper.compile is True


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="'precision' parameter of SpectralMLP"):
        small_mlp(precision="float16").fit(X, Y)


# the compiler, which takes its time: `eager` follows the same way but for the last step


@pytest.fixture
def eager_backend(monkeypatch):
    compiled = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda f, mode, **kw: compiled(f, backend="eager", **kw)
    )


@pytest.mark.parametrize("make", [small_mlp, small_vae])
def test_a_compiled_step_is_the_same_step(make, eager_backend):
    plain, fast = make(patience=2), make(patience=2, compile=True)
    # the last batch is smaller than the others
    assert len(Y) * 9 // 10 % 10
    expected = plain.fit(X, Y).loss_curve_
    np.testing.assert_allclose(fast.fit(X, Y).loss_curve_, expected, rtol=1e-6)


def test_a_new_weight_of_the_divergence_compiles_nothing_anew(eager_backend):
    from torch._dynamo.utils import counters

    counters.clear()
    small_vae(max_epochs=12, kl_cycles=2, compile=True).fit(Y)
    assert counters["stats"]["unique_graphs"] == 1


def test_a_compiled_network_is_saved_as_the_plain_one(eager_backend):
    fast = small_mlp(compile=True).fit(X, Y)
    loaded = pickle.loads(pickle.dumps(fast))
    assert type(loaded.net_.module_) is type(small_mlp().fit(X, Y).net_.module_)
    assert_array_equal(loaded.predict(X), fast.predict(X))
    assert clone(fast).compile is True


def test_more_trainings_than_torch_compiles_for_one_function(eager_backend):
    from torch._dynamo.utils import counters

    counters.clear()
    limit = torch._dynamo.config.recompile_limit
    for n_hidden in range(1, limit + 3):
        SpectralMLP((n_hidden,), **(QUICK | {"max_epochs": 1}), compile=True).fit(X, Y)
    assert counters["stats"]["unique_graphs"] == limit + 2


def test_a_machine_without_a_compiler_is_told_so(monkeypatch):
    from torch._inductor.exc import InvalidCxxCompiler

    def refuse(function, **options):
        def step(*arguments):
            raise InvalidCxxCompiler

        return step

    monkeypatch.setattr(torch, "compile", refuse)
    with pytest.raises(ValueError, match=r"compile=True needs a compiler.*compile=Fal"):
        small_mlp(compile=True).fit(X, Y)


def test_an_error_of_the_network_is_not_taken_for_one_of_the_compiler(monkeypatch):
    def refuse(function, **options):
        def step(*arguments):
            raise RuntimeError("shapes do not match")

        return step

    monkeypatch.setattr(torch, "compile", refuse)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        small_mlp(compile=True).fit(X, Y)


@pytest.mark.slow
def test_torchs_own_compiler_makes_the_same_steps():
    expected = small_mlp().fit(X, Y).loss_curve_
    fast = small_mlp(compile=True).fit(X, Y)
    np.testing.assert_allclose(fast.loss_curve_, expected, rtol=1e-5)
