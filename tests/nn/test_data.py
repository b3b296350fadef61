"""Spectra reach a network whole, in its units, and once."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.nn import SpectraDataset, Unit
from spectransfer.nn import _data as resident
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


def test_float64_spectra_far_above_their_spread_are_centred_in_float64(rng):
    spectra = rng.normal(size=(100, 4))
    near, far = Unit.of(spectra), Unit.of(spectra + 1e8)
    assert near.shift.dtype == np.float32
    assert_allclose(far.scale, near.scale, rtol=1e-6)
    unit = (far, far)
    inputs = SpectraDataset(spectra + 1e8, None, unit)[np.arange(100)][0]
    expected = SpectraDataset(spectra, None, (near, near))[np.arange(100)][0]
    assert inputs.dtype == torch.float32
    assert_allclose(inputs, expected, atol=1e-6)
    out = torch.empty(100, 4, dtype=torch.float64)
    assert_allclose(far.on(CPU).leave(inputs, out), spectra + 1e8, rtol=1e-14)


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


def test_weights_come_third_and_belong_to_their_rows():
    X, weights = np.arange(10.0)[:, None], np.arange(10.0) / 4.5
    unit = Unit.identity(1)
    data = SpectraDataset(X, None, (unit, unit), np.array([7, 2]), weights=weights)
    inputs, _, found = data[np.array([1, 0])]
    assert_allclose(found, inputs.ravel() / 4.5, rtol=1e-6)


def test_the_unit_of_weighted_spectra_is_that_of_repeated_ones(rng):
    spectra = rng.normal(300, 20, size=(50, 4))
    counts = rng.integers(0, 4, size=50)
    repeated = Unit.of(np.repeat(spectra, counts, axis=0))
    weighted = Unit.of(spectra, counts.astype(float))
    assert_allclose(weighted.shift, repeated.shift, rtol=1e-6)
    assert_allclose(weighted.scale, repeated.scale, rtol=1e-6)


def test_memory_mapped_spectra_are_read_batch_by_batch(tmp_path, rng):
    path = tmp_path / "spectra.npy"
    np.save(path, rng.normal(size=(6, 3)).astype(np.float32))
    mapped = np.load(path, mmap_mode="r")
    data = SpectraDataset(mapped, None, (Unit.identity(3), Unit.identity(3)))
    inputs, _ = data[np.array([4, 1])]
    assert_array_equal(inputs.numpy(), mapped[[4, 1]])


# spectra kept on a device give the batches that the host gives, bit by bit

ROWS = np.array([7, 2, 9, 4, 0, 11, 3])


@pytest.fixture(params=["pairs", "autoencoder", "chosen rows", "float64", "weights"])
def data(request, rng):
    dtype = np.float64 if request.param == "float64" else np.float32
    X, Y = (rng.normal(300, 20, size=(12, n)).astype(dtype) for n in (5, 3))
    units = (Unit.of(X), Unit.of(Y))
    if request.param == "autoencoder":
        return SpectraDataset(X, None, (units[0], units[0]))
    rows = ROWS if request.param in ("chosen rows", "weights") else None
    weights = rng.random(12) if request.param == "weights" else None
    return SpectraDataset(X, Y, units, rows, weights=weights)


def epoch(dataset):
    torch.manual_seed(0)
    return list(Batches(dataset, 3, shuffle=True))


def test_resident_batches_have_the_bits_of_those_from_the_host(data):
    kept = resident.ResidentDataset(data, CPU)
    assert len(kept) == len(data)
    for ours, expected in zip(epoch(kept), epoch(data), strict=True):
        for part, wanted in zip(ours, expected, strict=True):
            assert_array_equal(part, wanted)


def test_resident_spectra_do_not_depend_on_the_blocks_they_came_in(data, monkeypatch):
    whole = resident.ResidentDataset(data, CPU)
    monkeypatch.setattr("spectransfer._blocks._BLOCK_BYTES", 64)
    blocked = resident.ResidentDataset(data, CPU)
    assert_array_equal(blocked.inputs, whole.inputs)
    assert_array_equal(blocked.targets, whole.targets)


def test_an_autoencoder_keeps_its_spectra_once(rng):
    X = rng.normal(size=(6, 3)).astype(np.float32)
    kept = resident.ResidentDataset(SpectraDataset(X, None, (Unit.of(X),) * 2), CPU)
    assert kept.targets is kept.inputs
    inputs, targets = kept[torch.tensor([1, 4])]
    assert targets is inputs


def test_a_change_of_a_batch_does_not_reach_resident_spectra(data):
    kept = resident.ResidentDataset(data, CPU)
    before = kept.inputs.clone()
    kept[torch.arange(4)][0].zero_()
    assert_array_equal(kept.inputs, before)


def test_spectra_stay_where_they_are_on_the_cpu(data):
    assert not resident.fits(8, CPU)
    assert resident.place(data, CPU).inputs is data.inputs


@pytest.mark.parametrize(("n_bytes", "kept"), [(700, True), (701, False)])
def test_seven_tenths_of_the_free_memory_of_a_card_are_for_spectra(
    n_bytes, kept, monkeypatch
):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 5000))
    assert resident.fits(n_bytes, torch.device("cuda")) is kept


def test_a_network_trained_on_resident_spectra_has_the_same_bits(monkeypatch, rng):
    from spectransfer import SpectralVAE, Training

    Y = rng.normal(300, 20, size=(40, 12))
    training = Training(n_steps=9, patience=2)
    vae = SpectralVAE((8,), n_latent=2, training=training, random_state=0)
    expected = vae.fit(Y).transform(Y)
    monkeypatch.setattr(resident, "fits", lambda n_bytes, device: True)
    assert_array_equal(vae.fit(Y).transform(Y), expected)
