"""Units through files, torch arrays, foreign numbers, and the axis of y_val."""

import os
import re
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from spectransfer import (
    BaselineCorrector,
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    PrimarySpaceRegressor,
    StandardScaler,
    Training,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers
from spectransfer.exceptions import WavelengthError
from spectransfer.io import load_pair, read_spectra, save_pair
from spectransfer.spectra import Axis, PairedMaps, SpectraPair

UNITS = ["nm", "um", "angstrom", "cm-1", "eV", "pixel"]
BASE = make_instrument_pair(40, n_secondary=110, n_primary=120, random_state=0)


def pair_in(units=("cm-1", "nm")):
    axes = [np.linspace(200, 3200, 110), np.linspace(300, 900, 120)]
    return SpectraPair(
        BASE.X_secondary, BASE.X_primary,
        *(Axis(a, u) for a, u in zip(axes, units, strict=True)),
        meta={"unit": "absorbance"},
    )  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_units_survive_a_pair_file(tmp_path, unit):
    pair = pair_in((unit, "nm"))
    save_pair(pair, tmp_path / "pair.npz")
    back = load_pair(tmp_path / "pair.npz")
    assert back.units == (unit, "nm")
    assert back.intensity_unit == "absorbance"


@pytest.mark.parametrize("unit", UNITS)
def test_units_survive_csv(tmp_path, unit):
    pytest.importorskip("pandas")
    frame = pair_in((unit, "nm")).as_frames()[0]
    frame.to_csv(tmp_path / "a.csv", index_label="sample_id")
    back = read_spectra(tmp_path / "a.csv")
    assert back.unit == unit
    assert_array_equal(back.wavelengths, np.linspace(200, 3200, 110))
    assert_allclose(back.X, frame.to_numpy(), rtol=1e-6)


@pytest.mark.parametrize("unit", UNITS)
def test_units_survive_hdf5(tmp_path, unit):
    h5py = pytest.importorskip("h5py")
    pair = pair_in((unit, "nm"))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["X"] = pair.X_secondary
        file["axis"] = pair.wavelengths_secondary
        file["axis"].attrs["units"] = unit
    assert read_spectra(tmp_path / "a.h5").unit == unit


@pytest.mark.parametrize("unit", [*UNITS, "Nanometers", "parsec", None])
def test_units_of_both_axes_of_an_hdf5_pair_are_read(tmp_path, unit):
    h5py = pytest.importorskip("h5py")
    names = {
        "X_secondary": "h/spectra", "wavelengths_secondary": "h/axis",
        "X_primary": "b/spectra", "wavelengths_primary": "b/axis",
    }  # fmt: skip
    pair = pair_in()
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for ours, name in names.items():
            file[name] = getattr(pair, ours)
        if unit is not None:
            file["h/axis"].attrs["units"] = unit
        file["b/axis"].attrs["units"] = "nm"
    known = {"Nanometers": "nm", "parsec": None}.get(unit, unit)
    assert load_pair(tmp_path / "a.h5", names=names).units == (known, "nm")


@pytest.mark.parametrize("dispatch", [False, True])
@pytest.mark.parametrize(
    "estimator",
    [StandardScaler(), BaselineCorrector(20, smooth_window=9), MeanTransfer(),
     KNNTransfer(2), make_transfer_pipeline(Ridge())],
    ids=lambda e: type(e).__name__,
)  # fmt: skip
def test_torch_arrays_are_read_as_numbers(estimator, dispatch):
    torch = pytest.importorskip("torch")
    from sklearn import config_context

    if dispatch and not os.environ.get("SCIPY_ARRAY_API"):
        pytest.skip("scikit-learn asks for SCIPY_ARRAY_API=1 before the first import")
    X, y = (torch.tensor(side) for side in (BASE.X_secondary, BASE.X_primary))
    name = "predict" if hasattr(estimator, "predict") else "transform"
    plain = getattr(estimator.fit(BASE.X_secondary, BASE.X_primary), name)
    expected = plain(BASE.X_secondary)
    with config_context(array_api_dispatch=dispatch):
        found = getattr(estimator.fit(X, y), name)(X)
    assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


def network():
    return DirectMLPTransfer(
        (4,), n_latent=2, decoder_layer_sizes=(4,), random_state=0,
        training=Training(n_steps=2, batch_size=8),
    )  # fmt: skip


@pytest.mark.parametrize("where", ["bare", "regressor", "pipeline"])
def test_the_axis_of_y_val_is_compared(where):
    pytest.importorskip("pandas")
    X, y = pair_in().as_frames()
    other = y.set_axis([f"{float(c.split()[0]) + 7} nm" for c in y], axis=1)
    transfer = {
        "bare": network(),
        "regressor": PrimarySpaceRegressor(network()),
        "pipeline": make_transfer_pipeline(network(), secondary=None, primary=None),
    }[where]
    transfer.fit(X, y, X_val=X, y_val=y)
    with pytest.raises(WavelengthError, match="differs is 0"):
        transfer.fit(X, y, X_val=X, y_val=other)


@pytest.mark.parametrize("dtype", [">f4", "<u2"])
def test_foreign_numbers_on_the_disk_are_not_held_in_memory(tmp_path, dtype):
    shape = (10_000, 1_000)
    np.ones(shape, dtype).tofile(tmp_path / "map")
    mapped = np.memmap(tmp_path / "map", dtype, "r", shape=shape)
    StandardScaler().fit(mapped[:10])
    tracemalloc.start()
    try:
        StandardScaler().fit(mapped)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # 40 MB in float32 at most, 80 MB in float64; a block has 16 MB
    assert peak < 58e6


@pytest.mark.slow
def test_a_pair_of_cm_and_nm_is_reported_with_nm_on_the_primary_side_only(tmp_path):
    plt = pytest.importorskip("matplotlib.pyplot")
    from spectransfer.plotting import ErrorSpectrumDisplay, SpectraDisplay
    from spectransfer.report import write_report

    pair = pair_in()
    maps = PairedMaps(
        pair.X_secondary, pair.X_primary, pair.axis_secondary, pair.axis_primary,
        shape=(5, 8), meta=pair.meta,
    )  # fmt: skip
    transfer = make_transfer_pipeline(Ridge(), preparation=None).fit(*pair.as_frames())
    for display in (
        SpectraDisplay.from_estimator(transfer, *pair.as_frames()),
        ErrorSpectrumDisplay.from_estimator(transfer, *pair.as_frames()),
    ):
        assert display.ax_.get_xlabel() == "wavelength (nm)"
    twin = SpectraDisplay.from_maps(maps)
    assert twin.twin_.get_xlabel() == "wavenumber (cm-1)"
    assert "absorbance" in twin.ax_.get_ylabel()
    table = evaluate_transfers({"ridge": transfer}, maps, maps, protocols="deployable")
    write_report(table, train=maps, test=maps, out=tmp_path / "page")
    page = next((tmp_path / "page").rglob("*.html")).read_text(encoding="utf-8")
    text = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    text = re.sub(r"data:image[^\"]*", "", text)
    assert "counts" not in text
    assert not re.search(r"secondary[^<]{0,60}\bnm\b", text)
    plt.close("all")
