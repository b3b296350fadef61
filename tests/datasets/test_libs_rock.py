"""The rock and the shots on it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.simulation import DayDrift, Rock, ShotVariation
from spectransfer.simulation._atoms import species
from spectransfer.simulation._grains import grow
from spectransfer.simulation._minerals import (
    MINERALS,
    NAMES,
    ideal_composition,
    property_of_minerals,
)
from spectransfer.simulation._shots import fire, snake
from spectransfer.spectra._raster import shot_order


def seed(number=0):
    return np.random.SeedSequence(number)


def fired(shape, rock=None, shots=None, day=None):
    rock, shots = rock or Rock(), shots or ShotVariation()
    return fire(shape, 40.0, rock, shots, day or DayDrift.off(), seed())


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


def test_snake_order_is_that_of_the_maps():
    values = np.arange(12).reshape(3, 4)
    assert_array_equal(snake(values)[shot_order((3, 4), "row-snake")], values)
    assert_array_equal(snake(values)[4:8], [7, 6, 5, 4])


def test_each_shot_keeps_six_percent_of_the_previous_one():
    clean = fire(
        (20, 20), 40.0, Rock(), ShotVariation(carry_over=0.0), DayDrift.off(), seed()
    )
    mixed = fired((20, 20))
    expected = 0.94 * clean.fractions[1:] + 0.06 * clean.fractions[:-1]
    assert_allclose(mixed.fractions[1:], expected)


def test_calm_shots_on_one_mineral_are_alike():
    rock = Rock(shares=(0, 1, 0, 0, 0, 0), intergrowth=0.0, zoning=0.0)
    calm = fired((20, 25), rock, ShotVariation.off())
    for name in ("mass", "temperature", "electron_density", "composition"):
        values = getattr(calm, name)
        assert_allclose(values, np.broadcast_to(values[:1], values.shape), rtol=1e-12)
    assert_allclose(calm.mass, 1)
    assert_allclose(calm.temperature, 10_500)
    assert_allclose(calm.electron_density, 1.2e17)


@pytest.mark.parametrize(
    ("effect", "name", "expected"),
    [
        ("mass", "mass", 0.18),
        ("temperature", "temperature", 0.03),
        ("view_gain", "view_gain", 0.06),
        ("view_temperature", "view_temperature", 0.015),
    ],
)
def test_one_effect_alone_has_its_declared_scatter(effect, name, expected):
    rock = Rock(shares=(0, 1, 0, 0, 0, 0), intergrowth=0.0, zoning=0.0)
    shots = fire(
        (60, 60), 40.0, rock, ShotVariation().only(effect), DayDrift.off(), seed()
    )
    values = getattr(shots, name)
    # 3,600 draws know their deviation to 1.2 %; log-normal masses a little wider
    assert_allclose(values.std() / values.mean(), expected, rtol=0.06)


def test_electron_density_follows_temperature_and_mass():
    rock = Rock(shares=(0, 1, 0, 0, 0, 0), intergrowth=0.0)
    shots = fired((60, 60), rock)
    left = np.log(shots.electron_density) - 1.5 * np.log(shots.temperature)
    assert_allclose(left.std(), 0.12, rtol=0.06)
    assert np.corrcoef(left, np.log(shots.mass))[0, 1] > 0.4


def test_second_day_cools_and_thins_the_plume():
    first = fired((20, 20))
    second = fired((20, 20), day=DayDrift())
    assert_allclose(second.temperature / first.temperature, 0.975)
    assert_allclose(second.mass / first.mass, 0.85)


def test_strengths_do_not_change_what_else_is_drawn():
    one = fired((20, 20))
    two = fired((20, 20), shots=ShotVariation(mass=0.0))
    assert_array_equal(one.temperature, two.temperature)
    assert_array_equal(one.view_gain, two.view_gain)


def test_compositions_are_atomic_fractions():
    assert_allclose(ideal_composition().sum(axis=1), 1)
    shots = fired((20, 20))
    assert_allclose(shots.composition.sum(axis=1), 1)


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
