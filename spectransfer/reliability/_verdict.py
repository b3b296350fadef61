"""What an acceptance found: figures, verdicts, and what they rest on in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from spectransfer.metrics import PropertyErrors
from spectransfer.reliability._domain import Judgement
from spectransfer.reliability._paired import ALPHA, corrected, samples_needed
from spectransfer.reliability._predicted import InferredLine

_WORSE = 1.1  # times, from which on it is told whatever the tests say
DO_NOT, NEEDLESS, GOOD = "do not use", "no transfer needed", "transfer"
TOO_FEW = "too few samples"


@dataclass(frozen=True)
class AcceptanceRow:
    """One figure, before and after the transfer.

    Parameters
    ----------
    name : str
        "spectra", or the name of a property.
    before, after : PropertyErrors
        RMSEP, bias and SEP without and with the transfer, in the unit of the figure.
        Every sample counts alike, however many spectra it has.
    slopes : tuple of float
        Slope of predicted against known values, before and after.
    limit : float
        Largest RMSEP that is accepted.
    p_permutation, p_wilcoxon : float
        How likely samples are to differ so much before and after by chance.
    verdict : str
        "transfer", "no transfer needed", "do not use" or "too few samples".
    inferred : float, default=nan
        Share of its channels that the secondary instrument does not see. NaN where
        that is not known, as of calibrations and of transfers without `inferred_`.
    p_corrected : float, default=nan
        `p_permutation`, corrected for the number of figures (Holm). Verdicts rest on
        it.
    limit_from : str, default="given"
        Where the limit comes from.
    unit : str, default=""
        Unit of the errors, where it was given.
    """

    name: str
    before: PropertyErrors
    after: PropertyErrors
    slopes: tuple[float, float]
    limit: float
    p_permutation: float
    p_wilcoxon: float
    verdict: str
    inferred: float = float("nan")
    p_corrected: float = float("nan")
    limit_from: str = "given"
    unit: str = ""

    @property
    def shift(self) -> str:
        """How much worse the transfer makes it, in words; empty where it does not."""
        before, after = self.before.rmsep, self.after.rmsep
        proven = self.p_corrected <= ALPHA
        if not after > before * (1.0 if proven else _WORSE):
            return ""
        times = f", {after / before:.2g} times as much" if before > 0 else ""
        shown = "" if proven else ", though the tests do not prove it"
        return (
            f"The transfer makes {self.name} worse: RMSEP {before:.3g} before, "
            f"{after:.3g} after{times}{shown}."
        )


@dataclass(frozen=True)
class Acceptance:
    """What was found where a transfer was tested.

    Parameters
    ----------
    verdict : str
        "transfer", "no transfer needed", "do not use" or "too few samples": for
        "transfer", no figure may be beyond its limit after it, since who uses a
        transfer takes all figures with it.
    rows : list of AcceptanceRow
        The figures.
    n_spectra, n_samples : int
        Spectra and samples that were tested.
    judgement : Judgement or None
        Which of them are strange, where a domain was given.
    checksum : str
        SHA-256 of X, y, predictions after and before, numbers of samples (from 0 on in
        the order of sorted names), axes of X and y (empty where unknown), and of each
        property in its order known values and what is read after and before, all as
        little-endian float64 numbers row by row, and then of `settings` in UTF-8.
    lines : tuple of InferredLine, default=()
        Predicted lines that no secondary channel supports, where the transfer is a
        `ConformalTransfer`.
    settings : str, default=""
        One line of JSON: names and shapes of the arrays of the checksum in their order,
        limits and units that were given, bands, both transfers with their settings,
        version and day.
    about : mapping of str to str, default={}
        What of it the page says in words.
    false_alarms : float, default=nan
        Share of usual spectra that the domain flags by chance.
    sample_names : ndarray of str of shape (n_spectra,) or None, default=None
        Sample of each spectrum, where it was given.

    Notes
    -----
    ``hashlib.sha256`` alone gives the checksum again::

        told = hashlib.sha256()
        for array in (X, y, after, before, numbers, axis_X, axis_y, *read):
            told.update(np.ascontiguousarray(array, "<f8").tobytes())
        told.update(found.settings.encode())
        assert told.hexdigest() == found.checksum
    """

    verdict: str
    rows: list[AcceptanceRow]
    n_spectra: int
    n_samples: int
    judgement: Judgement | None
    checksum: str
    lines: tuple[InferredLine, ...] = ()
    settings: str = ""
    about: Mapping[str, str] = field(default_factory=dict)
    false_alarms: float = float("nan")
    sample_names: np.ndarray | None = None

    @property
    def reasons(self) -> str:
        """What the verdict rests on, in sentences."""
        said = [_meaning(self.verdict, self.rows, self.n_samples)]
        said += [row.shift for row in self.rows if row.shift]
        if self.judgement is not None:
            n, total = int(self.judgement.flagged.sum()), len(self.judgement.flagged)
            chance = self.false_alarms * total
            said.append(
                f"{n} of {total} spectra are flagged as unlike those of the domain"
                + (f" (by chance about {chance:.0f})." if chance == chance else ".")
            )
        return " ".join(said)

    def __repr__(self) -> str:
        said = [f"{self.verdict} ({self.n_samples} samples)", self.reasons]
        for row in self.rows:
            mark = f" ({row.inferred:.0%} inferred)" if row.inferred > 0 else ""
            said.append(
                f"{row.name}{mark}: RMSEP {row.before.rmsep:.3g} before, "
                f"{row.after.rmsep:.3g} after, limit {row.limit:.3g} "
                f"({row.limit_from}), p {row.p_corrected:.2g}: {row.verdict}"
            )
        return "\n".join(said)


def _meaning(verdict: str, rows: list[AcceptanceRow], n_samples: int) -> str:
    """Say what a verdict means, by the figures that decide it."""
    if verdict == GOOD:
        better = ", ".join(row.name for row in rows if row.verdict == GOOD)
        return (
            "With the transfer all figures are within their limits, and samples are "
            f"significantly better than without it in: {better}."
        )
    if verdict == NEEDLESS:
        return (
            "Without a transfer all figures are within their limits, and the tests do "
            "not show that it makes any of them better."
        )
    if verdict == TOO_FEW:
        return (
            f"No test can be significant with {n_samples} samples and {len(rows)} "
            f"figures: the smallest corrected p is {_least(n_samples, len(rows)):.2g}. "
            f"Test with at least {samples_needed(len(rows))} samples."
        )
    beyond = [
        f"{row.name} (RMSEP {row.after.rmsep:.3g} after, limit {row.limit:.3g})"
        for row in rows
        if row.after.rmsep > row.limit
    ]
    unproven = [
        row.name
        for row in rows
        if row.verdict == DO_NOT and row.after.rmsep <= row.limit
    ]
    said = []
    if beyond:
        said.append(f"Beyond the limit with the transfer: {', '.join(beyond)}.")
    if unproven:
        said.append(
            "Beyond the limit without it, and not proven to be better with it: "
            f"{', '.join(unproven)}."
        )
    return " ".join(said)


def _least(n_samples: int, n_figures: int) -> float:
    return min(n_figures * 2.0 ** (1 - n_samples), 1.0)


def judged_rows(rows: list[AcceptanceRow], n_samples: int) -> list[AcceptanceRow]:
    """Give the verdict of each figure, by p corrected for their number.

    Parameters
    ----------
    rows : list of AcceptanceRow
        All figures.
    n_samples : int
        Number of samples.

    Returns
    -------
    list of AcceptanceRow
        The same, with verdicts and corrected p.
    """
    few = _least(n_samples, len(rows)) > ALPHA
    found = []
    for row, p in zip(rows, corrected([r.p_permutation for r in rows]), strict=True):
        better = p <= ALPHA and row.after.rmsep < row.before.rmsep
        kept, without = (e.rmsep <= row.limit for e in (row.after, row.before))
        verdict = DO_NOT
        if few and (kept or without):
            verdict = TOO_FEW
        elif better and kept:
            verdict = GOOD
        elif not better and without:
            verdict = NEEDLESS
        found.append(replace(row, verdict=verdict, p_corrected=p))
    return found


def verdict_of(rows: list[AcceptanceRow]) -> str:
    """Give the verdict of all: who uses a transfer takes all figures with it."""
    told = {row.verdict for row in rows}
    if GOOD in told and any(row.after.rmsep > row.limit for row in rows):
        return DO_NOT
    return next(v for v in (DO_NOT, TOO_FEW, GOOD, NEEDLESS) if v in told)
