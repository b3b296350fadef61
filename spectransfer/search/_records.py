"""Finished fits on the disk: a small file for each, and a search can be taken up.

A file is written beside its place and then renamed: a search that is killed leaves
whole files or none. What is remembered are fits, not searches, by the fingerprint of
all they depend on. So a search of a wider space, too, finds the fits of a smaller one,
and different searches can share a folder.

The fingerprint of a fit is made of its estimator, with all parameters and the weights
of frozen networks, of its spectra, its scoring and the version of this package. What
changes no result (`n_jobs`, `verbose`, `memory`) is left out. Large arrays are sampled:
256 rows of them, evenly spaced, are read instead of 10 GB. A file whose other rows were
changed in place is therefore taken for the same.
"""

import hashlib
import json
import pickle
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import joblib

from spectransfer._files import written_beside
from spectransfer.exceptions import SpectransferWarning

FORMAT = 1
UNPICKLED = (pickle.PicklingError, AttributeError, TypeError, RecursionError)
"""What pickle raises of things that it cannot write."""
_MARK = b"sptr-sum"
_END = len(_MARK) + hashlib.sha256().digest_size


@dataclass(frozen=True)
class Record:
    """What is kept of a fit.

    Parameters
    ----------
    score : float
        Its score on the validation map.
    fit_time, score_time : float
        Time in s.
    error : str or None, default=None
        What a training that failed said.
    """

    score: float
    fit_time: float
    score_time: float
    error: str | None = None


@dataclass(frozen=True)
class Records:
    """The finished fits in a folder.

    Parameters
    ----------
    folder : Path
        Where they are. Every worker has to see it; one that does not keeps nothing.
    """

    folder: Path

    def read(self, key: str | None) -> Record | None:
        """Look up a fit; a file that cannot be read counts as none."""
        if key is None:
            return None
        try:
            text = (self.folder / f"{key}.json").read_text(encoding="utf-8")
            content = json.loads(text)
            if content.pop("format") != FORMAT:
                return None
            content.pop("parameters")
            return _record(**content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        except RecursionError:  # nested as no record is
            return None

    def warn_of_damage(self, keys: Iterable[str | None]) -> None:
        """Tell once of records that are there and cannot be read."""
        damaged = [
            self.folder / f"{key}.json"
            for key in sorted({key for key in keys if key is not None})
            if (self.folder / f"{key}.json").exists() and self.read(key) is None
        ]
        if damaged:
            warnings.warn(
                f"{len(damaged)} of the kept fits cannot be read, such as "
                f"{damaged[0]}: the files are damaged or of another kind. These fits "
                "are made again.",
                SpectransferWarning,
                stacklevel=6,
            )

    def write(self, key: str | None, record: Record, params: Mapping[str, Any]) -> None:
        """Keep a fit that has a name, with its parameters in readable form."""
        if key is None or not self.folder.is_dir():
            return
        readable = {name: repr(value) for name, value in params.items()}
        content = {"format": FORMAT, "parameters": readable} | asdict(record)
        text = json.dumps(content, indent=1)
        with written_beside(self.folder / f"{key}.json") as beside:
            beside.write_text(text, encoding="utf-8")

    def model(self, key: str | None) -> Any | None:
        """Load the trained estimator of a fit, where it was kept and is whole."""
        if key is None:
            return None
        path = self.folder / f"{key}.joblib"
        if not path.exists():
            return None
        if path.read_bytes()[-_END:] == _checksum(path, key, _END):
            return joblib.load(path)
        warnings.warn(
            f"{path} is not the trained estimator that was kept there: the file is "
            "damaged, cut short or of another kind. It is trained again.",
            SpectransferWarning,
            stacklevel=6,
        )
        return None

    def keep_model(self, key: str | None, estimator: Any) -> None:
        """Keep a trained estimator whose fit has a name."""
        if key is None:
            return
        with written_beside(self.folder / f"{key}.joblib") as beside:
            joblib.dump(estimator, beside)
            mark = _checksum(beside, key)
            with beside.open("ab") as file:
                file.write(mark)


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, content: Any) -> int:
        """Forget what is written."""
        return memoryview(content).nbytes


def check_can_be_kept(estimator: Any) -> None:
    """Refuse an estimator that cannot be pickled.

    Parameters
    ----------
    estimator : estimator
        Not fitted yet.

    Raises
    ------
    TypeError
        It cannot be pickled.
    """
    try:
        pickle.Pickler(_Nowhere(), pickle.HIGHEST_PROTOCOL).dump(estimator)
    except UNPICKLED as error:
        raise TypeError(
            "A search with folder= keeps its best estimator as a pickle, but this one "
            f"cannot be pickled: {error}. Write functions with def in a module rather "
            "than as a lambda, or pass folder=None or refit=False."
        ) from error


def _checksum(path: Path, key: str, n_left_out: int = 0) -> bytes:
    """Give what stands, or is to stand, at the end of the file of a model."""
    content = path.read_bytes()
    digest = hashlib.sha256(key.encode())
    digest.update(memoryview(content)[: max(len(content) - n_left_out, 0)])
    return _MARK + digest.digest()


def _record(
    score: float, fit_time: float, score_time: float, error: str | None
) -> Record:
    numbers = (score, fit_time, score_time)
    if not all(type(number) in (int, float) for number in numbers):
        raise TypeError("a score and two times are numbers")
    if not isinstance(error, str | None):
        raise TypeError("what a training said is a text")
    return Record(score, fit_time, score_time, error)
