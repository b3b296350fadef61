"""How a page was made: what was chosen, versions, machine, times."""

import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from spectransfer._version import __version__

_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "skorch",
    "joblib",
    "matplotlib",
    "pandas",
)


def environment() -> dict[str, str]:
    """Give versions and machine, as far as results and times may depend on them."""
    told = {
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "spectransfer": __version__,
        "Python": platform.python_version(),
    }
    for package in _PACKAGES:
        try:
            told[package] = version(package)
        except PackageNotFoundError:
            continue
    told["system"] = f"{platform.system()} {platform.machine()}"
    told["CPU cores"] = str(os.cpu_count())
    torch = sys.modules.get("torch")
    if torch is not None:
        told["torch threads"] = str(torch.get_num_threads())
        cuda = torch.cuda.is_available()
        told["GPU"] = torch.cuda.get_device_name() if cuda else "none"
    return told


def seconds(duration: float) -> str:
    """Write a duration as people say it."""
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def provenance_tables(
    configuration: Mapping[str, Any], timings: Mapping[str, float]
) -> dict[str, tuple[str, list[list[str]]]]:
    """Give captions and rows of what tells how a page was made.

    Parameters
    ----------
    configuration : mapping of str to object
        What was chosen.
    timings : mapping of str to float
        Seconds by step.

    Returns
    -------
    dict of str to (str, list of list of str)
        By the names of the files; tables without rows are left out.
    """
    spent = {step: seconds(t) for step, t in timings.items()}
    told = {
        "configuration": ("Configuration", configuration),
        "environment": ("Versions and machine", environment()),
        "timings": ("Wall-clock times", spent),
    }
    return {
        name: (caption, [[key, str(value)] for key, value in table.items()])
        for name, (caption, table) in told.items()
        if table
    }
