"""Rows in blocks: each once, in order, and none too large."""

import pytest

from spectransfer._blocks import row_blocks


@pytest.mark.parametrize("n_rows", [0, 1, 2, 7, 4096, 4097])
@pytest.mark.parametrize("row_bytes", [0, 1, 4096, 2**24, 2**30])
def test_blocks_cover_every_row_once_and_in_order(n_rows, row_bytes):
    blocks = list(row_blocks(n_rows, row_bytes))
    rows = [i for block in blocks for i in range(n_rows)[block]]
    assert rows == list(range(n_rows))
    assert all(block.stop > block.start for block in blocks)


@pytest.mark.parametrize("row_bytes", [1, 1000, 2**20, 2**23])
def test_a_block_is_16_megabytes_at_most(row_bytes):
    sizes = [b.stop - b.start for b in row_blocks(10**5, row_bytes)]
    assert max(sizes) * row_bytes <= 2**24
    # and no smaller than it need be
    assert len(sizes) == 1 or (max(sizes) + 1) * row_bytes > 2**24


def test_a_row_longer_than_a_block_makes_a_block_of_its_own():
    assert list(row_blocks(3, 2**30)) == [slice(0, 1), slice(1, 2), slice(2, 3)]
