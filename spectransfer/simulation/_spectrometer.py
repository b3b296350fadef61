"""A Czerny-Turner spectrometer with its camera: axis, response, dark level, noise."""

from dataclasses import dataclass, replace

import numpy as np

from spectransfer._blocks import block_slices
from spectransfer._typing import FloatArray

_STRIP = 16  # rows whose noise is made at a time, so that they stay in cache


@dataclass(frozen=True)
class Spectrometer:
    """One spectrometer. The two of the paper are `PRIMARY` and `SECONDARY`.

    Parameters
    ----------
    start, stop : float
        First and last wavelength of the axis in nm.
    n_channels : int
        Pixels of the camera.
    pitch : tuple of float
        Width of a pixel in nm at either end of the axis. Only the ratio counts: the
        axis is quadratic in the channel and ends at `start` and `stop`.
    peak, band : float
        Wavelength of the highest efficiency, and the standard deviation of the
        efficiency curve, in nm.
    width : float, default=2.3
        Full width at half maximum of the instrument profile in the middle of the
        axis, in channels.
    edge_width : float, default=1.25
        Factor on `width` at both ends.
    ripple : float, default=0.03
        Relative height of interference fringes in the efficiency.
    pixel_variation : float, default=0.01
        Relative standard deviation of the sensitivity of pixels.
    stray_light : float, default=0.004
        Share of the mean signal that falls on every channel.
    dark : float, default=600.0
        Level without light, in counts.
    dark_pattern : float, default=4.0
        Standard deviation of the fixed pattern in the dark level, in counts.
    strongest_line : float, default=9000.0
        Height in counts of the strongest line of albite in a mean shot.
    continuum : float, default=0.03
        Height of albite's continuum at 330 nm, relative to `strongest_line`.
    read_noise : float, default=9.0
        Standard deviation in counts of what does not depend on the light.
    offset_jitter : float, default=3.0
        Standard deviation in counts of the whole spectrum's offset, per shot.
    electrons_per_count : float, default=1.6
        Electrons in one count; n electrons have a variance of n.
    saturation : float, default=65535.0
        Largest number of counts.
    serial : int, default=0
        Which individual this is: decides fringes, pixels and dark pattern.

    Examples
    --------
    >>> from spectransfer.simulation import PRIMARY
    >>> PRIMARY.wavelengths()[[0, -1]]
    array([245., 407.])
    """

    start: float
    stop: float
    n_channels: int
    pitch: tuple[float, float]
    peak: float
    band: float
    width: float = 2.3
    edge_width: float = 1.25
    ripple: float = 0.03
    pixel_variation: float = 0.01
    stray_light: float = 0.004
    dark: float = 600.0
    dark_pattern: float = 4.0
    strongest_line: float = 9000.0
    continuum: float = 0.03
    read_noise: float = 9.0
    offset_jitter: float = 3.0
    electrons_per_count: float = 1.6
    saturation: float = 65_535.0
    serial: int = 0

    def __post_init__(self) -> None:
        """Refuse cameras that cannot be."""
        if not (0 < self.start < self.stop and self.n_channels >= 2):
            raise ValueError(
                "A spectrometer needs an increasing range in nm and at least 2 "
                f"channels, but it has {self.n_channels} channels from {self.start} "
                f"to {self.stop} nm."
            )
        for name in ("band", "width", "edge_width", "electrons_per_count"):
            if not getattr(self, name) > 0:
                raise ValueError(
                    f"{name} must be positive, but it is {getattr(self, name)}."
                )
        if not min(self.pitch) > 0:
            raise ValueError(
                f"pitch must be two positive widths in nm, but it is {self.pitch}."
            )

    def wavelengths(self) -> FloatArray:
        """Give the axis in nm, of shape (n_channels,)."""
        along = np.linspace(0.0, 1.0, self.n_channels)
        first, last = self.pitch
        rise = first * along + (last - first) / 2 * along**2
        return self.start + (self.stop - self.start) * rise / ((first + last) / 2)

    def pixels(self) -> FloatArray:
        """Give the widths of the pixels in nm, of shape (n_channels,)."""
        return np.gradient(self.wavelengths())

    def instrument_width(self, channel: FloatArray) -> FloatArray:
        """Give the full width in channels of a sharp line that falls on `channel`."""
        along = np.clip(2 * channel / (self.n_channels - 1) - 1, -1, 1)
        return self.width * (1 + (self.edge_width - 1) * along**2)

    def response(self, tilt: float = 0.0) -> FloatArray:
        """Give counts per photon along the axis, about 1 at the peak."""
        nm = self.wavelengths()
        rng = self._individual(0)
        first, second = rng.uniform(0, 2 * np.pi, 2)
        curve = np.exp(-0.5 * ((nm - self.peak) / self.band) ** 2)
        fringes = np.sin(2 * np.pi * nm / 11.0 + first)
        fringes += 0.6 * np.sin(2 * np.pi * nm / 4.7 + second)
        pixels = 1 + self.pixel_variation * rng.standard_normal(self.n_channels)
        slope = 1 + tilt * np.linspace(-1, 1, self.n_channels)
        return curve * (1 + self.ripple * fringes) * pixels * slope

    def dark_level(self) -> FloatArray:
        """Give the counts without light along the axis."""
        rng = self._individual(1)
        return self.dark + self.dark_pattern * rng.standard_normal(self.n_channels)

    def binned(self, factor: int) -> "Spectrometer":
        """Give the same spectrometer with a camera of wider pixels.

        Parameters
        ----------
        factor : int
            How many pixels become one. The resolution in nm widens with them.

        Returns
        -------
        Spectrometer
            With `n_channels // factor` channels over the same range.
        """
        return replace(self, n_channels=self.n_channels // factor)

    def _individual(self, part: int) -> np.random.Generator:
        seed = np.random.SeedSequence([self.serial, part, 41])
        return np.random.Generator(np.random.PCG64(seed))


PRIMARY = Spectrometer(
    start=245.0, stop=407.0, n_channels=4062, pitch=(0.046, 0.035), peak=335.0,
    band=70.0, serial=1,
)  # fmt: skip
SECONDARY = Spectrometer(
    start=260.0, stop=370.0, n_channels=3872, pitch=(0.032, 0.023), peak=312.0,
    band=42.0, serial=2,
)  # fmt: skip


def drifted_background(nm: FloatArray, height: float) -> FloatArray:
    """Background of the second day in counts: low, and rising around 378 nm."""
    return height * (0.3 + 0.7 / (1 + np.exp(-(nm - 378.0) / 8.0)))


def standard_normals(rng: np.random.Generator, n: int) -> FloatArray:
    r"""Draw standard normal numbers in float32, by the method of Box and Muller.

    .. math:: z_1, z_2 = \sqrt{-2 \ln u_1}\, (\cos 2 \pi u_2, \sin 2 \pi u_2)

    Numpy's own take more than twice as long, which would be a third of all the time
    that a spectrum needs. Uniform numbers of 24 bits end the tails at 5.8.

    Parameters
    ----------
    rng : Generator
        Source of the uniform numbers.
    n : int
        How many.

    Returns
    -------
    ndarray of shape (n,), float32
        Independent numbers of mean 0 and variance 1.
    """
    half = (n + 1) // 2
    uniform = rng.random(2 * half, dtype=np.float32)
    radius, angle = uniform[:half], uniform[half:]
    np.subtract(1, radius, out=radius)
    np.log(radius, out=radius)
    radius *= np.float32(-2)
    np.sqrt(radius, out=radius)
    angle *= np.float32(2 * np.pi)
    out = np.empty(2 * half, dtype=np.float32)
    np.multiply(np.cos(angle), radius, out=out[:half])
    np.multiply(np.sin(angle), radius, out=out[half:])
    return out[:n]


def read_out(
    light: FloatArray,
    bias: FloatArray,
    spectrometer: Spectrometer,
    rng: np.random.Generator,
    offset: FloatArray,
    strength: float,
) -> None:
    r"""Turn expected counts into measured ones, in place.

    .. math:: y = \min(c + d + o + \sigma z, 65535), \qquad
              \sigma^2 = r^2 + c / g

    Parameters
    ----------
    light : ndarray of shape (n_shots, n_channels)
        Expected counts c of light. Overwritten with measured counts y.
    bias : ndarray of shape (n_channels,)
        Dark level d.
    spectrometer : Spectrometer
        Read noise r, electrons per count g, saturation.
    rng : Generator
        Source of the standard normal numbers z.
    offset : ndarray of shape (n_shots,)
        Standard normal numbers for the offset o.
    strength : float
        Factor on all noise; 0 draws nothing.
    """
    gain = np.float32(strength**2 / spectrometer.electrons_per_count)
    floor = np.float32((strength * spectrometer.read_noise) ** 2)
    jump = (strength * spectrometer.offset_jitter * offset).astype(np.float32)
    for rows in block_slices(len(light), _STRIP):
        strip = light[rows]
        if strength > 0:
            sigma = strip * gain
            sigma += floor
            np.maximum(sigma, 0, out=sigma)  # a baseline may sink below zero
            np.sqrt(sigma, out=sigma)
            sigma *= standard_normals(rng, strip.size).reshape(strip.shape)
            strip += sigma
            strip += jump[rows, None]
        strip += bias
        np.minimum(strip, spectrometer.saturation, out=strip)
