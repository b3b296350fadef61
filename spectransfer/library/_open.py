"""Opening a library that another laboratory has published."""

import os
from pathlib import Path

import numpy as np

from spectransfer.exceptions import FileFormatError
from spectransfer.library._container import StoredArrays, read_container, sha256_of
from spectransfer.library._download import downloaded, is_url
from spectransfer.library._library import Library
from spectransfer.library._population import OWN_ARRAYS
from spectransfer.library._transfers import WRONG


def open_library(
    path: str | os.PathLike[str], sha256: str | None = None, *, verbose: bool | int = 0
) -> Library:
    """Open a library that `publish_library` wrote; nothing in the file is run.

    The file is mapped, and its latents are read when they are asked for: a library of
    hundred thousands of spectra opens at once. Only joining with hundreds of samples
    needs torch.

    Parameters
    ----------
    path : path or URL
        The file. One at ``http://`` or ``https://`` is downloaded once, into pooch's
        cache (``pip install spectransfer[download]``).
    sha256 : str, default=None
        SHA-256 that the whole file must have, as its publishers print it.
    verbose : bool or int, default=0
        Whether to show the progress of a download.

    Returns
    -------
    Library
        Ready to decode, to look up, and to be joined.

    Raises
    ------
    FileFormatError
        The file is damaged, newer, no library, or another one than `sha256` says.
    OSError
        It cannot be downloaded.

    See Also
    --------
    publish_library : Writes one, and has an example.
    """
    if is_url(path):
        found = downloaded(str(path), sha256, verbose=bool(verbose))
    else:
        found = Path(path)
    if sha256 is not None and sha256_of(found) != sha256.lower():
        raise FileFormatError(
            f"{found} must have the SHA-256 {sha256}, but it has {sha256_of(found)}. "
            "It is damaged or another file: ask for it again.",
            page="shared_libraries",
        )
    content, arrays = read_container(found, "library")
    try:
        library = Library(found, content, arrays)
        _try_out(library, arrays)
    except FileFormatError:
        raise
    except WRONG as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise FileFormatError(
            f"{found} must describe a library, but {why}. Ask its writer which "
            "version of spectransfer wrote it, and for another copy.",
            page="shared_libraries",
        ) from error
    return library


def _try_out(library: Library, arrays: StoredArrays) -> None:
    """Decode and encode once, so that parts that do not fit are found at once."""
    for name, n_axes in OWN_ARRAYS.items():
        if name in arrays and n_axes and len(arrays.shape(name)) != n_axes:
            raise ValueError(f"its {name} have the shape {arrays.shape(name)}")
    n_spectra, n_latent = arrays.shape("latents")
    if arrays.dtype("latents").kind != "f":
        raise ValueError("its latents are no floating-point numbers")
    if "sample_id" in arrays and arrays.shape("sample_id")[0] != n_spectra:
        raise ValueError("its names are not as many as its latents")
    origin = np.zeros((1, n_latent), np.float32)
    prepared = np.asarray(library._autoencoder.inverse_transform(origin))
    spectra = library._side.undo(prepared)
    n_channels = len(library.axis)
    if spectra.shape != (1, n_channels):
        raise ValueError("its decoder makes spectra of other channels than its axis")
    if np.shape(library._autoencoder.transform(prepared)) != origin.shape:
        raise ValueError("its encoder makes other latents than its decoder takes")
    if library.clusters.n_features_in_ != n_channels:
        raise ValueError("its clusters have other channels than its axis")
