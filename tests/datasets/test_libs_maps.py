"""`make_libs_maps` as a whole: seeds, switches, files, refusals."""

from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.datasets import (
    PRIMARY,
    SECONDARY,
    DayDrift,
    Rock,
    ShotVariation,
    load_libs_transfer,
    make_libs_maps,
)
from spectransfer.datasets._libs import _measure

SHAPES = {"train": (20, 25), "validation": None, "test": (20, 22)}


def light(**options):
    return make_libs_maps(
        **(SHAPES | {"spectrometers": "light", "random_state": 0} | options)
    )


@pytest.fixture(scope="module")
def maps():
    return light(noise_free=True)


def same(one, two):
    return np.array_equal(one.X_primary, two.X_primary) and np.array_equal(
        one.X_secondary, two.X_secondary
    )


def test_maps_have_the_shapes_that_were_asked_for(maps):
    assert maps.validation is None
    assert maps.train.X_primary.shape == (500, 1015)
    assert maps.test.X_secondary.shape == (440, 968)
    assert maps.train.X_primary.dtype == np.float32
    assert maps.train.step == (40.0, 40.0)
    assert maps.test.step == (20.0, 20.0)
    assert maps.train.raster == "row-snake"


def test_full_spectrometers_have_the_papers_channels():
    full = make_libs_maps((2, 3), None, None, random_state=0)
    assert full.train.X_primary.shape == (6, 4062)
    assert full.train.X_secondary.shape == (6, 3872)


def test_the_same_seed_gives_the_same_maps_and_another_does_not(maps):
    again, other = light(), light(random_state=1)
    assert same(maps.train, again.train)
    assert same(maps.test, again.test)
    assert not same(maps.train, other.train)


def test_a_map_does_not_depend_on_the_others(maps):
    alone = light(train=None, validation=(20, 20))
    assert same(alone.test, maps.test)


def test_threads_do_not_change_a_map(maps):
    assert same(light(n_jobs=3).train, maps.train)


def test_numpys_global_generator_is_left_alone(maps):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert same(light().test, maps.test)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_asking_for_noise_free_spectra_leaves_the_noisy_ones_alone(maps):
    assert same(light(noise_free=False).train, maps.train)
    assert "noise_free_primary" not in light(test=None).train.annotations


def test_without_noise_spectra_are_the_noise_free_ones(maps):
    quiet = light(shots=ShotVariation().without("noise"))
    for side in ("primary", "secondary"):
        clean = maps.test.annotations[f"noise_free_{side}"]
        assert_array_equal(getattr(quiet.test, f"X_{side}"), clean)


def test_noise_about_the_noise_free_spectra_is_the_declared_one(maps):
    clean = maps.train.annotations["noise_free_primary"].astype(float)
    noise = maps.train.X_primary - clean
    light_part = clean - PRIMARY.binned(4).dark_level()
    expected = 9.0**2 + 3.0**2 + light_part / PRIMARY.electrons_per_count
    assert_allclose((noise**2 / expected).mean(), 1, rtol=0.02)
    assert abs(noise.mean()) < 0.5


def test_float64_holds_the_same_numbers(maps):
    double = light(dtype=np.float64)
    assert double.train.X_primary.dtype == np.float64
    assert_array_equal(double.train.X_primary.astype(np.float32), maps.train.X_primary)


def test_batches_are_recorded_independently_of_their_order(maps, monkeypatch):
    monkeypatch.setattr(
        _measure, "range", lambda *a: reversed(range(*a)), raising=False
    )
    assert same(light().train, maps.train)


def test_files_hold_what_memory_holds(maps, tmp_path):
    written = light(out=tmp_path, noise_free=True)
    for name in ("train", "test"):
        on_disk, in_memory = getattr(written, name), getattr(maps, name)
        assert isinstance(on_disk.X_primary, np.memmap)
        assert same(on_disk, in_memory)
        assert on_disk.step == in_memory.step
        for key, values in in_memory.annotations.items():
            assert_array_equal(on_disk.annotations[key], values)
    assert not list(tmp_path.glob(".*"))
    assert same(load_libs_transfer(tmp_path).test, maps.test)


def test_maps_on_the_disk_are_not_replaced_without_being_asked(tmp_path):
    light(out=tmp_path, test=None)
    with pytest.raises(FileExistsError, match="overwrite"):
        light(out=tmp_path, test=None)
    light(out=tmp_path, test=None, overwrite=True)


def test_an_interrupted_run_leaves_no_half_written_maps(tmp_path, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(_measure, "read_out", interrupted)
    with pytest.raises(KeyboardInterrupt):
        light(out=tmp_path)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_annotations_agree_with_one_another(maps):
    known = maps.train.annotations
    names = np.array(maps.train.meta["minerals"])
    main = names[known["mineral_fractions"].argmax(axis=1)]
    assert (main == known["mineral"]).mean() > 0.97  # carry-over moves a few ties
    silicon = known["composition"][:, maps.train.meta["elements"].index("Si")]
    assert silicon[known["mineral"] == "quartz"].mean() > 0.28


def test_a_silent_second_day_is_the_first_day():
    steady = light(train=None, day=DayDrift.off())
    assert same(steady.test, light(train=None, second_day=()).test)


def test_any_map_can_be_measured_on_the_second_day(maps):
    late = light(second_day=("train", "test"))
    assert same(late.test, maps.test)
    assert not same(late.train, maps.train)


def glimpse(**options):
    """A few shots on two narrow cameras, which cost nearly nothing to set up."""
    cameras = (
        replace(PRIMARY, start=388.0, stop=400.0, n_channels=120),
        replace(SECONDARY, start=277.0, stop=290.0, n_channels=120),
    )
    return light(spectrometers=cameras, train=None, test=(8, 8), **options).test


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


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"train": 20}, "n_rows, n_columns"),
        ({"test": (1, 20)}, "at least 2"),
        ({"second_day": ("monday",)}, "monday"),
        ({"step": -1.0}, "positive distance"),
        ({"step": {"exam": 20.0}}, "exam"),
        ({"spectrometers": "heavy"}, "spectrometers"),
        ({"spectrometers": (PRIMARY,)}, "the secondary"),
        ({"dtype": np.int16}, "float32 or float64"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(bad, message):
    with pytest.raises(ValueError, match=message):
        light(**bad)


def test_unknown_effects_are_named():
    with pytest.raises(ValueError, match=r"no effect called 'colour'.*gain"):
        DayDrift().without("colour")
    with pytest.raises(ValueError, match="not negative, but noise is -1"):
        ShotVariation(noise=-1)
