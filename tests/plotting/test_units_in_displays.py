"""Every display and the whole report say the units of the spectra, and no others."""

import re

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from spectransfer import (
    DriftCorrector,
    SpectralVAE,
    Training,
    make_transfer_pipeline,
)
from spectransfer.adaptation import watch_instrument
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers, standards_curve
from spectransfer.reliability import ApplicabilityDomain, ConformalTransfer
from spectransfer.spectra import Axis, PairedMaps

pytest.importorskip("pandas")
plt = pytest.importorskip("matplotlib.pyplot")
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.text import Text  # noqa: E402

from spectransfer import plotting  # noqa: E402
from spectransfer.report import write_report  # noqa: E402

NM, COUNTS = re.compile(r"\bnm\b"), re.compile(r"\bcounts\b")
BASE = make_instrument_pair(40, n_secondary=131, n_primary=151, random_state=0)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def maps_in(units, intensity="absorbance"):
    axes = [np.linspace(200, 3200, 131), np.linspace(300, 3000, 151)]
    return PairedMaps(
        BASE.X_secondary, BASE.X_primary,
        *(Axis(a, u) for a, u in zip(axes, units, strict=True)),
        shape=(5, 8), meta={"unit": intensity}, step=(50.0, 50.0),
    )  # fmt: skip


def frames(maps):
    import pandas as pd

    sides = (maps.X_secondary, maps.axis_secondary), (maps.X_primary, maps.axis_primary)
    return [pd.DataFrame(X, columns=axis.names) for X, axis in sides]


def words_of(figure):
    return " | ".join(text.get_text() for text in figure.findobj(Text))


def displays(maps, preparation=None):
    """Draw one of each class; the names of those that show the secondary side only."""
    X, y = frames(maps)
    unit = maps.intensity_unit
    transfer = make_transfer_pipeline(Ridge(), preparation=preparation).fit(X, y)
    labels = np.arange(40) % 3
    vae = SpectralVAE(n_latent=2, random_state=0, training=Training(n_steps=5))
    drift = DriftCorrector().fit(1.2 * X[:4], X[:4])
    watch = watch_instrument(X.to_numpy()[:12], np.arange(12))
    band = ConformalTransfer(transfer).fit(X, y)
    curve = standards_curve({"ridge": transfer}, maps, [4, 8], n_draws=2)
    show = plotting
    return {
        "ClusterMapDisplay": show.ClusterMapDisplay.from_maps(maps, labels),
        "ControlChartDisplay": show.ControlChartDisplay.from_watch(watch, unit=unit),
        "DriftDisplay": show.DriftDisplay.from_corrector(drift, unit=unit),
        "ErrorSpectrumDisplay": show.ErrorSpectrumDisplay.from_estimator(
            transfer, X, y
        ),
        "LatentDisplay": show.LatentDisplay.from_estimator(vae.fit(y), y),
        "LearningCurveDisplay": show.LearningCurveDisplay.from_estimator(vae),
        "MapDisplay": show.MapDisplay.from_estimator(transfer, maps),
        "band": show.MapDisplay.from_maps(maps, band=(500.0, 900.0)),
        "SpectraDisplay": show.SpectraDisplay.from_maps(maps),
        "estimator": show.SpectraDisplay.from_estimator(transfer, X, y),
        "BandDisplay": show.BandDisplay.from_estimator(band, X[:1], y[:1]),
        "ExpectedErrorDisplay": show.ExpectedErrorDisplay.from_estimator(band, maps),
        "T2QDisplay": show.T2QDisplay(ApplicabilityDomain().fit(X).judge(X)).plot(),
        "StandardsCurveDisplay": show.StandardsCurveDisplay.from_curve(curve),
    }


def figure_of(display):
    return display.figure_


@pytest.mark.parametrize(
    "preparation",
    [*(pytest.param(p, marks=pytest.mark.slow) for p in (None, "nir")), "raman"],
)
def test_no_display_of_a_raman_pair_says_nm_or_counts(preparation):
    if preparation == "nir":
        pytest.importorskip("chemotools")
    drawn = displays(maps_in(("cm-1", "cm-1")), preparation)
    assert {name for name in plotting.__all__ if name.endswith("Display")} <= set(drawn)
    for name, display in drawn.items():
        words = words_of(figure_of(display))
        assert not NM.search(words), (name, words)
        assert not COUNTS.search(words), (name, words)


def test_displays_of_a_secondary_side_in_wavenumbers_say_no_nm():
    drawn = displays(maps_in(("cm-1", "nm")))
    words = words_of(figure_of(drawn["DriftDisplay"]))
    assert "wavenumber (cm-1)" in words
    assert "offset (absorbance)" in words
    assert not NM.search(words)
    for name in ("ErrorSpectrumDisplay", "estimator"):
        words = words_of(figure_of(drawn[name]))
        assert "wavelength (nm)" in words
        assert "cm-1" not in words


PREPARED = pytest.mark.parametrize(
    ("preparation", "unit"),
    [(None, "absorbance"), ("raman", "absorbance"), ("nir", None)],
)


def evaluated(preparation):
    if preparation == "nir":
        pytest.importorskip("chemotools")
    maps = maps_in(("cm-1", "nm"))
    transfer = make_transfer_pipeline(Ridge(), preparation=preparation)
    fitted = transfer.fit(*frames(maps))
    table = evaluate_transfers(
        {"it": fitted}, maps, maps, protocols=["deployable"],
        per_spectrum=True, return_estimator=True,
    )  # fmt: skip
    return maps, fitted, table


@PREPARED
def test_what_a_derivative_predicts_is_not_in_the_measured_unit(preparation, unit):
    maps, fitted, table = evaluated(preparation)
    bar = plotting.MapDisplay.from_estimator(fitted, maps).colorbar_.ax.get_ylabel()
    assert ("absorbance" in bar) == (unit is not None)
    assert table.meta["unit"] == unit
    assert ("Euclidean / absorbance" in repr(table)) == (unit is not None)
    told = any("are not in absorbance" in note for note in table.meta["notes"])
    assert told == (unit is None)


@pytest.mark.slow
@PREPARED
def test_a_report_says_the_unit_of_predictions_where_they_have_one(
    preparation, unit, tmp_path, monkeypatch
):
    maps, _, table = evaluated(preparation)
    drawn = []
    save = Figure.savefig
    monkeypatch.setattr(
        Figure,
        "savefig",
        lambda f, *a, **k: (drawn.append(words_of(f)), save(f, *a, **k)),
    )
    write_report(table, train=maps, test=maps, out=tmp_path / "page")
    assert len(drawn) > 4
    page = next((tmp_path / "page").rglob("*.html")).read_text(encoding="utf-8")
    page = re.sub(r"data:image[^\"]*|<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert not COUNTS.search(page + " ".join(drawn))
    predicted = [words for words in drawn if "predicted" in words or "error" in words]
    assert any("absorbance" in words for words in predicted) == (unit is not None)
    # each side in its own unit, and so both only where both are drawn
    assert not re.search(r"secondary[^<]{0,60}\bnm\b", page)
