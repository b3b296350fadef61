"""Wavelength axes: what is none, and where they are read."""

import numpy as np
import pandas as pd
import pytest

from spectransfer._wavelengths import check_wavelengths, wavelengths_of
from spectransfer.exceptions import WavelengthError


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ([300.0, 299.0, 301.0], "channel 0 steps from 300 to 299.*np.argsort"),
        ([300.0, 301.0, 301.0], "channel 1 steps from 301 to 301"),
        ([300.0, np.nan, 301.0], "must be finite, but channel 1 has nan"),
        ([300.0, 301.0], "there are 2 entries and 3 channels"),
        ([[300.0, 301.0, 302.0]], r"one row of numbers.*shape is \(1, 3\)"),
        ([], r"one row of numbers.*shape is \(0,\)"),
    ],
)
def test_an_axis_that_is_none_is_refused(axis, message):
    with pytest.raises(WavelengthError, match=f"(?s)^axis .*{message}"):
        check_wavelengths(axis, 3, name="axis")


@pytest.mark.parametrize(
    ("columns", "axis"),
    [
        ([300.5, 301.5], [300.5, 301.5]),
        (["300.5", "301.5"], [300.5, 301.5]),
        ([300, 301], [300.0, 301.0]),
        ([0, 1], None),
        (["0", "1"], [0.0, 1.0]),
        (["red", "blue"], None),
        ([300.5, "blue"], None),
    ],
)
def test_column_names_are_wavelengths_where_all_are_numbers(columns, axis):
    found = wavelengths_of(pd.DataFrame([[1.0, 2.0]], columns=columns))
    assert found is None if axis is None else list(found) == axis


def test_arrays_have_no_wavelengths():
    assert wavelengths_of(np.ones((2, 2))) is None
