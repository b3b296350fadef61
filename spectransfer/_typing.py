"""Names for the types that signatures share.

At run time they are names alone: `help` shows signatures, and the unions that numpy
means by them fill a page for each parameter.
"""

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    ArrayLike: TypeAlias = npt.ArrayLike
    FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
    IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
    BoolArray: TypeAlias = npt.NDArray[np.bool_]
else:
    ArrayLike = type("ArrayLike", (), {"__module__": "numpy.typing"})
    FloatArray = IntArray = BoolArray = np.ndarray
RandomState: TypeAlias = int | np.random.RandomState | None
