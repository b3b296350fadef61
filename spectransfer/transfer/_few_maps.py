"""All maps that few standards choose among: every prior that can be had."""

from typing import Any

from scipy import sparse

from spectransfer.transfer._affine import Axes
from spectransfer.transfer._completed import completed
from spectransfer.transfer._coverage import SPECTRA_OF_A_COMPONENT
from spectransfer.transfer._joint import Folds, Joint
from spectransfer.transfer._piecewise import window_channels
from spectransfer.transfer._population import LibraryMoments
from spectransfer.transfer._priors import (
    Nothing,
    Resampled,
    Standards,
    Untransferred,
    Window,
)
from spectransfer.transfer._rotation import Rotation

_COMPONENTS = (2, 3, 4, 6, 8, 10, 12)
_WINDOWS = (1, 5, 9)
_JOINT = (1, 2, 3, 4, 6, 8, 10, 12)
_SAMPLES_BEYOND = 4


def all_maps(
    priors: tuple[str, ...],
    standards: Standards,
    unpaired: tuple[LibraryMoments | None, LibraryMoments | None],
    resampled: sparse.csr_array | None,
    axes: Axes,
) -> list[Any]:
    """Give the maps of all priors that can be had, of the same standards together.

    Parameters
    ----------
    priors : tuple of str
        Those that are wanted; untransferred spectra are always asked.
    standards : Standards
        What is learned from.
    unpaired : tuple of LibraryMoments or None
        Secondary and primary spectra without partners.
    resampled : csr_array of shape (n_primary, n_secondary) or None
        The interpolation.
    axes : tuple of ndarray or None
        Of both sides.

    Returns
    -------
    list
        One map at least.
    """
    n_samples = len(standards.samples)
    maps: list[Any] = []
    if resampled is not None:
        maps.append(Untransferred(standards, resampled))
    for window in _WINDOWS:
        if resampled is not None and "window" in priors:
            table = window_channels(resampled, axes, window, "channels")
            maps.append(Window(standards, resampled, *table))
    if "nothing" in priors:
        maps.append(Nothing(standards))
    if resampled is not None and "resampled" in priors:
        maps.append(Resampled(standards, resampled))
    numbers = [n for n in _JOINT if n <= n_samples - 2]
    if numbers and "joint" in priors:
        folds = Folds(standards, numbers[-1])
        maps.extend(Joint(standards, resampled, folds, n) for n in numbers)
    own, library = unpaired
    if library is not None and resampled is not None and "completed" in priors:
        maps.extend(completed(standards, library, resampled))
    if own is not None and library is not None and "rotation" in priors:
        # fewer than spectra tell, and such that left-out samples can gainsay it
        most = min(
            len(own._unwhiten),
            len(library._unwhiten),
            max(2, min(own.n_spectra, library.n_spectra) // SPECTRA_OF_A_COMPONENT),
            max(2, n_samples - _SAMPLES_BEYOND),
            len(standards.x),
        )
        maps.extend(
            Rotation(standards, (own, library), n, resampled)
            for n in _COMPONENTS
            if n <= most
        )
    # where all that was asked for cannot be had
    return maps or [Nothing(standards)]
