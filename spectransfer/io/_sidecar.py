"""The description that lies beside maps in the published layout.

The published set has none: its shapes are those of the paper. Other maps say in
``libs_transfer.json`` how their shots are laid out.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spectransfer._files import written_beside
from spectransfer.exceptions import FileFormatError

SIDECAR = "libs_transfer.json"
_FORMAT = "spectransfer libs-transfer folder"
_VERSION = 1


def describe(parts: Mapping[str, Mapping[str, Any]], meta: Mapping[str, Any]) -> str:
    """Put shapes, rasters and steps of all maps into words, or rather into JSON."""
    content = {
        "format": _FORMAT,
        "format_version": _VERSION,
        "parts": dict(parts),
        "meta": dict(meta),
    }
    return json.dumps(content, indent=2)


def write_sidecar(folder: Path, description: str) -> None:
    """Write the description of a folder, whole or not at all."""
    with written_beside(folder / SIDECAR) as beside:
        beside.write_text(description, encoding="utf-8")


def read_sidecar(folder: Path) -> dict[str, Any]:
    """Read the description of a folder; an empty one where there is none."""
    path = folder / SIDECAR
    if not path.exists():
        return {"parts": {}, "meta": {}}
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        kind, version = written["format"], written["format_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"{path} must describe the maps of its folder in JSON, but reading it "
            f"fails: {error!r}. Write the folder again, or remove the file and pass "
            "shapes=... to load_libs_transfer."
        ) from error
    if kind != _FORMAT or version != _VERSION:
        raise FileFormatError(
            f"{path} must be a {_FORMAT!r} of version {_VERSION}, but it is a {kind!r} "
            f"of version {version}. Read it with the release of spectransfer that "
            "wrote it, or a newer one."
        )
    return written
