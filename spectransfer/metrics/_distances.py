r"""Distances between a measured and a predicted spectrum, spot by spot.

With :math:`y` the measured and :math:`\hat y` the predicted spectrum of one spot:

.. math:: d_\mathrm{euclid} = \lVert y - \hat y \rVert, \qquad
          d_\mathrm{cos} = 1 - \frac{y \cdot \hat y}
                                    {\lVert y \rVert \lVert \hat y \rVert}

These are formulas 1 and 2 of the library-transfer paper. Its Table 1 lists the
*negated cosine* instead, :math:`d_\mathrm{cos} - 1`, which is there by name.
"""

from collections.abc import Callable

import numpy as np

from spectransfer._blocks import row_blocks
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import StrOptions, validate_params
from spectransfer.metrics._pair import paired_spectra, spectrum_weights

_CONVENTION = {"convention": [StrOptions({"distance", "minus_cosine"})]}


def _by_rows(
    distance: Callable[[FloatArray, FloatArray], FloatArray],
    measured: FloatArray,
    predicted: FloatArray,
) -> FloatArray:
    """Apply `distance` to blocks of rows, brought to float64 one at a time."""
    found = np.empty(len(measured))
    for rows in row_blocks(len(measured), 8 * measured.shape[1]):
        found[rows] = distance(
            np.asarray(measured[rows], dtype=np.float64),
            np.asarray(predicted[rows], dtype=np.float64),
        )
    return found


def squared_euclidean(measured: FloatArray, predicted: FloatArray) -> FloatArray:
    """Sum squared differences over the channels of each row."""
    error = measured - predicted
    return np.einsum("ij,ij->i", error, error)


def _unit(spectra: FloatArray) -> FloatArray:
    """Scale each row to length 1; a row of zeros stays as it is."""
    # Dividing by the peak first keeps the squares of tiny or huge counts in range.
    peak = np.abs(spectra).max(axis=1, keepdims=True)
    scaled = spectra / np.where(peak > 0, peak, 1)
    norm = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))[:, None]
    return scaled / np.where(norm > 0, norm, 1)


def _cosine(measured: FloatArray, predicted: FloatArray) -> FloatArray:
    # Half the squared chord equals 1 - cos without cancelling for nearly equal rows.
    distance = squared_euclidean(_unit(measured), _unit(predicted)) / 2
    one_is_zero = measured.any(axis=1) != predicted.any(axis=1)
    return np.where(one_is_zero, 1.0, np.minimum(distance, 2.0))


def spectrum_euclidean(y_true: ArrayLike, y_pred: ArrayLike) -> FloatArray:
    r"""Euclidean distance between each measured and predicted spectrum.

    .. math:: d_i = \sqrt{\textstyle\sum_j (y_{ij} - \hat y_{ij})^2}

    Parameters
    ----------
    y_true : array-like of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Spectra measured on the primary instrument, in counts.
    y_pred : array-like of the shape of `y_true`
        Spectra predicted for the same spots, in the unit of `y_true`.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Distances in counts, float64 whatever the input: 0 for a perfect transfer,
        no upper bound. They grow with the number of channels; `spectrum_rmse`
        does not.

    See Also
    --------
    mean_euclidean : Their mean, the figure of the paper's Table 1.

    Examples
    --------
    >>> from spectransfer.metrics import spectrum_euclidean
    >>> spectrum_euclidean([[0.0, 0.0], [1.0, 2.0]], [[3.0, 4.0], [1.0, 2.0]])
    array([5., 0.])
    """
    measured, predicted = paired_spectra(y_true, y_pred)
    return np.sqrt(_by_rows(squared_euclidean, measured, predicted))


def spectrum_rmse(y_true: ArrayLike, y_pred: ArrayLike) -> FloatArray:
    r"""Root-mean-square error over the channels of each spectrum.

    .. math:: d_i = \sqrt{\textstyle\frac 1 M \sum_{j=1}^M (y_{ij} - \hat y_{ij})^2}

    Parameters
    ----------
    y_true : array-like of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Spectra measured on the primary instrument, in counts.
    y_pred : array-like of the shape of `y_true`
        Spectra predicted for the same spots, in the unit of `y_true`.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Errors in counts, float64: the Euclidean distance divided by the root of the
        number of channels, so that instruments of different width compare.

    Examples
    --------
    >>> from spectransfer.metrics import spectrum_rmse
    >>> spectrum_rmse([[0.0, 0.0, 0.0, 0.0]], [[2.0, -2.0, 2.0, -2.0]])
    array([2.])
    """
    measured, predicted = paired_spectra(y_true, y_pred)
    total = _by_rows(squared_euclidean, measured, predicted)
    return np.sqrt(total / measured.shape[1])


@validate_params(_CONVENTION, prefer_skip_nested_validation=True)
def spectrum_cosine(
    y_true: ArrayLike, y_pred: ArrayLike, *, convention: str = "distance"
) -> FloatArray:
    r"""Cosine distance between each measured and predicted spectrum.

    .. math:: d_i = 1 - \frac{\sum_j y_{ij} \hat y_{ij}}
              {\sqrt{\sum_j y_{ij}^2} \sqrt{\sum_j \hat y_{ij}^2}}

    It sees the shape of a spectrum and not its intensity. A spectrum of zeros has no
    direction; by convention it is at distance 1 (no likeness) from any other spectrum
    and at distance 0 from another spectrum of zeros. (The authors' code gives NaN.)

    Parameters
    ----------
    y_true : array-like of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Spectra measured on the primary instrument, in counts.
    y_pred : array-like of the shape of `y_true`
        Spectra predicted for the same spots, in any unit.
    convention : {"distance", "minus_cosine"}, default="distance"
        "distance" is formula 2 of the paper. "minus_cosine" is what its Table 1 lists
        and its authors' code computes: the distance less 1.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Float64. Distances go from 0 (proportional spectra) over 1 (nothing in common)
        to 2 (opposite sign); the negated cosine goes from -1 over 0 to 1.

    See Also
    --------
    mean_cosine : Their mean, the figure of the paper's Table 1.

    Examples
    --------
    >>> from spectransfer.metrics import spectrum_cosine
    >>> spectrum_cosine([[1.0, 0.0], [1.0, 0.0]], [[3.0, 0.0], [0.0, 2.0]])
    array([0., 1.])
    """
    measured, predicted = paired_spectra(y_true, y_pred)
    distance = _by_rows(_cosine, measured, predicted)
    return distance - 1 if convention == "minus_cosine" else distance


def mean_euclidean(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Mean over spectra of the Euclidean distance.

    Parameters
    ----------
    y_true : array-like of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Spectra measured on the primary instrument, in counts.
    y_pred : array-like of the shape of `y_true`
        Spectra predicted for the same spots, in the unit of `y_true`.
    sample_weight : array-like of shape (n_spectra,), default=None
        Weight of each spectrum; None weighs all alike.

    Returns
    -------
    float
        Mean distance in counts: 0 for a perfect transfer, no upper bound.

    See Also
    --------
    spectrum_euclidean : The distance of each spectrum.

    Examples
    --------
    >>> from spectransfer.metrics import mean_euclidean
    >>> mean_euclidean([[0.0, 0.0], [1.0, 2.0]], [[3.0, 4.0], [1.0, 2.0]])
    2.5
    """
    distance = spectrum_euclidean(y_true, y_pred)
    weights = spectrum_weights(sample_weight, len(distance))
    return float(np.average(distance, weights=weights))


@validate_params(_CONVENTION, prefer_skip_nested_validation=True)
def mean_cosine(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    convention: str = "distance",
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean over spectra of the cosine distance.

    Parameters
    ----------
    y_true : array-like of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Spectra measured on the primary instrument, in counts.
    y_pred : array-like of the shape of `y_true`
        Spectra predicted for the same spots, in any unit.
    convention : {"distance", "minus_cosine"}, default="distance"
        "distance" is formula 2 of the paper, "minus_cosine" the negated cosine of its
        Table 1 (-0.9919 there is a distance of 0.0081).
    sample_weight : array-like of shape (n_spectra,), default=None
        Weight of each spectrum; None weighs all alike.

    Returns
    -------
    float
        0 (or -1) when all spectra are proportional to what was measured. Smaller is
        better in both conventions.

    See Also
    --------
    spectrum_cosine : The distance of each spectrum, and what a spectrum of zeros gets.

    Examples
    --------
    >>> from spectransfer.metrics import mean_cosine
    >>> y_true, y_pred = [[1.0, 0.0], [1.0, 0.0]], [[3.0, 0.0], [0.0, 2.0]]
    >>> mean_cosine(y_true, y_pred)
    0.5
    >>> mean_cosine(y_true, y_pred, convention="minus_cosine")
    -0.5
    """
    distance = spectrum_cosine(y_true, y_pred, convention=convention)
    weights = spectrum_weights(sample_weight, len(distance))
    return float(np.average(distance, weights=weights))
