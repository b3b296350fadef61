import pytest

from spectransfer.plotting._places import extent_of, pitch_of


def test_the_first_shot_has_its_centre_at_zero_and_rows_count_downwards():
    left, right, bottom, top = extent_of((3, 5), None)
    assert (left, right) == (-0.5, 4.5)
    assert (bottom, top) == (2.5, -0.5)


def test_micrometres_become_millimetres():
    assert extent_of((2, 10), (40.0, 20.0)) == pytest.approx((-0.01, 0.19, 0.06, -0.02))
    assert pitch_of((40.0, 20.0)) == (pytest.approx(0.04), pytest.approx(0.02), "mm")


def test_without_a_step_shots_are_counted():
    assert pitch_of(None) == (1.0, 1.0, "shots")
