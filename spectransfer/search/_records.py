"""Finished fits on the disk: a small file for each, and a search can be taken up.

A file is written beside its place and then renamed: a search that is killed leaves
whole files or none. What is remembered are fits, not searches, by the fingerprint of
all they depend on. So a search of a wider space, too, finds the fits of a smaller one,
and different searches can share a folder.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import joblib

from spectransfer._files import written_beside

FORMAT = 1


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

    def read(self, key: str) -> Record | None:
        """Look up a fit; a file that cannot be read counts as none."""
        try:
            text = (self.folder / f"{key}.json").read_text(encoding="utf-8")
            content = json.loads(text)
            if content.pop("format") != FORMAT:
                return None
            content.pop("parameters")
            return Record(**content)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, key: str, record: Record, params: Mapping[str, Any]) -> None:
        """Keep a fit, with its parameters in readable form."""
        if not self.folder.is_dir():
            return
        readable = {name: repr(value) for name, value in params.items()}
        content = {"format": FORMAT, "parameters": readable} | asdict(record)
        text = json.dumps(content, indent=1)
        with written_beside(self.folder / f"{key}.json") as beside:
            beside.write_text(text, encoding="utf-8")

    def model(self, key: str) -> Any | None:
        """Load the trained estimator of a fit, where it was kept."""
        path = self.folder / f"{key}.joblib"
        return joblib.load(path) if path.exists() else None

    def keep_model(self, key: str, estimator: Any) -> None:
        """Keep a trained estimator."""
        with written_beside(self.folder / f"{key}.joblib") as beside:
            joblib.dump(estimator, beside)
