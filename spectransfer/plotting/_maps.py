"""Maps of a figure of every spectrum: emissivity, errors, anything else."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from spectransfer._axis import Axis
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import check_targets
from spectransfer._wrapping import unit_of_predictions
from spectransfer.metrics import spectrum_cosine, spectrum_euclidean, spectrum_rmse
from spectransfer.plotting._figure import (
    CURVES,
    MISSING,
    axis_of,
    image_layout,
    map_axes,
    measured_and_predicted,
    pitch_of,
    places,
    with_unit,
    with_whole_formulas,
)
from spectransfer.spectra import SIDES, PairedMaps, band_sums

_METRICS = {
    "euclidean": (spectrum_euclidean, "Euclidean distance", True),
    "cosine": (spectrum_cosine, "cosine distance", False),
    "rmse": (spectrum_rmse, "root-mean-square error", True),
}


def shot_distances(
    y_true: ArrayLike, y_pred: ArrayLike, metric: str
) -> tuple[FloatArray, str, bool]:
    """Compare spectra shot by shot; gives distances, their name, and if in counts."""
    if metric not in _METRICS:
        raise ValueError(
            f"metric must be one of {', '.join(_METRICS)}, but it is {metric!r}. "
            "Draw other figures with MapDisplay.from_values."
        )
    distance, name, has_unit = _METRICS[metric]
    return distance(y_true, y_pred), name, has_unit


def summed_axis(
    maps: PairedMaps, spectra: Any, wavelengths: ArrayLike | None
) -> Axis | None:
    """Find the axis of an instrument, or of other spectra of the same shots."""
    if isinstance(spectra, str) and spectra in SIDES:
        return getattr(maps, f"axis_{spectra}")
    n_channels = np.shape(spectra)[-1]
    if wavelengths is None and n_channels == len(maps.wavelengths_primary):
        return maps.axis_primary
    return axis_of(wavelengths, n_channels, spectra)


def shot_sums(
    maps: PairedMaps,
    spectra: Any,
    band: tuple[float, float] | None,
    wavelengths: ArrayLike | None,
) -> FloatArray:
    """Sum spectra of an instrument, or any others of the same shots."""
    if isinstance(spectra, str) and spectra in SIDES:
        table = getattr(maps, f"X_{spectra}")
    else:
        table = check_targets(spectra, name="spectra")
    axis = places(summed_axis(maps, spectra, wavelengths), table.shape[1])
    low, high = (axis[0], axis[-1]) if band is None else band
    return band_sums(table, axis, low, high)


def clipping_limits(
    values: FloatArray, quantiles: tuple[float, float]
) -> tuple[float, float]:
    """Give the least and the largest figure that have a colour of their own.

    Parameters
    ----------
    values : ndarray
        Figures; NaN where there is none.
    quantiles : tuple of (low, high)
        Shares of the figures below the least and up to the largest, 0 to 1.

    Returns
    -------
    tuple of (low, high)
        Limits, in the unit of the figures.
    """
    if not (
        len(quantiles) == 2
        and all(isinstance(q, Real) for q in quantiles)
        and 0 <= quantiles[0] < quantiles[1] <= 1
    ):
        raise ValueError(
            "quantiles must be two increasing shares between 0 and 1, but they are "
            f"{quantiles!r}. Write for example (0.01, 0.99), or (0, 1) to clip nothing."
        )
    known = values[np.isfinite(values)]
    if known.size == 0:
        raise ValueError(
            "A map must have at least one figure, but every shot of this one is NaN."
        )
    low, high = np.quantile(known, quantiles)
    return float(low), float(high)


class MapDisplay:
    r"""A figure of every spectrum, as an image of the sample.

    As in the paper, the figures below the first and above the last quantile share one
    colour each, so that a few outliers do not take all contrast from the rest; the
    colour bar has a tip where that happens. `from_maps` draws total emissivity
    (figures 5 and B.15 to B.20 of the paper), `from_predictions` and
    `from_estimator` error maps (figure 6), `from_values` anything else.

    Parameters
    ----------
    image : array-like of shape (n_rows, n_columns)
        Figures, row 0 at the top; NaN where there is none.
    step : tuple of (down, right), default=None
        Distance of neighbouring shots in micrometres. None counts shots.
    name : str, default=""
        What the figures are; stands at the colour bar.
    unit : str or None, default=None
        Unit of the figures.
    quantiles : tuple of (low, high), default=(0.01, 0.99)
        Between these, figures have colours of their own; (0, 1) clips nothing. The
        paper does not say which it takes.

    Attributes
    ----------
    limits : tuple of (low, high)
        The quantiles of the image, in the unit of the figures. Pass those of one
        display to another, as ``vmin`` and ``vmax``, to give both the same colours.
    image_ : matplotlib.image.AxesImage
        The image.
    colorbar_ : matplotlib.colorbar.Colorbar or None
        Its colour bar.
    spots_ : list of matplotlib.lines.Line2D
        Marked spots.
    ax_ : matplotlib.axes.Axes
        Axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        Their figure.

    See Also
    --------
    ClusterMapDisplay : Labels of every spectrum, as an image.

    Examples
    --------
    >>> from spectransfer.simulation import make_libs_maps
    >>> from spectransfer.plotting import MapDisplay
    >>> maps = make_libs_maps(
    ...     (10, 12), None, None, spectrometers="light", random_state=0
    ... ).train
    >>> display = MapDisplay.from_maps(maps)
    >>> display.ax_.get_xlabel(), display.colorbar_.ax.get_ylabel()
    ('x (mm)', 'total emissivity (counts)')
    """

    def __init__(
        self,
        image: ArrayLike,
        *,
        step: tuple[float, float] | None = None,
        name: str = "",
        unit: str | None = None,
        quantiles: tuple[float, float] = (0.01, 0.99),
    ) -> None:
        self.image = np.asarray(image, dtype=np.float64)
        self.step = step
        self.name = name
        self.unit = unit
        self.quantiles = quantiles
        self.limits = clipping_limits(self.image, quantiles)

    def plot(
        self,
        ax: Any = None,
        *,
        colorbar: bool = True,
        spots: Sequence[tuple[int, int]] = (),
        **image_kwargs: Any,
    ) -> "MapDisplay":
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        colorbar : bool, default=True
            Whether to add a colour bar.
        spots : sequence of (row, column), default=()
            Shots to mark by circles. Their numbers in the order of measurement are
            ``maps.image(range(len(maps)))[row, column]``.
        **image_kwargs : dict
            Passed on to `matplotlib.axes.Axes.imshow`, such as ``cmap="viridis"``
            instead of cividis, ``vmin`` and ``vmax`` instead of `limits`, or a
            `norm` of your own.

        Returns
        -------
        MapDisplay
            Itself.
        """
        from matplotlib import colormaps

        self.ax_ = map_axes(ax, self.image.shape, self.step, beside=1.1)
        self.figure_ = self.ax_.figure
        style: dict[str, Any] = {"cmap": "cividis"}
        if image_kwargs.get("norm") is None:
            style |= dict(zip(("vmin", "vmax"), self.limits, strict=True))
        style |= image_layout(self.image.shape, self.step) | image_kwargs
        if isinstance(style["cmap"], str):
            style["cmap"] = colormaps[style["cmap"]].with_extremes(bad=MISSING)
        self.image_ = self.ax_.imshow(self.image, **style)
        self.colorbar_ = self._add_colorbar() if colorbar else None
        self.spots_ = [self._mark(k, *spot) for k, spot in enumerate(spots)]
        with_whole_formulas(self.ax_)
        return self

    def _add_colorbar(self) -> Any:
        from matplotlib.ticker import ScalarFormatter

        low, high = self.image_.get_clim()
        below, above = np.nanmin(self.image) < low, np.nanmax(self.image) > high
        extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}
        bar = self.figure_.colorbar(
            self.image_, ax=self.ax_, extend=extend[int(below), int(above)]
        )
        bar.set_label(with_unit(self.name, self.unit))
        if isinstance(bar.formatter, ScalarFormatter):
            bar.formatter.set_powerlimits((-3, 4))
            bar.formatter.set_useMathText(True)
        return bar

    def _mark(self, number: int, row: int, column: int) -> Any:
        down, right, _ = pitch_of(self.step)
        style = {"markersize": 7, "markeredgecolor": "white", "clip_on": False}
        (spot,) = self.ax_.plot(
            column * right,
            row * down,
            "o",
            color=CURVES[number % len(CURVES)],
            label=f"row {row}, column {column}",
            **style,
        )
        return spot

    @classmethod
    def from_values(
        cls,
        maps: PairedMaps,
        values: ArrayLike,
        *,
        name: str = "",
        unit: str | None = None,
        quantiles: tuple[float, float] = (0.01, 0.99),
        ax: Any = None,
        **kwargs: Any,
    ) -> "MapDisplay":
        """Draw any figure of every shot.

        Parameters
        ----------
        maps : PairedMaps
            Maps that lay the shots out.
        values : array-like of shape (n_spectra,)
            One figure for each shot, in the order of measurement.
        name : str, default=""
            What the figures are.
        unit : str or None, default=None
            Their unit.
        quantiles : tuple of (low, high), default=(0.01, 0.99)
            Between these, figures have colours of their own.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        **kwargs : dict
            Passed on to `plot`.

        Returns
        -------
        MapDisplay
            The display, drawn.
        """
        return cls(
            maps.image(values),
            step=maps.step,
            name=name,
            unit=unit,
            quantiles=quantiles,
        ).plot(ax, **kwargs)

    @classmethod
    def from_maps(
        cls,
        maps: PairedMaps,
        spectra: ArrayLike | str = "primary",
        *,
        band: tuple[float, float] | None = None,
        wavelengths: ArrayLike | None = None,
        **kwargs: Any,
    ) -> "MapDisplay":
        """Draw total emissivity: the sum of every spectrum.

        Parameters
        ----------
        maps : PairedMaps
            Maps that lay the shots out.
        spectra : "primary", "secondary" or array-like, default="primary"
            The instrument, or other spectra of the same shots (predicted ones, or
            without baseline), of shape (n_spectra, n_wavelengths), read in blocks.
        band : tuple of (low, high), default=None
            Range to sum, in the unit of the axis, ends included; None sums all
            channels.
        wavelengths : Axis or array-like of shape (n_channels,), default=None
            Axis of `spectra` where they are given as an array. None takes the
            primary axis if it has as many channels.
        **kwargs : dict
            Passed on to `from_values`.

        Returns
        -------
        MapDisplay
            The display, drawn.
        """
        named: dict[str, Any] = {"name": "total emissivity"}
        if band is not None:
            axis = summed_axis(maps, spectra, wavelengths)
            unit = "" if axis is None else axis.unit or ""
            named["name"] = f"emissivity, {band[0]:g} to {band[1]:g} {unit}".rstrip()
        named["unit"] = maps.intensity_unit
        sums = shot_sums(maps, spectra, band, wavelengths)
        return cls.from_values(maps, sums, **(named | kwargs))

    @classmethod
    def from_predictions(
        cls,
        maps: PairedMaps,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        metric: str = "euclidean",
        **kwargs: Any,
    ) -> "MapDisplay":
        """Draw the error of every predicted spectrum.

        Parameters
        ----------
        maps : PairedMaps
            Maps that lay the shots out.
        y_true : array-like of shape (n_spectra, n_wavelengths)
            Measured primary spectra, in the space of the predictions and in the order
            of measurement.
        y_pred : array-like of shape (n_spectra, n_wavelengths)
            Predicted spectra of the same shots.
        metric : {"euclidean", "cosine", "rmse"}, default="euclidean"
            Distance of measured and predicted spectrum.
        **kwargs : dict
            Passed on to `from_values`.

        Returns
        -------
        MapDisplay
            The display, drawn.
        """
        distances, name, has_unit = shot_distances(y_true, y_pred, metric)
        unit = maps.intensity_unit if has_unit else None
        named: dict[str, Any] = {"name": name, "unit": unit}
        return cls.from_values(maps, distances, **(named | kwargs))

    @classmethod
    def from_estimator(
        cls, estimator: Any, maps: PairedMaps, **kwargs: Any
    ) -> "MapDisplay":
        """Predict all shots of a map, and draw the error of every spectrum.

        Parameters
        ----------
        estimator : estimator
            A fitted transfer. What was measured is brought to the space of its
            predictions.
        maps : PairedMaps
            Spectra of both instruments.
        **kwargs : dict
            Passed on to `from_predictions`, such as ``metric="cosine"``.

        Returns
        -------
        MapDisplay
            The display, drawn.
        """
        compared = measured_and_predicted(estimator, maps.X_secondary, maps.X_primary)
        changed = {} if unit_of_predictions(estimator, "kept") else {"unit": None}
        return cls.from_predictions(maps, *compared, **(changed | kwargs))
