"""Learning curves of the networks, with the weight of the KL divergence."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from spectransfer._wrapping import predictor
from spectransfer.plotting._figure import (
    CURVES,
    axes_for,
    line_style,
    with_whole_formulas,
)


class LearningCurve(NamedTuple):
    """What one training left behind, epoch by epoch."""

    name: str
    loss: Sequence[float]
    validation_loss: Sequence[float] | None = None
    kl_weight: Sequence[float] | None = None


def curves_of(estimator: Any, name: str | None = None) -> list[LearningCurve]:
    """Find the learning curves of all networks inside an estimator."""
    last = predictor(estimator)
    if hasattr(last, "loss_curve_"):
        name = name or type(last).__name__
        first = LearningCurve(
            name,
            last.loss_curve_,
            getattr(last, "validation_loss_curve_", None),
            getattr(last, "kl_weight_curve_", None),
        )
        decoded = getattr(last, "decoded_loss_curve_", None)
        if decoded is None:
            return [first]
        watched = last.decoded_validation_loss_curve_
        return [first, LearningCurve(f"{name}, decoded", decoded, watched)]
    if hasattr(last, "autoencoder_"):
        parts = ("autoencoder", "mapper")
        found = [curves_of(getattr(last, f"{part}_"), part) for part in parts]
        return found[0] + found[1]
    return curves_of(last.regressor_, name) if hasattr(last, "regressor_") else []


class LearningCurveDisplay:
    """Losses of a training, epoch by epoch, and the weight of the KL divergence.

    Full lines are losses of the training spectra, dashed ones those of the validation
    spectra; the KL weight of a variational autoencoder is an area, with an axis of its
    own on the right.

    Parameters
    ----------
    curves : sequence of (name, loss, validation_loss, kl_weight)
        One entry for each network; the last two may be None.

    Attributes
    ----------
    losses_ : list of matplotlib.lines.Line2D
        Losses of training and validation spectra, in the order of `curves`.
    kl_areas_ : list
        Areas of the KL weights.
    kl_ax_ : matplotlib.axes.Axes or None
        Axes of the KL weight, where there is one.
    ax_ : matplotlib.axes.Axes
        Axes that were drawn on.
    figure_ : matplotlib.figure.Figure
        Their figure.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Score over number of spectra.

    Examples
    --------
    >>> from spectransfer import SpectralVAE, Training
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.plotting import LearningCurveDisplay
    >>> spectra = make_instrument_pair(n_spectra=100, random_state=0).X_primary
    >>> vae = SpectralVAE((16,), n_latent=2, training=Training(n_steps=30))
    >>> vae = vae.set_params(random_state=0).fit(spectra)
    >>> display = LearningCurveDisplay.from_estimator(vae)
    >>> [line.get_label() for line in display.losses_]
    ['SpectralVAE']
    >>> display.kl_ax_.get_ylabel()
    'KL weight'
    """

    def __init__(self, curves: Sequence[Any]) -> None:
        self.curves = [LearningCurve(*curve) for curve in curves]

    def plot(
        self, ax: Any = None, *, scale: str = "log", **line_kwargs: Any
    ) -> "LearningCurveDisplay":
        """Draw the losses.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        scale : {"log", "linear"}, default="log"
            Scale of the losses.
        **line_kwargs : dict
            Passed on to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        LearningCurveDisplay
            Itself.
        """
        from matplotlib.ticker import MaxNLocator

        self.ax_ = axes_for(ax, (6.4, 3.6))
        self.figure_ = self.ax_.figure
        self.losses_: list[Any] = []
        for k, curve in enumerate(self.curves):
            defaults = {"color": CURVES[k % len(CURVES)], "linewidth": 1.4}
            style = line_style(defaults, line_kwargs)
            self._add_loss(curve.loss, curve.name, style)
            if curve.validation_loss is not None:
                label = f"{curve.name}, validation"
                self._add_loss(
                    curve.validation_loss, label, style | {"linestyle": "--"}
                )
        self._add_kl_weights()
        self.ax_.set_yscale(scale)
        self.ax_.set_xlabel("epoch")
        self.ax_.set_ylabel("loss")
        self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True))
        handles = self.losses_ + self.kl_areas_
        # on the upper axes, so that no area covers it
        self.ax_.legend(
            handles=handles,
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=min(3, len(handles)),
            frameon=False,
        )
        with_whole_formulas(self.ax_)
        return self

    def _add_loss(
        self, loss: Sequence[float], label: str, style: dict[str, Any]
    ) -> None:
        epochs = np.arange(1, len(loss) + 1)
        self.losses_ += self.ax_.plot(epochs, loss, label=label, **style)

    def _add_kl_weights(self) -> None:
        weighted = [c for c in self.curves if c.kl_weight is not None]
        self.kl_ax_, self.kl_areas_ = None, []
        if not weighted:
            return
        self.kl_ax_ = self.ax_.twinx()
        for curve in weighted:
            weights = np.asarray(curve.kl_weight, dtype=np.float64)
            self.kl_areas_.append(
                self.kl_ax_.fill_between(
                    np.arange(1, len(weights) + 1),
                    weights,
                    step="mid",
                    color="0.85",
                    linewidth=0,
                    label="KL weight",
                )
            )
        self.kl_ax_.set_ylabel("KL weight")
        self.kl_ax_.set_ylim(bottom=0)
        # the losses are drawn over the area, so their axes need a clear ground
        self.ax_.set_zorder(self.kl_ax_.get_zorder() + 1)
        self.ax_.patch.set_visible(False)

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Any = None, **kwargs: Any
    ) -> "LearningCurveDisplay":
        """Draw the training of every network inside an estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted `SpectralVAE`, `SpectralMLP`, `DirectMLPTransfer`,
            `VAELatentTransfer` (both of its parts are drawn), or a pipeline, a search
            or a `FrozenEstimator` around one.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        **kwargs : dict
            Passed on to `plot`.

        Returns
        -------
        LearningCurveDisplay
            The display, drawn.
        """
        check_is_fitted(estimator)
        curves = curves_of(estimator)
        if not curves:
            raise TypeError(
                "A learning curve needs an estimator with loss_curve_, or one that "
                f"holds such a network, but {type(estimator).__name__} has none. Pass "
                "a fitted SpectralVAE, SpectralMLP, DirectMLPTransfer or "
                "VAELatentTransfer."
            )
        return cls(curves).plot(ax, **kwargs)
