"""How many shared standards are enough: errors against their number, and words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from spectransfer._tables import TextTable
from spectransfer._typing import FloatArray, IntArray
from spectransfer.evaluation._properties import UNTRANSFERRED

RSE = "RSE"
_ENOUGH = 1.1
_MORE = 8


@dataclass(frozen=True, eq=False, repr=False)
class StandardsCurve:
    """Errors against the number of shared standards.

    Made by `standards_curve`. It prints as a table of medians and worst draws, with an
    answer in words.

    Parameters
    ----------
    sizes : ndarray of int of shape (n_sizes,)
        Numbers of standards.
    errors : mapping of str to mapping of str to ndarray of shape (n_sizes, n_draws)
        By figure of merit, "RSE" and the properties (their RMSEP), and by transfer.
    limits : mapping of str to mapping of str to ndarray of shape (n_draws,)
        By figure of merit, what needs no standard: "untransferred", and for properties
        "primary". Where transfers predict in different spaces, such as with and without
        a baseline, "untransferred (ridge)" and so on, in the space of each.

    Examples
    --------
    >>> from spectransfer.evaluation import StandardsCurve
    >>> errors = {"RSE": {"ridge": [[0.5, 0.7], [0.2, 0.3], [0.2, 0.3]]}}
    >>> curve = StandardsCurve([5, 10, 20], errors, {"RSE": {"untransferred": [0.4]}})
    >>> print(curve.in_words())
    ridge: 10 standards are enough. Their median RSE is 0.25, the least of all sizes...
    """

    sizes: IntArray
    errors: Mapping[str, Mapping[str, FloatArray]]
    limits: Mapping[str, Mapping[str, FloatArray]] = field(default_factory=dict)

    def medians(self, figure: str = RSE) -> dict[str, FloatArray]:
        """Give the median over draws at each size.

        Parameters
        ----------
        figure : str, default="RSE"
            Figure of merit.

        Returns
        -------
        dict of str to ndarray of shape (n_sizes,)
            By transfer.
        """
        found = self.errors[figure].items()
        return {name: np.median(errors, axis=1) for name, errors in found}

    def enough(self, figure: str = RSE) -> dict[str, int | None]:
        """Give the least number of standards that is within 10 % of the best one.

        Parameters
        ----------
        figure : str, default="RSE"
            Figure of merit.

        Returns
        -------
        dict of str to int or None
            By transfer; None where that cannot be told: the error still falls at the
            largest number, or there is only one.
        """
        return {
            name: _enough(np.asarray(self.sizes), medians)
            for name, medians in self.medians(figure).items()
        }

    def in_words(self, figure: str = RSE) -> str:
        """Say how many standards are enough, and what eight more would bring.

        Parameters
        ----------
        figure : str, default="RSE"
            Figure of merit.

        Returns
        -------
        str
            A paragraph for each transfer.
        """
        limits = self.limits.get(figure, {})
        sizes = np.asarray(self.sizes)
        of = figure if figure == RSE else f"RMSEP of {figure}"
        return "\n".join(
            _said(name, of, sizes, medians, _alone(limits, name))
            for name, medians in self.medians(figure).items()
        )

    def printed(self, figure: str = RSE) -> TextTable:
        """Give the cells of one figure of merit: medians and worst draws.

        Parameters
        ----------
        figure : str, default="RSE"
            Figure of merit.

        Returns
        -------
        TextTable
            A column for each number of standards.
        """
        header = [
            figure if figure == RSE else f"{figure}, RMSEP",
            *map(str, self.sizes),
        ]
        rows = [
            [name, *(f"{np.median(e):.3g} / {np.max(e):.3g}" for e in errors)]
            for name, errors in self.errors[figure].items()
        ]
        for name, errors in self.limits.get(figure, {}).items():
            if name in self.errors[figure]:
                continue
            cell = f"{np.median(errors):.3g} / {np.max(errors):.3g}"
            rows.append([name, *[cell] * len(self.sizes)])
        return TextTable(header, rows)

    def __repr__(self) -> str:
        parts = [
            f"{self.printed(figure).text()}\n\n{self.in_words(figure)}"
            for figure in self.errors
        ]
        alone = self.limits.get(RSE, {})
        if not alone:
            parts.append(
                "Untransferred spectra are not judged: without axes that meet, nothing "
                "tells where their channels are."
            )
        elif UNTRANSFERRED not in alone:
            parts.append(
                "The transfers are judged in different spaces (with and without "
                "baseline, say), each beside the untransferred spectra of its own."
            )
        return "Median / worst draw, by number of standards\n\n" + "\n\n".join(parts)


def beside(name: str) -> str:
    """Name the untransferred spectra in the space of a transfer."""
    return f"{UNTRANSFERRED} ({name})"


def _alone(limits: Mapping[str, FloatArray], name: str) -> float | None:
    """Give the median error of untransferred spectra, in the space of a transfer."""
    errors = limits.get(beside(name), limits.get(UNTRANSFERRED))
    return None if errors is None else float(np.median(errors))


def _enough(sizes: IntArray, medians: FloatArray) -> int | None:
    """Give the first size that is nearly the best, unless the last one is still not."""
    first = int(np.argmax(medians <= _ENOUGH * medians.min()))
    if first == len(sizes) - 1:
        return None
    return int(sizes[first])


def _further(sizes: IntArray, medians: FloatArray, k: int) -> float:
    """Read the error at another number of standards: a power law between two sizes."""
    falling = np.minimum.accumulate(np.maximum(medians, np.finfo(float).tiny))
    logs, errors = np.log(np.asarray(sizes, dtype=float)), np.log(falling)
    if k <= sizes[-1]:
        return float(np.exp(np.interp(np.log(k), logs, errors)))
    slope = (errors[-1] - errors[-2]) / (logs[-1] - logs[-2])
    return float(np.exp(errors[-1] + slope * (np.log(k) - logs[-1])))


def _said(
    name: str, of: str, sizes: IntArray, medians: FloatArray, alone: float | None
) -> str:
    """Say of one transfer how many standards are enough."""
    if alone is not None and medians.min() >= alone:
        return (
            f"{name}: no number of standards is enough. The least median {of} is "
            f"{medians.min():.3g}, that of untransferred spectra {alone:.3g}."
        )
    if len(sizes) == 1:
        return (
            f"{name}: one number of standards cannot tell whether it is enough. The "
            f"median {of} of {sizes[0]} is {medians[0]:.3g}; to learn what fewer and "
            "more would do, pass two sizes or more."
        )
    parts = _answer(name, of, sizes, medians)
    worse = [] if alone is None else [str(k) for k in sizes[medians >= alone]]
    if worse:
        parts.append(
            f"With {', '.join(worse)} it is worse than no transfer ({alone:.3g})."
        )
    return " ".join(parts)


def _answer(name: str, of: str, sizes: IntArray, medians: FloatArray) -> list[str]:
    """Say how many standards are enough, and what more of them would bring."""
    enough, last = _enough(sizes, medians), int(sizes[-1])
    if enough is None:
        said = (
            f"{name}: {last} standards are not enough, the error still falls. Their "
            f"median {of} is {medians[-1]:.3g}, after {medians[-2]:.3g} with "
            f"{sizes[-2]}."
        )
        more = _bring(sizes, medians, last, last + _MORE)
        return [said, f"Eight more would bring {more}, if it goes on like this."]
    best = int(np.argmin(medians))
    least = "the least of all sizes"
    if sizes[best] != enough:
        least += f" {medians[best]:.3g}, with {sizes[best]}"
    said = (
        f"{name}: {enough} {'standards are' if enough > 1 else 'standard is'} enough. "
        f"Their median {of} is {medians[list(sizes).index(enough)]:.3g}, {least}."
    )
    # of what lies beyond the largest number there is no evidence
    if enough + _MORE > last:
        more = _bring(sizes, medians, enough, last)
        return [said, f"{last}, the most that were asked, bring {more}."]
    more = _bring(sizes, medians, enough, enough + _MORE)
    return [said, f"Eight more would bring {more}."]


def _bring(sizes: IntArray, medians: FloatArray, k: int, further: int) -> str:
    """Say by how much the error of k standards is more than that of more of them."""
    here, then = medians[list(sizes).index(k)], _further(sizes, medians, further)
    gain = max(1.0 - then / here, 0.0) if here > 0 else 0.0
    return f"{gain:.0%} less" if gain >= 0.005 else "nothing"
