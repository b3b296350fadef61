"""Every effect of the shots and of the second day has a switch that works."""

from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.simulation import (
    PRIMARY,
    SECONDARY,
    DayDrift,
    Rock,
    ShotVariation,
    make_libs_maps,
)
from spectransfer.simulation._rock import grow
from spectransfer.simulation._shots import fire


def seed(number=0):
    return np.random.SeedSequence(number)


def fired(shape, rock=None, shots=None, day=None):
    rock, shots = rock or Rock(), shots or ShotVariation()
    return fire(shape, 40.0, rock, shots, day or DayDrift.off(), seed())


def light(**options):
    defaults = {"train": (20, 25), "validation": None, "test": (20, 22)}
    defaults |= {"spectrometers": "light", "random_state": 0}
    return make_libs_maps(**(defaults | options))


def glimpse(**options):
    """A few shots on two narrow cameras, which cost nearly nothing to set up."""
    cameras = (
        replace(PRIMARY, start=388.0, stop=400.0, n_channels=120),
        replace(SECONDARY, start=277.0, stop=290.0, n_channels=120),
    )
    return light(spectrometers=cameras, train=None, test=(8, 8), **options).test


def test_shots_run_as_a_snake_over_the_rock():
    rock = Rock(spot=0.0, intergrowth=0.0)
    shots = fired((4, 5), rock, ShotVariation(carry_over=0.0))
    surface = grow(rock, (4, 5), 40.0, seed().spawn(1)[0])
    expected = [
        surface.grain[row, column]
        for row in range(4)
        for column in (range(5) if row % 2 == 0 else range(4, -1, -1))
    ]
    assert_array_equal(shots.grain, expected)


def test_compositions_of_shots_are_atomic_fractions():
    assert_allclose(fired((20, 20)).composition.sum(axis=1), 1)


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


@pytest.mark.parametrize("effect", [f.name for f in fields(DayDrift)])
def test_every_effect_of_the_second_day_can_be_switched(effect):
    first, drifted = glimpse(day=DayDrift.off()), glimpse()
    alone = glimpse(day=DayDrift().only(effect))
    missing = glimpse(day=DayDrift().without(effect))
    for side in ("X_primary", "X_secondary"):
        assert not np.array_equal(getattr(alone, side), getattr(first, side))
        assert not np.array_equal(getattr(missing, side), getattr(drifted, side))


@pytest.mark.parametrize("effect", [f.name for f in fields(ShotVariation)])
def test_every_variation_between_shots_can_be_switched(effect):
    everything = replace(ShotVariation(), view_mixture=0.5)
    varied, missing = (
        glimpse(shots=everything),
        glimpse(shots=everything.without(effect)),
    )
    assert not np.array_equal(missing.X_primary, varied.X_primary)
    assert not np.array_equal(missing.X_secondary, varied.X_secondary)


def test_gain_alone_scales_the_light():
    quiet = ShotVariation().without("noise")
    first = light(train=None, day=DayDrift.off(), shots=quiet).test
    second = light(train=None, day=DayDrift().only("gain"), shots=quiet).test
    for side, gain, instrument in [
        ("primary", 0.65, PRIMARY),
        ("secondary", 1.4, SECONDARY),
    ]:
        dark = instrument.binned(4).dark_level()
        before = getattr(first, f"X_{side}") - dark
        after = getattr(second, f"X_{side}") - dark
        # wings are cut where they become weak, so a few tenths of a count differ
        assert_allclose(after, gain * before, rtol=2e-3, atol=3)


def test_baseline_alone_adds_its_background():
    quiet = ShotVariation().without("noise")
    first = light(train=None, day=DayDrift.off(), shots=quiet).test
    second = light(train=None, day=DayDrift().only("baseline"), shots=quiet).test
    rise = (second.X_primary - first.X_primary).mean(axis=0)
    nm = first.wavelengths_primary
    expected = 320 * (0.3 + 0.7 / (1 + np.exp(-(nm - 378) / 8)))
    assert_allclose(rise, expected, atol=0.5)


def test_without_views_of_their_own_both_sides_see_one_plume():
    shots = ShotVariation().without("view_gain", "view_temperature", "noise")
    twins = (replace(PRIMARY.binned(4), serial=1), PRIMARY.binned(4))
    pair = light(spectrometers=twins, test=None, shots=shots).train
    assert_allclose(pair.X_secondary, pair.X_primary, rtol=1e-5)


def test_view_mixture_parts_the_two_sides_at_boundaries():
    twins = (PRIMARY.binned(4), PRIMARY.binned(4))
    shots = ShotVariation.off()
    apart = replace(shots, view_mixture=0.5)
    one = light(spectrometers=twins, test=None, shots=shots).train
    two = light(spectrometers=twins, test=None, shots=apart).train
    assert_allclose(one.X_secondary, one.X_primary, rtol=1e-5)
    gap = one.image(np.abs(two.X_secondary - two.X_primary).max(axis=1))
    minerals = one.image(one.annotations["mineral_fractions"])
    alone = np.ones(one.shape, dtype=bool)
    for axis in (0, 1):
        for way in (-1, 1):
            neighbour = np.roll(minerals, way, axis)
            alone &= (neighbour == minerals).all(axis=-1)
    inside = (slice(1, -1), slice(1, -1))
    alone, gap = alone[inside], gap[inside]
    assert alone.any()
    assert gap[alone].max() < 0.5
    assert np.median(gap[~alone]) > 100


def test_self_absorption_dims_resonance_lines_and_leaves_faint_ones():
    quiet = ShotVariation().without("noise", "contamination")
    rock = Rock(shares=(0, 1, 0, 0, 0, 0), intergrowth=0.0)
    options = {"train": None, "test": (20, 20), "day": DayDrift.off(), "rock": rock}
    thick = light(shots=quiet, **options).test
    thin = light(shots=quiet.without("self_absorption"), **options).test

    def height(maps, nm):
        near = np.abs(maps.wavelengths_primary - nm) < 0.5
        mean = maps.X_primary[:, near].mean(axis=0)
        return mean.max() - mean.min()

    assert height(thick, 396.15) < 0.8 * height(thin, 396.15)
    assert_allclose(height(thick, 298.76), height(thin, 298.76), rtol=0.05)


def test_unknown_effects_are_named():
    with pytest.raises(ValueError, match=r"no effect called 'colour'.*gain"):
        DayDrift().without("colour")
    with pytest.raises(ValueError, match="not negative, but noise is -1"):
        ShotVariation(noise=-1)
