"""Fitted transfers in files that run no code."""

import os
import warnings
from pathlib import Path
from typing import Any

import sklearn
from sklearn.utils.validation import check_is_fitted

from spectransfer._version import __version__
from spectransfer.exceptions import FileFormatError, SpectransferWarning
from spectransfer.library._container import read_container, write_container
from spectransfer.library._trees import Reader, Writer, listed_tree

_KIND = "transfer"
# what values of a wrong kind raise, wherever they are put together
WRONG = (
    ArithmeticError, AttributeError, LookupError, RecursionError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip


def save_transfer(transfer: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted transfer into a file that runs no code when it is read.

    It may be made of the transformers, networks and transfers of this package, and of
    scikit-learn's scalers, `PCA`, `PLSRegression`, `LinearRegression`, `Ridge`,
    `RidgeCV`, `FrozenEstimator` and `Pipeline`, one inside the other as one likes.
    The number of parallel jobs and histories of trainings are not kept.

    Parameters
    ----------
    transfer : estimator
        Fitted: a pipeline of `make_transfer_pipeline`, or any listed part.
    path : path
        The file, by custom with the ending .safetensors. An older one is replaced when
        the new one is complete.

    Raises
    ------
    TypeError
        A part is not on the list, and which one.
    sklearn.exceptions.NotFittedError
        Nothing has been learned yet.

    See Also
    --------
    load_transfer : Reads it again.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer import make_transfer_pipeline
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.library import load_transfer, save_transfer
    >>> pair = make_instrument_pair(n_spectra=100, random_state=0)
    >>> transfer = make_transfer_pipeline(Ridge())
    >>> transfer = transfer.fit(pair.X_secondary, pair.X_primary)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "transfer.safetensors"
    ...     save_transfer(transfer, path)
    ...     again = load_transfer(path)
    >>> new = pair.X_secondary[:3]
    >>> np.array_equal(again.predict(new), transfer.predict(new))
    True
    """
    check_is_fitted(transfer)
    writer = Writer()
    tree = listed_tree(writer, transfer, _KIND)
    content = {"written_with": written_with(), _KIND: tree}
    write_container(Path(path), _KIND, content, writer.arrays)


def written_with() -> dict[str, str]:
    """Give the versions that a file is written with."""
    return {"spectransfer": __version__, "scikit-learn": sklearn.__version__}


def load_transfer(path: str | os.PathLike[str]) -> Any:
    """Read a transfer that `save_transfer` wrote; nothing in the file is run.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    estimator
        Fitted, on the CPU. On the machine that wrote it, with the same versions, its
        predictions are the same to the last bit.

    Raises
    ------
    FileFormatError
        The file is damaged, newer, or none of `save_transfer`.

    Warns
    -----
    SpectransferWarning
        It was written with another version of scikit-learn.

    See Also
    --------
    save_transfer : Writes such a file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from spectransfer import KNNTransfer
    >>> from spectransfer.library import load_transfer, save_transfer
    >>> knn = KNNTransfer(n_neighbors=1).fit([[0.0], [9.0]], [[1.0, 2.0], [3.0, 4.0]])
    >>> with TemporaryDirectory() as folder:
    ...     save_transfer(knn, Path(folder) / "knn.safetensors")
    ...     load_transfer(Path(folder) / "knn.safetensors").predict([[8.0]])
    array([[3., 4.]])
    """
    path = Path(path)
    content, stored = read_container(path, _KIND)
    arrays = stored.in_memory()
    try:
        transfer = Reader(arrays).value(content[_KIND])
        if not hasattr(transfer, "fit"):
            raise ValueError("it holds a value that is no estimator")
        check_is_fitted(transfer)
        version = content["written_with"]["scikit-learn"]
    except WRONG as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise FileFormatError(
            f"{path} must describe a fitted transfer made of listed parts, but "
            f"{why}. Ask its writer which version of spectransfer wrote it, and for "
            "another copy.",
            page="shared_libraries",
        ) from error
    if version != sklearn.__version__:
        warnings.warn(
            "A transfer should be read with the scikit-learn that wrote it, but "
            f"{path} was written with {version!r:.20}, and this is "
            f"{sklearn.__version__}. Compare some predictions with its writer's.",
            SpectransferWarning,
            stacklevel=2,
        )
    return transfer
