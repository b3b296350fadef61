"""scikit-learn's own checks of every preprocessing step."""

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
