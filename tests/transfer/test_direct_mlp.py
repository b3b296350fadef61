from numpy.testing import assert_array_equal

from spectransfer import DirectMLPTransfer, MeanTransfer, Training
from spectransfer.metrics import relative_squared_error


def quick():
    return DirectMLPTransfer(
        (32,),
        n_latent=8,
        decoder_layer_sizes=(32,),
        training=Training(n_steps=600),
        random_state=0,
    )


def test_direct_transfer_beats_the_mean_on_unseen_spectra(pair):
    known, unseen = pair[:200], pair[200:]
    ours = quick().fit(known.X_secondary, known.X_primary)
    mean = MeanTransfer().fit(known.X_secondary, known.X_primary)
    errors = [
        relative_squared_error(unseen.X_primary, t.predict(unseen.X_secondary))
        for t in (ours, mean)
    ]
    assert errors[0] < 0.2 * errors[1]


def test_direct_network_is_a_mapper_then_a_decoder(pair):
    module = quick().fit(pair.X_secondary, pair.X_primary).net_.module_
    shapes = [tuple(p.shape) for n, p in module.named_parameters() if "weight" in n]
    assert shapes == [(32, 60), (8, 32), (32, 8), (70, 32)]


def test_published_network_is_trained_as_the_papers():
    direct = DirectMLPTransfer.as_published()
    assert (*direct.hidden_layer_sizes, direct.n_latent) == (128, 512, 64)
    assert direct.decoder_layer_sizes == (512, 1024)
    training = direct.training
    assert (training.learning_rate, training.batch_size) == (1e-4, 128)
    assert (training.max_epochs, training.patience, training.min_delta) == (
        100,
        5,
        1e-5,
    )


def test_two_fits_with_one_seed_are_equal_to_the_bit(pair):
    first = quick().fit(pair.X_secondary, pair.X_primary).predict(pair.X_secondary)
    second = quick().fit(pair.X_secondary, pair.X_primary).predict(pair.X_secondary)
    assert_array_equal(first, second)
