"""Predictions as data frames, whose columns are named by the primary axis."""

from typing import Any

import numpy as np

from spectransfer._imports import need
from spectransfer._wrapping import layers


def names_of_predictions(transfer: Any) -> list[str] | None:
    """Give names of the channels that a transfer predicts, where it knows the axis."""
    for layer in layers(transfer):
        if hasattr(layer, "primary_side_"):
            return layer.primary_side_.predicted_names
        names = getattr(layer, "target_names_in_", None)
        if names is not None:
            return [str(name) for name in names]
    return None


def framed(predicted: Any, kind: str, X: Any, names: list[str] | None) -> Any:
    """Give predictions as a data frame; places name its columns where known."""
    table = predicted.reshape(len(predicted), -1)
    if names is None:
        names = [f"channel {k}" for k in range(table.shape[1])]
    if kind == "pandas":
        pd = need("pandas", 'output="pandas"', "spectransfer[files]")
        return pd.DataFrame(table, columns=names, index=getattr(X, "index", None))
    pl = need("polars", 'output="polars"', "polars")
    return pl.DataFrame(np.asarray(table), schema=names)
