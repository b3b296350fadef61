"""What the standards said of a transfer, and what could not be asked, in words."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectransfer._typing import FloatArray, IntArray
from spectransfer.exceptions import SpectransferWarning
from spectransfer.transfer._affine import Axes
from spectransfer.transfer._completed import _FEWEST, _SPECTRA_OF_A_COMPONENT
from spectransfer.transfer._coverage import tells_materials
from spectransfer.transfer._population import LibraryMoments

# float32 is right to seven digits: spectra that differ by less are copies
_COPIES = 1e-6
# so many left-out samples say whether a transfer is of any use
_TELLING = 5
# spectra of a population
_POPULATION = 3


def in_figures(error: float) -> str:
    """Give an expected error as far as it is known: in two digits."""
    return f"{float(f'{error:.2g}'):g}"


def said_by_standards(transfer: Any, n_samples: int, unseen: float = 0.0) -> str:
    """Tell the shares of the priors, and what is expected of them.

    Parameters
    ----------
    transfer : FewStandardsTransfer
        With `shares_`, `strengths_`, `expected_rse_` and `transferred_`.
    n_samples : int
        Number of samples that were left out in turn.
    unseen : float, default=0.0
        What materials count that were left out as a whole.

    Returns
    -------
    str
        Some sentences.
    """
    if n_samples < 2:
        return "A single sample: nothing could be left out to judge by."
    expected = transfer.expected_rse_
    if np.isnan(expected["mixture"]):
        return "The primary spectra of all standards are the same: nothing to judge by."
    left_out = f"f {n_samples} samples left out in turn"
    if unseen:
        left_out += (
            f" and, for the {unseen:.0%} of the variance that no standard is like, of "
            "materials left out as a whole"
        )
    if not transfer.transferred_:
        return (
            f"No transfer: o{left_out}, the resampled "
            f"spectra miss {in_figures(expected['untransferred'])} of the variance, "
            "and no map that was learned does better."
        )
    shares = sorted(transfer.shares_.items(), key=lambda item: -item[1])
    said = [
        f"{kind} {share:.0%} at strength {transfer.strengths_[kind]:.2g} (alone "
        f"{in_figures(expected[kind])})"
        for kind, share in shares
        if share >= 0.005
    ]
    beside = ""
    if "untransferred" in expected:
        beside = f", untransferred they miss {in_figures(expected['untransferred'])}"
    return (
        f"O{left_out}, the mixture misses "
        f"{in_figures(expected['mixture'])} of the variance{beside}."
        f"{_better_left_alone(expected, n_samples)} Shares: {', '.join(said)}."
    )


def _better_left_alone(expected: dict[str, float], n_samples: int) -> str:
    """Say so where left-out samples are missed less without a transfer."""
    if not expected["mixture"] > expected.get("untransferred", np.inf):
        return ""
    if n_samples > 2:
        return " By that it would be better not to transfer."
    return (
        " By that it would be better not to transfer; the mean difference is added "
        "because both samples know it better than the one that was left, by a "
        "quarter. More standards would tell."
    )


@dataclass(frozen=True)
class Known:
    """What priors need: they are not asked where it is lacking.

    Attributes
    ----------
    n_samples : int
        Number of samples among the standards.
    axes : tuple of ndarray or None
        Of both sides.
    matched : bool
        Whether their channels could be matched.
    populations : tuple of LibraryMoments or None
        Secondary and primary spectra without partners.
    given : tuple of bool
        Whether any were passed.
    """

    n_samples: int
    axes: Axes
    matched: bool
    populations: tuple[LibraryMoments | None, LibraryMoments | None]
    given: tuple[bool, bool]

    def lacking(self, prior: str) -> list[str]:
        """Name what a prior would have needed, and there was not."""
        lacks = []
        if prior in ("resampled", "window", "completed") and not self.matched:
            lacks.append(self._lacking_axes())
        if prior in ("joint", "completed") and self.n_samples < _FEWEST:
            lacks.append("standards of three samples")
        if prior == "rotation":
            sides = [side is None for side in self.populations]
            if all(sides) and not any(self.given):
                return [*lacks, "spectra without partners of both sides"]
            named = "secondary", "X_unpaired"
            lacks += _lacking_spectra(self.given[0], sides[0], _POPULATION, *named)
        library = self.populations[1]
        same = library is not None and not library._principal[1].any()
        if same and prior in ("rotation", "completed"):
            return [*lacks, "primary spectra that differ (y_unpaired)"]
        least = _SPECTRA_OF_A_COMPONENT if prior == "completed" else _POPULATION
        few = library is None or library.n_spectra < least
        if prior in ("rotation", "completed"):
            lacks += _lacking_spectra(
                self.given[1], few, least, "primary", "y_unpaired"
            )
        # a rotation turns two components
        return lacks or ["standards of two samples"]

    def _lacking_axes(self) -> str:
        names = ("secondary", "primary")
        unknown = [n for n, a in zip(names, self.axes, strict=True) if a is None]
        if len(unknown) == 1:
            return f"the {unknown[0]} axis"
        return "the axes of both sides" if unknown else "axes that meet"


def _lacking_spectra(
    given: bool, few: bool, least: int, side: str, name: str
) -> list[str]:
    """Name spectra without partners, where there are none or too few."""
    count = {3: "three", 5: "five"}[least] + " " if given else ""
    return [f"{count}{side} spectra without partners ({name})"] if few else []


def not_asked(priors: Any, asked: set[str], known: Known) -> str:
    """Name the priors that could not be had, and what they need.

    Parameters
    ----------
    priors : sequence of str
        Those that were wanted.
    asked : set of str
        Those that could be had.
    known : Known
        What there was for them.

    Returns
    -------
    str
        A sentence for all that want for the same, or nothing.
    """
    missing: dict[str, list[str]] = {}
    for name in priors:
        if name not in asked:
            missing.setdefault(" and ".join(known.lacking(name)), []).append(name)
    told = "".join(
        f" Not asked, for want of {what}: {', '.join(names)}."
        for what, names in missing.items()
    )
    own = known.populations[0]
    if own is None or not tells_materials(own):
        lack = "Without X_unpaired, nobody asked"
        if known.given[0]:
            lack = "So few spectra in X_unpaired cannot tell"
        told += f" {lack} whether there are materials that no standard is of."
    return told


def warn_of_idle_library(priors: Any, asked: set[str], known: Known) -> None:
    """Warn where primary spectra without partners came, and nothing makes use of them.

    Parameters
    ----------
    priors : sequence of str
        Those that were wanted; where none is of the library, it is left alone.
    asked : set of str
        Those that could be had.
    known : Known
        What there was for them.
    """
    wanted = [name for name in ("completed", "rotation") if name in priors]
    idle = known.given[1] and known.n_samples > 1
    if not idle or not wanted or not asked.isdisjoint(wanted):
        return
    wants = "; ".join(f"{n} wants {' and '.join(known.lacking(n))}" for n in wanted)
    way = ""
    if "completed" in wanted and not known.matched:
        way = (
            " Say the axes of both sides, wavelengths_secondary= and "
            "wavelengths_primary= or data frames whose columns are named by "
            "wavelength; without axes, pass X_unpaired, too."
        )
    warnings.warn(
        "y_unpaired completes spectra, or turns populations onto each other, but here "
        f"it is of no use: {wants}.{way}",
        SpectransferWarning,
        stacklevel=5,
    )


def warn_of_no_use(expected: float, n_samples: int) -> None:
    """Warn where left-out samples are missed as by their mean spectrum.

    Parameters
    ----------
    expected : float
        Relative squared error of left-out samples.
    n_samples : int
        How many there are.
    """
    if n_samples >= _TELLING and expected >= 1.0:
        warnings.warn(
            "A transfer must miss less than 1, which is what the mean spectrum "
            f"misses, but of {n_samples} samples left out in turn it misses "
            f"{in_figures(expected)}. Are X and y of the same spots, row by row, and "
            "is there more in the spectra than noise?",
            SpectransferWarning,
            stacklevel=5,
        )


def together_if_copies(
    samples: list[IntArray], secondary: FloatArray
) -> list[IntArray]:
    """Take copies of one spectrum for one sample, and warn of many rows of one sample.

    Parameters
    ----------
    samples : list of ndarray
        Rows of each sample.
    secondary : ndarray of shape (n_spectra, n_channels)
        Spectra of the standards.

    Returns
    -------
    list of ndarray
        The same, or all rows together.
    """
    n_spectra = len(secondary)
    away = np.abs(secondary - secondary[0]).max()
    copies = bool(away <= _COPIES * np.abs(secondary).max())
    if n_spectra > 1 and (copies or len(samples) < 2):
        what = "are the same spectrum" if copies else "have one sample_id"
        warnings.warn(
            "Standards tell more than the mean difference where they are of two "
            f"samples or more, but all {n_spectra} of them {what}: no error can be "
            "expected. Pass spectra of other samples, too, and in sample_id the name "
            "of the sample of each.",
            SpectransferWarning,
            stacklevel=5,
        )
        return [np.arange(n_spectra)]
    return samples
