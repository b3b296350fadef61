import pytest
import torch

from spectransfer.nn import MLP
from spectransfer.nn._threads import fitting_threads


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_a_small_network_is_trained_by_one_thread(two_threads):
    with fitting_threads(MLP(260, (128,), 64), batch_size=32):
        assert torch.get_num_threads() == 1


def test_a_large_network_is_trained_by_all_threads(two_threads):
    with fitting_threads(MLP(4062, (1024, 512), 64), batch_size=128):
        assert torch.get_num_threads() == 2


def test_threads_are_given_back_after_an_error(two_threads):
    with pytest.raises(RuntimeError), fitting_threads(MLP(2, (), 1), batch_size=1):
        raise RuntimeError
    assert torch.get_num_threads() == 2
