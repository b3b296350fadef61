"""One figure for every shot of a map, and the range of them that has colours."""

from numbers import Real
from typing import Any

import numpy as np

from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import check_targets
from spectransfer.metrics import spectrum_cosine, spectrum_euclidean, spectrum_rmse
from spectransfer.plotting._channels import axis_of
from spectransfer.spectra import SIDES, PairedMaps, band_sums

_METRICS = {
    "euclidean": (spectrum_euclidean, "Euclidean distance", True),
    "cosine": (spectrum_cosine, "cosine distance", False),
    "rmse": (spectrum_rmse, "root-mean-square error", True),
}


def shot_distances(
    y_true: ArrayLike, y_pred: ArrayLike, metric: str
) -> tuple[FloatArray, str, bool]:
    """Compare spectra shot by shot; gives distances, their name, and if in counts."""
    if metric not in _METRICS:
        raise ValueError(
            f"metric must be one of {', '.join(_METRICS)}, but it is {metric!r}. "
            "Draw other figures with MapDisplay.from_values."
        )
    distance, name, has_unit = _METRICS[metric]
    return distance(y_true, y_pred), name, has_unit


def shot_sums(
    maps: PairedMaps,
    spectra: Any,
    band: tuple[float, float] | None,
    wavelengths: ArrayLike | None,
) -> FloatArray:
    """Sum spectra of an instrument, or any others of the same shots."""
    if isinstance(spectra, str) and spectra in SIDES:
        table = getattr(maps, f"X_{spectra}")
        wavelengths = getattr(maps, f"wavelengths_{spectra}")
    else:
        table = check_targets(spectra, name="spectra")
        if wavelengths is None and table.shape[1] == len(maps.wavelengths_primary):
            wavelengths = maps.wavelengths_primary
    axis, _ = axis_of(wavelengths, table.shape[1], spectra)
    low, high = (axis[0], axis[-1]) if band is None else band
    return band_sums(table, axis, low, high)


def clipping_limits(
    values: FloatArray, quantiles: tuple[float, float]
) -> tuple[float, float]:
    """Give the least and the largest figure that have a colour of their own.

    Parameters
    ----------
    values : ndarray
        Figures; NaN where there is none.
    quantiles : tuple of (low, high)
        Shares of the figures below the least and up to the largest, 0 to 1.

    Returns
    -------
    tuple of (low, high)
        Limits, in the unit of the figures.
    """
    if not (
        len(quantiles) == 2
        and all(isinstance(q, Real) for q in quantiles)
        and 0 <= quantiles[0] < quantiles[1] <= 1
    ):
        raise ValueError(
            "quantiles must be two increasing shares between 0 and 1, but they are "
            f"{quantiles!r}. Write for example (0.01, 0.99), or (0, 1) to clip nothing."
        )
    known = values[np.isfinite(values)]
    if known.size == 0:
        raise ValueError(
            "A map must have at least one figure, but every shot of this one is NaN."
        )
    low, high = np.quantile(known, quantiles)
    return float(low), float(high)
