"""Maps of labels, with the shots marked where two labellings disagree."""

from typing import Any

import numpy as np

from spectransfer._typing import ArrayLike, BoolArray, IntArray
from spectransfer.metrics import cluster_labels, paired_spectra
from spectransfer.plotting._figure import (
    area_colors,
    image_layout,
    map_axes,
    measured_and_predicted,
    with_whole_formulas,
)
from spectransfer.spectra import PairedMaps

_HIGHLIGHT = "black"


class ClusterMapDisplay:
    r"""Labels of every spectrum as an image, disagreements in black.

    Figure 10 of the paper: clusters of the measured primary spectra, and the shots
    that fall into another cluster after the transfer. The share of the others is the
    k-score. Colours are pale ones, which colour-blind readers tell apart up to nine
    labels; more labels are shades from dark to light.

    Parameters
    ----------
    labels : array-like of shape (n_rows, n_columns)
        Labels of the measured spectra, row 0 at the top: numbers or names.
    predicted_labels : array-like of shape (n_rows, n_columns), default=None
        Labels of the predicted spectra. None marks nothing.
    step : tuple of (down, right), default=None
        Distance of neighbouring shots in micrometres. None counts shots.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The different labels.
    codes : ndarray of shape (n_rows, n_columns)
        Place of each label among `classes`.
    differs : ndarray of bool, of shape (n_rows, n_columns)
        Where the two labels are not the same.
    agreement : float or None
        Share of the shots whose labels are the same; None for labels of one kind.
    image_ : matplotlib.image.AxesImage
        The labels.
    differences_ : matplotlib.image.AxesImage or None
        What is marked.
    legend_ : matplotlib.legend.Legend or None
        The legend.
    ax_ : matplotlib.axes.Axes
        Axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        Their figure.

    See Also
    --------
    spectransfer.metrics.k_score : The agreement, as a figure of merit.

    Examples
    --------
    >>> from spectransfer.plotting import ClusterMapDisplay
    >>> display = ClusterMapDisplay([[0, 0], [1, 1]], [[0, 1], [1, 1]]).plot()
    >>> display.agreement
    0.75
    >>> [text.get_text() for text in display.legend_.get_texts()]
    ['0 (50.0 %)', '1 (50.0 %)', 'differs (25.0 %)']
    """

    def __init__(
        self,
        labels: ArrayLike,
        predicted_labels: ArrayLike | None = None,
        *,
        step: tuple[float, float] | None = None,
    ) -> None:
        image = np.asarray(labels)
        self.step = step
        self.classes, codes = np.unique(image, return_inverse=True)
        self.codes: IntArray = codes.reshape(image.shape)
        self.differs: BoolArray = np.zeros(image.shape, dtype=bool)
        self.agreement: float | None = None
        if predicted_labels is not None:
            self.differs = image != _laid_out_alike(predicted_labels, image)
            self.agreement = float(1 - self.differs.mean())

    def plot(
        self,
        ax: Any = None,
        *,
        legend: bool = True,
        highlight: Any = _HIGHLIGHT,
        colors: Any = None,
    ) -> "ClusterMapDisplay":
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        legend : bool, default=True
            Whether to name the labels, and how many shots each has, beside the map.
        highlight : color, default="black"
            Colour of the shots whose labels differ.
        colors : sequence of color, default=None
            A colour for each label.

        Returns
        -------
        ClusterMapDisplay
            Itself.
        """
        from matplotlib.colors import ListedColormap

        n = len(self.classes)
        palette = area_colors(n) if colors is None else list(colors)
        self.ax_ = map_axes(ax, self.codes.shape, self.step, beside=2.3)
        self.figure_ = self.ax_.figure
        layout = image_layout(self.codes.shape, self.step)
        self.image_ = self.ax_.imshow(
            self.codes, cmap=ListedColormap(palette), vmin=-0.5, vmax=n - 0.5, **layout
        )
        self.differences_ = None
        if self.agreement is not None:
            self.differences_ = self.ax_.imshow(
                np.ma.masked_equal(self.differs, False),
                cmap=ListedColormap([highlight]),
                **layout,
            )
        self.legend_ = self._add_legend(palette, highlight) if legend else None
        with_whole_formulas(self.ax_)
        return self

    def _add_legend(self, palette: list[Any], highlight: Any) -> Any:
        from matplotlib.patches import Patch

        counts = np.bincount(self.codes.ravel(), minlength=len(self.classes))
        patches = [
            Patch(color=color, label=f"{label} ({100 * share:.1f} %)")
            for color, label, share in zip(
                palette, self.classes, counts / self.codes.size, strict=False
            )
        ]
        if self.agreement is not None:
            differing = 100 * (1 - self.agreement)
            patches.append(Patch(color=highlight, label=f"differs ({differing:.1f} %)"))
        return self.ax_.legend(
            handles=patches,
            loc="upper left",
            bbox_to_anchor=(1.02, 1.0),
            borderaxespad=0.0,
            frameon=False,
        )

    @classmethod
    def from_maps(
        cls,
        maps: PairedMaps,
        labels: ArrayLike,
        predicted_labels: ArrayLike | None = None,
        *,
        ax: Any = None,
        **kwargs: Any,
    ) -> "ClusterMapDisplay":
        """Draw labels of the shots of a map.

        Parameters
        ----------
        maps : PairedMaps
            Maps that lay the shots out.
        labels : array-like of shape (n_spectra,)
            A label for each shot, in the order of measurement, such as
            ``maps.annotations["mineral"]``.
        predicted_labels : array-like of shape (n_spectra,), default=None
            Labels to compare with.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        **kwargs : dict
            Passed on to `plot`.

        Returns
        -------
        ClusterMapDisplay
            The display, drawn.
        """
        compared = None if predicted_labels is None else maps.image(predicted_labels)
        return cls(maps.image(labels), compared, step=maps.step).plot(ax, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        maps: PairedMaps,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        kmeans: Any,
        ax: Any = None,
        **kwargs: Any,
    ) -> "ClusterMapDisplay":
        """Draw clusters of measured spectra, and where predicted ones fall elsewhere.

        Parameters
        ----------
        maps : PairedMaps
            Maps that lay the shots out.
        y_true : array-like of shape (n_spectra, n_wavelengths)
            Measured primary spectra, in the space of the predictions.
        y_pred : array-like of shape (n_spectra, n_wavelengths)
            Predicted spectra of the same shots.
        kmeans : fitted estimator with `predict`
            Clusters, for example k-means fitted on primary training spectra in the
            space of the predictions.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        **kwargs : dict
            Passed on to `plot`.

        Returns
        -------
        ClusterMapDisplay
            The display, drawn.
        """
        both = [cluster_labels(kmeans, s) for s in paired_spectra(y_true, y_pred)]
        return cls.from_maps(maps, *both, ax=ax, **kwargs)

    @classmethod
    def from_estimator(
        cls, estimator: Any, maps: PairedMaps, *, kmeans: Any, **kwargs: Any
    ) -> "ClusterMapDisplay":
        """Predict all shots of a map, and draw their clusters.

        Parameters
        ----------
        estimator : estimator
            A fitted transfer.
        maps : PairedMaps
            Spectra of both instruments.
        kmeans : fitted estimator with `predict`
            Clusters of primary spectra in the space of the predictions.
        **kwargs : dict
            Passed on to `from_predictions`.

        Returns
        -------
        ClusterMapDisplay
            The display, drawn.
        """
        both = measured_and_predicted(estimator, maps.X_secondary, maps.X_primary)
        return cls.from_predictions(maps, *both, kmeans=kmeans, **kwargs)


def _laid_out_alike(predicted_labels: ArrayLike, labels: np.ndarray) -> np.ndarray:
    predicted = np.asarray(predicted_labels)
    if predicted.shape != labels.shape:
        raise ValueError(
            "predicted_labels must be laid out as labels, but their shape is "
            f"{predicted.shape} and that of labels {labels.shape}. Lay both out with "
            "PairedMaps.image."
        )
    return predicted
