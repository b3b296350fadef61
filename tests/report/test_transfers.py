"""The page of an evaluation, made from what a laboratory has at hand."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from spectransfer import (
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    Training,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers, standards_curve
from spectransfer.preprocessing import BaselineCorrector
from spectransfer.report import write_report
from spectransfer.simulation import make_libs_maps


@pytest.fixture(scope="module")
def maps():
    return make_libs_maps((8, 9), None, (6, 7), spectrometers="light", random_state=0)


@pytest.fixture(scope="module")
def table(maps):
    def prepared(regressor):
        side = BaselineCorrector(25, smooth_window=12)
        return make_transfer_pipeline(regressor, secondary=side, primary=side)

    network = DirectMLPTransfer(
        (8,), n_latent=2, decoder_layer_sizes=(8,), training=Training(n_steps=20)
    )
    return evaluate_transfers(
        {
            "mean": prepared(MeanTransfer()),
            "ridge & <more>": prepared(Ridge(1e7)),
            "network": prepared(network),
        },
        maps.train,
        maps.test,
        protocols=("deployable", "paper"),
        per_spectrum=True,
        return_estimator=True,
    )


@pytest.fixture(scope="module")
def folder(table, maps, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    write_report(
        table,
        train=maps.train,
        test=maps.test,
        out=out,
        transfer="ridge & <more>",
        lines="libs",
        configuration={"seed": 0},
        timings={"evaluate": 1.0},
    )
    return out


def test_maps_give_all_figures(folder):
    figures = {path.stem for path in (folder / "figures").glob("*.png")}
    assert figures == {
        "instruments-primary",
        "instruments-secondary",
        "mean-spectra",
        "errors-over-wavelength-in-counts",
        "errors-over-wavelength-relative-to-the-spread",
        "single-spectra-tenth-percentile-of-the-error",
        "single-spectra-median",
        "single-spectra-ninetieth",
        "emissivity-measured",
        "emissivity-predicted",
        "error-maps-euclidean-distance",
        "error-maps-cosine-distance",
        "cluster-map",
        "learning-curves-network",
    }


def test_the_page_is_well_formed_and_every_figure_has_words(folder, read_page):
    page = read_page((folder / "report.html").read_text(encoding="utf-8"))
    assert len(page.all("img")) == 14
    assert all(image["alt"] for image in page.all("img"))
    assert any("ridge & <more>" in heading for heading in page.texts["h2"])


def test_the_table_in_the_folder_is_the_evaluation_without_times(folder, table):
    path = folder / "tables" / "figures-of-merit.csv"
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["transfer"] for row in rows] == [row.transfer for row in table]
    assert [float(row["rse"]) for row in rows] == [row.rse for row in table]
    assert {row["fit_time"] + row["predict_time"] for row in rows} == {""}


def test_times_are_in_a_table_of_their_own(folder):
    text = (folder / "tables" / "costs.csv").read_text(encoding="utf-8")
    assert text.startswith("transfer,fit / s,predict / s,shared / MB")
    assert text.count("\n") == 4


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(n_spectra=40, random_state=0)


def evaluated(pair, **options):
    transfers = {"mean": MeanTransfer(), "KNN": KNNTransfer(3)}
    return evaluate_transfers(transfers, pair[:30], pair[30:], n_clusters=2, **options)


def test_a_page_looks_closely_at_the_library_protocol(pair, tmp_path):
    then = pair[30:]
    then = replace(then, annotations={"primary_library_day": then.X_primary})
    test = replace(then, X_primary=0.7 * then.X_primary)
    transfers = {"mean": MeanTransfer(), "KNN": KNNTransfer(3)}
    kept = {"per_spectrum": True, "return_estimator": True, "n_clusters": 2}
    table = evaluate_transfers(transfers, pair[:30], test, **kept)
    page = write_report(
        table, train=pair[:30], test=test, out=tmp_path, protocol="library"
    )
    html = page.read_text(encoding="utf-8")
    assert "Where figures say measured, they mean these spectra" in html
    assert "judged by what the primary would have measured on the library" in html


def test_arrays_without_axes_give_the_tables(pair, tmp_path):
    sides = [(part.X_secondary, part.X_primary) for part in (pair[:30], pair[30:])]
    page = write_report(evaluated(pair), train=sides[0], test=sides[1], out=tmp_path)
    html = page.read_text(encoding="utf-8")
    assert "per_spectrum=True, return_estimator=True" in html
    assert "<img" not in html
    assert (tmp_path / "tables" / "figures-of-merit.csv").exists()


def test_the_smallest_error_is_looked_at_and_a_failure_never(pair, tmp_path):
    table = evaluated(pair)
    failed = table.rows[0]._replace(transfer="failed", rse=float("nan"))
    rows = (failed, *table.rows)
    told = type(table)(rows, table.meta)
    page = write_report(told, train=pair[:30], test=pair[30:], out=tmp_path)
    best = min(table, key=lambda row: (row.protocol != "deployable", row.rse))
    assert f"Looked at closely: {best.transfer}," in page.read_text(encoding="utf-8")


def test_a_protocol_that_was_not_judged_is_refused(pair, tmp_path):
    table = evaluated(pair, protocols="deployable")
    with pytest.raises(ValueError, match="those of the table, 'deployable', but it is"):
        write_report(
            table, train=pair[:30], test=pair[30:], out=tmp_path, protocol="paper"
        )
    assert not np.any(list(tmp_path.iterdir()))


def test_properties_and_the_number_of_standards_have_sections(tmp_path):
    pair = make_instrument_pair(n_spectra=60, random_state=0)
    calibration = Ridge().fit(pair.X_primary, pair.y[:, 0])
    transfers = {"ridge": make_transfer_pipeline(Ridge(), secondary=None, primary=None)}
    table = evaluate_transfers(
        transfers,
        pair[:40],
        pair[40:],
        protocols="deployable",
        properties={"mass": (calibration, pair.y[40:, 0])},
    )
    curve = standards_curve(transfers, pair, [2, 4], n_draws=2)
    page = write_report(
        table, train=pair[:40], test=pair[40:], out=tmp_path, curve=curve
    ).read_text(encoding="utf-8")
    assert "RMSEP" in page
    assert "How many standards" in page
    assert "enough" in page
    assert (tmp_path / "tables" / "properties.csv").exists()
