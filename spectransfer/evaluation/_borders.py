"""Shots on the borders of grains, where errors gather (figure 6)."""

from typing import Any

import numpy as np

from spectransfer._typing import ArrayLike, BoolArray
from spectransfer._validation import HasMethods, validate_params


@validate_params({"maps": [HasMethods("image")]}, prefer_skip_nested_validation=True)
def border_shots(maps: Any, labels: ArrayLike) -> BoolArray:
    """Tell which shots have a neighbour of another grain, mineral or cluster.

    Parameters
    ----------
    maps : PairedMaps
        Maps that lay the shots out.
    labels : array-like of shape (n_spectra,)
        A label for each shot, in the order of measurement, such as
        ``maps.annotations["grain"]`` or the clusters of measured spectra.

    Returns
    -------
    ndarray of bool, of shape (n_spectra,)
        True where the shot above, below, left or right has another label, in the order
        of measurement.

    Examples
    --------
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.spectra import PairedMaps
    >>> from spectransfer.evaluation import border_shots
    >>> pair = make_instrument_pair(n_spectra=8, random_state=0)
    >>> maps = PairedMaps(
    ...     pair.X_secondary, pair.X_primary, pair.wavelengths_secondary,
    ...     pair.wavelengths_primary, shape=(2, 4), raster="row",
    ... )
    >>> border_shots(maps, [1, 1, 1, 2, 1, 1, 1, 2])
    array([False, False,  True,  True, False, False,  True,  True])
    """
    image = maps.image(labels)
    border = np.zeros(image.shape, dtype=bool)
    down, right = image[1:] != image[:-1], image[:, 1:] != image[:, :-1]
    border[1:] |= down
    border[:-1] |= down
    border[:, 1:] |= right
    border[:, :-1] |= right
    rows, columns = maps.positions.T
    return border[rows, columns]
