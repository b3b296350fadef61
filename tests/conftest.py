"""Fixtures that several test files share."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

try:
    import hypothesis
except ImportError:  # its tests say so
    pass
else:
    EVERYWHERE = {"deadline": None, "derandomize": True}
    # a failure is told at once: these examples are as small as they get
    at_once = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile(
        "few", max_examples=2, phases=at_once, **EVERYWHERE
    )
    hypothesis.settings.register_profile(
        "many", max_examples=25, phases=at_once, **EVERYWHERE
    )
    hypothesis.settings.load_profile("few")

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("SPECTRANSFER_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared_file() -> Callable[[str], Path]:
    """Find a file of real spectra, or skip the test."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(
                f"{name} is not here: real spectra are not part of the project; "
                "SPECTRANSFER_SHARED names the folder that holds them"
            )
        return path

    return find


@pytest.fixture(scope="session")
def shared_npz(
    shared_file: Callable[[str], Path],
) -> Callable[[str], dict[str, np.ndarray]]:
    """Read a file of real spectra, or skip the test."""

    def load(name: str) -> dict[str, np.ndarray]:
        with np.load(shared_file(name), allow_pickle=False) as archive:
            return dict(archive)

    return load


WHOLE_REFERENCE = SHARED / "oracle"
REFERENCES = [ROOT / "tests" / "golden"]
if WHOLE_REFERENCE.exists():
    REFERENCES.append(WHOLE_REFERENCE)


@pytest.fixture(scope="session", params=REFERENCES, ids=lambda folder: folder.name)
def reference(
    request: pytest.FixtureRequest,
) -> Callable[[str], dict[str, np.ndarray]]:
    """Open outputs of the authors' code: those kept here, and all where they are."""

    def load(name: str) -> dict[str, np.ndarray]:
        with np.load(request.param / name, allow_pickle=False) as archive:
            return dict(archive)

    return load


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same for every test."""
    return np.random.default_rng(0)


# what cut the golden arrays needs libraries that no test does; what pages begin with is
# run by tests/test_snippets.py
collect_ignore_glob = ["golden/*.py", "snippets/*.py"]
