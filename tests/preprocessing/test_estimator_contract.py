"""scikit-learn's own checks of every preprocessing step, and what a failure leaves."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectransfer.preprocessing import (
    BaselineCorrector,
    StandardScaler,
    WavelengthCropper,
    WavelengthResampler,
)

# The checks have spectra of one to a few channels, and no wavelengths.
SHORT = {"smooth_window": 2, "allow_long_windows": True}

ESTIMATORS = [
    BaselineCorrector(3, **SHORT),
    BaselineCorrector(3, edges="zero-padded", n_jobs=2, **SHORT),
    StandardScaler(),
    StandardScaler(with_std=False),
    StandardScaler(statistics="batch"),
    WavelengthCropper(),
    WavelengthCropper(0, 1, wavelengths="channels"),
    WavelengthResampler([0, 0.5, 1], fill_value=0.0, wavelengths="channels"),
    WavelengthResampler([0.5], kind="cubic", fill_value="edge", wavelengths="channels"),
    WavelengthResampler(
        [-1, 0], kind="flux-conserving", fill_value="edge", wavelengths="channels"
    ),
]


def expected_failures(estimator):
    if getattr(estimator, "statistics", None) == "batch":
        return {
            "check_methods_subset_invariance": (
                "The statistics are those of the batch by definition, as in "
                "sklearn.preprocessing.scale, so that a spectrum's result depends on "
                "the spectra around it, and a batch of one is refused."
            )
        }
    return {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_step_passes_scikit_learns_check(estimator, check):
    check(estimator)


AXIS = np.linspace(300.0, 339.0, 40)
STEPS = {
    "corrector": lambda: BaselineCorrector(5.0, smooth_window=3.0, unit="nm"),
    "scaler": lambda: StandardScaler(power=0.5),
    "cropper": lambda: WavelengthCropper(305, 330),
    "resampler": lambda: WavelengthResampler(AXIS[3:30:2] + 0.3),
}


def frame_of(seed, axis=AXIS):
    spectra = np.random.default_rng(seed).gamma(2.0, 100.0, size=(20, len(axis)))
    return pd.DataFrame(spectra, columns=axis)


def with_value(value, row=3, channel=20):
    broken = frame_of(1)
    broken.iloc[row, channel] = value
    return broken


def decreasing():
    return frame_of(1, AXIS[::-1])


REFUSED = {
    "NaN": lambda: (with_value(np.nan),),
    "inf in fewer channels": lambda: (with_value(np.inf).iloc[:, 10:],),
    "text": lambda: (frame_of(1, AXIS[:30]).astype(str) + " counts",),
    "unpaired": lambda: (frame_of(1, AXIS[:30]), np.ones((19, 3))),
    "no spectra": lambda: (frame_of(1, AXIS[:30]).iloc[:0],),
    "a cube": lambda: (np.ones((2, 3, 4)),),
}


def learned(estimator):
    """Give what has been learned, and what becomes of some spectra."""
    return {
        **vars(estimator),
        "transformed": estimator.transform(frame_of(2)),
        "names": estimator.get_feature_names_out(),
    }


def assert_unchanged(estimator, before):
    after = learned(estimator)
    assert after.keys() == before.keys()
    for name, value in before.items():
        if name == "weights_":
            assert (after[name] != value).nnz == 0
        else:
            assert_array_equal(after[name], value, err_msg=name, strict=True)


@pytest.mark.parametrize("refused", REFUSED)
@pytest.mark.parametrize("step", STEPS)
def test_a_refused_fit_leaves_what_was_learned_to_the_bit(step, refused):
    estimator = STEPS[step]().fit(frame_of(0))
    before = learned(estimator)
    with pytest.raises(ValueError):
        estimator.fit(*REFUSED[refused]())
    assert_unchanged(estimator, before)


@pytest.mark.parametrize("refused", [*REFUSED, "another axis", "weights"])
def test_a_refused_partial_fit_leaves_what_was_learned_to_the_bit(refused):
    scaler = StandardScaler(power=0.5).fit(frame_of(0))
    before = learned(scaler)
    given = {
        "another axis": lambda: (frame_of(1, AXIS + 1),),
        "weights": lambda: (frame_of(1), None, np.ones(19)),
    } | REFUSED
    with pytest.raises(ValueError):
        scaler.partial_fit(*given[refused]())
    assert_unchanged(scaler, before)


@pytest.mark.parametrize(
    ("step", "params"),
    [
        ("corrector", {"min_window": 1000.0}),
        ("corrector", {"smooth_window": 1000.0}),
        ("corrector", {"edges": "reflected"}),
        ("corrector", {"wavelengths": AXIS[::-1]}),
        ("corrector", {"wavelengths": AXIS[:7]}),
        ("scaler", {"power": 2}),
        ("cropper", {"lower": 900}),
        ("cropper", {"lower": "red"}),
        ("cropper", {"wavelengths": AXIS[:7]}),
        ("resampler", {"new_wavelengths": [100.0, 200.0]}),
        ("resampler", {"new_wavelengths": [320.0, 310.0]}),
        ("resampler", {"kind": "nearest"}),
        ("resampler", {"wavelengths": AXIS[:7]}),
    ],
)
def test_a_fit_refused_for_a_parameter_leaves_what_was_learned(step, params):
    estimator = STEPS[step]().fit(frame_of(0))
    before = learned(estimator)
    old = {name: estimator.get_params()[name] for name in params}
    with pytest.raises(ValueError):
        estimator.set_params(**params).fit(frame_of(1, AXIS[:25]))
    assert_unchanged(estimator.set_params(**old), before)


@pytest.mark.parametrize("step", ["corrector", "cropper", "resampler"])
def test_a_fit_refused_for_its_axis_leaves_what_was_learned(step):
    estimator = STEPS[step]().fit(frame_of(0))
    before = learned(estimator)
    with pytest.raises(ValueError, match="increas"):
        estimator.fit(decreasing())
    assert_unchanged(estimator, before)


@pytest.mark.parametrize("step", STEPS)
def test_a_first_fit_that_is_refused_learns_nothing(step):
    estimator = STEPS[step]()
    with pytest.raises(ValueError):
        estimator.fit(with_value(np.nan))
    assert vars(estimator) == estimator.get_params()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (StandardScaler(power=0.5), "not fitted"),
        (StandardScaler(power=0.5).fit(frame_of(1, AXIS[:25])), "25 .* 40"),
    ],
)
def test_weights_that_cannot_be_taken_over_change_nothing(other, message):
    scaler = StandardScaler(power=0.5).fit(frame_of(0))
    before = learned(scaler)
    with pytest.raises(ValueError, match=message):
        scaler.weigh_like(other)
    assert_unchanged(scaler, before)
