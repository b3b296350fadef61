"""Build wheel and sdist, check them, and test the wheel where no checkout is.

    python .ci/dist.py .venv-dist

The environment is made anew; the tests are copied beside it, without the package.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
ROOMS = ("metrics", "model_selection", "preprocessing", "spectra", "io", "transfer")
TOOLS = ("build", "mypy", "pytest", "pytest-xdist", "towncrier", "twine")
USER = """
from spectransfer import FewStandardsTransfer, make_transfer_pipeline

pipeline = make_transfer_pipeline(FewStandardsTransfer())
reveal_type(pipeline)
FewStandardsTransfer(no_such_parameter=1)
"""


def run(*command: str | Path, cwd: Path = ROOT, **options: object) -> None:
    """Run a program, and stop where it fails."""
    print("+", " ".join(map(str, command)), flush=True)
    subprocess.run(command, cwd=cwd, check=True, **options)


def main() -> None:
    """Build, check, install, test."""
    place = Path(sys.argv[1]).resolve()
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "venv", "--clear", place)
    binaries = place / ("Scripts" if os.name == "nt" else "bin")
    python = binaries / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    pinned = ("-c", ROOT / "constraints.txt")
    run(*pip, *pinned, *TOOLS)
    run(python, "-m", "build", "--outdir", DIST, ".")
    run(python, "-m", "twine", "check", "--strict", *sorted(DIST.iterdir()))
    run(python, "-m", "towncrier", "build", "--draft", "--version", "0")
    (wheel,) = DIST.glob("*.whl")
    run(*pip, *pinned, f"spectransfer[files] @ {wheel.as_uri()}")
    outside = place / "outside"
    outside.mkdir()
    for name in ("conftest.py", "golden", *ROOMS):
        source = ROOT / "tests" / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, outside / name)
    shutil.copy(ROOT / "pyproject.toml", outside)
    where = "import spectransfer; print(spectransfer.__file__)"
    found = subprocess.check_output([python, "-c", where], cwd=outside, text=True)
    if place not in Path(found.strip()).parents:
        sys.exit(f"The tests would see {found.strip()}, not the wheel.")
    run(
        python,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--rootdir",
        outside,
        *ROOMS,
        cwd=outside,
    )
    (outside / "user.py").write_text(USER)
    said = subprocess.run(
        [python, "-m", "mypy", "user.py"], cwd=outside, text=True, capture_output=True
    ).stdout
    if "TransferPipeline" not in said or "no_such_parameter" not in said:
        sys.exit(f"A type checker does not see the types of the wheel:\n{said}")


if __name__ == "__main__":
    main()
