r"""The error of a transfer, wavelength by wavelength.

.. math:: e_j = \sqrt{\textstyle\frac 1 N \sum_i (y_{ij} - \hat y_{ij})^2}, \qquad
          e_j / \sigma_j

with :math:`\sigma_j` the standard deviation of the measured spectra in channel j.
"""

from typing import Any

import numpy as np

from spectransfer._axis import Axis
from spectransfer._blocks import row_blocks
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer.metrics import paired_spectra
from spectransfer.plotting._figure import (
    axes_for,
    axis_label,
    axis_of,
    line_style,
    measured_and_predicted,
    places,
    with_unit,
    with_whole_formulas,
)
from spectransfer.preprocessing import StandardScaler


def channel_rmse(measured: FloatArray, predicted: FloatArray) -> FloatArray:
    r"""Root-mean-square error of each channel over all spectra.

    .. math:: e_j = \sqrt{\textstyle\frac 1 N \sum_i (y_{ij} - \hat y_{ij})^2}

    Parameters
    ----------
    measured, predicted : ndarray of shape (n_spectra, n_wavelengths)
        Spectra of the same spots, read in blocks.

    Returns
    -------
    ndarray of shape (n_wavelengths,)
        Errors in the unit of the spectra, float64.
    """
    squares = np.zeros(measured.shape[1])
    for rows in row_blocks(len(measured), 8 * measured.shape[1]):
        error = np.subtract(measured[rows], predicted[rows], dtype=np.float64)
        squares += np.einsum("ij,ij->j", error, error)
    return np.sqrt(squares / len(measured))


class ErrorSpectrumDisplay:
    r"""Root-mean-square error of predicted spectra over wavelength.

    In counts, strong lines have the largest errors. Relative to the standard deviation
    of the measured spectra, 1 is the error of always predicting the mean spectrum, and
    channels that hold nothing but noise are near 1 whatever the transfer.

    Parameters
    ----------
    rmse : array-like of shape (n_wavelengths,)
        Error of each channel, in the unit of the spectra.
    wavelengths : Axis, array-like of shape (n_channels,) or None
        Axis; None counts channels.
    spread : array-like of shape (n_wavelengths,), default=None
        Standard deviation of the measured spectra; needed for relative errors.
    name : str, default=None
        Name of the curve in a legend.
    unit : str or None, default=None
        Unit of the intensities; None is not known.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        The curve.
    reference_ : matplotlib.lines.Line2D or None
        The error of the mean spectrum, where errors are relative.
    ax_ : matplotlib.axes.Axes
        Axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        Their figure.

    See Also
    --------
    MapDisplay : Error over the sample.

    Examples
    --------
    >>> from spectransfer.plotting import ErrorSpectrumDisplay
    >>> display = ErrorSpectrumDisplay.from_predictions(
    ...     [[0.0, 2.0], [2.0, 4.0]], [[0.0, 3.0], [2.0, 3.0]], wavelengths=[300, 301]
    ... )
    >>> display.rmse
    array([0., 1.])
    """

    def __init__(
        self,
        rmse: ArrayLike,
        wavelengths: ArrayLike | Axis | None,
        *,
        spread: ArrayLike | None = None,
        name: str | None = None,
        unit: str | None = None,
    ) -> None:
        self.rmse = np.asarray(rmse, dtype=np.float64)
        self.axis = axis_of(wavelengths, len(self.rmse))
        self.wavelengths = places(self.axis, len(self.rmse))
        self.spread = None if spread is None else np.asarray(spread, dtype=np.float64)
        self.name = name
        self.unit = unit

    @property
    def relative_error(self) -> FloatArray:
        """Error over standard deviation, NaN where a channel is constant."""
        if self.spread is None:
            raise ValueError(
                "Relative errors need the standard deviation of the measured spectra, "
                "but spread is None. Pass it, or use "
                "ErrorSpectrumDisplay.from_predictions."
            )
        known = np.where(self.spread > 0, self.spread, np.nan)
        return self.rmse / known

    def plot(
        self, ax: Any = None, *, relative: bool = False, **line_kwargs: Any
    ) -> "ErrorSpectrumDisplay":
        """Draw the error.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on, such as those of another display, to compare transfers;
            None makes a new figure.
        relative : bool, default=False
            Whether to divide by the standard deviation of each channel.
        **line_kwargs : dict
            Passed on to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        ErrorSpectrumDisplay
            Itself.
        """
        self.ax_ = axes_for(ax, (8.0, 3.2))
        self.figure_ = self.ax_.figure
        self.reference_ = None
        label, unit = "error", self.unit
        if relative:
            label, unit = "error / standard deviation", None
        error = self.relative_error if relative else self.rmse
        defaults = {"linewidth": 0.9, "label": self.name}
        style = line_style(defaults, line_kwargs)
        (self.line_,) = self.ax_.plot(self.wavelengths, error, **style)
        if relative:
            self.reference_ = self.ax_.axhline(1, color="0.5", lw=0.8, ls=":", zorder=1)
        self.ax_.margins(x=0.01)
        self.ax_.set_ylim(bottom=0)
        self.ax_.set_xlabel(axis_label(self.axis))
        self.ax_.set_ylabel(with_unit(label, unit))
        if style["label"] is not None:
            self.ax_.legend(
                loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, frameon=False
            )
        with_whole_formulas(self.ax_)
        return self

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        wavelengths: ArrayLike | None = None,
        name: str | None = None,
        unit: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> "ErrorSpectrumDisplay":
        """Compare measured and predicted spectra, and draw the error.

        Parameters
        ----------
        y_true : array-like of shape (n_spectra, n_wavelengths)
            Measured primary spectra, in the space of the predictions. They are read
            in blocks, as the predicted ones are.
        y_pred : array-like of shape (n_spectra, n_wavelengths)
            Predicted spectra of the same spots.
        wavelengths : Axis or array-like of shape (n_channels,), default=None
            Axis of the primary instrument. None reads the column names of a
            data frame, and counts channels where there are none.
        name : str, default=None
            Name of the curve in a legend.
        unit : str or None, default=None
            Unit of the intensities; None is not known.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        **kwargs : dict
            Passed on to `plot`, such as ``relative=True``.

        Returns
        -------
        ErrorSpectrumDisplay
            The display, drawn.
        """
        measured, predicted = paired_spectra(y_true, y_pred)
        axis = axis_of(wavelengths, measured.shape[1], y_true, y_pred)
        return cls(
            channel_rmse(measured, predicted),
            axis,
            spread=np.sqrt(np.asarray(StandardScaler().fit(measured).var_)),
            name=name,
            unit=unit,
        ).plot(ax, **kwargs)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, y: ArrayLike, **kwargs: Any
    ) -> "ErrorSpectrumDisplay":
        """Predict primary spectra, and draw their error.

        Parameters
        ----------
        estimator : estimator
            A fitted transfer. What was measured is brought to the space of its
            predictions.
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary)
            Measured primary spectra of the same spots.
        **kwargs : dict
            Passed on to `from_predictions`.

        Returns
        -------
        ErrorSpectrumDisplay
            The display, drawn.
        """
        measured, predicted = measured_and_predicted(estimator, X, y)
        if kwargs.get("wavelengths") is None:
            kwargs["wavelengths"] = axis_of(None, predicted.shape[-1], y)
        return cls.from_predictions(measured, predicted, **kwargs)
