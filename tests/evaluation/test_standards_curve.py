"""How many standards are enough: draws that hold spectra out, and words."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression, Ridge

from spectransfer import (
    FewStandardsTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import StandardsCurve, standards_curve
from spectransfer.exceptions import WavelengthError
from spectransfer.metrics import relative_squared_error
from spectransfer.model_selection import select_standards


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(
        n_spectra=120, n_secondary=40, n_primary=50, random_state=0
    )


def plain(regressor):
    return make_transfer_pipeline(regressor, secondary=None, primary=None)


class Recorder(RegressorMixin, BaseEstimator):
    """Remembers what it learned from and what it was asked for."""

    seen: list = []

    def fit(self, X, y, X_unpaired=None, y_unpaired=None, sample_id=None):
        self.mean_ = y.mean(axis=0)
        self.X_, self.beside_ = X, (X_unpaired, y_unpaired, sample_id)
        self.seen.append(self)
        return self

    def predict(self, X):
        self.asked_ = X
        return np.tile(self.mean_, (len(X), 1))


@pytest.fixture
def recorded():
    Recorder.seen.clear()
    return Recorder.seen


def rows_in(some, table):
    return np.array([np.flatnonzero((table == row).all(axis=1))[0] for row in some])


@pytest.mark.parametrize("method", ["random", "kmeans"])
def test_standards_are_whole_samples_that_are_never_judged_by(pair, recorded, method):
    standards_curve({"recorder": Recorder()}, pair, [2, 4], n_draws=3, method=method)
    assert len(recorded) == 6
    for fitted, k in zip(recorded, [2, 4] * 3, strict=True):
        known = pair.sample_id[rows_in(fitted.X_, pair.X_secondary)]
        asked = pair.sample_id[rows_in(fitted.asked_, pair.X_secondary)]
        assert len(set(known)) == k
        assert not set(known) & set(asked)
        # with all of their replicates
        assert len(known) == np.isin(pair.sample_id, known).sum()
        assert len(np.unique(fitted.beside_[2])) == k


def test_random_standards_are_nested_and_differ_from_draw_to_draw(pair, recorded):
    standards_curve({"recorder": Recorder()}, pair, [2, 5], n_draws=2)
    few, more, others, _ = (
        set(rows_in(fitted.X_, pair.X_secondary)) for fitted in recorded
    )
    assert few < more
    assert few != others


def test_unpaired_spectra_are_all_of_the_draw_and_the_library_arrives(pair, recorded):
    library = pair.X_primary[:30] + 1.0
    standards_curve(
        {"recorder": plain(Recorder())}, pair, [3], n_draws=1, library=library
    )
    X_unpaired, y_unpaired, _ = recorded[0].beside_
    asked = rows_in(recorded[0].asked_, pair.X_secondary)
    used = rows_in(X_unpaired, pair.X_secondary)
    assert_array_equal(np.sort(np.concatenate([asked, used])), np.arange(120))
    assert_allclose(y_unpaired, library)


def test_errors_are_those_of_a_literal_loop(pair):
    test = pair[80:]
    curve = standards_curve(
        {"ridge": plain(Ridge())},
        (pair.X_secondary[:80], pair.X_primary[:80]),
        [4, 9],
        test=test,
        method="kennard-stone",
        n_draws=1,
    )
    for k, found in zip([4, 9], curve.errors["RSE"]["ridge"], strict=True):
        rows = select_standards(pair.X_secondary[:80], k, method="kennard-stone")
        ridge = Ridge().fit(pair.X_secondary[rows], pair.X_primary[rows])
        expected = relative_squared_error(
            test.X_primary, ridge.predict(test.X_secondary)
        )
        assert_allclose(found, expected, rtol=1e-4)


def test_properties_and_what_needs_no_standards_are_judged_too(pair):
    calibration = LinearRegression().fit(pair.X_primary, pair.y[:, 0])
    axes = {
        "wavelengths_secondary": pair.wavelengths_secondary,
        "wavelengths_primary": pair.wavelengths_primary,
    }
    curve = standards_curve(
        {
            "nothing": plain(OffsetTransfer("nothing", **axes)),
            "few": plain(FewStandardsTransfer(**axes)),
        },
        pair,
        [3, 6],
        n_draws=4,
        properties={"mass": (calibration, pair.y[:, 0])},
    )
    assert set(curve.errors) == {"RSE", "mass"}
    assert set(curve.limits["mass"]) == {"primary", "untransferred"}
    assert curve.limits["mass"]["primary"].max() < 0.05
    assert curve.errors["mass"]["few"].shape == (2, 4)
    # beyond the reach of the secondary instrument the standards' mean is taken
    assert_allclose(
        curve.errors["RSE"]["nothing"][1], curve.limits["RSE"]["untransferred"]
    )
    assert "RMSEP of mass" in repr(curve)


def made(medians, alone=None):
    limits = {} if alone is None else {"RSE": {"untransferred": [alone]}}
    errors = {"RSE": {"ridge": np.array(medians)[:, None]}}
    return StandardsCurve(np.array([5, 10, 20, 40])[: len(medians)], errors, limits)


def test_the_least_number_within_ten_percent_is_enough():
    assert made([0.5, 0.2, 0.105, 0.1]).enough() == {"ridge": 20}
    assert made([0.5, 0.2, 0.12, 0.1]).enough() == {"ridge": None}
    assert made([0.1, 0.2, 0.3, 0.4]).enough() == {"ridge": 5}


def test_a_single_number_of_standards_tells_nothing_of_others():
    curve = made([0.3], 0.2)
    assert curve.enough() == {"ridge": None}
    words = made([0.3]).in_words()
    assert words.startswith("ridge: one number of standards cannot tell")
    assert "median RSE of 5 is 0.3" in words
    assert "pass two sizes or more" in words
    assert "Eight more" not in words
    assert "are enough" not in repr(curve)


@pytest.mark.parametrize(
    ("medians", "words"),
    [
        # 5 are enough, and 13 were not asked
        ([0.1, 0.2], "10, the most that were asked, bring nothing."),
        ([0.105, 0.1], "10, the most that were asked, bring 5% less."),
        ([0.5, 0.1, 0.1], "Eight more would bring nothing."),
    ],
)
def test_beyond_the_largest_number_nothing_is_said_of_what_is_enough(medians, words):
    assert made(medians).in_words().endswith(words)


@pytest.mark.parametrize(
    ("medians", "alone", "words"),
    [
        ([0.5, 0.1, 0.1, 0.1], 0.3, "10 standards are enough"),
        ([0.5, 0.1, 0.1, 0.1], 0.3, "Eight more would bring nothing"),
        ([0.5, 0.1, 0.1, 0.1], 0.3, "With 5 it is worse than no transfer"),
        ([0.8, 0.4, 0.2, 0.1], 1.0, "40 standards are not enough"),
        # a power law: half for every doubling
        ([0.8, 0.4, 0.2, 0.1], 1.0, "Eight more would bring 17% less, if"),
        ([0.8, 0.6, 0.5, 0.45], 0.4, "no number of standards is enough"),
    ],
)
def test_words_say_what_is_enough_and_what_more_would_bring(medians, alone, words):
    assert words in made(medians, alone).in_words()


@pytest.mark.parametrize("sizes", [[], [0, 3], [5, 3], [3, 3], [13]])
def test_numbers_of_standards_that_there_are_not_are_refused(pair, sizes):
    with pytest.raises(ValueError, match="sizes must be increasing numbers"):
        standards_curve({"ridge": Ridge()}, pair, sizes)


@pytest.mark.parametrize(
    ("n", "options"),
    [
        (20, {"test": slice(0, 1)}),
        (3, {}),  # one is held out
        (1, {}),  # none is
        (4, {"groups": ["a", "a", "a", "b"]}),  # that of b may be the one held out
    ],
)
def test_a_single_spectrum_to_judge_by_is_refused(pair, n, options):
    some = dataclasses.replace(pair[:n], sample_id=None)
    if "test" in options:
        options = {"test": pair[options["test"]]}
    with pytest.raises(ValueError, match="at least two spectra to judge by"):
        standards_curve({"ridge": plain(Ridge())}, some, [1], n_draws=1, **options)


def on_another_axis(pair, side):
    name = f"wavelengths_{side}"
    return dataclasses.replace(pair, **{name: getattr(pair, name) + 7.0})


@pytest.mark.parametrize("side", ["secondary", "primary"])
@pytest.mark.parametrize("frames", [False, True])
def test_spectra_to_judge_by_on_another_axis_are_refused(pair, side, frames):
    test = on_another_axis(pair[60:], side)
    known, judged = pair[:60], test.as_frames() if frames else test
    known = known.as_frames() if frames else known
    message = f"standards_curve must be given {side} spectra of test"
    with pytest.raises(WavelengthError, match=message):
        standards_curve({"ridge": plain(Ridge())}, known, [4], test=judged, n_draws=1)


@pytest.mark.parametrize("side", ["secondary", "primary"])
def test_spectra_to_judge_by_of_another_number_of_channels_are_refused(pair, side):
    sides = {s: getattr(pair[60:], f"X_{s}") for s in ("secondary", "primary")}
    sides[side] = sides[side][:, 1:]
    with pytest.raises(ValueError, match="test must have the channels of pair"):
        standards_curve(
            {"ridge": plain(Ridge())}, pair[:60], [4], test=tuple(sides.values())
        )


def test_a_library_on_another_axis_is_refused(pair):
    library = on_another_axis(pair, "primary").as_frames()[1]
    with pytest.raises(WavelengthError, match="primary spectra of library"):
        standards_curve(
            {"few": plain(FewStandardsTransfer())}, pair, [4], library=library
        )


def test_an_error_tells_whose_it_was_and_of_how_many_standards(pair):
    transfers = {"ridge": Ridge(), "one window": PiecewiseDirectStandardization(6)}
    with pytest.raises(ValueError, match="odd whole") as error:
        standards_curve(transfers, pair, [3, 6], n_draws=1)
    assert error.value.__notes__ == [
        "This happened while evaluating 'one window' with 3 standards."
    ]
