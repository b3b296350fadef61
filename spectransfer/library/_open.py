"""Opening a library that another laboratory has published."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer.exceptions import FileFormatError
from spectransfer.library._card import checked_errors
from spectransfer.library._container import StoredArrays, read_container, sha256_of
from spectransfer.library._download import downloaded, is_url
from spectransfer.library._library import Library
from spectransfer.library._population import LEVELS
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
        cache (the extra ``download``).
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
    publish_library : Writes one.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from spectransfer import StandardScaler
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.library import open_library, publish_library
    >>> from spectransfer.spectra import Axis
    >>> pair = make_instrument_pair(n_spectra=60, random_state=0)
    >>> card = {
    ...     "title": "Demonstration",
    ...     "instrument": {"maker": "none", "model": "simulated"},
    ...     "measured": "2026-11-27",
    ...     "medium": "air",
    ...     "standards": {"description": "made up", "source": "make_instrument_pair"},
    ...     "licence": {"data": "CC0-1.0", "code": "BSD-3-Clause"},
    ...     "citation": "none",
    ...     "contact": "nobody@example.org",
    ... }
    >>> folder = TemporaryDirectory()
    >>> path = Path(folder.name) / "library.safetensors"
    >>> publish_library(
    ...     make_pipeline(StandardScaler(power=0), PCA(4)).fit(pair.X_primary), path,
    ...     spectra=pair.X_primary, sample_id=range(60), card=card,
    ...     held_out=pair.X_primary, wavelengths=Axis(pair.wavelengths_primary, "nm"),
    ... )

    >>> library = open_library(path)
    >>> library.card["title"], library.latents.shape, library.axis.unit
    ('Demonstration', (60, 4), 'nm')
    >>> library.decode(library.latents[:3]).shape
    (3, 300)
    >>> library.lookup(pair.X_primary[:2], 1, measured=True).sample_id.ravel().tolist()
    [0, 1]
    >>> library.verify(pair.X_primary).matches
    True
    >>> folder.cleanup()
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
        _check_shapes(arrays)
        _check_content(content)
        library = Library(found, content, arrays)
        _try_out(library, arrays)
    except FileFormatError:
        if is_url(path):
            found.unlink(missing_ok=True)  # ask anew next time
        raise
    except WRONG as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise FileFormatError(
            f"{found} must describe a library, but {why}. Ask its writer which "
            "version of spectransfer wrote it, and for another copy.",
            page="shared_libraries",
        ) from error
    return library


def _check_shapes(arrays: StoredArrays) -> None:
    """Compare shapes and types with each other, before memory is taken for them."""
    n_spectra, n_latent = arrays.shape("latents")
    (n_channels,) = arrays.shape("axis")
    known = {
        "axis": (n_channels,),
        "latents": (n_spectra, n_latent),
        "clusters": (None, n_channels),
        "mean_spectra": (None, n_channels),
        "latent_mean": (n_latent,),
        "latent_covariance": (n_latent, n_latent),
        "residual": (None,),
        "quantiles": (2, len(LEVELS)),
    }
    for name, wanted in known.items():
        if name not in arrays and name in ("mean_spectra", "residual", "quantiles"):
            continue
        shape = arrays.shape(name)
        fits = len(shape) == len(wanted) and all(
            n == w or w is None for n, w in zip(shape, wanted, strict=True)
        )
        if not fits or 0 in shape or arrays.dtype(name).kind != "f":
            raise ValueError(f"its {name} are {arrays.dtype(name)} of shape {shape}")
    if "sample_id" in arrays:
        shape, dtype = arrays.shape("sample_id"), arrays.dtype("sample_id")
        numbers = len(shape) == 1 and dtype == np.int64
        texts = len(shape) == 2 and dtype == np.uint8 and shape[1] > 0
        if shape[0] != n_spectra or not (numbers or texts):
            raise ValueError(f"its names are {dtype} of shape {shape}")


def _check_content(content: dict[str, Any]) -> None:
    """Look at figures that are printed and compared."""
    checked_errors(content["errors"], "its errors")
    for name, least in (("rounding", 0.0), ("n_held_out", 1)):
        value = content[name]
        if value is not None and (type(value) is not type(least) or value < least):
            raise ValueError(f"its {name} is {value!r:.40}")
    if not isinstance(content["parent"], str | None):
        raise ValueError(f"its parent is {content['parent']!r:.40}")


def _try_out(library: Library, arrays: StoredArrays) -> None:
    """Decode and encode once, so that parts that do not fit are found at once."""
    n_latent = arrays.shape("latents")[1]
    origin = np.zeros((1, n_latent), np.float32)
    prepared = np.asarray(library._autoencoder.inverse_transform(origin))
    spectra = library._side.undo(prepared)
    n_channels = len(library.axis)
    if spectra.shape != (1, n_channels):
        raise ValueError("its decoder makes spectra of other channels than its axis")
    if np.shape(library._autoencoder.transform(prepared)) != origin.shape:
        raise ValueError("its encoder makes other latents than its decoder takes")
    if "residual" in arrays and arrays.shape("residual") != prepared.shape[1:]:
        raise ValueError("its residuals are of other channels than it decodes")
    if "mean_spectra" in arrays:
        n_samples = (
            0 if library.sample_id is None else len(np.unique(library.sample_id))
        )
        if arrays.shape("mean_spectra")[0] != n_samples:
            raise ValueError("its mean spectra are not as many as its samples")
