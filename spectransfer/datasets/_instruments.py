r"""Paired spectra of mixtures, seen by two instruments: small, quick, and seeded.

Each component emits Gaussian lines; a spot is a mixture, and every shot has its own
temperature :math:`T`, so that lines of different upper level energy :math:`E` rise
and fall against each other:

.. math:: s(\lambda) = R(\lambda)\, g \sum_{k,l} c_k a_{kl} e^{-E_{kl}(1/T - 1)}
          \exp\left(-\frac{(\lambda - \lambda_{kl})^2}{2 w^2}\right)

with response :math:`R`, gain :math:`g` and line width :math:`w` of the instrument.
Strong lines absorb themselves, the detector answers a little less to strong light, a
sloping background is added, and noise grows with the square root of the light.
"""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from spectransfer._blocks import row_blocks
from spectransfer._typing import FloatArray, RandomState
from spectransfer._validation import Interval, StrOptions, validate_params
from spectransfer.spectra import SpectraPair

_LINES_PER_COMPONENT = 10
_FULL_SCALE = 60_000.0
_SELF_ABSORPTION = 2.0


@dataclass(frozen=True)
class _Instrument:
    """Range and line width in nm, gain in counts, noise in counts."""

    low: float
    high: float
    width: float
    peak: float
    gain: float
    background: float
    read_noise: float
    counts_per_electron: float


_SECONDARY = _Instrument(265.0, 370.0, 0.9, 312.0, 9_000.0, 250.0, 14.0, 2.0)
_PRIMARY = _Instrument(250.0, 400.0, 0.6, 335.0, 14_000.0, 400.0, 9.0, 1.6)


@dataclass(frozen=True)
class _Plasma:
    """The light itself, which both instruments look at."""

    lines: FloatArray  # (n_lines,) in nm
    strengths: FloatArray  # (n_spectra, n_lines), about 1
    continuum: FloatArray  # (n_spectra,), about 1


def _draw_plasma(
    rng: np.random.RandomState,
    sample_id: np.ndarray,
    n_components: int,
    nonlinearity: float,
) -> tuple[_Plasma, FloatArray]:
    n_spectra, n_samples = len(sample_id), int(sample_id[-1]) + 1
    shape = (n_components, _LINES_PER_COMPONENT)
    lines = rng.uniform(_PRIMARY.low + 2, _PRIMARY.high - 2, shape)
    weights = rng.lognormal(-1.0, 0.9, shape)
    energies = rng.uniform(0.2, 2.0, shape)
    composition = rng.dirichlet(np.full(n_components, 0.8), n_samples)[sample_id]

    heat = 1 / np.clip(1 + 0.06 * rng.standard_normal(n_spectra), 0.7, None) - 1
    mass = rng.lognormal(0.0, 0.15, n_spectra)
    excitation = np.exp(-heat[:, None] * energies.ravel()[None, :] * 4)
    per_line = np.repeat(composition, _LINES_PER_COMPONENT, axis=1)
    strengths = mass[:, None] * per_line * weights.ravel() * excitation
    strengths /= np.sqrt(1 + nonlinearity * _SELF_ABSORPTION * strengths)
    return _Plasma(lines.ravel(), strengths, mass * (1 + heat) ** -2), composition


def _response(axis: FloatArray, instrument: _Instrument) -> FloatArray:
    span = instrument.high - instrument.low
    bell = np.exp(-(((axis - instrument.peak) / (0.55 * span)) ** 2))
    return bell * (1 + 0.06 * np.sin(axis / 4.7 + instrument.peak))


def _measure(
    plasma: _Plasma,
    instrument: _Instrument,
    n_channels: int,
    *,
    nonlinearity: float,
    rng: np.random.RandomState,
    dtype: np.dtype,
) -> tuple[FloatArray, FloatArray]:
    """Noise-free counts and their axis; one matrix product for each row block."""
    axis = np.linspace(instrument.low, instrument.high, n_channels)
    offsets = (axis[None, :] - plasma.lines[:, None]) / instrument.width
    response = _response(axis, instrument)
    profiles = (np.exp(-(offsets**2) / 2) * response).astype(dtype)
    position = (axis - axis.mean()) / (axis[-1] - axis[0])
    shapes = np.stack([np.ones_like(axis), position, response]).astype(dtype)

    n_spectra = len(plasma.strengths)
    gain = instrument.gain * rng.lognormal(0.0, 0.01, n_spectra)
    levels = rng.normal([1.0, 0.4, 0.5], [0.08, 0.1, 0.05], (n_spectra, 3))
    levels[:, 2] *= plasma.continuum
    levels = (levels * instrument.background).astype(dtype)
    light = (gain[:, None] * plasma.strengths).astype(dtype)
    counts = np.empty((n_spectra, n_channels), dtype=dtype)
    for rows in row_blocks(n_spectra, counts[:1].nbytes):
        seen = light[rows] @ profiles
        seen /= 1 + nonlinearity / _FULL_SCALE * seen
        counts[rows] = seen + levels[rows] @ shapes
    return counts, axis


def _add_noise(
    counts: FloatArray,
    instrument: _Instrument,
    noise: float,
    rng: np.random.RandomState,
) -> None:
    for rows in row_blocks(len(counts), 8 * counts.shape[1]):
        light = np.maximum(counts[rows], 0) * instrument.counts_per_electron
        deviation = noise * np.sqrt(light + instrument.read_noise**2)
        counts[rows] += deviation * rng.standard_normal(light.shape)


@validate_params(
    {
        "n_spectra": [Interval(Integral, 1, None, closed="left")],
        "n_secondary": [Interval(Integral, 2, None, closed="left")],
        "n_primary": [Interval(Integral, 2, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "shots_per_sample": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "nonlinearity": [Interval(Real, 0, None, closed="left")],
        "dtype": [StrOptions({"float32", "float64"})],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_instrument_pair(
    n_spectra: int = 400,
    *,
    n_secondary: int = 260,
    n_primary: int = 300,
    n_components: int = 4,
    shots_per_sample: int = 5,
    noise: float = 1.0,
    nonlinearity: float = 1.0,
    dtype: str = "float32",
    random_state: RandomState = None,
) -> SpectraPair:
    r"""Make paired spectra of mixtures, as two different instruments see them.

    The secondary instrument covers 265 to 370 nm, the primary 250 to 400 nm with
    sharper lines. They differ in response, gain, background and noise. Shots of one
    sample share a composition; temperature, ablated mass and both gains change from
    shot to shot. Temperature, self-absorption and detectors make the relation between
    the two sides slightly nonlinear: a linear transfer is good and not perfect.

    Parameters
    ----------
    n_spectra : int, default=400
        Number of pairs.
    n_secondary : int, default=260
        Channels of the secondary instrument.
    n_primary : int, default=300
        Channels of the primary instrument.
    n_components : int, default=4
        Number of components that are mixed, each with ten lines.
    shots_per_sample : int, default=5
        Shots taken of each composition. The last sample may have fewer.
    noise : float, default=1.0
        Strength of shot and read noise, 1 being a usual detector. With 0 the very
        same spectra come without noise, if `random_state` is the same number.
    nonlinearity : float, default=1.0
        Loss at strong light, :math:`q`. A line of strength :math:`a` (about 1) shines
        as :math:`a / \sqrt{1 + 2 q a}`, and :math:`c` counts are read as
        :math:`c / (1 + q c / 60\,000)`. With 0 only the temperature of the shots
        keeps the relation between the two sides from being linear.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the spectra.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same pair every time.

    Returns
    -------
    SpectraPair
        Spectra in counts, axes in nm, `sample_id`, and the mass fractions of the
        components as `y`.

    Examples
    --------
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(n_spectra=50, random_state=0)
    >>> pair.X_secondary.shape, pair.X_primary.shape, pair.y.shape
    ((50, 260), (50, 300), (50, 4))
    """
    rng = check_random_state(random_state)
    sample_id = np.arange(n_spectra) // shots_per_sample
    plasma, composition = _draw_plasma(rng, sample_id, n_components, nonlinearity)
    sides = {
        name: _measure(
            plasma,
            instrument,
            n_channels,
            nonlinearity=nonlinearity,
            rng=rng,
            dtype=np.dtype(dtype),
        )
        for name, instrument, n_channels in (
            ("secondary", _SECONDARY, n_secondary),
            ("primary", _PRIMARY, n_primary),
        )
    }
    if noise > 0:
        _add_noise(sides["secondary"][0], _SECONDARY, noise, rng)
        _add_noise(sides["primary"][0], _PRIMARY, noise, rng)
    return SpectraPair(
        X_secondary=sides["secondary"][0],
        X_primary=sides["primary"][0],
        wavelengths_secondary=sides["secondary"][1],
        wavelengths_primary=sides["primary"][1],
        sample_id=sample_id,
        y=composition,
        y_names=tuple(f"component {k}" for k in range(n_components)),
        meta={
            "kind": "simulated mixtures on two instruments",
            "axis": "nm",
            "unit": "counts",
            "y_units": "mass fraction",
        },
    )
