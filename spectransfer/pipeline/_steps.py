"""What steps do to channels: cut them, name them, change them for good."""

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.preprocessing import StandardScaler as _SklearnScaler

from spectransfer._axis import names_compared, read_names
from spectransfer._wrapping import flat_steps, layers
from spectransfer.preprocessing import (
    BaselineCorrector,
    WavelengthCropper,
    WavelengthResampler,
)

CUTTERS = (WavelengthCropper, WavelengthResampler)
# they learn the axis only, so that any rows will do to fit them; what they give is a
# new array, which they do not keep
AXIS_STEPS = (BaselineCorrector, *CUTTERS)


def can_be_undone(step: Any) -> bool:
    """Tell whether a step has an inverse; a function without one passes as its own."""
    if isinstance(step, FunctionTransformer) and step.inverse_func is None:
        return step.func is None
    return hasattr(step, "inverse_transform")


def transformed(step: Any, spectra: Any) -> Any:
    """Apply a step to spectra whose names, if they have some, have been compared."""
    with names_compared(spectra):
        return step.transform(spectra)


def order_matters(steps: list[Any]) -> bool:
    """Tell whether steps may take neighbouring channels together.

    Ours that do not are scalers; of those of others nobody knows.
    """
    return not all(isinstance(step, _SklearnScaler) for step in steps)


def crops_first(transformer: Any) -> bool:
    """Tell whether channels are cut before anything is computed from them.

    A cropper and a resampler look at what they keep.
    """
    steps = [] if transformer is None else flat_steps(transformer)
    return bool(steps) and isinstance(steps[0], CUTTERS)


def crop_first(transfer: Any) -> tuple[bool, bool]:
    """Tell on which sides a transfer cuts channels before it computes from them.

    Parameters
    ----------
    transfer : estimator
        Fitted or not.

    Returns
    -------
    secondary, primary : bool
        Whether what does not belong to the kept channels counts for nothing.
    """
    secondary = primary = False
    for layer in layers(transfer):
        if isinstance(layer, Pipeline) and len(layer.steps) > 1:
            secondary = secondary or crops_first(layer.steps[0][1])
        for name in ("transformer_", "transformer"):
            primary = primary or crops_first(getattr(layer, name, None))
    return secondary, primary


def names_behind(steps: list[Any], names: list[str] | None) -> list[str] | None:
    """Give the names of channels behind fitted steps, where they are places.

    Parameters
    ----------
    steps : list of transformer
        Fitted steps, in their order.
    names : list of str or None
        Names of the channels that come in.

    Returns
    -------
    list of str or None
        Names of what comes out; None where a step does not tell, or makes no channels.
    """
    for step in steps:
        names = names_through(step, names)
    return names if names and read_names(names) else None


def _keeps_places(step: Any, n_channels: int) -> bool:
    """Tell whether a function, which names nothing, treats each channel alike.

    Then spectra with their channels mixed come out mixed in the same way.
    """
    if not isinstance(step, FunctionTransformer):
        return False
    if step.func is None:
        return True
    rng = np.random.default_rng(0)
    spectra, order = rng.uniform(0.1, 0.9, (2, n_channels)), rng.permutation(n_channels)
    try:
        straight, mixed = (
            np.asarray(step.func(np.array(x), **(step.kw_args or {})))
            for x in (spectra, spectra[:, order])
        )
    # whatever a function of the user's does not like about an array
    except Exception:
        return False
    return straight.shape == spectra.shape and np.allclose(straight[:, order], mixed)


def names_through(step: Any, names: list[str] | None) -> list[str] | None:
    """Give the names of channels behind a step, as far as it tells them."""
    if names is None or not hasattr(step, "get_feature_names_out"):
        return names if names and _keeps_places(step, len(names)) else None
    try:
        return [str(n) for n in step.get_feature_names_out(np.asarray(names, object))]
    except ValueError:
        return None
