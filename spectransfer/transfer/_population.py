r"""A population in a few numbers: what a library may tell without its spectra.

A rotation between two populations needs their means and principal components, and a
few points that show the shape of each cloud:

.. math:: y \approx \mu + a F, \qquad \mathrm{cov}(y) = F^\top F .
"""

from dataclasses import dataclass
from functools import cached_property
from numbers import Integral

import numpy as np
from scipy.linalg import eigh
from sklearn.utils import check_array, check_scalar
from sklearn.utils.extmath import randomized_svd

from spectransfer._blocks import even_rows
from spectransfer._typing import ArrayLike, FloatArray

_MOST_COMPONENTS = 40
# a rotation asks for no more
_ROTATED = 12
# of larger populations a draw tells the components well enough
_MOST_SPECTRA = 4000
_EXACT_UP_TO = 1500
# squared sums in the Gram matrix: half of the digits
_ROUNDING = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True, eq=False)
class LibraryMoments:
    r"""What few standards need of a library, where its spectra cannot be had.

    With the mean :math:`\mu`, the factor F and coordinates :math:`a` of some spectra,

    .. math:: \mathrm{cov}(y) = F^\top F, \qquad y_i \approx \mu + a_i F .

    `FewStandardsTransfer` takes it as `y_unpaired`, in place of primary spectra (or of
    latents, where it is the mapper to a latent space), and so do the transfers and
    pipelines around it. It then learns what it would have learned from the spectra.

    Parameters
    ----------
    mean : array-like of shape (n_channels,)
        Mean of the library, prepared as the regressor is to predict it: in a pipeline,
        behind the steps of the primary side.
    factor : array-like of shape (n_components, n_channels)
        Any factor of the covariance, such as principal components times their standard
        deviations, or the transposed Cholesky factor. Up to 40 leading components of
        what it spans are used, 12 of them by a rotation.
    n_spectra : int
        Number of spectra that the moments are of.
    points : array-like of shape (n_points, n_components), default=None
        Coordinates in `factor` of some spectra, evenly drawn; 400 are as good as all.
        Without points the standards alone tell the rotation between instruments.

    See Also
    --------
    FewStandardsTransfer : Makes use of it.

    Examples
    --------
    >>> from spectransfer import FewStandardsTransfer
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.transfer import LibraryMoments
    >>> pair = make_instrument_pair(n_spectra=300, random_state=0)
    >>> library = LibraryMoments.of(pair.X_primary[150:])
    >>> library.points.shape
    (150, 40)
    >>> transfer = FewStandardsTransfer().fit(
    ...     pair.X_secondary[:12], pair.X_primary[:12],
    ...     X_unpaired=pair.X_secondary[12:150], y_unpaired=library,
    ... )
    """

    mean: FloatArray
    factor: FloatArray
    n_spectra: int
    points: FloatArray | None = None

    def __post_init__(self) -> None:
        for name in ("mean", "factor", "points"):
            value = getattr(self, name)
            if value is not None:
                # frozen for those who hold it
                object.__setattr__(self, name, np.asarray(value, dtype=np.float64))
        shapes = self.mean.ndim, self.factor.shape[1:]
        if shapes != (1, self.mean.shape) or self.factor.ndim != 2:
            raise ValueError(
                "mean and factor must have the shapes (n_channels,) and (n_components, "
                f"n_channels), but they have {self.mean.shape} and "
                f"{self.factor.shape}. Take them from spectra with LibraryMoments.of."
            )
        n_components = len(self.factor)
        if self.points is not None and self.points.shape[1:] != (n_components,):
            raise ValueError(
                f"points must be coordinates in the {n_components} rows of factor, but "
                f"their shape is {self.points.shape}. Leave them out if there are none."
            )
        known = (self.mean, self.factor, self.points)
        if not all(np.isfinite(part).all() for part in known if part is not None):
            raise ValueError(
                "Moments must be finite numbers, but mean, factor or points contain "
                "NaN or inf. Take them from finite spectra."
            )
        if not isinstance(self.n_spectra, (int, np.integer)) or self.n_spectra < 1:
            raise ValueError(
                "n_spectra must be the number of spectra that the moments are of, but "
                f"it is {self.n_spectra!r}. Components of few spectra are trusted less."
            )

    @classmethod
    def of(
        cls,
        spectra: ArrayLike,
        *,
        n_components: int = _MOST_COMPONENTS,
        n_points: int = 400,
    ) -> "LibraryMoments":
        """Give the moments of spectra, or of latents.

        Parameters
        ----------
        spectra : array-like of shape (n_spectra, n_channels)
            Finite numbers; beyond 4000 an even draw is looked at.
        n_components : int, default=40
            Most principal components that are kept.
        n_points : int, default=400
            How many of the spectra are kept as points, at most all; none when 0.

        Returns
        -------
        LibraryMoments
            With as many components as the spectra have.
        """
        check_scalar(n_components, "n_components", Integral, min_val=1)
        check_scalar(n_points, "n_points", Integral, min_val=0)
        table = np.asarray(spectra)
        some = even_rows(len(table), _MOST_SPECTRA) if table.ndim == 2 else slice(None)
        drawn = check_array(table[some], dtype=np.float64, input_name="spectra")
        mean = drawn.mean(axis=0)
        drawn = drawn - mean
        deviations, components = _leading_components(drawn, n_components)
        points = None
        if n_points:
            some = even_rows(len(drawn), n_points)
            points = drawn[some] @ (components.T / deviations)
        return cls(mean, deviations[:, None] * components, len(table), points)

    @cached_property
    def _principal(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """From coordinates to whitened components, their deviations and directions."""
        left, values, right = np.linalg.svd(self.factor, full_matrices=False)
        kept = values > _ROUNDING * values[:1]
        kept[_MOST_COMPONENTS:] = False
        return left[:, kept], values[kept], right[kept]

    @property
    def _turned(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The first of them, for a rotation."""
        left, values, right = self._principal
        return left[:, :_ROTATED], values[:_ROTATED], right[:_ROTATED]

    @property
    def _components(self) -> FloatArray:
        """A factor of the covariance, by falling variance."""
        _, values, right = self._principal
        return values[:, None] * right

    @cached_property
    def _whiten(self) -> FloatArray:
        """From centred spectra to components of unit variance."""
        return self._turned[2].T / self._turned[1]

    @cached_property
    def _unwhiten(self) -> FloatArray:
        """And back."""
        return self._turned[1][:, None] * self._turned[2]

    @cached_property
    def _cloud(self) -> FloatArray | None:
        """Components of the points, of unit variance in the whole population."""
        return None if self.points is None else self.points @ self._turned[0]


def _leading_components(
    centred: FloatArray, n_components: int
) -> tuple[FloatArray, FloatArray]:
    """Give deviations and directions of the leading principal components."""
    n_spectra, n_channels = centred.shape
    size = min(n_spectra, n_channels)
    n_components = min(n_components, size)
    if size > _EXACT_UP_TO:
        _, values, found = randomized_svd(centred, n_components, random_state=0)
    else:
        wide = n_channels > n_spectra
        gram = centred @ centred.T if wide else centred.T @ centred
        squares, vectors = eigh(gram, subset_by_index=[size - n_components, size - 1])
        values = np.sqrt(np.maximum(squares[::-1], 0.0))
        found = vectors[:, ::-1].T
        if wide:
            found = (found @ centred) / np.where(values > 0, values, 1.0)[:, None]
    kept = values > _ROUNDING * values[0]
    return values[kept] / np.sqrt(n_spectra), found[kept]
