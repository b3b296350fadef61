"""The paper's maps, from where their authors published them.

Names, sizes and MD5 sums of the files are asked from figshare when a download
begins: the set is 22 GB, and they cannot be learned from its publication.

pooch keeps the cache, checks the hash and renames the file at the end, but starts
every transfer from its first byte. Our downloader for pooch keeps what has arrived
beside the file, and asks the server for the rest (HTTP Range, RFC 9110 section 14).
"""

import os
import re
import shutil
import time
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sklearn.utils import Bunch

from spectransfer._files import written_beside
from spectransfer._imports import need
from spectransfer._progress import progress_bar
from spectransfer._reading import open_npy
from spectransfer.exceptions import FileFormatError
from spectransfer.io import PARTS, load_libs_transfer, table_path
from spectransfer.spectra import SIDES

DOI = "10.6084/m9.figshare.20713504"
_ARTICLE = DOI.rpartition(".")[2]
_API = "https://api.figshare.com/v2"
_EXTRA = "spectransfer[download]"
_BY_HAND = (
    f"download the files by hand from https://doi.org/{DOI}, unpack them into one "
    "folder, and call load_libs_transfer(folder)."
)
_TABLE = re.compile(r"s[12]_\w+\.npy")
_CHUNK = 2**17  # bytes; as much is lost when a transfer breaks
_TIMEOUT = (15.0, 60.0)  # to connect, and between two chunks, in seconds


class RemoteFile(NamedTuple):
    """A file as its server lists it."""

    name: str
    size: int
    md5: str
    url: str


class ResumingDownloader:
    """Fetch one file for pooch, in as many attempts as it takes.

    Parameters
    ----------
    file : RemoteFile
        What to fetch.
    folder : Path
        Where the part that has arrived is kept between attempts.
    progress : bool, default=False
        Whether to show a bar.

    Attributes
    ----------
    part : Path
        The part that has arrived.
    resumed : bool
        Whether the last attempt went on from an earlier one.
    """

    def __init__(
        self, file: RemoteFile, folder: Path, *, progress: bool = False
    ) -> None:
        self.file = file
        self.part = folder / f".{file.name}.part"
        self.progress = progress
        self.resumed = False

    @property
    def arrived(self) -> int:
        """Number of bytes that are here."""
        return self.part.stat().st_size if self.part.exists() else 0

    def __call__(
        self, url: str, output_file: str, pooch: Any, check_only: bool = False
    ) -> None:
        """Fetch what is missing, and hand the whole file over."""
        if self.arrived > self.file.size:
            self.part.unlink()
        self.resumed = self.arrived > 0
        if self.arrived < self.file.size:
            self._fetch_rest(url)
        os.replace(self.part, output_file)

    def _fetch_rest(self, url: str) -> None:
        requests = need("requests", "Downloading", _EXTRA)
        # A compressed answer would be counted in other bytes than the file.
        headers = {"Accept-Encoding": "identity"}
        if self.resumed:
            headers["Range"] = f"bytes={self.arrived}-"
        with requests.get(
            url, headers=headers, stream=True, timeout=_TIMEOUT
        ) as answer:
            answer.raise_for_status()
            goes_on = answer.status_code == 206 and self.resumed
            if goes_on and not answer.headers.get("Content-Range", "").startswith(
                f"bytes {self.arrived}-"
            ):
                self.part.unlink()
                raise requests.exceptions.ConnectionError(
                    "the server sent another part than the one asked for"
                )
            self.resumed = goes_on
            self._write(answer, "ab" if goes_on else "wb")
        if self.arrived < self.file.size:
            raise requests.exceptions.ConnectionError(
                f"only {self.arrived} of {self.file.size} bytes arrived (HTTP status "
                f"{answer.status_code})"
            )

    def _write(self, answer: Any, mode: str) -> None:
        with (
            self.part.open(mode) as file,
            progress_bar(
                self.file.size,
                "B",
                visible=self.progress,
                initial=file.tell(),
                desc=self.file.name,
                unit_scale=True,
            ) as bar,
        ):
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))


def _list_files() -> list[RemoteFile]:
    """Ask figshare what the set consists of."""
    requests = need("requests", "fetch_libs_transfer", _EXTRA)
    url = f"{_API}/articles/{_ARTICLE}/files?page_size=500"
    try:
        answer = requests.get(url, timeout=30)
        answer.raise_for_status()
        # The links of the listing lead to a page that turns programs away; this
        # address of the same file does not.
        return [
            RemoteFile(
                Path(entry["name"]).name,
                int(entry["size"]),
                entry["computed_md5"],
                f"{_API}/file/download/{entry['id']}",
            )
            for entry in answer.json()
        ]
    except (requests.exceptions.RequestException, KeyError, TypeError) as error:
        raise OSError(
            f"The files of doi:{DOI} must be listed before they are downloaded, but "
            f"asking {url} fails: {error!r}. Try again later, or {_BY_HAND}"
        ) from error


def _is_wanted(name: str, parts: Sequence[str]) -> bool:
    """Whether a file may hold tables of these maps; the name says no more."""
    if not name.lower().endswith((".npy", ".zip")):
        return False
    named = [
        part
        for part, (short, *_) in PARTS.items()
        if re.search(rf"(?<![a-z]){short}", name.lower())
    ]
    return not named or any(part in parts for part in named)


def _is_complete(folder: Path, parts: Sequence[str]) -> bool:
    try:
        for part in (*parts, "wavelengths"):
            for side in SIDES:
                open_npy(table_path(folder, side, part))
    except (FileNotFoundError, FileFormatError):
        return False
    return True


def _check_room(files: Sequence[RemoteFile], folder: Path) -> None:
    needed = 0
    for file in files:
        kept = (folder / file.name, ResumingDownloader(file, folder).part)
        needed += file.size - max(p.stat().st_size if p.exists() else 0 for p in kept)
        if file.name.lower().endswith(".zip"):
            # An archive and what comes out of it are there together for a while.
            needed += file.size
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            f"The download needs about {needed / 1e9:.1f} GB, but the disk of {folder} "
            f"has only {free / 1e9:.1f} GB left. Name a folder on another disk with "
            "data_home=..., or fewer maps with parts=...."
        )


def _download(
    file: RemoteFile, folder: Path, *, n_retries: int, delay: float, progress: bool
) -> Path:
    """Download one file through pooch, going on after every break."""
    pooch = need("pooch", "fetch_libs_transfer", _EXTRA)
    requests = need("requests", "fetch_libs_transfer", _EXTRA)
    cache = pooch.create(
        path=folder,
        base_url="",
        registry={file.name: f"md5:{file.md5}"},
        urls={file.name: file.url},
    )
    downloader = ResumingDownloader(file, folder, progress=progress)
    for retries_left in range(n_retries, -1, -1):
        try:
            return Path(cache.fetch(file.name, downloader=downloader))
        except requests.exceptions.RequestException as error:
            if retries_left == 0:
                raise OSError(
                    f"Downloading {file.name} ({file.size / 1e9:.2f} GB) from "
                    f"{file.url} broke off in {n_retries + 1} attempts: {error}. The "
                    f"{downloader.arrived / 1e9:.2f} GB that arrived are kept; call "
                    f"fetch_libs_transfer again to go on, or {_BY_HAND}"
                ) from error
            time.sleep(delay)
        except ValueError as error:
            # What was there before may be of another version; the whole is not.
            if not downloader.resumed or retries_left == 0:
                raise FileFormatError(
                    f"{file.name} must have the checksum that figshare lists, but "
                    f"what arrived has another: {error} Try again; if it happens "
                    "twice, a proxy may be changing the file.",
                    page="",
                ) from error
    raise AssertionError("the last attempt returns or raises")  # pragma: no cover


def _unpack(archive: Path, folder: Path) -> None:
    """Take the tables out of an archive, wherever in it they are, and remove it."""
    try:
        with zipfile.ZipFile(archive) as packed:
            for member in packed.infolist():
                name = Path(member.filename).name
                if not _TABLE.fullmatch(name):
                    continue
                with (
                    packed.open(member) as source,
                    written_beside(folder / name) as beside,
                    beside.open("wb") as target,
                ):
                    shutil.copyfileobj(source, target, 2**20)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise FileFormatError(
            f"{archive} must be a zip archive, but unpacking it fails: {error}. Unpack "
            "it by hand into the same folder, and call load_libs_transfer.",
            page="",
        ) from error
    archive.unlink()


def _default_home() -> Path:
    named = os.environ.get("SPECTRANSFER_DATA")
    if named:
        return Path(named)
    pooch = need("pooch", "fetch_libs_transfer", _EXTRA)
    return Path(pooch.os_cache("spectransfer"))


def _fetch_all(
    folder: Path, parts: Sequence[str], n_retries: int, delay: float, progress: bool
) -> None:
    pooch = need("pooch", "fetch_libs_transfer", _EXTRA)
    listed = _list_files()
    files = [file for file in listed if _is_wanted(file.name, parts)]
    folder.mkdir(parents=True, exist_ok=True)
    _check_room(files, folder)
    pooch.get_logger().info(
        "The maps of doi:%s are %.2f GB in %d files; downloading them to %s.",
        DOI,
        sum(file.size for file in files) / 1e9,
        len(files),
        folder,
    )
    for file in files:
        path = _download(
            file, folder, n_retries=n_retries, delay=delay, progress=progress
        )
        if path.suffix.lower() == ".zip":
            _unpack(path, folder)
    if not _is_complete(folder, parts):
        raise FileFormatError(
            f"doi:{DOI} must hold the tables of {', '.join(parts)}, but not all came "
            f"out of its files, {[file.name for file in listed]}. Look into {folder}, "
            "bring the tables to the names that load_libs_transfer expects, and call "
            "that.",
            page="",
        )


def fetch_libs_transfer(
    data_home: str | os.PathLike[str] | None = None,
    *,
    parts: Sequence[str] = ("train", "validation", "test"),
    download_if_missing: bool = True,
    n_retries: int = 3,
    delay: float = 1.0,
    progress: bool = True,
) -> Bunch:
    """Open the paper's maps, downloading them once (22 GB).

    The set is published under doi:10.6084/m9.figshare.20713504. Its size is logged
    before anything is downloaded (by pooch's logger), the room on the disk is looked
    at, and every file is compared with the MD5 sum that figshare lists. A transfer
    that broke off goes on from there, also in a later session.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder that keeps the maps, in a folder ``libs-transfer`` of their own. None
        for the one named by the environment variable ``SPECTRANSFER_DATA``, or else
        the user's cache folder.
    parts : sequence of {"train", "validation", "test"}, default=all three
        The maps to fetch, where the published files allow to choose.
    download_if_missing : bool, default=True
        False raises an error if the maps are not in the folder.
    n_retries : int, default=3
        How often a transfer that broke off is taken up again before giving up.
    delay : float, default=1.0
        Seconds between two attempts.
    progress : bool, default=True
        Whether to show a bar for each file.

    Returns
    -------
    Bunch
        `train`, `validation` and `test`, each a `PairedMaps` with memory-mapped
        spectra, as from `load_libs_transfer`.

    Raises
    ------
    OSError
        If the maps are missing and not to be downloaded, the disk is too small, or
        the server cannot be reached.
    FileFormatError
        If a file does not have its checksum, or does not hold what it should.
    ImportError
        If pooch is not installed (the extra ``download``).

    See Also
    --------
    load_libs_transfer : Opens a folder that is there already.

    Examples
    --------
    >>> from spectransfer.datasets import fetch_libs_transfer
    >>> maps = fetch_libs_transfer(parts=["test"])  # doctest: +SKIP
    >>> maps.test.shape  # doctest: +SKIP
    (500, 500)
    """
    parts = list(parts)
    unknown = [part for part in parts if part not in PARTS]
    if unknown or not parts:
        raise ValueError(
            f"parts must be among {', '.join(PARTS)}, but they are {parts}."
        )
    home = Path(data_home) if data_home is not None else _default_home()
    folder = home / "libs-transfer"
    if not _is_complete(folder, parts):
        if not download_if_missing:
            raise OSError(
                f"The maps {', '.join(parts)} must be in {folder}, but they are not, "
                "and download_if_missing is false. Call fetch_libs_transfer with "
                f"download_if_missing=True, or {_BY_HAND}"
            )
        _fetch_all(folder, parts, n_retries, delay, progress)
    return load_libs_transfer(folder, parts=parts)
