"""Libraries at an address: downloaded once, by pooch."""

import os
from pathlib import Path

from spectransfer._imports import need
from spectransfer.exceptions import FileFormatError

_EXTRA = "spectransfer[download]"


def is_url(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file is at an address."""
    return str(path).lower().startswith(("http://", "https://"))


def downloaded(url: str, sha256: str | None, *, verbose: bool = False) -> Path:
    """Give the file of an address, from the cache where it is there.

    Parameters
    ----------
    url : str
        Address, ``http://`` or ``https://``.
    sha256 : str or None
        SHA-256 that it must have; None takes what comes, and what came before.
    verbose : bool, default=False
        Whether to show the progress.

    Returns
    -------
    Path
        The file in the cache.

    Raises
    ------
    FileFormatError
        What came has another checksum; it is not kept.
    OSError
        The server cannot be reached.
    """
    pooch = need("pooch", "Downloading a library", _EXTRA)
    requests = need("requests", "Downloading a library", _EXTRA)
    home = os.environ.get("SPECTRANSFER_DATA")
    folder = Path(home) if home else Path(pooch.os_cache("spectransfer"))
    known = None if sha256 is None else f"sha256:{sha256.lower()}"
    logger = pooch.get_logger()
    level = logger.level
    if not verbose:
        logger.setLevel("WARNING")
    try:
        found = pooch.retrieve(
            url, known, path=folder / "libraries", progressbar=verbose
        )
    except requests.exceptions.RequestException as error:
        raise OSError(
            f"The library at {url} must be downloaded, but that fails: {error}. Try "
            "again later, or download it by hand and open the file."
        ) from error
    except ValueError as error:
        raise FileFormatError(
            f"The library at {url} must have the SHA-256 {sha256}, but another file "
            f"came: {error} Compare the number with its publishers'.",
            page="shared_libraries",
        ) from error
    finally:
        logger.setLevel(level)
    return Path(found)
