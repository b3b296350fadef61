r"""The error of a transferred library relative to a spectrum that knows nothing.

.. math:: \mathrm{RSE} = \frac{\sum_{ij} w_i (y_{ij} - \hat y_{ij})^2}
                              {\sum_{ij} w_i (y_{ij} - \bar y_j)^2}

The paper prints :math:`\bar y_j - \hat y_{ij}` in the denominator (its formula 3),
which is infinite for the very prediction that it says has an error of 1; its authors'
code has the denominator above, and so have we.
"""

import numpy as np

from spectransfer._blocks import row_blocks
from spectransfer._numbers import common_unit
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import StrOptions, validate_params
from spectransfer.metrics._distances import (
    paired_spectra,
    spectrum_weights,
    squared_euclidean,
)

# sums of squares beyond have lost digits, or have become zero or infinite
_LEAST, _MOST = 1e-280, 1e280


def _mean_spectrum(spectra: FloatArray, weights: FloatArray, unit: float) -> FloatArray:
    # Differences from the first spectrum: the mean of constant spectra is then exact,
    # and a large common offset costs no digits.
    first = spectra[0].astype(np.float64) / unit
    total = np.zeros_like(first)
    for rows in row_blocks(len(spectra), 8 * spectra.shape[1]):
        total += weights[rows] @ (spectra[rows] / unit - first)
    return first + total / weights.sum()


def _squared_error(
    spectra: FloatArray, reference: FloatArray, weights: FloatArray, unit: float
) -> float:
    """Sum weighted squared differences from one spectrum or from one for each row."""
    total = 0.0
    for rows in row_blocks(len(spectra), 8 * spectra.shape[1]):
        other = reference if reference.ndim == 1 else _in_unit(reference[rows], unit)
        block = _in_unit(spectra[rows], unit)
        total += float(weights[rows] @ squared_euclidean(block, other))
    return total


def _in_unit(spectra: FloatArray, unit: float) -> FloatArray:
    block = np.asarray(spectra, dtype=np.float64)
    return block if unit == 1 else block / unit


@validate_params(
    {"denominator": [StrOptions({"measured", "predicted"})]},
    prefer_skip_nested_validation=True,
)
def relative_squared_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    denominator: str = "measured",
    sample_weight: ArrayLike | None = None,
) -> float:
    r"""Squared error of a transferred library, relative to its mean spectrum.

    Errors are pooled over spectra and wavelengths before dividing, so strong
    lines weigh more than weak ones:

    .. math:: \mathrm{RSE} = \sum_{ij} (y_{ij} - \hat y_{ij})^2
              / \sum_{ij} (y_{ij} - \bar y_j)^2

    This equals :math:`1 - R^2` with the channels weighted by their variance.

    Parameters
    ----------
    y_true : array-like of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Spectra measured on the primary instrument, in counts.
    y_pred : array-like of the shape of `y_true`
        Spectra predicted for the same spots, in the unit of `y_true`.
    denominator : {"measured", "predicted"}, default="measured"
        Whose squared differences from the measured mean spectrum the error is divided
        by. "predicted" is formula 3 as the paper prints it: it rewards predictions
        that scatter more, and has no bound for the mean spectrum (infinite, but for
        rounding).
    sample_weight : array-like of shape (n_spectra,), default=None
        Weight of each spectrum, in the mean spectrum too; None weighs all alike.

    Returns
    -------
    float
        0 for a perfect transfer, 1 for always answering the mean spectrum.
        No upper bound. Where the denominator is zero (a single spectrum, or spectra
        that are all the same), 0 if the transfer is perfect and infinity otherwise.

    Examples
    --------
    >>> from spectransfer.metrics import relative_squared_error
    >>> relative_squared_error([[0.0, 2.0], [2.0, 4.0]], [[0.0, 2.0], [2.0, 3.0]])
    0.25
    """
    measured, predicted = paired_spectra(y_true, y_pred)
    weights = spectrum_weights(sample_weight, len(measured))
    scattered = measured if denominator == "measured" else predicted

    def sums(unit: float) -> tuple[float, float]:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            error = _squared_error(predicted, measured, weights, unit)
            if error == 0:
                return error, error
            mean = _mean_spectrum(measured, weights, unit)
            return error, _squared_error(scattered, mean, weights, unit)

    error, scatter = sums(1.0)
    if not (_LEAST < error < _MOST and _LEAST < scatter < _MOST):
        error, scatter = sums(max(common_unit(measured), common_unit(predicted)))
    if error == 0:
        return 0.0
    return error / scatter if scatter > 0 else float("inf")
