"""What columns say of an axis, and what is said beside them, is one thing."""

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from spectransfer import (
    BaselineCorrector,
    FewStandardsTransfer,
    KNNTransfer,
    MeanTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    StandardScaler,
    WavelengthCropper,
    WavelengthResampler,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers
from spectransfer.exceptions import WavelengthError
from spectransfer.metrics import relative_squared_error
from spectransfer.spectra import Axis, Spectra, SpectraPair

pd = pytest.importorskip("pandas")

W = np.arange(100.0, 110.0)
X = np.tile(W, (3, 1))


def frame(places=W, unit="cm-1"):
    return pd.DataFrame(X, columns=[f"{w} {unit}" for w in places])


TAKERS = {
    "cropper": lambda w: WavelengthCropper(103, 104, wavelengths=w),
    "resampler": lambda w: WavelengthResampler([103.0, 104.0], wavelengths=w),
    "baseline": lambda w: BaselineCorrector(
        3, smooth_window=3, unit="axis", wavelengths=w
    ),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("given", [W, list(W), Axis(W), Axis(W, "cm-1")])
def test_an_axis_that_is_passed_has_to_be_that_of_the_columns(taker, given):
    step = TAKERS[taker](given)
    step.fit(frame()).transform(frame())
    for other in (frame(W + 1), frame(W + 1, "nm")):
        with pytest.raises(WavelengthError, match="wavelengths must be given places"):
            TAKERS[taker](given).fit(other)
        with pytest.raises(WavelengthError):
            TAKERS[taker](given).fit(X).transform(other)


def test_an_axis_that_is_passed_in_another_unit_is_refused():
    for taker in TAKERS.values():
        with pytest.raises(WavelengthError, match=r"units differ.*laser=785"):
            taker(Axis(W, "nm")).fit(frame())
    with pytest.raises(WavelengthError, match=r"unit of the axis.*laser=785"):
        WavelengthResampler(Axis([103.0, 104.0], "nm")).fit(frame())


@pytest.mark.parametrize("kind", [OffsetTransfer, PiecewiseDirectStandardization])
@pytest.mark.parametrize("side", ["secondary", "primary"])
def test_regressors_that_match_channels_refuse_a_contradiction(kind, side):
    known = kind(**{f"wavelengths_{side}": W})
    known.fit(frame(), frame())
    with pytest.raises(WavelengthError, match=f"wavelengths_{side} must be given"):
        known.fit(frame(W + 1), frame(W + 1))


def test_a_container_refuses_an_axis_and_a_unit_that_contradict_each_other():
    for units in (("nm", "cm-1"), "cm-1"):
        with pytest.raises(WavelengthError, match="says cm-1"):
            SpectraPair(X, X, Axis(W, "nm"), Axis(W, "nm"), units=units)
    with pytest.raises(WavelengthError, match="says cm-1"):
        Spectra(X, Axis(W, "nm"), unit="cm-1")
    Spectra(X, Axis(W, "nm"), unit="nanometers")
    pair = SpectraPair(X, X, Axis(W), Axis(W, "nm"), units=("eV", None))
    assert pair.units == ("eV", "nm")


def test_a_container_takes_a_converted_axis_with_its_unit():
    pair = SpectraPair(X, X, W, W, units=("cm-1", "nm"))
    there = pair.axis_secondary.to("nm", laser=785)
    assert dataclasses.replace(pair, wavelengths_secondary=there).units == ("nm", "nm")
    assert dataclasses.replace(pair, units="nm").units == ("nm", "nm")
    spectra = Spectra(X, W, unit="nm")
    turned = dataclasses.replace(spectra, wavelengths=spectra.axis.to("eV"))
    assert turned.unit == "eV"
    assert dataclasses.replace(turned, sample_id=[1, 2, 3]).unit == "eV"


@pytest.mark.parametrize("name", [float("nan"), float("inf"), "nan", "1e999"])
def test_a_column_without_a_finite_place_is_no_channel(name):
    pair = make_instrument_pair(20, n_secondary=20, n_primary=20, random_state=0)
    secondary, primary = pair.as_frames()
    odd = primary.set_axis([name, *primary.columns[1:]], axis=1)
    with pytest.raises(WavelengthError, match="no channel"):
        KNNTransfer().fit(secondary, odd)
    with pytest.raises(WavelengthError, match="no channel"):
        KNNTransfer().fit(odd, primary)
    with pytest.raises(WavelengthError, match="no channel"):
        relative_squared_error(odd, primary)


def repeated(table):
    return table.iloc[:, [0, 0, *range(1, table.shape[1])]]


@pytest.mark.parametrize("numbers", [False, True])
def test_repeated_channels_are_refused_with_the_tool_that_merges_them(numbers):
    pair = make_instrument_pair(20, n_secondary=20, n_primary=20, random_state=0)
    secondary, primary = pair.as_frames()
    if numbers:
        secondary.columns = pair.wavelengths_secondary
        primary.columns = pair.wavelengths_primary
    for use in (
        lambda: KNNTransfer().fit(repeated(secondary), primary),
        lambda: KNNTransfer().fit(secondary, repeated(primary)),
        lambda: make_transfer_pipeline(Ridge(), preparation=None).fit(
            repeated(secondary), primary
        ),
        lambda: make_transfer_pipeline(Ridge(), preparation=None).fit(
            secondary, repeated(primary)
        ),
        lambda: StandardScaler().fit(repeated(secondary)),
        lambda: WavelengthCropper(300, 350).fit(repeated(secondary)),
        lambda: (
            MeanTransfer().fit(secondary, primary).score(secondary, repeated(primary))
        ),
        lambda: relative_squared_error(repeated(primary), primary),
        lambda: evaluate_transfers(
            {"k": KNNTransfer()}, (secondary, repeated(primary)), (secondary, primary)
        ),
    ):
        with pytest.raises(WavelengthError, match="merge_detectors"):
            use()


@pytest.mark.parametrize("train", ["pair", "frames"])
def test_spectra_without_partners_are_compared_with_train(train):
    pair = make_instrument_pair(60, n_secondary=30, n_primary=30, random_state=0)
    known, test = pair[:20], pair[40:]
    if train == "frames":
        known = known.as_frames()

    def judged(secondary, primary=None):
        few = {"few": FewStandardsTransfer()}
        return evaluate_transfers(few, known, test, unpaired=(secondary, primary))

    secondary, primary = pair[20:40].as_frames()

    def moved(table):
        return table.set_axis([f"{float(c.split()[0]) + 9} nm" for c in table], axis=1)

    other = Spectra(pair.X_secondary, pair.wavelengths_secondary + 9, unit="nm")
    judged(secondary, primary)
    judged(Spectra(pair.X_secondary, pair.wavelengths_secondary, unit="nm"))
    for unpaired in (
        (moved(secondary), None),
        (other, None),
        (None, moved(primary)),
        (secondary.iloc[:, ::-1], None),
    ):
        with pytest.raises(WavelengthError, match="_unpaired"):
            judged(*unpaired)
