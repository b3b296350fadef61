"""Masked values are refused wherever they come in."""

import numpy as np
import pytest

from spectransfer import KNNTransfer
from spectransfer.evaluation import evaluate_transfers
from spectransfer.metrics import relative_squared_error
from spectransfer.spectra import Axis, PairedMaps, Spectra, SpectraPair, merge_detectors

X = np.arange(12.0).reshape(3, 4)
W = np.arange(400.0, 404)


def masked(values):
    values = np.ma.array(values)
    values[..., -1] = np.ma.masked
    return values


def pair(**changed):
    known = {
        "X_secondary": X,
        "X_primary": X,
        "wavelengths_secondary": W,
        "wavelengths_primary": W,
    }
    return SpectraPair(**known | changed)


DOORS = {
    "axis": lambda: Axis(masked(W)),
    "spectra": lambda: Spectra(masked(X), W),
    "rows": lambda: Spectra([masked(row) for row in X], W),
    "axis of spectra": lambda: Spectra(X, masked(W)),
    "ids of spectra": lambda: Spectra(X, W, sample_id=masked([1, 2, 3])),
    "annotation": lambda: Spectra(X, W, annotations={"a": masked([1, 2, 3])}),
    "axis of a pair": lambda: pair(wavelengths_primary=masked(W)),
    "y": lambda: pair(y=masked([1.0, 2.0, 3.0])),
    "ids": lambda: pair(sample_id=masked([1, 2, 3])),
    "maps": lambda: PairedMaps(X, masked(X), W, W, shape=(3, 1)),
    "merged": lambda: merge_detectors(masked(X), [1.0, 2.0, 2.0, 3.0]),
    "merged axis": lambda: merge_detectors(X, masked([1.0, 2.0, 2.0, 3.0])),
    "fit": lambda: KNNTransfer().fit([masked(row) for row in X], X),
    "y of fit": lambda: KNNTransfer().fit(X, masked(X)),
    "weights": lambda: KNNTransfer().fit(X, X, sample_weight=masked([1.0, 2.0, 3.0])),
    "metric": lambda: relative_squared_error(X, [masked(row) for row in X]),
    "evaluation": lambda: evaluate_transfers(
        {"k": KNNTransfer()}, (X, masked(X)), (X, X)
    ),
    "unpaired": lambda: evaluate_transfers(
        {"k": KNNTransfer()}, (X, X), (X, X), unpaired=(masked(X), None)
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_masked_values_are_refused(door):
    with pytest.raises(ValueError, match="masked"):
        DOORS[door]()


def test_masked_arrays_without_masked_values_are_arrays():
    assert len(Axis(np.ma.array(W))) == 4
    assert pair(sample_id=np.ma.array([1, 2, 3])).n_spectra == 3
