import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.simulation import Rock
from spectransfer.simulation._plasma import species
from spectransfer.simulation._rock import (
    MINERALS,
    NAMES,
    grow,
    ideal_composition,
    property_of_minerals,
)


def seed(number=0):
    return np.random.SeedSequence(number)


@pytest.mark.parametrize("shape", [(20, 25), (50, 50), (64, 64)])
@pytest.mark.parametrize("step", [20.0, 40.0])
def test_small_maps_keep_mineral_shares_and_seventy_grains(shape, step):
    surface = grow(Rock(), shape, step, seed())
    share = surface.fractions.mean(axis=(0, 1))
    assert_allclose(share[:3], property_of_minerals("share")[:3], atol=0.04)
    # a rare crystal may lie half beyond the edge
    assert (share[3:] < 2.5 * property_of_minerals("share")[3:] + 0.002).all()
    assert surface.n_grains >= 70
    assert len(np.unique(surface.grain)) >= 60


def test_every_spot_is_full():
    surface = grow(Rock(), (30, 30), 40.0, seed())
    assert_allclose(surface.fractions.sum(axis=-1), 1)


def test_a_point_spot_without_intergrowths_sees_one_mineral():
    surface = grow(Rock(spot=0.0, intergrowth=0.0), (30, 30), 40.0, seed())
    assert_allclose(surface.fractions.max(axis=-1), 1)


def test_mixed_spots_are_at_grain_boundaries_only():
    rock = Rock(intergrowth=0.0)
    surface = grow(rock, (40, 40), 40.0, seed())
    mixed = surface.fractions.max(axis=-1)[1:-1, 1:-1] < 0.999
    grain = surface.grain
    inside = np.ones_like(mixed)
    for shifted in (
        grain[:-2, 1:-1],
        grain[2:, 1:-1],
        grain[1:-1, :-2],
        grain[1:-1, 2:],
    ):
        inside &= shifted == grain[1:-1, 1:-1]
    assert mixed.any()
    assert mixed[inside].mean() < 0.5 * mixed[~inside].mean()


def test_one_rock_asks_for_the_same_mineral_on_any_raster():
    rock = Rock(spot=0.0, min_grains=100, grain_size=1e6)
    fine = grow(rock, (60, 60), 20.0, seed(3))
    coarse = grow(rock, (20, 20), 60.0, seed(3))
    # middles of the coarse shots are middles of every third fine shot
    same = fine.fractions[1::3, 1::3].argmax(-1) == coarse.fractions.argmax(-1)
    # areas, and so the choice of minerals, are counted on the raster
    assert same.mean() > 0.5
    assert_array_equal(fine.grain[1::3, 1::3], coarse.grain)


def test_compositions_are_atomic_fractions():
    assert_allclose(ideal_composition().sum(axis=1), 1)


def test_formulas_have_the_papers_weight_percent():
    elements, weights = species().elements, species().weights[::2]
    for mineral, expected in {
        "quartz": {"Si": 46.7, "O": 53.3},
        "albite": {"Na": 8.8, "Al": 10.3, "Si": 32.1, "O": 48.8},
        "muscovite": {"K": 9.8, "Al": 20.3, "Si": 21.2, "O": 48.2, "H": 0.5},
    }.items():
        mass = ideal_composition()[NAMES.index(mineral)] * weights
        percent = 100 * mass / mass.sum()
        for element, value in expected.items():
            assert_allclose(percent[elements.index(element)], value, atol=0.06)
    assert set(MINERALS) == set(NAMES)


@pytest.mark.parametrize(
    "bad",
    [{"shares": (1, 0)}, {"shares": (0, 0, 0, 1, 0, 0)}, {"grain_size": 0.0}],
)
def test_impossible_rocks_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad)) + "|quartz"):
        Rock(**bad)
