r"""The error of a transferred library relative to a spectrum that knows nothing.

.. math:: \mathrm{RSE} = \frac{\sum_{ij} w_i (y_{ij} - \hat y_{ij})^2}
                              {\sum_{ij} w_i (y_{ij} - \bar y_j)^2}

The paper prints :math:`\bar y_j - \hat y_{ij}` in the denominator (its formula 3),
which is infinite for the very prediction that it says has an error of 1; its authors'
code has the denominator above, and so have we.
"""

import numpy as np

from spectransfer._blocks import row_blocks
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import StrOptions, validate_params
from spectransfer.metrics._distances import (
    paired_spectra,
    spectrum_weights,
    squared_euclidean,
)


def _mean_spectrum(spectra: FloatArray, weights: FloatArray) -> FloatArray:
    # Differences from the first spectrum: the mean of constant spectra is then exact,
    # and a large common offset costs no digits.
    first = spectra[0].astype(np.float64)
    total = np.zeros_like(first)
    for rows in row_blocks(len(spectra), 8 * spectra.shape[1]):
        total += weights[rows] @ (spectra[rows] - first)
    return first + total / weights.sum()


def _squared_error(
    spectra: FloatArray, reference: FloatArray, weights: FloatArray
) -> float:
    """Sum weighted squared differences from one spectrum or from one for each row."""
    total = 0.0
    for rows in row_blocks(len(spectra), 8 * spectra.shape[1]):
        other = reference if reference.ndim == 1 else reference[rows]
        block = np.asarray(spectra[rows], dtype=np.float64)
        total += float(weights[rows] @ squared_euclidean(block, other))
    return total


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
    error = _squared_error(predicted, measured, weights)
    if error == 0:
        return 0.0
    scattered = measured if denominator == "measured" else predicted
    scatter = _squared_error(scattered, _mean_spectrum(measured, weights), weights)
    return error / scatter if scatter > 0 else float("inf")
