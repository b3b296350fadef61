r"""Distances between a measured and a predicted spectrum, spot by spot.

With :math:`y` the measured and :math:`\hat y` the predicted spectrum of one spot:

.. math:: d_\mathrm{euclid} = \lVert y - \hat y \rVert, \qquad
          d_\mathrm{cos} = 1 - \frac{y \cdot \hat y}
                                    {\lVert y \rVert \lVert \hat y \rVert}

These are formulas 1 and 2 of the library-transfer paper. Its Table 1 lists the
*negated cosine* instead, :math:`d_\mathrm{cos} - 1`, which is there by name. What
may be compared at all, and with which weights, is checked here for every figure.
"""

from collections.abc import Callable

import numpy as np
from sklearn.utils.validation import check_consistent_length

from spectransfer._axis import axis_of, compare_axes
from spectransfer._blocks import row_blocks
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import StrOptions, check_targets, validate_params

_CONVENTION = {"convention": [StrOptions({"distance", "minus_cosine"})]}


def _as_rows(array: FloatArray) -> FloatArray:
    return array.reshape(-1, 1) if array.ndim == 1 else array


def paired_spectra(
    y_true: ArrayLike, y_pred: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Validate two sets of spectra of the same spots; a 1-D target is one channel.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Measured and predicted spectra. Float arrays, memory-mapped ones included,
        are not copied.

    Returns
    -------
    measured, predicted : ndarray of shape (n_spectra, n_wavelengths)
        Finite, float32 or float64 each.
    """
    axes = axis_of(y_true), axis_of(y_pred)
    if axes[0] is not None and axes[1] is not None:
        compare_axes(
            axes[0],
            axes[1],
            who="A figure of merit",
            what="y_pred",
            known_from="of y_true",
        )
    measured = _as_rows(check_targets(y_true, name="y_true"))
    predicted = _as_rows(check_targets(y_pred, name="y_pred"))
    check_consistent_length(measured, predicted)
    if measured.shape[1] != predicted.shape[1]:
        raise ValueError(
            "y_true and y_pred must be on the same channels, but y_true has "
            f"{measured.shape[1]} and y_pred has {predicted.shape[1]}. Compare "
            "predictions with primary spectra brought to the space of the predictions, "
            "as spectransfer.metrics.target_in_prediction_space gives them."
        )
    return measured, predicted


def spectrum_weights(sample_weight: ArrayLike | None, n_spectra: int) -> FloatArray:
    """Validate one weight for each spectrum; None weighs all alike.

    Parameters
    ----------
    sample_weight : array-like of shape (n_spectra,) or None
        Weights, not negative.
    n_spectra : int
        The number of weights there must be.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Weights in float64.
    """
    if sample_weight is None:
        return np.ones(n_spectra)
    weights = check_targets(sample_weight, name="sample_weight").astype(np.float64)
    if weights.shape != (n_spectra,):
        raise ValueError(
            f"sample_weight must have one number for each of the {n_spectra} spectra, "
            f"but its shape is {weights.shape}."
        )
    if (weights < 0).any() or not weights.any():
        i = int(weights.argmin())
        raise ValueError(
            "sample_weight must not be negative and not be zero everywhere, but its "
            f"least value, for spectrum {i}, is {weights[i]:g} and its sum is "
            f"{weights.sum():g}. Leave sample_weight out to weigh all spectra alike."
        )
    return weights


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
