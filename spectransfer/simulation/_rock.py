"""A rock surface: what its minerals are made of, and where its grains are.

Minerals are those of a rare-element granitic pegmatite. Formulas are ideal ones (the
paper's figures 7 to 9). Trace elements are typical of such rocks, in parts per million
of the atoms; they vary between and within grains. Minerals differ also in how well a
laser pulse ablates them and in how hot the plume gets. Fluorine and water are left out
beyond the hydroxyl of muscovite.

Grains are warped Voronoi cells, with crystals of rare minerals and intergrowths. Two
families of seeds, scattered and clustered, give large and small grains. Smooth random
displacements of the plane roughen their edges. All fields are sums of waves, so that a
point has its mineral whatever raster looks at it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial import cKDTree

from spectransfer._typing import BoolArray, FloatArray, IntArray
from spectransfer.simulation._plasma import species

_MAIN = 3  # quartz, albite, muscovite fill the plane; the others are crystals in it
_PARTNER = np.array([1, 0, 1, 2, 0, 1])  # what grows through each mineral
_WAVES = 48


@dataclass(frozen=True)
class Mineral:
    """One mineral: atoms per formula, traces in ppm, and how it meets the laser.

    `mass` is the mean ablated mass in units of albite's, `scatter` its relative
    standard deviation, `heating` the offset of the plasma temperature in K.
    """

    share: float
    formula: dict[str, float]
    traces: dict[str, float]
    mass: float
    scatter: float
    heating: float


MINERALS = {
    "quartz": Mineral(
        share=0.34,
        formula={"Si": 1, "O": 2},
        traces={
            "Al": 250, "Li": 60, "Na": 40, "Ti": 25, "Ca": 30, "K": 15, "Fe": 15,
            "Mg": 8,
        },
        mass=0.75, scatter=0.28, heating=300.0,
    ),
    "albite": Mineral(
        share=0.35,
        formula={"Na": 1, "Al": 1, "Si": 3, "O": 8},
        traces={
            "Ca": 3000, "K": 3000, "Fe": 150, "Mg": 60, "Mn": 40, "Li": 30, "Rb": 20,
            "Ti": 10,
        },
        mass=1.0, scatter=0.18, heating=0.0,
    ),
    "muscovite": Mineral(
        share=0.285,
        formula={"K": 1, "Al": 3, "Si": 3, "O": 12, "H": 2},
        traces={
            "Na": 6000, "Rb": 2500, "Cs": 150, "Li": 3000, "Fe": 3500, "Mn": 800,
            "Mg": 1500, "Ti": 300, "Ca": 100,
        },
        mass=1.2, scatter=0.15, heating=-300.0,
    ),
    "garnet": Mineral(
        share=0.015,
        formula={"Fe": 1.6, "Mn": 1.4, "Al": 2, "Si": 3, "O": 12},
        traces={"Ca": 4000, "Mg": 3000, "Ti": 300, "Na": 300, "Li": 50},
        mass=1.1, scatter=0.18, heating=-500.0,
    ),
    "beryl": Mineral(
        share=0.007,
        formula={"Be": 3, "Al": 2, "Si": 6, "O": 18},
        traces={
            "Na": 4000, "Cs": 600, "Fe": 1500, "Mg": 400, "Li": 1500, "Rb": 50,
            "Ca": 100, "Mn": 100,
        },
        mass=0.85, scatter=0.22, heating=100.0,
    ),
    "columbite-tantalite": Mineral(
        share=0.003,
        formula={"Fe": 0.4, "Mn": 0.6, "Nb": 1.4, "Ta": 0.6, "O": 6},
        traces={"Ti": 8000, "Ca": 300, "Na": 200, "Mg": 200, "Al": 300, "Si": 500},
        mass=1.3, scatter=0.20, heating=-800.0,
    ),
}  # fmt: skip

NAMES = tuple(MINERALS)
SURFACE = {"Ca": 400.0, "Na": 500.0, "Mg": 80.0}  # ppm of the atoms


@cache
def ideal_composition() -> FloatArray:
    """Atomic fractions of the pure minerals, of shape (n_minerals, n_elements)."""
    atoms = np.array([_row(m.formula) for m in MINERALS.values()])
    return atoms / atoms.sum(axis=1, keepdims=True)


@cache
def trace_composition() -> FloatArray:
    """Typical traces as atomic fractions, of shape (n_minerals, n_elements)."""
    return np.array([_row(m.traces) for m in MINERALS.values()]) * 1e-6


@cache
def surface_composition() -> FloatArray:
    """Contamination as atomic fractions, of shape (n_elements,)."""
    return np.array(_row(SURFACE)) * 1e-6


def property_of_minerals(name: str) -> FloatArray:
    """One number for each mineral: `share`, `mass`, `scatter` or `heating`."""
    return np.array([getattr(mineral, name) for mineral in MINERALS.values()])


def _row(amounts: dict[str, float]) -> list[float]:
    return [amounts.get(element, 0.0) for element in species().elements]


@dataclass(frozen=True)
class Rock:
    """Texture of the simulated rock.

    Parameters
    ----------
    shares : tuple of float, default=(0.34, 0.35, 0.285, 0.015, 0.007, 0.003)
        Share of the area of quartz, albite, muscovite, garnet, beryl and
        columbite-tantalite. Divided by their sum.
    grain_size : float, default=400.0
        Square root of the mean area of a grain, in micrometres.
    min_grains : int, default=70
        Grains that every map has at least: on small maps grains are smaller.
    roughness : float, default=1.0
        Factor on the displacement of grain edges; 0 for straight edges.
    intergrowth : float, default=0.03
        Share of each mineral that another one grows through.
    zoning : float, default=1.0
        Factor on the spread of trace elements between and within grains; 0 gives
        every grain of a mineral the same composition.
    spot : float, default=30.0
        Diameter of the laser spot in micrometres, over which minerals mix. 0 for a
        point.

    Examples
    --------
    >>> from spectransfer.simulation import Rock
    >>> Rock(spot=0.0, intergrowth=0.0).grain_size
    400.0
    """

    shares: tuple[float, ...] = tuple(property_of_minerals("share"))
    grain_size: float = 400.0
    min_grains: int = 70
    roughness: float = 1.0
    intergrowth: float = 0.03
    zoning: float = 1.0
    spot: float = 30.0

    def __post_init__(self) -> None:
        """Refuse rocks that cannot be."""
        shares = np.asarray(self.shares, dtype=float)
        if shares.shape != (len(NAMES),) or (shares < 0).any():
            raise ValueError(
                f"shares must be {len(NAMES)} numbers that are not negative, for "
                f"{', '.join(NAMES)}, but they are {self.shares}."
            )
        if not shares[:_MAIN].sum() > 0:
            raise ValueError(
                "quartz, albite and muscovite fill the plane, so one of the first "
                f"three shares must be positive, but they are {self.shares[:_MAIN]}."
            )
        if not (self.grain_size > 0 and self.min_grains >= 1):
            raise ValueError(
                "grain_size (micrometres) and min_grains must be positive, but they "
                f"are {self.grain_size} and {self.min_grains}."
            )


@dataclass(frozen=True)
class Surface:
    """Grains under the shots of one raster, arrays of shape (rows, columns, ...).

    `fractions` has the share of each mineral in the spot, `grain` the grain under
    its middle, `depth` the distance from that grain's seed in units of its size.
    """

    fractions: FloatArray
    grain: IntArray
    depth: FloatArray
    n_grains: int


def waves(
    rng: np.random.Generator, x: FloatArray, y: FloatArray, length: float
) -> FloatArray:
    """Smooth random field of unit variance on a raster.

    Parameters
    ----------
    rng : Generator
        Source of the waves.
    x, y : ndarray of shape (columns,) and (rows,)
        Where to look.
    length : float
        Correlation length, in the unit of `x` and `y`.

    Returns
    -------
    ndarray of shape (rows, columns)
        The field.
    """
    kx, ky = rng.standard_normal((2, _WAVES)) / length
    phase = rng.uniform(0, 2 * np.pi, _WAVES)
    across, down = np.outer(x, kx), np.outer(y, ky) + phase
    field = np.cos(down) @ np.cos(across).T - np.sin(down) @ np.sin(across).T
    return field * np.sqrt(2 / _WAVES)


def grow(
    rock: Rock, shape: tuple[int, int], step: float, seed: np.random.SeedSequence
) -> Surface:
    """Grow a rock and look at it through a raster.

    Parameters
    ----------
    rock : Rock
        Texture.
    shape : tuple of int
        Rows and columns of the raster.
    step : float
        Distance between shots in micrometres.
    seed : SeedSequence
        Decides everything.

    Returns
    -------
    Surface
        What lies under each shot.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    size = np.array([shape[1], shape[0]]) * step
    n_grains = max(rock.min_grains, round(size.prod() / rock.grain_size**2))
    scale = float(np.sqrt(size.prod() / n_grains))
    shares = np.asarray(rock.shares, dtype=float) / np.sum(rock.shares)
    texture = _Texture(
        rock,
        scale,
        cKDTree(_seeds(rng, n_grains, size, scale)),
        *_crystals(rng, shares, size, scale),
        seed=int(rng.integers(2**63)),
    )
    x, y = ((np.arange(n) + 0.5) * step for n in shape[::-1])
    offsets = np.array([-1, 0, 1]) * rock.spot / 3
    looks = [texture.look(x + dx, y + dy) for dy in offsets for dx in offsets]
    minerals = _assign(
        rng, [look[0] for look in looks], n_grains, texture.kinds, shares
    )
    fractions = np.zeros((shape[0] * shape[1], len(NAMES)))
    every = np.arange(len(fractions))
    for grain, _, through in looks:
        mineral = minerals[grain]
        mineral = np.where(through, _PARTNER[mineral], mineral)
        fractions[every, mineral] += 1 / len(looks)
    grain, distance, _ = looks[len(looks) // 2]
    return Surface(
        fractions=fractions.reshape(*shape, -1),
        grain=grain.reshape(shape),
        depth=(distance / scale).reshape(shape),
        n_grains=len(minerals),
    )


@dataclass(frozen=True)
class _Texture:
    """Grains by their seeds, crystals by their centres, and what bends them."""

    rock: Rock
    scale: float
    seeds: cKDTree
    centres: FloatArray
    radii: FloatArray
    kinds: IntArray
    seed: int

    def look(
        self, x: FloatArray, y: FloatArray
    ) -> tuple[IntArray, FloatArray, BoolArray]:
        """Give grain, distance from its seed, and intergrowths, of every point."""
        # the same waves wherever one looks
        rng = np.random.Generator(np.random.PCG64(self.seed))
        points, through = _warped(rng, x, y, self.scale, self.rock)
        distance, grain = self.seeds.query(points)
        gap, crystal = cKDTree(self.centres).query(points)
        # a crystal is one more grain, numbered after the others
        inside = gap < self.radii[crystal]
        grain = np.where(inside, self.seeds.n + crystal, grain)
        return grain, np.where(inside, gap, distance), through


def _seeds(
    rng: np.random.Generator, n_grains: int, size: FloatArray, scale: float
) -> FloatArray:
    """Place the middles of grains: 40 % anywhere, the others in clusters."""
    n_large = max(1, round(0.4 * n_grains))
    large = rng.uniform(0, 1, (n_large, 2)) * size
    centres = rng.uniform(0, 1, (max(1, n_grains // 12), 2)) * size
    small = centres[rng.integers(len(centres), size=n_grains - n_large)]
    small = small + rng.normal(0, 1.1 * scale, small.shape)
    # grains that fall off the map come in again on the other side
    return np.concatenate([large, np.mod(small, size)])


def _crystals(
    rng: np.random.Generator, shares: FloatArray, size: FloatArray, scale: float
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Place round crystals of the rare minerals, whose areas make up the shares."""
    places, radii, kinds = [np.zeros((1, 2)) - 1e9], [np.zeros(1)], [np.zeros(1)]
    for mineral in range(_MAIN, len(shares)):
        area = shares[mineral] * size.prod()
        if area == 0:
            continue
        count = max(1, round(area / (np.pi * (0.16 * scale) ** 2)))
        radius = np.exp(0.3 * rng.standard_normal(count))
        radius *= np.sqrt(area / np.pi / np.sum(radius**2))
        places.append(rng.uniform(0.06, 0.94, (count, 2)) * size)
        radii.append(radius)
        kinds.append(np.full(count, mineral))
    return (
        np.concatenate(places),
        np.concatenate(radii),
        np.concatenate(kinds).astype(np.intp),
    )


def _warped(
    rng: np.random.Generator, x: FloatArray, y: FloatArray, scale: float, rock: Rock
) -> tuple[FloatArray, BoolArray]:
    """Displace the raster's points, and mark those in intergrowths."""
    points = np.empty((len(y), len(x), 2))
    points[..., 0], points[..., 1] = x, y[:, None]
    for length, height in ((0.5, 0.14), (0.1, 0.03)):
        for axis in (0, 1):
            bend = waves(rng, x, y, length * scale)
            points[..., axis] += rock.roughness * height * scale * bend
    texture = waves(rng, x, y, 0.08 * scale)
    through = np.zeros(texture.shape, dtype=bool)
    if rock.intergrowth > 0:
        through = texture > np.quantile(texture, 1 - rock.intergrowth)
    return points.reshape(-1, 2), through.ravel()


def _assign(
    rng: np.random.Generator,
    grains: list[IntArray],
    n_grains: int,
    kinds: IntArray,
    shares: FloatArray,
) -> IntArray:
    """Give every grain a mineral, so that areas add up to the shares."""
    count = np.bincount(np.concatenate(grains), minlength=n_grains + len(kinds))
    area = count[:n_grains] / count.sum()
    missing = shares[:_MAIN] / shares[:_MAIN].sum() * area.sum()
    minerals = np.empty(n_grains, dtype=np.intp)
    # the smallest grains come last, and settle the shares
    for grain in np.argsort(-area):
        wish = np.maximum(missing, 0) ** 2
        total = wish.sum()
        mineral = (
            np.argmax(missing) if total == 0 else rng.choice(_MAIN, p=wish / total)
        )
        minerals[grain] = mineral
        missing[mineral] -= area[grain]
    return np.concatenate([minerals, kinds])
