"""Show lazy public names to type checkers, from the mapping that loads them.

A package that calls `lazy_names` says in `_MODULE_OF` (and `_FOR_ROOMS`) where its
names live; a type checker cannot follow that. This writes the same names as imports
that only type checkers see. They see no `__getattr__`, so that a misspelt name is an
error.

    python .ci/lazy_types.py           write the imports
    python .ci/lazy_types.py --check   fail if what is written is not what it should be
"""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TYPES = r"if TYPE_CHECKING:.*?^else:\n    "
LOADING = re.compile(
    rf"^(?:{TYPES})?(__getattr__, __dir__ = lazy_names\(.*?\)\n)",
    re.DOTALL | re.MULTILINE,
)
LAZY = "from spectransfer._imports import lazy_names\n"


def with_types(text: str, module_of: dict[str, str]) -> str:
    """Put imports of all lazy names before the line that makes them lazy."""
    loading = LOADING.search(text)
    assert loading, "__getattr__, __dir__ = lazy_names(...) is to stand on one line"
    before, after = text[: loading.start()], text[loading.end() :]
    if "import TYPE_CHECKING" not in before:
        before = before.replace(LAZY, f"from typing import TYPE_CHECKING\n\n{LAZY}")
    imports = "".join(f"    from {m} import {n} as {n}\n" for n, m in module_of.items())
    types = f"if TYPE_CHECKING:  # written by .ci/lazy_types.py\n{imports}"
    return tidy(f"{before}{types}else:\n    {loading[1]}{after}")


def tidy(text: str) -> str:
    """Sort and format as the rest of the project is."""
    for command in ("check --quiet --select I --fix", "format --quiet"):
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *command.split(), "--stdin-filename",
             "spectransfer/__init__.py", "-"],
            cwd=ROOT, input=text, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    return text


def main() -> None:
    """Write the blocks, or say which are stale."""
    sys.path.insert(0, str(ROOT))
    stale = []
    for path in sorted(ROOT.glob("spectransfer/**/__init__.py")):
        text = path.read_text()
        if "lazy_names(" not in text:
            continue
        names = vars(import_module(".".join(path.relative_to(ROOT).parts[:-1])))
        modules = names["_MODULE_OF"] | names.get("_FOR_ROOMS", {})
        written = with_types(text, modules)
        if written != text:
            stale.append(str(path.relative_to(ROOT)))
            if "--check" not in sys.argv:
                path.write_text(written)
    if stale and "--check" in sys.argv:
        sys.exit(f"{', '.join(stale)}: run python .ci/lazy_types.py")


if __name__ == "__main__":
    main()
