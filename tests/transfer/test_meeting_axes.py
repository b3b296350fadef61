"""Transfers that match channels by their places need axes that can be matched."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from spectransfer import (
    CanonicalCorrelationTransfer,
    DirectStandardization,
    FewStandardsTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    SpectralSpaceTransformation,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import SpectransferWarning, WavelengthError
from spectransfer.reliability import ConformalTransfer
from spectransfer.spectra import Axis

pd = pytest.importorskip("pandas")

MATCHING = {
    "offset": OffsetTransfer(),
    "nothing": OffsetTransfer("nothing"),
    "piecewise": PiecewiseDirectStandardization(),
    "residual": SpectralSpaceTransformation(keep_residual=True),
    "few": FewStandardsTransfer(),
    "window": FewStandardsTransfer(priors=("window",)),
}
FREE = {
    "direct": DirectStandardization(),
    "canonical": CanonicalCorrelationTransfer(n_components=2),
    "ridge": Ridge(),
    "rotation": FewStandardsTransfer(priors=("rotation", "nothing")),
}
SHIFT = Axis(np.linspace(200.0, 3000.0, 30), "cm-1")
PAIR = make_instrument_pair(20, n_secondary=30, n_primary=30, random_state=0)


def frames(secondary, primary):
    return tuple(
        pd.DataFrame(spectra, columns=axis.names)
        for spectra, axis in zip(
            (PAIR.X_secondary, PAIR.X_primary), (secondary, primary), strict=True
        )
    )


def wavelengths(start):
    return Axis(np.linspace(start, start + 100.0, 30), "nm")


@pytest.mark.parametrize("name", MATCHING)
@pytest.mark.parametrize("start", [100.0, 5250.0])
def test_axes_that_do_not_meet_are_refused_by_what_matches_channels(name, start):
    apart = frames(wavelengths(265.0), wavelengths(start))
    for transfer in (
        MATCHING[name],
        make_transfer_pipeline(MATCHING[name], preparation=None),
    ):
        with pytest.raises(WavelengthError, match="do not meet") as caught:
            transfer.fit(*apart)
        assert "laser=785" in str(caught.value)


@pytest.mark.parametrize("name", FREE)
def test_axes_that_do_not_meet_are_nothing_to_what_matches_none(name):
    FREE[name].fit(*frames(wavelengths(265.0), wavelengths(5250.0)))
    if name != "rotation":
        FREE[name].fit(*frames(SHIFT, wavelengths(800.0)))


@pytest.mark.parametrize("name", MATCHING)
def test_shifts_and_wavelengths_are_refused_with_the_laser_named(name):
    there = SHIFT.to("nm", laser=785)
    with pytest.raises(WavelengthError, match="laser=785"):
        MATCHING[name].fit(*frames(SHIFT, there))
    MATCHING[name].fit(*frames(there, wavelengths(800.0)))


@pytest.mark.parametrize("name", MATCHING)
def test_a_unit_that_one_side_lacks_is_warned_of_once(name):
    pair = frames(SHIFT, Axis(SHIFT.values + 1))
    with pytest.warns(
        SpectransferWarning, match="taken to be in the same unit"
    ) as all_:
        MATCHING[name].fit(*pair)
    assert sum("same unit" in str(w.message) for w in all_) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OffsetTransfer().fit(*frames(Axis(SHIFT.values), Axis(SHIFT.values + 1)))


def test_bands_say_that_axes_of_two_units_tell_no_inferred_channel():
    ridge = ConformalTransfer(Ridge())
    with pytest.warns(SpectransferWarning, match=r"cannot be compared.*laser=785"):
        fitted = ridge.fit(*frames(SHIFT, wavelengths(800.0)))
    assert not fitted.inferred_.any()
    fitted = ridge.fit(*frames(wavelengths(700.0), wavelengths(800.0)))
    assert fitted.inferred_.sum() > 20
