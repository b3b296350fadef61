import numpy as np
import torch
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.nn import SpectraDataset, Unit
from spectransfer.nn._data import CPU, Batches


def test_unit_centres_channels_and_scales_them_by_one_number(rng):
    spectra = rng.normal(300, [1.0, 5.0, 20.0], size=(1000, 3))
    tensor = torch.from_numpy(spectra.copy())
    inside = Unit.of(spectra).on(CPU).enter(tensor, out=tensor).numpy()
    assert_allclose(inside.mean(axis=0), 0, atol=1e-5)
    assert_allclose(np.mean(inside**2), 1, rtol=1e-5)
    # one number for all: the ratios between channels stay what they were
    ratios = [a.std(axis=0) / a.std(axis=0)[0] for a in (inside, spectra)]
    assert_allclose(*ratios, rtol=1e-5)


def test_leaving_undoes_entering(rng):
    spectra = rng.normal(300, 20, size=(10, 4))
    unit = Unit.of(spectra).on(CPU)
    tensor = torch.tensor(spectra, dtype=torch.float32)
    inside = unit.enter(tensor, out=torch.empty_like(tensor))
    assert_allclose(unit.leave(inside, out=inside), spectra, rtol=1e-6)


def test_unit_does_not_depend_on_how_rows_are_blocked(rng, monkeypatch):
    spectra = rng.normal(300, 20, size=(100, 4)).astype(np.float32)
    whole = Unit.of(spectra)
    monkeypatch.setattr("spectransfer._blocks._BLOCK_BYTES", 64)
    blocked = Unit.of(spectra)
    assert_allclose(blocked.shift, whole.shift, rtol=1e-7)
    assert_allclose(blocked.scale, whole.scale, rtol=1e-7)


def test_an_epoch_holds_every_pair_once(rng):
    X, y = np.arange(10.0)[:, None], -np.arange(10.0)[:, None]
    data = SpectraDataset(X, y, (Unit.identity(1), Unit.identity(1)))
    torch.manual_seed(0)
    batches = list(Batches(data, 4, shuffle=True))
    inputs = torch.cat([batch[0] for batch in batches]).numpy()
    targets = torch.cat([batch[1] for batch in batches]).numpy()
    assert [len(batch[0]) for batch in batches] == [4, 4, 2]
    assert_array_equal(np.sort(inputs, axis=0), X)
    assert_array_equal(inputs, -targets)
    assert not np.array_equal(inputs, X)


def test_a_dataset_of_chosen_rows_knows_no_others(rng):
    X = np.arange(10.0)[:, None]
    unit = Unit.identity(1)
    data = SpectraDataset(X, None, (unit, unit), rows=np.array([7, 2]))
    inputs, targets = data[np.array([0, 1])]
    assert len(data) == 2
    assert inputs.ravel().tolist() == [7, 2]
    assert targets is inputs


def test_memory_mapped_spectra_are_read_batch_by_batch(tmp_path, rng):
    path = tmp_path / "spectra.npy"
    np.save(path, rng.normal(size=(6, 3)).astype(np.float32))
    mapped = np.load(path, mmap_mode="r")
    data = SpectraDataset(mapped, None, (Unit.identity(3), Unit.identity(3)))
    inputs, _ = data[np.array([4, 1])]
    assert_array_equal(inputs.numpy(), mapped[[4, 1]])
