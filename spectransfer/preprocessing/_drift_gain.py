"""The gain of a drift, once more, from spectra in which no line is sharp.

Lines that are wider today are sharpened, and what sharpening leaves or makes (wings,
noise) lies where the light is: least squares make it small by making today's light
small. In spectra blurred far beyond the width of a line nothing of it is left, and the
gain, which is smooth along the channels, is still there.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.ndimage import gaussian_filter1d

from spectransfer._typing import FloatArray
from spectransfer.preprocessing._drift_model import (
    FAMILIES,
    Drift,
    Fit,
    Standard,
    fit_drift,
    operator,
)

_BLUR = 3.0  # times the standard deviation of a line


def with_blurred_gain(fit: Fit, standards: list[Standard], line: float) -> Fit:
    """Fit gain and offset to blurred spectra, then shift and width by these.

    Parameters
    ----------
    fit : Fit
        Of all coefficients together.
    standards : list of Standard
        What it was fitted to.
    line : float
        Standard deviation of a line, in channels.

    Returns
    -------
    Fit
        With as many coefficients.
    """
    first = fit.drift
    zero = {name: np.zeros(0) for name in FAMILIES}
    held = replace(first, coefficients=zero | _of(first.coefficients, "shift", "width"))
    blurred = [_blurred(s, operator(held)[0], _BLUR * line) for s in standards]
    second = fit_drift(
        blurred,
        replace(
            first,
            coefficients=zero | _of(first.coefficients, "gain", "offset"),
            covariance=None,
        ),
        fit.noise,
    )
    light = replace(second.drift, covariance=None)
    matrix, constant = operator(light)
    brought = [_brought(s, matrix, constant) for s in standards]
    third = fit_drift(brought, replace(held, covariance=None), fit.noise)
    return _joined(second, third, fit)


def _of(parts: Mapping[str, FloatArray], *names: str) -> dict[str, FloatArray]:
    return {name: parts[name] for name in names}


def _blurred(standard: Standard, matrix: sparse.csr_array, sigma: float) -> Standard:
    """Bring today to the lines of the reference, and blur both."""

    def blur(spectra: FloatArray) -> FloatArray:
        return gaussian_filter1d(spectra, sigma, axis=-1, mode="nearest")

    scatter = standard.scatter.copy()
    now = slice(None, standard.n_today)
    scatter[now] = scatter[now] @ matrix.T
    return replace(
        standard,
        today=blur(matrix @ standard.today),
        reference=blur(standard.reference),
        scatter=blur(scatter),
    )


def _brought(
    standard: Standard, matrix: sparse.csr_array, constant: FloatArray
) -> Standard:
    """Take gain and offset off today."""
    scatter = standard.scatter.copy()
    now = slice(None, standard.n_today)
    scatter[now] = scatter[now] @ matrix.T
    return replace(standard, today=matrix @ standard.today + constant, scatter=scatter)


def _joined(light: Fit, lines: Fit, fit: Fit) -> Fit:
    """Put both halves together."""
    parts = _of(light.drift.coefficients, "gain", "offset")
    parts |= _of(lines.drift.coefficients, "shift", "width")
    parts = {name: parts[name] for name in FAMILIES}
    drift: Drift = replace(fit.drift, coefficients=parts)
    at = np.array([k for k in FAMILIES for _ in range(len(parts[k]))])
    covariance = np.zeros((len(at), len(at)))
    for half, names in ((light, ("gain", "offset")), (lines, ("shift", "width"))):
        own = np.flatnonzero(np.isin(at, names))
        covariance[np.ix_(own, own)] = half.drift.covariance
    return replace(
        fit,
        drift=replace(drift, covariance=covariance),
        left=lines.left,
        settled=fit.settled and light.settled and lines.settled,
    )
