"""Build wheel and sdist, check them, and test the wheel where no checkout is.

    python .ci/dist.py                    in a folder that is made and removed
    python .ci/dist.py --keep FOLDER      in one that stays, outside the checkout

The environment is made anew; the tests are copied beside it, without the package.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
# rooms whose tests are quick; the whole suite runs in the checkout
ROOMS = ("metrics", "spectra", "library")
TOOLS = ("build", "hypothesis", "mypy", "pytest", "pytest-xdist", "towncrier", "twine")
USER = """
from spectransfer import FewStandardsTransfer, make_transfer_pipeline

pipeline = make_transfer_pipeline(FewStandardsTransfer())
reveal_type(pipeline)
FewStandardsTransfer(no_such_parameter=1)
"""


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a program, and stop where it fails."""
    print("+", " ".join(map(str, command)), flush=True)
    done = subprocess.run(command, cwd=cwd, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}.")


def ask(*command: str | Path, cwd: Path) -> str:
    """Give what a program prints, whatever it thinks of it."""
    done = subprocess.run(command, cwd=cwd, check=False, text=True, capture_output=True)
    return done.stdout + done.stderr


def version() -> str:
    """Read the version where it stands, without importing anything."""
    source = (ROOT / "spectransfer" / "_version.py").read_text(encoding="utf-8")
    return re.search(r'__version__ = "(.+)"', source)[1]


def sources() -> set[str]:
    """Give the files that a source archive has to have: all that git knows."""
    if not (ROOT / ".git").exists():  # unpacked from a source archive itself
        return {"Makefile", "constraints.txt", "docs/conf.py", "tests/conftest.py"}
    listed = ask("git", "ls-files", "-z", cwd=ROOT)
    return {name for name in listed.split("\0") if name and (ROOT / name).exists()}


def check_archives() -> Path:
    """Look into what was built; give the wheel."""
    (wheel,) = DIST.glob(f"spectransfer-{version()}-*.whl")
    (sdist,) = DIST.glob(f"spectransfer-{version()}.tar.gz")
    inside = zipfile.ZipFile(wheel).namelist()
    with tarfile.open(sdist) as archive:
        packed = [name.partition("/")[2] for name in archive.getnames()]
    for name in ("spectransfer/py.typed", "spectransfer/__init__.py"):
        if name not in inside or name not in packed:
            sys.exit(f"{name} is not in {wheel.name} and {sdist.name}.")
    if lost := sorted(sources() - set(packed)):
        sys.exit(f"{sdist.name} lacks {', '.join(lost)}: see MANIFEST.in.")
    strays = {name.split("/")[0] for name in inside if "dist-info" not in name}
    if strays != {"spectransfer"}:
        sys.exit(f"{wheel.name} would install {sorted(strays)}.")
    return wheel


def check_changelog(binaries: Path) -> None:
    """Assemble the changelog, write nothing, and look for every fragment in it."""
    towncrier = binaries / "towncrier"
    draft = ask(towncrier, "build", "--draft", "--version", version(), cwd=ROOT)
    whole = " ".join(draft.split())
    if f"## {version()} (" not in whole:
        sys.exit(f"towncrier gives no title of {version()}:\n{draft}")
    fragments = sorted((ROOT / "changes").glob("+*.md"))
    for fragment in fragments:
        if " ".join(fragment.read_text(encoding="utf-8").split()) not in whole:
            sys.exit(f"The changelog lacks {fragment.name}.")
    print(f"the changelog of {version()} has all {len(fragments)} fragments")


def check_types(python: Path, outside: Path) -> None:
    """Ask a type checker what it sees of the wheel in a user's file."""
    (outside / "user.py").write_text(USER, encoding="utf-8")
    said = ask(python, "-m", "mypy", "user.py", cwd=outside)
    if "TransferPipeline" not in said or "no_such_parameter" not in said:
        sys.exit(f"A type checker does not see the types of the wheel:\n{said}")
    print("A type checker sees the types of the wheel:", said, sep="\n", end="")


def install(place: Path) -> tuple[Path, Path]:
    """Build, check what was built, and install the wheel; give its environment."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "venv", "--clear", place / "env")
    binaries = place / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = binaries / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    pinned = ("-c", ROOT / "constraints.txt")
    run(*pip, *pinned, *TOOLS)
    run(python, "-m", "build", "--outdir", DIST, ".")
    run(python, "-m", "twine", "check", "--strict", *sorted(DIST.iterdir()))
    wheel = check_archives()
    check_changelog(binaries)
    run(*pip, *pinned, f"spectransfer[files] @ {wheel.as_uri()}")
    return binaries, python


def test(place: Path, binaries: Path, python: Path) -> None:
    """Run tests where the wheel is all there is of the package."""
    outside = place / "outside"
    (outside / "tests").mkdir(parents=True)
    for name in ("conftest.py", "golden", *ROOMS):
        source = ROOT / "tests" / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, outside / "tests" / name)
    shutil.copy(ROOT / "pyproject.toml", outside)
    where = "import spectransfer as s; print(s.__version__, s.__file__)"
    found, file = ask(python, "-c", where, cwd=outside).split(maxsplit=1)
    if place not in Path(file.strip()).parents or found != version():
        sys.exit(f"The tests would see {found} in {file}, not the wheel.")
    # the program, not -m: that would take folders of tests for modules
    run(binaries / "pytest", "-q", "-n", "2", "tests", cwd=outside)
    check_types(python, outside)


def main() -> None:
    """Find a place outside the checkout, and do it there."""
    parser = argparse.ArgumentParser(description="Build the package, test the wheel.")
    parser.add_argument("--keep", type=Path, help="a folder that stays")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory(prefix="spectransfer-dist-") as made:
        place = Path(keep or made).resolve()
        test(place, *install(place))
    print(f"{DIST} is ready")


if __name__ == "__main__":
    main()
