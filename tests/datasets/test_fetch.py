import io
import logging
import os
import shutil
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.datasets import fetch_libs_transfer
from spectransfer.exceptions import FileFormatError

pooch = pytest.importorskip("pooch")

SHAPE = (500, 500)
CHUNK = 2**17


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"datasets/{name}.npy", content)
    return buffer.getvalue()


def fetch(home, **options):
    given = {"parts": ["test"], "delay": 0.0, "progress": False}
    return fetch_libs_transfer(home, **(given | options))


def test_the_maps_arrive_whole_and_are_not_fetched_twice(figshare, tmp_path):
    maps = fetch(tmp_path)
    assert maps.test.shape == SHAPE
    assert_array_equal(maps.test.X_primary, figshare.primary)
    assert_array_equal(maps.test.X_secondary, figshare.secondary)
    assert isinstance(maps.test.X_primary, np.memmap)
    figshare.asked.clear()
    fetch(tmp_path)
    assert figshare.asked == []


def test_only_the_files_of_the_wanted_maps_are_asked_for(figshare, tmp_path):
    fetch(tmp_path)
    assert [name for name, _ in figshare.asked] == [
        "s1_test.npy",
        "s2_test.npy",
        "s1_wavelengths.npy",
        "s2_wavelengths.npy",
    ]
    assert sorted(os.listdir(tmp_path / "libs-transfer")) == sorted(
        name for name, _ in figshare.asked
    )


def test_a_broken_transfer_goes_on_where_it_broke(figshare, tmp_path):
    figshare.breaks["s1_test.npy"] = [300_000, 200_000]
    maps = fetch(tmp_path)
    assert_array_equal(maps.test.X_primary, figshare.primary)
    ranges = [asked for name, asked in figshare.asked if name == "s1_test.npy"]
    assert ranges == [None, f"bytes={2 * CHUNK}-", f"bytes={3 * CHUNK}-"]


def test_a_transfer_given_up_goes_on_in_the_next_session(figshare, tmp_path):
    figshare.breaks["s2_test.npy"] = [200_000]
    with pytest.raises(
        OSError,
        match=r"s2_test\.npy.*broke off in 1 attempts.*call fetch_libs_transfer again",
    ):
        fetch(tmp_path, n_retries=0)
    part = tmp_path / "libs-transfer" / ".s2_test.npy.part"
    assert part.stat().st_size == CHUNK
    figshare.asked.clear()
    maps = fetch(tmp_path, n_retries=0)
    assert figshare.asked[0] == ("s2_test.npy", f"bytes={CHUNK}-")
    assert_array_equal(maps.test.X_secondary, figshare.secondary)
    assert not part.exists()


def test_a_server_without_ranges_sends_all_again(figshare, tmp_path):
    figshare.has_ranges = False
    figshare.breaks["s1_test.npy"] = [300_000]
    maps = fetch(tmp_path)
    assert_array_equal(maps.test.X_primary, figshare.primary)
    assert ("s1_test.npy", f"bytes={2 * CHUNK}-") in figshare.asked


def test_a_wrong_checksum_is_refused_and_the_file_is_not_kept(figshare, tmp_path):
    figshare.md5["s1_test.npy"] = "0" * 32
    with pytest.raises(FileFormatError, match=r"s1_test\.npy must have the checksum"):
        fetch(tmp_path)
    assert os.listdir(tmp_path / "libs-transfer") == []
    assert len(figshare.asked) == 1


def test_a_part_of_another_version_is_thrown_away(figshare, tmp_path):
    folder = tmp_path / "libs-transfer"
    folder.mkdir()
    (folder / ".s1_test.npy.part").write_bytes(b"an older version")
    maps = fetch(tmp_path)
    assert_array_equal(maps.test.X_primary, figshare.primary)
    assert [asked for name, asked in figshare.asked if name == "s1_test.npy"] == [
        "bytes=16-",
        None,
    ]


def test_a_part_longer_than_the_file_is_thrown_away(figshare, tmp_path):
    folder = tmp_path / "libs-transfer"
    folder.mkdir()
    (folder / ".s1_wavelengths.npy.part").write_bytes(bytes(5000))
    assert_array_equal(fetch(tmp_path).test.wavelengths_primary, [250, 251, 252])


def test_archives_are_unpacked_and_removed(figshare, tmp_path):
    files = figshare.files
    figshare.files = {
        "test.zip": zipped(s1_test=files["s1_test.npy"], s2_test=files["s2_test.npy"]),
        "axes.zip": zipped(
            s1_wavelengths=files["s1_wavelengths.npy"],
            s2_wavelengths=files["s2_wavelengths.npy"],
            notes=b"not a table",
        ),
        "train.zip": b"never asked for",
    }
    maps = fetch(tmp_path)
    assert_array_equal(maps.test.X_secondary, figshare.secondary)
    assert sorted(os.listdir(tmp_path / "libs-transfer")) == [
        "s1_test.npy",
        "s1_wavelengths.npy",
        "s2_test.npy",
        "s2_wavelengths.npy",
    ]


def test_an_archive_that_is_none_says_how_to_go_on(figshare, tmp_path):
    figshare.files = {"all.zip": b"<html>"}
    with pytest.raises(FileFormatError, match=r"all\.zip must be a zip.*by hand"):
        fetch(tmp_path)


def test_a_set_without_the_tables_names_its_files(figshare, tmp_path):
    del figshare.files["s2_test.npy"]
    with pytest.raises(FileFormatError, match=r"tables of test.*s1_train\.npy"):
        fetch(tmp_path)


def test_the_size_is_said_before_the_download_begins(figshare, tmp_path, caplog):
    logger = pooch.get_logger()
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.INFO, logger=logger.name):
            fetch(tmp_path)
    finally:
        logger.removeHandler(caplog.handler)
    first = caplog.records[0].getMessage()
    assert "doi:10.6084/m9.figshare.20713504 are 0.00 GB in 4 files" in first
    assert str(tmp_path / "libs-transfer") in first


def test_a_disk_that_is_too_small_is_found_out_first(figshare, tmp_path, monkeypatch):
    usage = SimpleNamespace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match=r"needs about 0\.0 GB.*data_home="):
        fetch(tmp_path)
    assert figshare.asked == []


@pytest.mark.parametrize("status", [202, 403, 503])
def test_a_server_that_turns_programs_away_is_answered_by_hand(
    figshare, tmp_path, status
):
    figshare.status = status
    with pytest.raises(OSError, match=r"by hand from https://doi\.org/10\.6084"):
        fetch(tmp_path, n_retries=1)
    assert len(figshare.asked) == 2


def test_a_listing_that_cannot_be_had_is_reported(figshare, tmp_path, monkeypatch):
    monkeypatch.setattr(figshare, "listing", lambda: [{"name": "no size"}])
    with pytest.raises(OSError, match=r"must be listed.*by hand"):
        fetch(tmp_path)


def test_nothing_is_downloaded_unless_allowed(figshare, tmp_path):
    with pytest.raises(OSError, match="download_if_missing is false"):
        fetch(tmp_path, download_if_missing=False)
    assert figshare.asked == []


def test_maps_that_are_there_need_no_pooch(figshare, tmp_path, monkeypatch):
    fetch(tmp_path)
    for module in ("pooch", "requests"):
        monkeypatch.setitem(sys.modules, module, None)
    assert fetch(tmp_path).test.shape == SHAPE
    with pytest.raises(ImportError, match=r"needs .*\.\[download\]"):
        fetch(tmp_path / "elsewhere")


def test_the_folder_can_be_named_in_the_environment(figshare, tmp_path, monkeypatch):
    monkeypatch.setenv("SPECTRANSFER_DATA", str(tmp_path))
    fetch(None)
    assert (tmp_path / "libs-transfer" / "s1_test.npy").exists()


def test_a_bar_counts_what_was_there_before(figshare, tmp_path, capfd):
    figshare.breaks["s1_test.npy"] = [600_000]
    fetch(tmp_path, progress=True)
    shown = capfd.readouterr().err
    assert "s1_test.npy: 100%" in shown
    assert "s1_test.npy:  70%" in shown


@pytest.mark.parametrize("parts", [["training"], []])
def test_unknown_maps_are_refused_before_anything_is_asked(figshare, tmp_path, parts):
    with pytest.raises(ValueError, match="parts must be among train, validation, test"):
        fetch(tmp_path, parts=parts)
    assert figshare.asked == []
