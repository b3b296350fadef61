"""Spectra without partners, of which a laboratory has many beside its standards."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from spectransfer._axis import told_axis
from spectransfer._blocks import even_rows
from spectransfer._numbers import check_squares, noting_exchange
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import check_spectra, check_targets, compare_targets
from spectransfer.exceptions import SpectransferWarning
from spectransfer.transfer._population import LibraryMoments

# points of the secondary population, which are turned onto those of the primary
_TURNED = 250
# what varies among standards is in a library of their material to a hundredth
_LACKING = 0.05
# components of fewer spectra hold less
_TELLING = 50
# predictions of other rocks varied up to 1.2 times as much as the library
_STRETCHED = 2.0
_LOOKED_AT = 400
# standards that were chosen among extremes vary up to twenty times as much
_OTHER_UNITS = 100.0


def check_unpaired(
    estimator: Any,
    X_unpaired: ArrayLike | None,
    y_unpaired: ArrayLike | LibraryMoments | None,
    n_primary: int,
) -> tuple[FloatArray | None, FloatArray | LibraryMoments | None]:
    """Validate spectra without partners, on the channels of the pairs.

    Parameters
    ----------
    estimator : estimator
        The estimator being fitted, which knows the channels of its `X`.
    X_unpaired : array-like of shape (n_unpaired, n_secondary) or None
        Secondary spectra.
    y_unpaired : array-like of shape (n_library, n_primary), LibraryMoments or None
        Primary spectra, or their moments.
    n_primary : int
        Number of channels of `y`.

    Returns
    -------
    secondary, primary : ndarray or None
        Both, finite, where they are given; moments as they are.
    """
    _compare_axes(estimator, X_unpaired, y_unpaired)
    widths = estimator.n_features_in_, n_primary
    with noting_exchange(widths, X_unpaired=X_unpaired, y_unpaired=y_unpaired):
        return _checked(estimator, X_unpaired, y_unpaired, n_primary)


def _checked(
    estimator: Any,
    X_unpaired: ArrayLike | None,
    y_unpaired: ArrayLike | LibraryMoments | None,
    n_primary: int,
) -> tuple[FloatArray | None, FloatArray | LibraryMoments | None]:
    secondary: FloatArray | None = None
    primary: FloatArray | LibraryMoments | None = None
    if X_unpaired is not None:
        secondary = check_spectra(estimator, X_unpaired, name="X_unpaired")
        check_squares(secondary, "X_unpaired")
    if isinstance(y_unpaired, LibraryMoments):
        primary, n_channels = y_unpaired, len(y_unpaired.mean)
        check_squares(y_unpaired.factor, "y_unpaired")
    elif y_unpaired is not None:
        targets = check_targets(y_unpaired, name="y_unpaired")
        check_squares(targets, "y_unpaired")
        compare_targets(estimator, y_unpaired, "y_unpaired")
        primary = targets.reshape(len(targets), -1)
        n_channels = primary.shape[1]
    if primary is not None and n_channels != n_primary:
        raise ValueError(
            f"y_unpaired must have the channels of y, but it has {n_channels} and y "
            f"has {n_primary}. Pass primary spectra of the same instrument, prepared "
            "alike."
        )
    return secondary, primary


def _compare_axes(estimator: Any, X_unpaired: Any, y_unpaired: Any) -> None:
    """Refuse data frames on other axes than those that the estimator was told."""
    for spectra, side in ((X_unpaired, "secondary"), (y_unpaired, "primary")):
        name = f"wavelengths_{side}"
        given = getattr(estimator, name, None)
        if given is not None and hasattr(spectra, "columns"):
            told_axis(spectra, given, name=name)


def populations(
    secondary: FloatArray | None, primary: FloatArray | LibraryMoments | None
) -> tuple[LibraryMoments | None, LibraryMoments | None]:
    """Give moments of each side, where there are enough spectra for them.

    Parameters
    ----------
    secondary, primary : ndarray of shape (n_spectra, n_channels), or None
        Spectra without partners; the primary ones may be moments already.

    Returns
    -------
    secondary, primary : LibraryMoments or None
        Of three spectra or more.
    """
    own = library = None
    if secondary is not None and len(secondary) >= 3:
        own = LibraryMoments.of(secondary, n_points=_TURNED)
    if isinstance(primary, LibraryMoments):
        library = primary
    elif primary is not None and len(primary) >= 3:
        library = LibraryMoments.of(primary)
    return own, library


def warn_of_another_library(standards: FloatArray, library: LibraryMoments) -> None:
    """Warn of a library of another material or axis than the standards.

    Parameters
    ----------
    standards : ndarray of shape (n_standards, n_channels)
        Their primary spectra.
    library : LibraryMoments
        Primary spectra.
    """
    varying = standards - standards.mean(axis=0)
    _, deviations, directions = library._principal
    square = (varying**2).sum()
    if not square or not deviations.any() or library.n_spectra < _TELLING:
        return
    lacking = 1.0 - ((varying @ directions.T) ** 2).sum() / square
    if lacking > _LACKING:
        warnings.warn(
            f"y_unpaired must be of what the standards are of, but {lacking:.0%} of "
            "what varies among them varies in no spectrum of it. Are materials missing "
            "in it, or is it on another axis, or prepared in another way? What is "
            "expected tells of materials that are in both.",
            SpectransferWarning,
            stacklevel=5,
        )


def warn_of_other_units(
    standards: FloatArray, population: LibraryMoments, name: str
) -> None:
    """Warn where spectra without partners vary far more or less than standards do.

    Parameters
    ----------
    standards : ndarray of shape (n_standards, n_channels)
        Their spectra on the same side.
    population : LibraryMoments
        Spectra without partners.
    name : str
        What the caller calls them.
    """
    square = ((standards - standards.mean(axis=0)) ** 2).sum()
    variance = (population._principal[1] ** 2).sum()
    if len(standards) < 2 or not square or not variance:
        return
    times = square / (len(standards) - 1) / variance
    if population.n_spectra >= _TELLING and not 1 / _OTHER_UNITS < times < _OTHER_UNITS:
        ratio = np.sqrt(max(times, 1.0 / times))
        more = "less" if times > 1.0 else "more"
        warnings.warn(
            f"{name} must be of what the standards are of, but it varies {ratio:.3g} "
            f"times {more} than they do. Is it in their units, and are they not all of "
            "one material?",
            SpectransferWarning,
            stacklevel=5,
        )


def warn_of_stretch(
    moved: Callable[[FloatArray], FloatArray],
    spectra: FloatArray,
    standards: FloatArray,
    library: LibraryMoments,
) -> None:
    """Warn where predictions vary far more than any primary spectra do.

    Parameters
    ----------
    moved : callable
        The linear part of a transfer.
    spectra : ndarray of shape (n_unpaired, n_secondary)
        Secondary spectra.
    standards : ndarray of shape (n_standards, n_primary)
        Primary spectra of the standards.
    library : LibraryMoments
        Primary spectra.
    """
    looked_at = moved(spectra[even_rows(len(spectra), _LOOKED_AT)])
    _, deviations, _ = library._principal
    known = max((deviations**2).sum(), standards.var(axis=0).sum())
    times = np.sqrt(looked_at.var(axis=0).sum() / (known or np.inf))
    if times > _STRETCHED:
        warnings.warn(
            "Predictions must vary as primary spectra do, but those of X_unpaired vary "
            f"{times:.3g} times as much as y_unpaired and the standards: these do not "
            "tell what the transfer makes of new spectra. Measure more standards, "
            "those of select_standards first, or look for odd spectra in X_unpaired.",
            SpectransferWarning,
            stacklevel=5,
        )
