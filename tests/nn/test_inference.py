"""Predictions go where they are wanted, and do not depend on what is beside them."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.nn import MLP, Unit, forward_blocks
from spectransfer.nn._data import CPU
from spectransfer.nn._inference import BLOCK_ROWS


@pytest.fixture
def module():
    torch.manual_seed(0)
    return MLP(20, (30,), 16)


@pytest.fixture
def spectra(rng):
    return rng.normal(300, 20, size=(2 * BLOCK_ROWS + 7, 20)).astype(np.float32)


@pytest.fixture
def units(spectra):
    return Unit.of(spectra), Unit(np.linspace(1, 2, 16, dtype=np.float32), 3.0)


def literal(module, spectra, units):
    """All rows at once, in float64."""
    inside = (spectra.astype(float) - units[0].shift) / units[0].scale
    with torch.no_grad():
        found = module.double()(torch.from_numpy(inside)).numpy()
    module.float()
    return found * units[1].scale + units[1].shift


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks_equal_one_pass_over_all_rows(module, spectra, units, dtype):
    ours = forward_blocks(module, spectra.astype(dtype), units, CPU)
    assert ours.dtype == dtype
    # float32 inside
    assert_allclose(ours, literal(module, spectra, units), rtol=2e-6, atol=2e-6)


def test_identity_units_leave_numbers_alone(spectra):
    unit = Unit.identity(20)
    assert_array_equal(forward_blocks(lambda x: x, spectra, (unit, unit), CPU), spectra)


@pytest.mark.parametrize("sizes", [[1, 600, 430], [512, 512, 7], [3] * 343 + [2]])
def test_rows_predicted_apart_have_the_bits_of_rows_predicted_together(
    module, spectra, units, sizes
):
    together = forward_blocks(module, spectra, units, CPU)
    apart = [
        forward_blocks(module, part, units, CPU)
        for part in np.split(spectra, np.cumsum(sizes)[:-1])
    ]
    assert_array_equal(np.concatenate(apart), together)


def test_results_are_written_into_a_file(module, spectra, units, tmp_path):
    path = tmp_path / "predicted.npy"
    shape = (len(spectra), 16)
    out = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    expected = forward_blocks(module, spectra, units, CPU)
    assert forward_blocks(module, spectra, units, CPU, out=out) is out
    out.flush()
    assert_array_equal(np.load(path), expected)


def test_results_are_written_into_a_part_of_an_array(module, spectra, units):
    whole = np.zeros((len(spectra) + 2, 20))
    forward_blocks(module, spectra, units, CPU, out=whole[1:-1, 2:-2])
    expected = forward_blocks(module, spectra, units, CPU)
    assert_array_equal(whole[1:-1, 2:-2], expected)
    whole[1:-1, 2:-2] = 0
    assert not whole.any()


@pytest.mark.parametrize("fault", ["read-only", "rows", "columns"])
def test_an_array_that_cannot_hold_the_results_is_refused(
    module, spectra, units, fault
):
    out = np.empty((len(spectra) - (fault == "rows"), 16 + (fault == "columns")))
    out.flags.writeable = fault != "read-only"
    with pytest.raises(
        ValueError, match=r"must be a writable array of shape.*np.empty"
    ):
        forward_blocks(module, spectra, units, CPU, out=out)


@pytest.mark.parametrize("view", ["read-only", "backwards", "every second", "fortran"])
def test_any_view_of_spectra_gives_the_same_bits(module, spectra, units, view):
    kept = {
        "read-only": spectra.copy(),
        "backwards": np.ascontiguousarray(spectra[:, ::-1])[:, ::-1],
        "every second": np.repeat(spectra, 2, axis=0)[::2],
        "fortran": np.asfortranarray(spectra),
    }[view]
    kept.flags.writeable = view != "read-only"
    ours = forward_blocks(module, kept, units, CPU)
    assert_array_equal(ours, forward_blocks(module, spectra, units, CPU))
    assert_array_equal(kept, spectra)
