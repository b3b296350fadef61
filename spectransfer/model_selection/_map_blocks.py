"""Cross-validation of maps by blocks, since neighbouring shots know each other.

Neighbouring shots hit the same grain, and every shot carries some of the previous one
with it. A random split puts such twins on both sides, and flatters every transfer.
Here whole blocks of the map are tested, and a margin around them is left out.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import ndimage
from sklearn.model_selection import BaseCrossValidator, GroupKFold
from sklearn.utils import check_random_state

from spectransfer._typing import ArrayLike, BoolArray, IntArray, RandomState
from spectransfer.spectra import check_layout, shot_positions


def block_labels(positions: IntArray, block_size: tuple[int, int]) -> IntArray:
    """Number the blocks of a grid, for every shot.

    Parameters
    ----------
    positions : ndarray of shape (n_spectra, 2)
        Row and column of every shot.
    block_size : tuple of (n_rows, n_columns)
        Size of a block in shots.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Number of the block that each shot lies in, from 0.
    """
    rows, columns = (positions // np.asarray(block_size)).T
    return rows * (columns.max() + 1) + columns


def near(positions: IntArray, chosen: BoolArray, distance: int) -> BoolArray:
    """Find the shots within a distance of the chosen ones, these included.

    Parameters
    ----------
    positions : ndarray of shape (n_spectra, 2)
        Row and column of every shot, from 0.
    chosen : ndarray of shape (n_spectra,)
        Mask of the chosen shots.
    distance : int
        Distance in shots, along rows, columns or diagonals.

    Returns
    -------
    ndarray of shape (n_spectra,)
        Mask of the shots that are near.
    """
    rows, columns = positions.T
    image = np.zeros((rows.max() + 1, columns.max() + 1), dtype=np.uint8)
    image[rows[chosen], columns[chosen]] = 1
    wide = ndimage.maximum_filter(image, size=2 * distance + 1, mode="constant")
    return wide[rows, columns] > 0


def _check_whole(value: Any, name: str, least: int) -> int:
    if not isinstance(value, int | np.integer) or value < least:
        raise ValueError(
            f"{name} must be a whole number of at least {least}, but it is {value!r}."
        )
    return int(value)


class SpatialBlockKFold(BaseCrossValidator):
    """Split a map into training and test shots by blocks of the map.

    The map is cut into rectangles, which are dealt out to `n_splits` folds whole. A
    training shot is never within `buffer` shots of a test shot, so twins of the test
    shots, which a random split would leave among the training shots, are not there.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds.
    shape : tuple of (n_rows, n_columns), default=None
        Shape of the map. It may be left out where `positions` are given.
    raster : {"row", "column", "row-snake", "column-snake"}, default="row-snake"
        Order in which the spectra were measured.
    positions : array-like of shape (n_spectra, 2), default=None
        Row and column of every spectrum, where these are not a whole map, such as
        the `row` and `column` of shots that were selected from `PairedMaps`.
    block_size : int or tuple of (n_rows, n_columns), default=10
        Size of a block in shots. It should exceed the size of a grain: blocks of one
        shot are a random split. Blocks at the far edges may be smaller.
    buffer : int, default=1
        Width of the margin around test blocks that is left out of training, in shots.
        With 0 shots along the edge of a block have neighbours on both sides.
    shuffle : bool, default=True
        Whether blocks are dealt out at random, or in turn.
    random_state : int, RandomState instance or None, default=None
        Decides the order of the blocks when `shuffle` is true. Pass an int for the
        same split every time.

    See Also
    --------
    sklearn.model_selection.GroupKFold : Splits by sample, for shots without a map.

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.model_selection import SpatialBlockKFold
    >>> cv = SpatialBlockKFold(
    ...     2, shape=(4, 8), raster="row", block_size=4, buffer=1, shuffle=False
    ... )
    >>> train, test = next(cv.split(np.zeros((32, 3))))
    >>> image = np.full(32, ".")
    >>> image[train], image[test] = "x", "o"
    >>> print("\\n".join("".join(row) for row in image.reshape(4, 8)))
    xxx.oooo
    xxx.oooo
    xxx.oooo
    xxx.oooo
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shape: tuple[int, int] | None = None,
        raster: str = "row-snake",
        positions: ArrayLike | None = None,
        block_size: int | tuple[int, int] = 10,
        buffer: int = 1,
        shuffle: bool = True,
        random_state: RandomState = None,
    ) -> None:
        self.n_splits = n_splits
        self.shape = shape
        self.raster = raster
        self.positions = positions
        self.block_size = block_size
        self.buffer = buffer
        self.shuffle = shuffle
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Give the number of folds.

        Parameters
        ----------
        X, y, groups : object, default=None
            Not used; present for scikit-learn's interface.

        Returns
        -------
        int
            The number of folds.
        """
        return _check_whole(self.n_splits, "n_splits", 2)

    def split(
        self, X: ArrayLike, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Give the training and the test shots of every fold.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra, in the order of measurement; only their number is looked at.
        y, groups : object, default=None
            Not used; present for scikit-learn's interface.

        Yields
        ------
        train, test : ndarray
            Indices of the shots. Together with the margin they are the whole map.
        """
        n_spectra = X.shape[0] if hasattr(X, "shape") else len(X)  # type: ignore[arg-type]
        positions = self._find_positions(n_spectra)
        buffer = _check_whole(self.buffer, "buffer", 0)
        for mask in self._test_folds(positions):
            margin = near(positions, mask, buffer) if buffer else mask
            train = np.flatnonzero(~margin)
            if len(train) == 0:
                raise ValueError(
                    "Every fold must leave shots for training, but the test blocks of "
                    f"one fold, with a buffer of {buffer} shots around them, cover the "
                    "whole map. Use a smaller buffer, or larger blocks."
                )
            yield train, np.flatnonzero(mask)

    def _find_positions(self, n_spectra: int) -> IntArray:
        if self.positions is not None:
            positions = np.asarray(self.positions)
            if positions.shape != (n_spectra, 2) or positions.dtype.kind not in "iu":
                raise ValueError(
                    f"positions must hold row and column of all {n_spectra} spectra as "
                    f"whole numbers, but their shape is {positions.shape} and their "
                    f"dtype {positions.dtype}."
                )
            return positions - positions.min(axis=0)
        if self.shape is None:
            raise ValueError(
                "SpatialBlockKFold must know where the shots are, but neither shape "
                "nor positions is given. Pass shape=maps.shape, raster=maps.raster."
            )
        shape = check_layout(self.shape, self.raster, n_spectra)
        return shot_positions(shape, self.raster)

    def _test_folds(self, positions: IntArray) -> Iterator[BoolArray]:
        down, right = np.broadcast_to(np.asarray(self.block_size), 2)
        size = tuple(_check_whole(n, "block_size", 1) for n in (down, right))
        blocks = block_labels(positions, (size[0], size[1]))
        n_blocks = len(np.unique(blocks))
        n_splits = self.get_n_splits()
        if n_blocks < n_splits:
            raise ValueError(
                f"n_splits={n_splits} needs as many blocks, but blocks of {size[0]} x "
                f"{size[1]} shots cut the map into {n_blocks}. Use smaller blocks or "
                "fewer splits."
            )
        state = check_random_state(self.random_state) if self.shuffle else None
        dealt = GroupKFold(n_splits, shuffle=self.shuffle, random_state=state)
        for _, test in dealt.split(positions, groups=blocks):
            mask = np.zeros(len(positions), dtype=bool)
            mask[test] = True
            yield mask
