import numpy as np
import pytest
from numpy.testing import assert_allclose

from spectransfer import DirectStandardization
from spectransfer.plotting import BandDisplay, T2QDisplay
from spectransfer.reliability import ApplicabilityDomain, ConformalTransfer


def test_band_reaches_from_lower_to_upper_and_inferred_channels_have_their_own():
    places, lower = np.arange(6.0), np.arange(6.0)
    inferred = places > 3
    display = BandDisplay(places, lower, lower + 2, inferred=inferred).plot()
    assert_allclose(display.line_.get_ydata(), lower + 1)
    seen, beyond = (b.get_paths()[0].vertices for b in display.bands_)
    assert seen[:, 0].max() == 3
    assert beyond[:, 0].min() == 4
    assert_allclose([beyond[:, 1].min(), beyond[:, 1].max()], [4, 7])


def test_band_of_a_transfer_is_its_interval_on_the_axis_of_the_frame(pair):
    X, y = pair.as_frames()
    transfer = ConformalTransfer(DirectStandardization()).fit(X[:30], y[:30])
    display = BandDisplay.from_estimator(transfer, X[30:31], y[30:31])
    assert_allclose(display.upper, transfer.predict_interval(X[30:31])[1][0])
    assert_allclose(display.places, pair.wavelengths_primary)
    with pytest.raises(ValueError, match="one row of a band"):
        BandDisplay([1.0, 2.0], [1.0], [2.0])


def test_limits_divide_what_t2_and_q_flag(pair):
    domain = ApplicabilityDomain().fit(pair.X_secondary)
    judged = domain.judge(np.concatenate([pair.X_secondary, pair.X_secondary[:, ::-1]]))
    ax = T2QDisplay(judged).plot().ax_
    usual, flagged, *limits = ax.lines
    assert len(flagged.get_xdata()) == judged.flagged.sum()
    assert (usual.get_ydata() <= limits[1].get_ydata()[0]).all()
    assert (usual.get_xdata() <= limits[0].get_xdata()[0]).all()
