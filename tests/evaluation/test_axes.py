"""Axes in `evaluate_transfers`: those of train, of test, and of fitted transfers."""

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from spectransfer import (
    BaselineCorrector,
    FewStandardsTransfer,
    MeanTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    StandardScaler,
    WavelengthCropper,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers, standards_curve
from spectransfer.exceptions import WavelengthError
from spectransfer.spectra import PairedMaps

PAIR = make_instrument_pair(60, n_secondary=110, n_primary=120, random_state=0)
ONE = {"protocols": ["deployable"]}


def moved(pair, side):
    name = f"wavelengths_{side}"
    return dataclasses.replace(pair, **{name: getattr(pair, name) + 7.0})


def plain(regressor):
    return make_transfer_pipeline(regressor, secondary=None, primary=None)


@pytest.mark.parametrize("side", ["secondary", "primary"])
@pytest.mark.parametrize(
    "transfer", [plain(Ridge()), make_transfer_pipeline(Ridge()), MeanTransfer()]
)
def test_a_fitted_transfer_refuses_test_spectra_on_another_axis(side, transfer):
    fitted = transfer.fit(*PAIR.as_frames())
    evaluate_transfers({"one": fitted}, PAIR, PAIR, **ONE)
    with pytest.raises(WavelengthError, match=f"'one' must be given {side} spectra"):
        evaluate_transfers({"one": fitted}, moved(PAIR, side), moved(PAIR, side), **ONE)


@pytest.mark.parametrize(
    "regressor",
    [
        PiecewiseDirectStandardization(5),
        OffsetTransfer(),
        FewStandardsTransfer(),
    ],
    ids=lambda r: type(r).__name__,
)
@pytest.mark.parametrize("data", ["frames", "pair", "maps"])
@pytest.mark.parametrize("preparation", ["default", None])
def test_regressors_that_match_channels_learn_the_axes_by_themselves(
    regressor, data, preparation
):
    sides = {"secondary": preparation, "primary": preparation}
    told = regressor.__class__(
        wavelengths_secondary=PAIR.wavelengths_secondary,
        wavelengths_primary=PAIR.wavelengths_primary,
    )
    given = PAIR
    if data == "frames":
        given = PAIR.as_frames()
    elif data == "maps":
        given = PairedMaps(
            PAIR.X_secondary, PAIR.X_primary, PAIR.axis_secondary, PAIR.axis_primary,
            shape=(6, 10),
        )  # fmt: skip
    table = evaluate_transfers(
        {
            "by itself": make_transfer_pipeline(regressor, **sides),
            "told": make_transfer_pipeline(told, **sides),
        },
        given,
        given,
        **ONE,
    )
    found = [table[name, "deployable"].rse for name in ("by itself", "told")]
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_a_curve_of_standards_tells_transfers_the_axes_too():
    curve = standards_curve({"offset": plain(OffsetTransfer())}, PAIR, [3], n_draws=1)
    assert np.isfinite(curve.medians()["offset"]).all()


def with_nan(side):
    X, y = PAIR.X_secondary.copy(), PAIR.X_primary.copy()
    (X if side == "secondary" else y)[:, 0] = np.nan
    return dataclasses.replace(PAIR, X_secondary=X, X_primary=y)


def cutting(side):
    """Cut the first channels of one side, before anything else."""
    axis = getattr(PAIR, f"wavelengths_{side}")
    steps = {s: make_pipeline(BaselineCorrector(20, smooth_window=9), StandardScaler())
             for s in ("secondary", "primary")}  # fmt: skip
    cropper = WavelengthCropper(axis[2], wavelengths=axis)
    steps[side] = make_pipeline(cropper, steps[side])
    return make_transfer_pipeline(Ridge(), **steps)


@pytest.mark.parametrize("side", ["secondary", "primary"])
@pytest.mark.parametrize("protocols", [["deployable"], ["paper"]])
def test_channels_that_a_first_step_cuts_need_not_be_finite(side, protocols):
    pair = with_nan(side)
    known, new = pair[:40], pair[40:]
    table = evaluate_transfers({"cut": cutting(side)}, known, new, protocols=protocols)
    assert np.isfinite(table["cut", protocols[0]].rse)
    with pytest.raises(ValueError, match="NaN"):
        evaluate_transfers({"whole": make_transfer_pipeline(Ridge())}, known, new)
    kept = (pair.X_secondary if side == "secondary" else pair.X_primary).copy()
    kept[3, 50] = np.nan
    broken = dataclasses.replace(pair, **{f"X_{side}": kept})
    with pytest.raises(ValueError, match="NaN"):
        evaluate_transfers({"cut": cutting(side)}, broken, new, protocols=protocols)
