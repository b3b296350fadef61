"""Print the lowest versions that pyproject.toml declares, as constraints for pip.

What it does not declare keeps its version from constraints.txt.

    python .ci/floors.py > floors.txt
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOOR = re.compile(r"([\w.-]+)(?:\[.*\])?>=([\w.]+)")


def normal(name: str) -> str:
    """Spell a name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Print one constraint a line."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = sum(project["optional-dependencies"].values(), project["dependencies"])
    pinned = (ROOT / "constraints.txt").read_text().splitlines()
    versions = dict(line.split("==") for line in pinned if "==" in line)
    lowest = {normal(name): version for name, version in versions.items()}
    for requirement in declared:
        if found := FLOOR.fullmatch(requirement):
            lowest[normal(found[1])] = found[2]
    for name, version in sorted(lowest.items()):
        print(f"{name}=={version}")


if __name__ == "__main__":
    main()
