"""
How fast is the package, in one table?
======================================

Runs the benchmarks that have targets, each in a process of its own, and prints one
Markdown table: what, against what, ratio, target, met or not.

    python benchmarks/run_all.py [--out benchmarks.md] [--only knn import]
    make benchmarks

Ratios are taken within one run on one machine; let it do nothing else meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from _report import Row, machine, markdown

FOLDER = Path(__file__).parent
RUN = "import json, bench_{0} as b; print('\\n' + json.dumps(b.rows()))"


def names() -> list[str]:
    """Give the benchmarks that have rows, by what follows `bench_` in their names.

    Others print tables of their own, or plot against sizes.
    """
    return sorted(
        path.stem.removeprefix("bench_")
        for path in FOLDER.glob("bench_*.py")
        if "\ndef rows(" in path.read_text(encoding="utf-8")
    )


def measured(name: str) -> list[Row]:
    """Run one benchmark with its defaults; its own words go to the error stream."""
    environment = {"OMP_NUM_THREADS": "1"} | os.environ
    said = subprocess.run(
        [sys.executable, "-c", RUN.format(name)],
        cwd=FOLDER,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = said.stdout.splitlines()
    if said.returncode != 0 or not lines:
        print(f"bench_{name} failed ({said.returncode})", file=sys.stderr)
        return [(f"bench_{name}", "failed", float("nan"), "")]
    print("\n".join(lines[:-1]), file=sys.stderr, flush=True)
    return [
        (what, against, ratio, target)
        for what, against, ratio, target in json.loads(lines[-1])
    ]


def main() -> None:
    """Print the table, and write it where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", nargs="+", choices=names(), default=names())
    options = parser.parse_args()
    rows = [row for name in options.only for row in measured(name)]
    text = f"Measured on: {machine()}.\n\n{markdown(rows)}\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
