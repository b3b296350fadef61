"""Where secondary spectra enter a transfer: their axis is learned, and compared.

The first step may be anybody's, and need not know what the names of columns are. So the
pipeline looks at them itself, and hands on the names that its steps were fitted with.
"""

import warnings
from typing import Any, Self

import numpy as np

from spectransfer._axis import (
    axis_of,
    is_gap,
    named_as_known,
    refuse_disorder,
    refuse_strange_columns,
)
from spectransfer._numbers import refuse_containers
from spectransfer._wrapping import flat_steps
from spectransfer.exceptions import SpectransferWarning
from spectransfer.pipeline._steps import order_matters

_WINDOWS = ("window_size", "window_length")  # as others call them, in channels


class KnowsItsAxis:
    """A mixin for pipelines, which compare the axis of all spectra with that of `fit`.

    Attributes
    ----------
    feature_names_in_ : ndarray of shape (n_secondary,)
        Names of the secondary channels.
    """

    steps: list[tuple[str, Any]]
    _secondary_names: Any

    @property
    def feature_names_in_(self) -> Any:
        """Names of the secondary channels that `fit` has met."""
        names = vars(self).get("_secondary_names")
        return super().feature_names_in_ if names is None else names  # type: ignore[misc]

    def knowing(self, other: Any) -> Self:
        """Take over the axis of a fitted pipeline, of whose steps this one is made.

        Parameters
        ----------
        other : Pipeline
            Fitted.

        Returns
        -------
        pipeline
            Itself.
        """
        if "_secondary_names" in vars(other):
            self._secondary_names = other._secondary_names
        return self

    def met(self, X: Any, beside: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Learn the axis of spectra in `fit`; compare that of others beside them.

        Parameters
        ----------
        X : array or data frame of shape (n_spectra, n_secondary)
            Secondary spectra of the pairs.
        beside : dict of str to object
            What else `fit` was given; secondary spectra are called ``X_...``.

        Returns
        -------
        X : array or data frame
            The same, with names as text.
        beside : dict of str to object
            The same, with the names of `X`.
        """
        X = self._learn_axis(X)
        compared = {
            name: self.on_its_axis(spectra, name) if name.startswith("X_") else spectra
            for name, spectra in beside.items()
        }
        return X, compared

    def _learn_axis(self, X: Any) -> Any:
        """Keep the names of channels, where they tell an axis; give them as text."""
        vars(self).pop("_secondary_names", None)
        refuse_containers(X, "X")
        refuse_strange_columns(X, "X")
        axis = axis_of(X)
        if axis is None:
            return X
        front = [s for _, step in self.steps[:-1] for s in flat_steps(step)]
        if order_matters(front):
            refuse_disorder(axis, "X")
            _warn_of_gaps(front, axis.values)
        X = named_as_known(self, X, reset=True)
        self._secondary_names = np.asarray([str(c) for c in X.columns], object)
        return X

    def on_its_axis(self, X: Any, name: str = "X") -> Any:
        """Refuse another axis than that of `fit`; give spectra with its names.

        Parameters
        ----------
        X : array or data frame of shape (n_spectra, n_secondary)
            Secondary spectra.
        name : str, default="X"
            What the caller calls them.

        Returns
        -------
        array or data frame
            The same spectra.
        """
        refuse_containers(X, name)
        refuse_strange_columns(X, name)
        who = type(self).__name__ + ("" if name == "X" else f" ({name})")
        return named_as_known(self, X, who=who)


def _warn_of_gaps(steps: list[Any], places: np.ndarray) -> None:
    """Warn of a window of channels that reaches across a gap of the axis."""
    wide = [s for s in steps if any(hasattr(s, name) for name in _WINDOWS)]
    gaps = np.flatnonzero(is_gap(places))
    if wide and len(gaps):
        left, right = places[gaps[0]], places[gaps[0] + 1]
        warnings.warn(
            f"{type(wide[0]).__name__} takes neighbouring channels for evenly spaced, "
            f"but the axis has a gap, from {left:.6g} to {right:.6g}, and its window "
            "reaches across. Fit a transfer for each part, or leave out channels.",
            SpectransferWarning,
            stacklevel=4,
        )
