"""What a library is made of: primary side, axis and autoencoder of a transfer."""

from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

from spectransfer._axis import Axis, axis_of, check_axis, read_names
from spectransfer._wrapping import flat_steps, layers, unwrapped
from spectransfer.exceptions import WavelengthError
from spectransfer.pipeline import PrimarySide
from spectransfer.preprocessing import WavelengthCropper, WavelengthResampler


def primary_parts(transfer: Any) -> tuple[PrimarySide, Any]:
    """Give the primary side and the autoencoder of a fitted transfer.

    Parameters
    ----------
    transfer : estimator
        A transfer with a latent space, or a pipeline that ends in an autoencoder.

    Returns
    -------
    side : PrimarySide
        Fitted.
    autoencoder : estimator
        Fitted, with `transform` and `inverse_transform`.

    Raises
    ------
    TypeError
        There is no autoencoder in it.
    """
    check_is_fitted(transfer)
    *_, last = layers(transfer)
    side = getattr(last, "primary_side_", None)
    for layer in layers(getattr(last, "regressor_", last)):
        if hasattr(layer, "autoencoder_"):
            found = unwrapped(layer.autoencoder_)
            return side or PrimarySide(None, (found.n_features_in_,)), found
    if not (hasattr(last, "transform") and hasattr(last, "inverse_transform")):
        raise TypeError(
            "A library is made of a transfer through a latent space, or of a pipeline "
            "of primary steps and an autoencoder, but this one ends in a "
            f"{type(last).__name__}. Use VAELatentTransfer, or fit "
            "make_pipeline(BaselineCorrector(), StandardScaler(power=0), "
            "SpectralVAE()) to primary spectra."
        )
    drawn = np.zeros((1, last.n_features_in_), np.float32)
    if np.shape(last.transform(drawn))[1] >= last.n_features_in_:
        raise TypeError(
            "An autoencoder has fewer latents than spectra have channels, but this "
            f"{type(last).__name__} gives as many: it would publish the spectra "
            "themselves. End the pipeline in SpectralVAE or PCA."
        )
    # nested and frozen pipelines have steps before it, too
    *steps, last = flat_steps(transfer)
    before = make_pipeline(*steps) if steps else None
    names = getattr(transfer, "feature_names_in_", None)
    return PrimarySide(before, (transfer.n_features_in_,), names), last


def primary_axis(side: PrimarySide, spectra: Any, wavelengths: Any) -> Axis:
    """Give the primary axis with its unit, and refuse another one."""
    known = side.axis or (None if spectra is None else axis_of(spectra))
    if wavelengths is None:
        if known is None:
            raise WavelengthError(
                "A library has a primary axis, but neither the transfer nor the "
                "spectra tell it. Pass wavelengths=Axis(values, 'nm'), or data frames "
                "whose columns are named by it."
            )
        axis = check_axis(known.values, unit=known.unit)
    else:
        axis = check_axis(wavelengths, side.shape[0])
        if known is not None:
            unit = known.unit if axis.unit is None else axis.unit
            if known.unit not in (None, unit) or not np.allclose(
                known.values, axis.values, rtol=1e-9, atol=0
            ):
                raise WavelengthError(
                    "wavelengths must be the axis that the transfer was fitted with, "
                    f"{Axis(known.values, known.unit).span}, but they are {axis.span}. "
                    "Leave them out."
                )
            axis = Axis(axis.values, unit)
    if axis.unit is None:
        raise WavelengthError(
            f"The axis of a library has a unit, but that of {axis.span} has none. Pass "
            "wavelengths=Axis(values, 'nm'), with your unit."
        )
    return axis


def predicted_axis(side: PrimarySide, axis: Axis) -> Axis:
    """Give the axis of decoded spectra: that of the primary side may have been cut."""
    names = side.predicted_names
    known = None if names is None else read_names(names)
    if known is not None:
        return Axis(known.values, axis.unit)
    if any(
        isinstance(step, (WavelengthCropper, WavelengthResampler))
        for step in side.steps
    ):
        raise WavelengthError(
            "The axis of decoded spectra must be known, but the primary side changes "
            "channels and was not fitted to a data frame. Fit it to frames whose "
            "columns are named by the axis, such as pair.as_frame."
        )
    return axis
