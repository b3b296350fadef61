r"""Latents of spectra as points: two of them, or their principal components."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from spectransfer._typing import ArrayLike, FloatArray, RandomState
from spectransfer._validation import check_targets
from spectransfer._wrapping import layers, predictor
from spectransfer.plotting._figure import (
    area_colors,
    axes_for,
    with_unit,
    with_whole_formulas,
)


def project(
    latents: FloatArray, components: str | Sequence[int]
) -> tuple[FloatArray, tuple[str, str]]:
    """Choose or make two coordinates, and name them with their share of the variance.

    Parameters
    ----------
    latents : ndarray of shape (n_spectra, n_latent)
        Latents; at least two.
    components : "variance", "pca" or (int, int)
        The two latents of largest variance, two principal components, or latents by
        number.

    Returns
    -------
    points : ndarray of shape (n_spectra, 2)
        Coordinates, float64.
    names : tuple of str
        What to write at both axes.
    """
    points = latents.astype(np.float64)
    if points.shape[1] < 2:
        raise ValueError(
            "A scatter needs at least two latents for each spectrum, but the shape of "
            f"latents is {latents.shape}. Draw a single latent with MapDisplay or a "
            "histogram."
        )
    variances = points.var(axis=0)
    if isinstance(components, str) and components == "pca":
        pca = PCA(2).fit(points)
        shares = pca.explained_variance_ratio_
        names = [f"principal component {k + 1}" for k in range(2)]
        points = pca.transform(points)
    else:
        chosen = _two_latents(components, variances)
        shares = variances[chosen] / variances.sum()
        names = [f"latent {k}" for k in chosen]
        points = points[:, chosen]
    first, second = (
        f"{name} ({100 * share:.0f} % of variance)"
        for name, share in zip(names, shares, strict=True)
    )
    return points, (first, second)


def _two_latents(components: str | Sequence[int], variances: FloatArray) -> list[int]:
    if isinstance(components, str) and components == "variance":
        return np.argsort(-variances, kind="stable")[:2].tolist()
    n = len(variances)
    if (
        isinstance(components, str)
        or len(components) != 2
        or not all(isinstance(k, int | np.integer) and 0 <= k < n for k in components)
    ):
        raise ValueError(
            'components must be "variance", "pca" or the numbers of two of the '
            f"{n} latents, counted from 0, but they are {components!r}."
        )
    return [int(k) for k in components]


def latents_of(estimator: Any, X: Any) -> FloatArray:
    """Encode primary spectra with the autoencoder inside an estimator.

    Parameters
    ----------
    estimator : estimator
        An autoencoder, or a transfer that holds one as `autoencoder_`, in a pipeline,
        a search or a `PrimarySpaceRegressor` or not.
    X : array-like of shape (n_spectra, n_wavelengths)
        Primary spectra as that estimator was given them.

    Returns
    -------
    ndarray of shape (n_spectra, n_latent)
        Latents.
    """
    for layer in layers(estimator):
        if hasattr(layer, "regressor_"):
            primary_side = getattr(layer, "transformer_", None)
            prepared = X if primary_side is None else primary_side.transform(X)
            return latents_of(layer.regressor_, prepared)
        if hasattr(layer, "autoencoder_"):
            return latents_of(layer.autoencoder_, X)
        # of a pipeline that does not transform, the steps before the last belong to
        # the secondary side
        if hasattr(layer, "transform"):
            return np.asarray(layer.transform(X))
    raise TypeError(
        "Latents need an autoencoder with a method transform, or a transfer that "
        f"holds one as autoencoder_, but {type(predictor(estimator)).__name__} is "
        "neither. Pass a fitted SpectralVAE or VAELatentTransfer."
    )


class LatentDisplay:
    """Latents of spectra as points in a plane, coloured by what is known of them.

    Parameters
    ----------
    points : array-like of shape (n_spectra, 2)
        Coordinates.
    values : array-like of shape (n_spectra,), default=None
        What the colours show: labels (text, whole numbers or bool), with a legend, or
        figures (float), with a colour bar. None draws all points alike.
    axis_names : tuple of str, default=("latent", "latent")
        What to write at the axes.
    name : str, default=""
        What the values are.
    unit : str or None, default=None
        Unit of the values.

    Attributes
    ----------
    scatter_ : matplotlib.collections.PathCollection
        The points.
    legend_ : matplotlib.legend.Legend or None
        Names of the labels.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        Colours of the figures.
    ax_ : matplotlib.axes.Axes
        Axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        Their figure.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.plotting import LatentDisplay
    >>> pair = make_instrument_pair(n_spectra=40, random_state=0)
    >>> linear = PCA(5).fit(pair.X_primary)
    >>> display = LatentDisplay.from_estimator(
    ...     linear, pair.X_primary, values=pair.y[:, 0], name=pair.y_names[0]
    ... )
    >>> display.scatter_.get_offsets().shape
    (40, 2)
    """

    def __init__(
        self,
        points: ArrayLike,
        *,
        values: ArrayLike | None = None,
        axis_names: tuple[str, str] = ("latent", "latent"),
        name: str = "",
        unit: str | None = None,
    ) -> None:
        self.points = np.asarray(points, dtype=np.float64)
        self.values = None if values is None else np.asarray(values)
        self.axis_names = axis_names
        self.name = name
        self.unit = unit
        if self.values is not None and self.values.shape != (len(self.points),):
            raise ValueError(
                "values must have one entry for each point, but there are "
                f"{len(self.points)} points and the shape of values is "
                f"{self.values.shape}."
            )

    def plot(self, ax: Any = None, **scatter_kwargs: Any) -> "LatentDisplay":
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        **scatter_kwargs : dict
            Passed on to `matplotlib.axes.Axes.scatter`.

        Returns
        -------
        LatentDisplay
            Itself.
        """
        self.ax_ = axes_for(ax, (6.0, 4.2))
        self.figure_ = self.ax_.figure
        self.legend_ = self.colorbar_ = None
        # thousands of points as vectors make a file that no viewer opens
        style = {"s": 8.0, "linewidths": 0, "alpha": 0.8, "rasterized": True}
        if self.values is None:
            colored: dict[str, Any] = {"color": "#0072B2"}
        elif self.values.dtype.kind == "f":
            colored = {"c": self.values, "cmap": "cividis"}
        else:
            colored = self._label_colors()
        self.scatter_ = self.ax_.scatter(
            *self.points.T, **(style | colored | scatter_kwargs)
        )
        if self.values is not None and self.values.dtype.kind == "f":
            self.colorbar_ = self.figure_.colorbar(self.scatter_, ax=self.ax_)
            self.colorbar_.set_label(with_unit(self.name, self.unit))
        self.ax_.set_xlabel(self.axis_names[0])
        self.ax_.set_ylabel(self.axis_names[1])
        with_whole_formulas(self.ax_)
        return self

    def _label_colors(self) -> dict[str, Any]:
        """Give a colour for each point, and name the labels in a legend."""
        from matplotlib.lines import Line2D

        classes, codes = np.unique(np.asarray(self.values), return_inverse=True)
        palette = area_colors(len(classes))
        marks = [
            Line2D([], [], marker="o", linestyle="", color=color, label=str(label))
            for color, label in zip(palette, classes, strict=True)
        ]
        self.legend_ = self.ax_.legend(
            handles=marks,
            title=self.name or None,
            loc="upper left",
            bbox_to_anchor=(1.02, 1.0),
            borderaxespad=0.0,
            frameon=False,
        )
        return {"color": [palette[k] for k in codes]}

    @classmethod
    def from_latents(
        cls,
        latents: ArrayLike,
        *,
        values: ArrayLike | None = None,
        components: str | Sequence[int] = "variance",
        subsample: int | None = 10_000,
        random_state: RandomState = None,
        name: str = "",
        unit: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "LatentDisplay":
        """Draw two coordinates of latents.

        Parameters
        ----------
        latents : array-like of shape (n_spectra, n_latent)
            Latents.
        values : array-like of shape (n_spectra,), default=None
            Labels or figures that the colours show.
        components : "variance", "pca" or (int, int), default="variance"
            The two latents of largest variance, two principal components of all of
            them, or two latents by number.
        subsample : int or None, default=10_000
            Most points to draw, taken at random; None draws all. Variances are those
            of all spectra.
        random_state : int, RandomState instance or None, default=None
            Seed of the subsample.
        name : str, default=""
            What the values are.
        unit : str or None, default=None
            Unit of the values.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        **kwargs : dict
            Passed on to `plot`.

        Returns
        -------
        LatentDisplay
            The display, drawn.
        """
        points, names = project(check_targets(latents, name="latents"), components)
        known = None if values is None else np.asarray(values)
        if subsample is not None and subsample < len(points):
            rng = check_random_state(random_state)
            chosen = rng.choice(len(points), subsample, replace=False)
            points = points[chosen]
            known = None if known is None else known[chosen]
        return cls(points, values=known, axis_names=names, name=name, unit=unit).plot(
            ax, **kwargs
        )

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, **kwargs: Any
    ) -> "LatentDisplay":
        """Encode primary spectra, and draw two coordinates of their latents.

        Parameters
        ----------
        estimator : estimator
            A fitted `SpectralVAE` or other transformer, or a transfer that holds one,
            such as what `make_transfer_pipeline` gives.
        X : array-like of shape (n_spectra, n_wavelengths)
            Primary spectra, as `estimator` was given them: measured ones for a whole
            pipeline.
        **kwargs : dict
            Passed on to `from_latents`.

        Returns
        -------
        LatentDisplay
            The display, drawn.
        """
        check_is_fitted(estimator)
        return cls.from_latents(latents_of(estimator, X), **kwargs)
