"""`make_libs_maps` as a whole: seeds, switches, files, refusals."""

import hashlib
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from spectransfer.io import load_libs_transfer
from spectransfer.preprocessing import BaselineCorrector
from spectransfer.simulation import (
    PRIMARY,
    DayDrift,
    ShotVariation,
    Spectrometer,
    make_libs_maps,
)
from spectransfer.simulation._shots import PLASMA_DRIFT
from spectransfer.spectra import LIBRARY_DAY

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
    threaded = light(n_jobs=3)
    assert same(threaded.train, maps.train)
    assert_array_equal(
        threaded.test.annotations[LIBRARY_DAY], maps.test.annotations[LIBRARY_DAY]
    )


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


def test_writing_to_the_disk_holds_a_batch_in_memory_and_not_the_map(tmp_path):
    late = {"second_day": ("train",), "random_state": 0}
    make_libs_maps((2, 2), None, None, **late)  # profiles are kept for later
    tracemalloc.start()
    make_libs_maps((40, 48), None, None, out=tmp_path, **late)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    spectra = sum(path.stat().st_size for path in tmp_path.glob("s?_train.npy"))
    assert spectra > 60e6
    assert peak < 30e6


class Interrupted(Spectrometer):
    """A spectrometer that is switched off on the second day."""

    def response(self, tilt=0.0):
        if tilt:
            raise KeyboardInterrupt
        return super().response(tilt)


def test_an_interrupted_run_leaves_no_half_written_maps(tmp_path):
    camera = Interrupted(250, 260, 50, (1, 1), 255, 70)
    with pytest.raises(KeyboardInterrupt):
        light(out=tmp_path, spectrometers=(camera, camera))
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


def test_the_librarys_day_is_the_same_map_without_drift(maps):
    undrifted = light(train=None, second_day=()).test
    assert_array_equal(maps.test.annotations[LIBRARY_DAY], undrifted.X_primary)
    assert not np.array_equal(maps.test.X_primary, undrifted.X_primary)
    assert maps.test.meta["library_day"] == "conditions"


def test_the_librarys_instrument_may_see_the_plasma_of_the_second_day():
    told = light(train=None, library_day="instrument").test
    plasma = DayDrift().only("temperature", "mass", "continuum")
    seen = light(train=None, day=plasma).test
    assert_array_equal(told.annotations[LIBRARY_DAY], seen.X_primary)
    # where only spectrometers drift there is one answer
    shifted = [
        light(train=None, day=DayDrift().without(*PLASMA_DRIFT), library_day=which)
        for which in ("conditions", "instrument")
    ]
    first, second = (part.test.annotations[LIBRARY_DAY] for part in shifted)
    assert_array_equal(first, second)


def digests(part):
    arrays = {"primary": part.X_primary, "secondary": part.X_secondary}
    arrays |= {k: a for k, a in part.annotations.items() if k != LIBRARY_DAY}
    return {
        key: hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
        for key, array in arrays.items()
    }


def test_knowing_the_librarys_day_changes_nothing_else(maps):
    for library_day in (None, "instrument"):
        other = light(noise_free=True, library_day=library_day)
        for name in ("train", "test"):
            assert digests(other[name]) == digests(maps[name])
    bare = light(library_day=None).test
    assert LIBRARY_DAY not in bare.annotations
    assert bare.meta["library_day"] is None


def test_only_maps_of_the_second_day_have_spectra_of_the_librarys(maps):
    assert LIBRARY_DAY not in maps.train.annotations
    late = light(second_day=("train",))
    assert LIBRARY_DAY in late.train.annotations
    assert LIBRARY_DAY not in late.test.annotations


def test_any_map_can_be_measured_on_the_second_day(maps):
    late = light(second_day=("train", "test"))
    assert same(late.test, maps.test)
    assert not same(late.train, maps.train)


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
        ({"library_day": "yesterday"}, "library_day"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(bad, message):
    with pytest.raises(ValueError, match=message):
        light(**bad)


def relative_squared_error(truth, guess):
    spread = ((truth - truth.mean(axis=0)) ** 2).sum(dtype=np.float64)
    return ((truth - guess) ** 2).sum(dtype=np.float64) / spread


def test_comparison_methods_come_in_the_order_of_the_papers_first_table():
    pair = make_libs_maps(
        (32, 32), None, (20, 25), spectrometers="light", random_state=0
    )
    corrector = BaselineCorrector(25, smooth_window=13)
    S, P, T, truth = (
        corrector.fit_transform(spectra)
        for m in (pair.train, pair.test)
        for spectra in (m.X_secondary, m.X_primary)
    )
    learned, own = (StandardScaler().fit(x) for x in (P, truth))
    S_train = StandardScaler().fit(S)
    knn = KNeighborsRegressor(10).fit(S_train.transform(S), learned.transform(P))
    ridge = Ridge(300.0).fit(S_train.transform(S), learned.transform(P))
    by_itself = StandardScaler().fit_transform(T)
    errors = [
        relative_squared_error(truth, guess)
        for guess in (
            own.inverse_transform(ridge.predict(by_itself)),
            own.inverse_transform(knn.predict(by_itself)),
            np.broadcast_to(P.mean(axis=0), truth.shape),
            learned.inverse_transform(knn.predict(S_train.transform(T))),
        )
    ]
    assert errors == sorted(errors)
    assert errors[0] < 0.12
    assert errors[1] < 0.4
    assert errors[2] > 2.0
