from numpy.testing import assert_allclose
from torch import nn

from spectransfer.networks import Training


def penalties(n_spectra, n_inputs, l2="auto"):
    plan = Training().plan(n_spectra, "net", l2=l2, verbose=False)
    return plan.penalties(n_spectra, nn.Linear(n_inputs, 1))


def test_automatic_l2_is_the_papers_at_the_papers_size():
    def strengths(n_spectra, n_inputs):
        return [l2 for _, l2 in penalties(n_spectra, n_inputs)]

    assert_allclose(strengths(313_600, 100), [1e-6] * 3, rtol=1e-12)
    assert_allclose(strengths(3_136, 100), [1e-4] * 3, rtol=1e-12)
    # noise comes in by every secondary channel
    assert_allclose(strengths(1_000, 4_000), [3.136e-4, 3.136e-4, 4e-3], rtol=1e-12)


def test_a_penalty_that_was_given_is_on_all_hidden_kernels():
    assert penalties(10, 4_000, l2=0.5) == [("*hidden*.weight", 0.5)]
