"""What the standards said of a transfer, in words."""

from typing import Any


def said_by_standards(transfer: Any, n_samples: int) -> str:
    """Tell the shares of the priors, and what is expected of them.

    Parameters
    ----------
    transfer : FewStandardsTransfer
        With `shares_`, `strengths_`, `expected_rse_` and `transferred_`.
    n_samples : int
        Number of samples that were left out in turn.

    Returns
    -------
    str
        Some sentences.
    """
    if n_samples < 2:
        return "A single sample: nothing could be left out to judge by."
    expected = transfer.expected_rse_
    if not transfer.transferred_:
        return (
            f"No transfer: of {n_samples} samples left out in turn, the resampled "
            f"spectra miss {expected['untransferred']:.3g} of the variance, and "
            "no map that was learned does better."
        )
    shares = sorted(transfer.shares_.items(), key=lambda item: -item[1])
    said = [
        f"{kind} {share:.0%} at strength {transfer.strengths_[kind]:.2g} (alone "
        f"{expected[kind]:.3g})"
        for kind, share in shares
        if share >= 0.005
    ]
    beside = ""
    if "untransferred" in expected:
        beside = f", untransferred they miss {expected['untransferred']:.3g}"
    return (
        f"Of {n_samples} samples left out in turn, the mixture misses "
        f"{expected['mixture']:.3g} of the variance{beside}. Shares: {', '.join(said)}."
    )


def not_asked(priors: Any, asked: set[str]) -> str:
    """Name the priors that could not be had, and what they need.

    Parameters
    ----------
    priors : sequence of str
        Those that were wanted.
    asked : set of str
        Those that could be had.

    Returns
    -------
    str
        A sentence for each that is missing, or nothing.
    """
    needs = {
        "spectra without partners of both sides": ["rotation"],
        "the axes of both sides": ["resampled", "window"],
        "axes, three standards and primary spectra without partners": ["completed"],
    }
    told = ""
    for what, names in needs.items():
        missing = [name for name in names if name in priors and name not in asked]
        if missing:
            told += f" Not asked, for want of {what}: {', '.join(missing)}."
    return told
