r"""What a library says of its spectra as a whole: moments, residuals, errors.

Of latents z with mean m and covariance C, and of prepared spectra x, which are decoded
as d(z), a spectrum has

.. math:: T^2 = (z - m)^\top C^{-1} (z - m), \qquad Q = \lVert x - d(z) \rVert^2 .

Quantiles of both tell whether a new spectrum is one of these. Where spectra were held
out of the training, quantiles, residuals and errors are theirs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from spectransfer._axis import Axis, Named, axis_of, compare_axes, with_names
from spectransfer._blocks import blocks_of, even_rows, row_blocks
from spectransfer._typing import ArrayLike, FloatArray, RandomState
from spectransfer._validation import check_targets
from spectransfer.exceptions import WavelengthError
from spectransfer.pipeline import PrimarySide
from spectransfer.spectra import Spectra

# arrays of a library, with their axes, beside those of its parts
OWN_ARRAYS: dict[str, int] = {
    "axis": 1,
    "latents": 2,
    "sample_id": 0,  # numbers or texts
    "clusters": 2,
    "mean_spectra": 2,
    "latent_mean": 1,
    "latent_covariance": 2,
    "residual": 1,
    "quantiles": 2,
}

LEVELS = (0.5, 0.9, 0.95, 0.99, 0.999)
_HELD_OUT = "primary spectra held out of the training, encoded and decoded"
_PUBLISHED = "the published primary spectra themselves, encoded and decoded"
_MOST_DECODED = 4096


@dataclass
class Population:
    """Latents of a library, and what they and their residuals are like.

    Parameters
    ----------
    latents : ndarray of shape (n_spectra, n_latent)
        In float32.
    mean : ndarray of shape (n_latent,)
        Their mean.
    covariance : ndarray of shape (n_latent, n_latent)
        Their covariance.
    residual : ndarray of shape (n_prepared,) or None
        Root mean square of what decoded spectra miss, channel by channel, of prepared
        spectra; None where there were no spectra.
    quantiles : ndarray of shape (2, n_levels) or None
        Of T2 and Q, at `LEVELS`.
    errors : list of dict
        Figures of merit with their protocol.
    n_held_out : int or None, default=None
        Number of spectra that were held out of the training.
    """

    latents: FloatArray
    mean: FloatArray
    covariance: FloatArray
    residual: FloatArray | None
    quantiles: FloatArray | None
    errors: list[dict[str, Any]]
    n_held_out: int | None = None

    def arrays(self) -> dict[str, np.ndarray]:
        """Give what is stored beside the latents."""
        arrays = {"latent_mean": self.mean, "latent_covariance": self.covariance}
        if self.residual is not None and self.quantiles is not None:
            arrays |= {"residual": self.residual, "quantiles": self.quantiles}
        return arrays

    def error_of(self, autoencoder: Any, rounded: np.ndarray) -> float:
        """Tell what rounded latents change in decoded spectra, as an RSE."""
        drawn = even_rows(len(rounded), _MOST_DECODED)
        exact, other = (
            np.asarray(autoencoder.inverse_transform(z[drawn].astype(np.float32)))
            for z in (self.latents, rounded)
        )
        spread = float(((exact - exact.mean(axis=0)) ** 2).sum())
        return float(((exact - other) ** 2).sum()) / (spread or 1.0)


def population_of(
    side: PrimarySide,
    autoencoder: Any,
    spectra: ArrayLike | None,
    latents: ArrayLike | None,
    held_out: ArrayLike | None = None,
) -> Population:
    """Encode spectra, or take their latents, and describe them.

    Parameters
    ----------
    side : PrimarySide
        Steps of the primary side.
    autoencoder : estimator
        Fitted.
    spectra : array-like of shape (n_spectra, n_primary) or None
        As measured.
    latents : array-like of shape (n_spectra, n_latent) or None
        In place of them.
    held_out : array-like of shape (n_held_out, n_primary), default=None
        Spectra that were not trained with, as measured.

    Returns
    -------
    Population
        Latents and figures.
    """
    if (spectra is None) == (latents is None):
        raise ValueError(
            "A library is made of spectra or of their latents, and of one of them "
            f"only, but {'neither' if spectra is None else 'both'} came. Pass spectra, "
            "as the primary instrument measured them."
        )
    judged = None
    if latents is None:
        known = _judged(side, autoencoder, spectra, "spectra")
        numbers = known.latents
        judged = None if held_out is not None else known
    else:
        numbers = _checked_latents(autoencoder, latents)
    if held_out is not None:
        judged = _judged(side, autoencoder, held_out, "held_out")
    mean, covariance = moments_of(numbers)
    if judged is None:
        return Population(numbers, mean, covariance, None, None, [])
    statistics = np.stack([t2_of(judged.latents, mean, covariance), judged.q])
    quantiles = np.quantile(statistics, LEVELS, axis=1).T
    error = {
        "figure": "RSE",
        "value": judged.rse,
        "n_spectra": len(judged.latents),
        "protocol": _PUBLISHED if held_out is None else _HELD_OUT,
    }
    residual, quantiles = np.ascontiguousarray(judged.residual), quantiles.copy()
    n_held_out = None if held_out is None else len(judged.latents)
    return Population(
        numbers, mean, covariance, residual, quantiles, [error], n_held_out
    )


def moments_of(latents: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give mean and covariance of latents, in float64."""
    mean = latents.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((len(mean), len(mean)))
    for rows in row_blocks(len(latents), 8 * len(mean)):
        centred = latents[rows] - mean
        covariance += centred.T @ centred
    return mean, covariance / len(latents)


def t2_of(latents: FloatArray, mean: FloatArray, covariance: FloatArray) -> FloatArray:
    """Give T2 of latents; directions in which nothing varies do not count."""
    inverse = np.linalg.pinv(covariance, rcond=1e-10, hermitian=True)
    centred = latents - mean
    found: FloatArray = np.einsum("ij,ij->i", centred @ inverse, centred)
    return found


@dataclass
class Judged:
    """Latents of spectra, and what decoding them misses."""

    latents: FloatArray
    q: FloatArray
    residual: FloatArray
    rse: float


def _judged(side: PrimarySide, autoencoder: Any, spectra: Any, name: str) -> Judged:
    """Encode and decode spectra, in blocks, and sum up what is missed."""
    latents, q = [], []
    squares: Any = 0.0
    # in the space of predictions: errors, sums and squares of channels
    error, total, square, n_spectra = 0.0, 0.0, 0.0, 0
    table = with_axis(spectra)
    axis = axis_of(table)
    if axis is not None and side.axis is not None:
        compare_axes(side.axis, axis, who="The library", what=name)
    for block in rows_of(table):
        prepared = side.prepare(block, name)
        z = np.asarray(autoencoder.transform(prepared), np.float32)
        decoded = np.asarray(autoencoder.inverse_transform(z))
        missed = np.square(prepared - decoded, dtype=np.float64)
        latents.append(z)
        q.append(missed.sum(axis=1))
        squares = squares + missed.sum(axis=0)
        measured = side.in_prediction_space(block).astype(np.float64)
        error += float(np.square(measured - side.undo(decoded)).sum())
        total = total + measured.sum(axis=0)
        square = square + np.square(measured).sum(axis=0)
        n_spectra += len(measured)
    spread = float(np.sum(square - total * total / n_spectra))
    return Judged(
        np.concatenate(latents),
        np.concatenate(q),
        np.sqrt(squares / n_spectra),
        error / (spread or 1.0),
    )


def published_samples(
    library: Any, samples: np.ndarray, known: np.ndarray
) -> FloatArray:
    """Give mean spectra of samples as the primary side prepares them.

    Parameters
    ----------
    library : Library
        Opened.
    samples : ndarray of shape (n_samples,)
        Names, each in the library.
    known : ndarray of shape (n_spectra,)
        Names of its latents, in the type of `samples`.

    Returns
    -------
    ndarray of shape (n_samples, n_prepared)
        Those that were published, or what the decoder makes of the latents.
    """
    if library.mean_spectra is not None:
        # in the order of the names as they are stored, which may be numbers
        names = np.unique(library.sample_id).astype(known.dtype)
        order = np.argsort(names)
        rows = order[np.searchsorted(names[order], samples)]
        return library._side.prepare_predicted(library.mean_spectra[rows])
    order = np.argsort(known, kind="stable")
    starts = np.searchsorted(known[order], samples)
    stops = np.searchsorted(known[order], samples, side="right")
    rows = np.concatenate([order[a:b] for a, b in zip(starts, stops, strict=True)])
    of_row = np.repeat(np.arange(len(samples)), stops - starts)
    decoded = library._decode_prepared(library.latents[rows])
    sums = np.zeros((len(samples), decoded.shape[1]))
    np.add.at(sums, of_row, decoded)
    return (sums / (stops - starts)[:, None]).astype(np.float32)


def drawn_spectra(library: Any, n: int, random_state: RandomState) -> FloatArray:
    """Draw prepared spectra of a library: decoded latents, and noise of the residual.

    Spectra miss more or less, as the published quantiles of Q say; below the median
    these are mirrored, as logarithms.

    Parameters
    ----------
    library : Library
        Opened.
    n : int
        How many.
    random_state : int, RandomState instance or None
        Seed.

    Returns
    -------
    ndarray of shape (n, n_prepared)
        Spectra as the primary side prepares them.
    """
    residual = library._arrays.get("residual")
    if residual is None:
        raise ValueError(
            "Spectra are drawn with the noise of the published residual, but this "
            "library was published from latents, without spectra, and has none. Ask "
            "its publishers for one with held_out=, or decode its latents."
        )
    rng = check_random_state(random_state)
    rows = rng.randint(len(library.latents), size=n)
    decoded = library._decode_prepared(library.latents[rows])
    noise = rng.standard_normal(decoded.shape) * residual
    missed = np.log(np.maximum(library._quantiles[1], np.finfo(np.float64).tiny))
    below = [2 * missed[0] - missed[:0:-1], 1 - np.array(LEVELS[:0:-1])]
    levels, logs = np.append(below[1], LEVELS), np.append(below[0], missed)
    q = np.exp(np.interp(rng.uniform(size=len(noise)), levels, logs))
    own = np.maximum((noise**2).sum(axis=1), np.finfo(np.float64).tiny)
    noise *= np.sqrt(q / own)[:, None]
    found: FloatArray = (decoded + noise).astype(decoded.dtype)
    return found


def checked_predicted(places: Axis, spectra: Any) -> FloatArray:
    """Refuse predicted spectra that are not on the axis of a library.

    Parameters
    ----------
    places : Axis
        Of the library.
    spectra : array-like of shape (n_spectra, n_primary)
        As a transfer gives them; a data frame may name its columns.

    Returns
    -------
    ndarray
        Finite numbers.
    """
    spectra = with_axis(spectra)
    axis = axis_of(spectra)
    if axis is not None:
        known = Named(places.values, places.unit)
        compare_axes(known, axis, who="The library", what="spectra")
    found = check_targets(spectra, name="spectra")
    if found.shape[1:] != (len(places),):
        raise ValueError(
            f"spectra must have the {places.span} of the library, but their "
            f"shape is {found.shape}. Transfer them with a transfer that has "
            "joined it, or pass measured=True for those of the primary instrument."
        )
    return found


def with_axis(X: Any) -> Any:
    """Give spectra as a table that tells its axis, if it is known.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_channels), Spectra or None
        Spectra.

    Returns
    -------
    array, data frame or None
        The same; `Spectra` as an array with named columns.
    """
    if isinstance(X, Spectra):
        if X.unit is None:
            raise WavelengthError(
                "Spectra are compared with the axis of a library, which has a unit, "
                f"but theirs ({X.axis.span}) has none. Say it: read_spectra(..., "
                "unit='nm'), or --unit nm."
            )
        return with_names(X.X, X.axis.names)
    if X is None or hasattr(X, "columns"):
        return X
    table = np.asanyarray(X)
    if table.ndim != 2:
        raise ValueError(
            f"Spectra are the rows of a table, but their shape is {table.shape}. Pass "
            "an array of shape (n_spectra, n_channels)."
        )
    return table


def rows_of(spectra: Any) -> Iterator[Any]:
    """Give spectra in blocks of rows; data frames stay such."""
    table = with_axis(spectra)
    if len(table) == 0:
        raise ValueError("There must be at least one spectrum, but there is none.")
    return blocks_of(table, max(1, 2**19 // max(1, table.shape[1])))


def _checked_latents(autoencoder: Any, latents: ArrayLike) -> FloatArray:
    drawn = np.zeros((1, autoencoder.n_features_in_), np.float32)
    n_latent = np.shape(autoencoder.transform(drawn))[1]
    found = np.ascontiguousarray(latents, np.float32)
    if found.ndim != 2 or not np.isfinite(found).all():
        raise ValueError(
            "latents must be a table of finite numbers, one spectrum in each row, but "
            f"their shape is {found.shape}."
        )
    if len(found) == 0 or found.shape[1] != n_latent:
        raise ValueError(
            f"latents must be rows of {n_latent} numbers, as the autoencoder makes "
            f"them, but their shape is {found.shape}."
        )
    return found
