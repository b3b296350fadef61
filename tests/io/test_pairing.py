import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import (
    FileFormatError,
    SpectransferWarning,
    WavelengthError,
)
from spectransfer.io import load_pair, read_spectra
from spectransfer.spectra import Spectra

PRIMARY = "sample_id,400.5,401,402.25\na,1,2,3\nb,4,5,6\n"


@pytest.fixture
def tables(tmp_path):
    def write(secondary, primary=PRIMARY, suffix=".csv"):
        paths = tmp_path / f"secondary{suffix}", tmp_path / f"primary{suffix}"
        for path, text in zip(paths, (secondary, primary), strict=True):
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return paths

    return write


def side(ids, values=None, **options):
    """Spectra of two channels; the first one tells which it was."""
    first = np.arange(len(ids)) if values is None else np.asarray(values)
    X = np.column_stack([first, first]).astype(float)
    return Spectra(X, [400.0, 401.0], sample_id=np.asarray(ids), **options)


def test_wavelengths_come_from_the_header_and_numbers_from_the_rows(tables):
    pair = load_pair(*tables("sample_id,300,301.5\na,7,8e2\nb,-9,.5\n"))
    assert_array_equal(pair.wavelengths_secondary, [300, 301.5])
    assert_array_equal(pair.wavelengths_primary, [400.5, 401, 402.25])
    assert_array_equal(pair.X_secondary, [[7, 800], [-9, 0.5]])
    assert_array_equal(pair.X_primary, [[1, 2, 3], [4, 5, 6]])
    assert_array_equal(pair.sample_id, ["a", "b"])


def test_other_columns_describe_the_spectra(tables):
    pair = load_pair(
        *tables(
            "file,300,301,operator,depth\nf1,1,2,Eva,0.5\nf2,3,4,Jan,1\n",
            "file,400,operator,day\ng1,1,Eva,3\ng2,2,Jan,4\n",
        )
    )
    found = {name: a.tolist() for name, a in pair.annotations.items()}
    assert found == {
        "file_secondary": ["f1", "f2"],
        "file_primary": ["g1", "g2"],
        "operator": ["Eva", "Jan"],
        "depth": [0.5, 1.0],
        "day": [3, 4],
    }
    assert pair.sample_id is None


def test_each_side_keeps_its_unit(tables):
    pair = load_pair(*tables("300 cm-1,301 cm-1\n1,1\n2,2\n", "400 nm\n3\n4\n"))
    assert pair.units == ("cm-1", "nm")
    pair = load_pair(*tables("300 nm,301 nm\n1,1\n2,2\n", "400\n3\n4\n"))
    assert pair.units == ("nm", None)


def test_frames_written_by_pandas_come_back_exactly(tables, tmp_path):
    pytest.importorskip("pandas")
    pair = make_instrument_pair(6, random_state=0, dtype="float64")
    paths = tmp_path / "s.csv", tmp_path / "p.csv"
    for frame, path in zip(pair.as_frames(), paths, strict=True):
        frame.to_csv(path)
    back = load_pair(*paths)
    for name in ("X_secondary", "X_primary", "wavelengths_primary", "sample_id"):
        assert_array_equal(getattr(back, name), getattr(pair, name))
    assert back.units == pair.units


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 2, 0], [2, 1, 0]])
def test_samples_find_each_other_in_any_order(order):
    ids = np.array(["x", "y", "007"])
    pair = load_pair(side(ids[order], order), side(ids))
    assert_array_equal(pair.X_secondary, pair.X_primary)
    assert_array_equal(pair.sample_id, ids[order])


def test_samples_are_found_under_any_name_that_the_user_gives(tables):
    pair = load_pair(
        *tables("Probe;1;2\nb;5,5;6\na;7,5;8\n", "Probe,400,401\na,1,2\nb,3,4\n"),
        names={"sample_id": "Probe"},
    )
    assert_array_equal(pair.sample_id, ["b", "a"])
    assert_array_equal(pair.X_primary, [[3, 4], [1, 2]])


def test_samples_of_different_columns_pair_once_read(tables):
    paths = tables("Probe;1;2\nb;5,5;6\na;7,5;8\n", "name,400,401\na,1,2\nb,3,4\n")
    sides = [
        read_spectra(path, names={"sample_id": name})
        for path, name in zip(paths, ("Probe", "name"), strict=True)
    ]
    assert_array_equal(load_pair(*sides).X_primary, [[3, 4], [1, 2]])


def test_seven_is_not_double_o_seven_but_is_seven_in_any_type():
    pair = load_pair(side([7, 8]), side(["8", "7"]))
    assert_array_equal(pair.X_primary[:, 0], [1, 0])
    pair = load_pair(side([8.0, 7.0]), side([7, 8]))
    assert_array_equal(pair.X_primary[:, 0], [1, 0])
    with pytest.raises(FileFormatError, match="samples in common"):
        load_pair(side(["007"]), side(["7"]))


def test_samples_that_are_nan_on_both_sides_are_equal():
    nan = np.array([np.nan, 1.0])
    assert len(load_pair(side(nan), side(nan))) == 2
    assert_array_equal(load_pair(side(nan), side(nan[::-1])).X_primary[:, 0], [1, 0])


def test_what_one_side_alone_has_is_left_out_and_told():
    with pytest.warns(SpectransferWarning) as said:
        pair = load_pair(side(["a", "b", "c"]), side(["c", "d", "a"]))
    assert_array_equal(pair.sample_id, ["a", "c"])
    texts = [str(w.message) for w in said]
    assert any("1 of the samples of the secondary" in t and "b" in t for t in texts)
    assert any("1 of the samples of the primary" in t and "d" in t for t in texts)
    assert said[0].filename == __file__


def test_replicates_of_one_side_each_find_the_sample_of_the_other():
    pair = load_pair(side(["a", "b", "a"]), side(["b", "a"]))
    assert_array_equal(pair.X_secondary[:, 0], [0, 1, 2])
    assert_array_equal(pair.X_primary[:, 0], [1, 0, 1])


def test_replicates_of_both_sides_pair_by_averages_or_in_equal_order():
    secondary, primary = side(["a", "b", "a"]), side(["b", "a", "b"])
    with pytest.raises(FileFormatError, match=r'sample a .*average="both"'):
        load_pair(secondary, primary)
    both = load_pair(secondary, primary, average="both")
    assert_array_equal(both.sample_id, ["a", "b"])
    assert_array_equal(both.X_secondary[:, 0], [1, 1])
    assert_array_equal(both.X_primary[:, 0], [1, 1])
    one = load_pair(secondary, primary, average="primary")
    assert_array_equal(one.sample_id, ["a", "b", "a"])
    assert_array_equal(one.X_primary[:, 0], [1, 1, 1])
    assert len(load_pair(secondary, secondary)) == 3


def test_averages_keep_annotations_that_hold_for_the_sample():
    known = {
        "soil": np.array(["loam", "clay", "loam"]),
        "shot": np.array([1, 2, 3]),
        "file": np.array(["f1", "f2", "f3"]),
    }
    pair = load_pair(
        side(["a", "b", "a"], annotations=known), side(["a", "b"]), average="secondary"
    )
    assert pair.annotations["soil"].tolist() == ["loam", "clay"]
    assert pair.annotations["shot"].tolist() == [2, 2]
    assert "file" not in pair.annotations


def test_averages_of_float32_stay_float32_and_are_summed_in_float64():
    X = np.full((20_000, 1), 16777217.0, dtype=np.float32) + np.float32(3)
    many = Spectra(X, [400.0], sample_id=np.zeros(len(X), int))
    pair = load_pair(many, many, average="both")
    assert pair.X_primary.dtype == np.float32
    assert pair.X_primary[0, 0] == X[0, 0]


def test_what_is_known_of_samples_becomes_y(tables):
    paths = tables("sample_id,300,301\na,1,2\nb,3,4\n", "sample_id,protein,400,401\n"
                   "b,11.5,1,2\na,9,3,4\n")  # fmt: skip
    pair = load_pair(*paths, names={"y": "protein"})
    assert_array_equal(pair.y, [9, 11.5])
    assert pair.y_names == ("protein",)
    with pytest.raises(FileFormatError, match="must have a column 'fat' of numbers"):
        load_pair(*paths, names={"y": "fat"})


def test_without_samples_on_both_sides_rows_pair(tables):
    with pytest.warns(SpectransferWarning, match="row by row"):
        pair = load_pair(*tables("300,301,302\n1,2,3\n9,3,4\n"))
    assert_array_equal(pair.sample_id, ["a", "b"])
    with pytest.raises(FileFormatError, match=r"row by row.* 3 secondary.* 2 primary"):
        load_pair(*tables("300,301,302\n1,2,3\n9,3,4\n5,6,1\n"))
    with pytest.raises(FileFormatError, match="must have sample ids to be averaged"):
        load_pair(*tables("300,301,302\n1,2,3\n9,3,4\n"), average="secondary")


@pytest.mark.parametrize(
    ("secondary", "kind", "message"),
    [
        (
            "300,301,300.5\n1,2,1\n3,4,1\n",
            FileFormatError,
            "which numbers are the axis",
        ),
        ("sample_id,300,300\na,1,2\nb,3,4\n", WavelengthError, "both at 300"),
        ("sample_id,300\nc,1\nd,2\n", FileFormatError, "have samples in common"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tables, secondary, kind, message):
    with pytest.raises(kind, match=message) as error:
        load_pair(*tables(secondary))
    assert "secondary.csv" in str(error.value)


def test_one_table_alone_is_not_a_pair(tables):
    secondary, _ = tables("300\n1\n2\n")
    with pytest.raises(ValueError, match=r"load_pair\(secondary\.csv, primary\.csv\)"):
        load_pair(secondary)
    with pytest.raises(ValueError, match="both sides"):
        load_pair(side(["a"]))
    with pytest.raises(ValueError, match="average must be one of"):
        load_pair(side(["a"]), side(["a"]), average="all")


def test_what_was_done_is_printed(capsys):
    load_pair(side(["a", "b", "a"]), side(["b", "a"]), average="both", verbose=True)
    said = capsys.readouterr().out
    assert "secondary: 3 spectra averaged to 2 samples" in said
    assert "paired by sample: 2 pairs" in said


def test_descending_sides_are_written_as_they_came(tables):
    with pytest.warns(SpectransferWarning, match="row by row"):
        pair = load_pair(*tables("402 nm,401 nm\n1,2\n3,4\n"))
    assert_array_equal(pair.wavelengths_secondary, [401, 402])
    assert_array_equal(pair.X_secondary, [[2, 1], [4, 3]])
    assert pair.descending == (True, False)


def test_spectra_are_selected_pickled_and_shown_as_a_frame():
    spectra = side(["a", "b"], unit="nm", annotations={"day": np.array([1, 2])})
    one = pickle.loads(pickle.dumps(spectra))[1]
    assert one.sample_id.tolist() == ["b"]
    assert one.annotations["day"].tolist() == [2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert repr(one) == "Spectra(1 spectrum, 2 channels 400 to 401 nm)"
    pytest.importorskip("pandas")
    assert one.as_frame().columns.tolist() == ["400.0 nm", "401.0 nm"]


def table(name, ids, places="400,401"):
    return f"{name},{places}\n" + "".join(f"{x},{k},2\n" for k, x in enumerate(ids))


def test_the_same_names_in_another_order_are_not_paired_row_by_row(tables):
    paths = tables(table("Probe", "abc"), table("Probe", "cab"))
    with pytest.raises(FileFormatError, match=r"names=\{'sample_id': 'Probe'\}"):
        load_pair(*paths)
    pair = load_pair(*paths, names={"sample_id": "Probe"})
    assert_array_equal(pair.X_primary[:, 0], [1, 2, 0])
    same = load_pair(*tables(table("Probe", "ab"), table("Probe", "ab")))
    assert_array_equal(same.annotations["Probe"], ["a", "b"])
    of_a_class = load_pair(*tables(table("by", "xxxxy"), table("by", "yxxxx")))
    assert len(of_a_class) == 5


@pytest.mark.parametrize("turned", [False, True])
def test_ids_of_one_side_find_the_same_names_of_the_other(tables, turned):
    texts = table("sample_id", "ab"), table("probe", "ba")
    with pytest.raises(FileFormatError, match="have the same names"):
        load_pair(*tables(*(texts[::-1] if turned else texts)))


@pytest.mark.parametrize("start", [0, 1])
def test_a_count_that_pandas_wrote_finds_its_rows_in_another_order(tables, start):
    rows = start + np.arange(3)
    with pytest.raises(FileFormatError, match="have the same names in another order"):
        load_pair(*tables(table("", rows), table("", rows[[2, 0, 1]])))
    pair = load_pair(*tables(table("", rows), table("", rows)))
    assert_array_equal(pair.X_primary[:, 0], [0, 1, 2])


def test_ids_on_one_side_only_are_told(tables):
    with pytest.warns(SpectransferWarning, match="only the primary spectra have"):
        load_pair(*tables("300,301\n1,1\n2,2\n"))
    a, b = side(["a", "b"]), Spectra(np.ones((2, 2)), [400.0, 401.0])
    with pytest.warns(SpectransferWarning, match="only the secondary spectra have"):
        load_pair(a, b)
