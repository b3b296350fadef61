"""Passing primary spectra through the steps of their side, without a copy too many."""

from typing import Any

from spectransfer.preprocessing import (
    BaselineCorrector,
    StandardScaler,
    WavelengthCropper,
    WavelengthResampler,
)

# what they give is a new array, and they do not keep it
_MAKE_NEW_SPECTRA = (BaselineCorrector, WavelengthCropper, WavelengthResampler)


def apply_steps(steps: list[Any], spectra: Any) -> Any:
    """Apply fitted steps, letting a scaler write into what the step before has made.

    Corrected and scaled spectra then need not both be held. What the user gave is never
    written to, whatever the steps are.

    Parameters
    ----------
    steps : list of transformers
        Fitted, without "passthrough".
    spectra : array-like of shape (n_spectra, n_primary)
        Measured primary spectra.

    Returns
    -------
    array-like of shape (n_spectra, n_prepared)
        What the last step gives.
    """
    made_here = False
    for step in steps:
        if made_here and type(step) is StandardScaler:
            spectra = step.transform(spectra, copy=False)
        else:
            spectra = step.transform(spectra)
            made_here = type(step) in _MAKE_NEW_SPECTRA
    return spectra
