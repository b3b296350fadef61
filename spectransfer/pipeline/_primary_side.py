r"""The primary side of a transfer: how primary spectra are prepared, and brought back.

A regressor learns prepared primary spectra, :math:`T(y)`, and what it predicts is
brought back as far as the steps of :math:`T` can be undone. What cannot be undone (a
baseline that was taken off, say) defines the *space of the predictions*, and measured
spectra are brought to it before the two are compared.

A protocol may ask for the statistics of an unseen map: then the side is fitted to that
map, in blocks where its steps allow, and channels keep the weights of training.
"""

from contextlib import nullcontext
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from spectransfer._axis import (
    Named,
    axis_of,
    known_names,
    read_names,
    refuse_disorder,
)
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import check_targets
from spectransfer._wrapping import flat_steps
from spectransfer.pipeline._rescaling import (
    Source,
    learns_from_blocks,
    rescaled,
    scaler_fitted_to,
)
from spectransfer.pipeline._steps import (
    AXIS_STEPS,
    CUTTERS,
    can_be_undone,
    crops_first,
    names_behind,
    names_through,
    order_matters,
    transformed,
)
from spectransfer.preprocessing import StandardScaler, WavelengthCropper


class PrimarySide:
    """A transformer of primary spectra, fitted, with all that is asked of it.

    Parameters
    ----------
    transformer : transformer or None
        Fitted; often a `Pipeline`. None leaves spectra as they are.
    shape : tuple of int
        Shape of a measured spectrum: (n_primary,), or () for a single target.
    feature_names : ndarray of shape (n_primary,) or None, default=None
        Column names of the spectra that it was fitted on.

    Attributes
    ----------
    transformer : transformer or None
        The fitted transformer.
    axis : Named or None
        Axis of the measured spectra, where their columns were named by it.
    """

    def __init__(
        self, transformer: Any, shape: tuple[int, ...], feature_names: Any = None
    ) -> None:
        self.transformer, self.shape = transformer, shape
        self.feature_names_in_ = feature_names

    @classmethod
    def fit(
        cls, transformer: Any, y: ArrayLike, targets: FloatArray
    ) -> tuple["PrimarySide", FloatArray]:
        """Fit a clone of a transformer and apply it, in one pass over the spectra.

        Parameters
        ----------
        transformer : transformer or None
            Not fitted, and left so; one in a `FrozenEstimator` is used as it is.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Measured primary spectra; a data frame may name its columns.
        targets : ndarray
            The same, found to be finite.

        Returns
        -------
        side : PrimarySide
            The fitted side.
        prepared : ndarray of shape (n_spectra, n_prepared) or (n_spectra,)
            What a regressor learns.
        """
        columns = getattr(y, "columns", None)
        named = None if columns is None else np.asarray([str(c) for c in columns])
        if transformer is None:
            return cls(None, targets.shape[1:], named), targets
        fresh = clone(transformer)
        side = cls(fresh, targets.shape[1:], named)
        axis = axis_of(y)
        if axis is not None and order_matters(flat_steps(transformer)):
            refuse_disorder(axis, "y")
        table = _table(y, targets)
        if _fits_step_by_step(fresh):
            return side, side._narrowed(_pass(flat_steps(fresh), table, fit=True))
        # with y, which FrozenEstimator asks for
        fresh.fit(table, None)
        return side, side._narrowed(_pass(side.steps, table))

    @property
    def steps(self) -> list[Any]:
        """The working steps, of nested and frozen pipelines, too."""
        return flat_steps(self.transformer)

    @property
    def axis(self) -> Named | None:
        """Axis of the measured spectra, where their columns told it."""
        names = self.feature_names_in_
        return None if names is None else read_names(names)

    @property
    def prepared_names(self) -> list[str] | None:
        """Names of the channels that a regressor learns, where they are places."""
        steps = self.steps if self.transformer is not None else []
        return names_behind(steps, self._measured_names())

    @property
    def predicted_names(self) -> list[str] | None:
        """Names of the channels of predictions, where they are places."""
        before = [self._measured_names()]
        steps = self.steps if self.transformer is not None else []
        lossy = [i for i, step in enumerate(steps) if not can_be_undone(step)]
        for step in steps[: lossy[-1] + 1] if lossy else ():
            before.append(names_through(step, before[-1]))
        names = before[-1]
        for i in reversed(range(len(before) - 1)):
            now, then = before[i], before[i + 1]
            if now and then and len(now) != len(then) and can_be_undone(steps[i]):
                names = now
        return names if names and read_names(names) else None

    def _measured_names(self) -> list[str] | None:
        names = self.feature_names_in_
        return None if names is None else [str(name) for name in names]

    @property
    def space(self) -> str:
        """Say in words what the predictions are, beside measured spectra."""
        lost = [type(s).__name__ for s in self.steps if not can_be_undone(s)]
        return f"changed for good by {', '.join(lost)}" if lost else "as measured"

    @property
    def keeps_unit(self) -> bool:
        """Whether predictions are in the unit of the measured intensities.

        A baseline that is taken off and channels that are cut leave it; a derivative, a
        logarithm or a normal variate do not.
        """
        lost = [step for step in self.steps if not can_be_undone(step)]
        return all(isinstance(step, AXIS_STEPS) for step in lost)

    def check(self, y: ArrayLike, name: str = "y") -> FloatArray:
        """Refuse spectra that are not those of this side: shape, axis, numbers.

        Parameters
        ----------
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Measured primary spectra.
        name : str, default="y"
            What the caller calls them.

        Returns
        -------
        ndarray
            Finite numbers.
        """
        self._compare(y, name)
        targets = check_targets(y, name=name, finite=not crops_first(self.transformer))
        if targets.shape[1:] != self.shape:
            found, known = (
                _channels_in_words(s) for s in (targets.shape[1:], self.shape)
            )
            raise ValueError(
                f"{name} must have the channels of y in fit, but it has {found} and y "
                f"had {known}. Pass spectra of the same instrument, as measured."
            )
        return targets

    def _compare(self, y: Any, name: str) -> None:
        """Refuse spectra on another axis, where both tell theirs."""
        axis = axis_of(y)
        if axis is not None:
            known_names(self, axis, who=f"The primary side ({name})")

    def prepare(self, y: ArrayLike, name: str = "y") -> FloatArray:
        """Give what a regressor learns of measured primary spectra."""
        targets = self.check(y, name)
        if self.transformer is None:
            return targets
        return self._narrowed(_pass(self.steps, _table(y, targets)))

    def prepare_predicted(self, predicted: FloatArray) -> FloatArray:
        """Give what a regressor would have learned of spectra that `undo` has given.

        Steps that cannot be undone are passed over: what they take away is gone.
        """
        if self.transformer is None:
            return predicted
        late = _late_croppers(self.steps)
        steps = [step for step in self.steps if can_be_undone(step) or step in late]
        spectra = _columns(np.asarray(predicted))
        for cropper in reversed(late):
            spectra = _widened(cropper, spectra)
        return self._narrowed(_pass(steps, spectra))

    def undo(self, prepared: FloatArray) -> FloatArray:
        """Bring predictions of a regressor back, as far as that can be done."""
        if self.transformer is None:
            return prepared
        return self._narrowed(_undo(self.steps, _columns(prepared)))

    def in_prediction_space(self, y: ArrayLike) -> FloatArray:
        """Bring measured spectra to the space of what `undo` gives.

        The steps up to the last one that cannot be undone are applied, and those
        before it that can are undone.
        """
        targets = self.check(y)
        steps = self.steps
        lossy = [i for i, step in enumerate(steps) if not can_be_undone(step)]
        if not lossy:
            return targets
        steps = steps[: lossy[-1] + 1]
        primary = _pass(steps, _table(y, targets))
        return self._narrowed(_undo(steps, primary))

    def fitted_to(self, y: ArrayLike, source: Source | None = None) -> "PrimarySide":
        """Give a side with the mean and deviation of another map.

        Channels keep the weights that they had in training, since a regressor knows
        them by these. What is inside a frozen transformer is fitted, too.

        Parameters
        ----------
        y : array-like of shape (n_spectra, n_primary)
            The measured map in one piece, for steps that cannot learn from blocks.
        source : callable, default=None
            Gives an iterator over the blocks of the map, anew in every call.

        Returns
        -------
        PrimarySide
            A new one.
        """
        self._compare(y, "reference")
        if self.transformer is None:
            return self
        if source is not None and all(map(learns_from_blocks, self.steps)):
            fitted = rescaled(self.transformer, scaler_fitted_to, source)
        else:
            targets = self.check(y, "reference")
            inner = self.transformer
            while isinstance(inner, FrozenEstimator):
                inner = inner.estimator
            fitted = PrimarySide.fit(inner, y, targets)[0].transformer
            for new, old in zip(flat_steps(fitted), self.steps, strict=True):
                if isinstance(new, StandardScaler):
                    new.weigh_like(old)
        return PrimarySide(fitted, self.shape, self.feature_names_in_)

    def _narrowed(self, spectra: Any) -> FloatArray:
        """Give single targets as one dimension again."""
        array = np.asarray(spectra)
        return array.ravel() if self.shape == () and array.shape[1] == 1 else array


def _fits_step_by_step(transformer: Any) -> bool:
    """Tell whether a transformer is fitted when its steps are, one after the other."""
    if not isinstance(transformer, Pipeline):
        return not isinstance(transformer, FrozenEstimator)
    # a memory is to be asked first, and parts that are frozen are not to be fitted
    steps = [step for _, step in transformer.steps if step not in (None, "passthrough")]
    return transformer.memory is None and all(map(_fits_step_by_step, steps))


def _pass(steps: list[Any], spectra: Any, *, fit: bool = False) -> Any:
    """Pass finite spectra through steps, fitting each before it is applied.

    A scaler writes into what the step before has made, so that corrected and scaled
    spectra need not both be held. What the user gave is never written to. Our own steps
    make finite spectra of finite ones, and need not search for NaN.
    """
    # what cuts channels and comes first looks at what it keeps
    made_here, finite = False, not (steps and isinstance(steps[0], CUTTERS))
    for step in steps:
        ours = isinstance(step, (StandardScaler, *AXIS_STEPS))
        with config_context(assume_finite=True) if finite and ours else nullcontext():
            if fit:
                step.fit(spectra, None)
            if made_here and type(step) is StandardScaler:
                spectra = step.transform(spectra, copy=False)
            else:
                spectra = transformed(step, spectra)
                made_here = type(step) in AXIS_STEPS
        finite = (finite or isinstance(step, CUTTERS)) and ours
    return spectra


def _undo(steps: list[Any], spectra: Any) -> Any:
    """Undo steps from last to first, passing over those that cannot be undone.

    Channels that a cropper has cut stay cut; steps before it get zeros in their place.
    """
    late = _late_croppers(steps)
    for step in reversed(steps):
        if can_be_undone(step):
            spectra = step.inverse_transform(spectra)
        elif step in late:
            spectra = _widened(step, spectra)
    for cropper in late:
        spectra = np.asarray(spectra)[:, cropper.channels_]
    return spectra


def _late_croppers(steps: list[Any]) -> list[WavelengthCropper]:
    """Give the croppers behind steps that can be undone, which know all channels."""
    return [
        step
        for i, step in enumerate(steps)
        if isinstance(step, WavelengthCropper) and any(map(can_be_undone, steps[:i]))
    ]


def _widened(cropper: WavelengthCropper, spectra: Any) -> FloatArray:
    """Give spectra all channels that a cropper knew, with zeros where it has cut."""
    spectra = np.asarray(spectra)
    wide = np.zeros((len(spectra), cropper.n_features_in_), dtype=spectra.dtype)
    wide[:, cropper.channels_] = spectra
    return wide


def _channels_in_words(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} channels" if shape else "a single number for each spectrum"


def _columns(targets: FloatArray) -> FloatArray:
    return targets.reshape(-1, 1) if targets.ndim == 1 else targets


def _table(y: Any, targets: FloatArray) -> Any:
    """Give a data frame as it came: its columns may be named by wavelength."""
    return y if hasattr(y, "columns") else _columns(targets)
