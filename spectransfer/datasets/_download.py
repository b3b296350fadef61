"""Downloads that go on where they broke off.

pooch keeps the cache, checks the hash and renames the file at the end, but starts
every transfer from its first byte. This downloader for pooch keeps what has arrived
beside the file, and asks the server for the rest (HTTP Range, RFC 9110 section 14).
"""

import os
from pathlib import Path
from typing import Any, NamedTuple

from tqdm.auto import tqdm

from spectransfer._imports import need

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
        requests = need("requests", "Downloading", "spectransfer[download]")
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
            tqdm(
                total=self.file.size,
                initial=file.tell(),
                desc=self.file.name,
                unit="B",
                unit_scale=True,
                disable=not self.progress,
            ) as bar,
        ):
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
