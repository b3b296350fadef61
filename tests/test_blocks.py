import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spectransfer._blocks import (
    block_slices,
    blocks_of,
    even_rows,
    row_blocks,
    take_rows,
)


@pytest.mark.parametrize("n_rows", [0, 1, 255, 256, 257, 10_000])
@pytest.mark.parametrize("row_bytes", [0, 1, 65_536, 10**9])
def test_blocks_hold_every_row_once_and_in_order(n_rows, row_bytes):
    found = [i for rows in row_blocks(n_rows, row_bytes) for i in range(n_rows)[rows]]
    assert found == list(range(n_rows))


def test_blocks_fill_16_megabytes_and_no_more():
    row = 4 * 4062
    sizes = [(b.stop - b.start) * row for b in row_blocks(10_000, row)]
    assert max(sizes) <= 2**24
    assert min(sizes[:-1]) > 2**24 - row


def test_rows_larger_than_a_block_come_one_by_one():
    assert list(row_blocks(3, 2**30)) == [slice(0, 1), slice(1, 2), slice(2, 3)]


def test_no_block_size_means_one_block():
    assert list(block_slices(7, None)) == [slice(0, 7)]
    assert list(block_slices(0, None)) == []
    assert list(block_slices(5, 2)) == [slice(0, 2), slice(2, 4), slice(4, 5)]


def test_blocks_of_an_array_are_views():
    spectra = np.arange(15.0).reshape(5, 3)
    blocks = list(blocks_of(spectra, 2))
    assert [len(block) for block in blocks] == [2, 2, 1]
    assert all(np.shares_memory(block, spectra) for block in blocks)
    assert_array_equal(np.concatenate(blocks), spectra)


def test_rows_of_a_frame_are_counted_and_not_looked_up_in_its_index():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"250": [1, 2, 3]}, index=[2, 1, 0])
    assert take_rows(frame, [0, 2])["250"].tolist() == [1, 3]
    assert [len(block) for block in blocks_of(frame, 2)] == [2, 1]
    assert next(blocks_of(frame, 2)).columns.tolist() == ["250"]


@pytest.mark.parametrize(("n_rows", "n_wanted"), [(0, 5), (5, 5), (7, 5), (9999, 250)])
def test_even_rows_come_from_all_parts(n_rows, n_wanted):
    rows = even_rows(n_rows, n_wanted)
    assert len(rows) == min(n_rows, n_wanted)
    ends = np.arange(len(rows) + 1) * n_rows // max(len(rows), 1)
    assert np.all((rows >= ends[:-1]) & (rows < ends[1:]))
    assert_array_equal(rows, even_rows(n_rows, n_wanted))


@pytest.mark.parametrize("side", [50, 100, 200, 500])
@pytest.mark.parametrize("n_wanted", [250, 400, 4000, 5000])
def test_even_rows_of_a_map_come_from_all_columns(side, n_wanted):
    rows = even_rows(side**2, n_wanted)
    counts = np.bincount(rows % side, minlength=side)
    assert np.count_nonzero(counts) > 0.9 * min(side, len(rows) / 3)
    assert counts.max() < 10 * len(rows) / side
