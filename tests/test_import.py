"""What it costs to import the package, and what type checkers see of it."""

import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CALLS = [
    "spectransfer.SpectralVAE((32,), n_latent=3)",
    "spectransfer.networks.SpectralMLP(hidden_layer_sizes=(32,))",
    "spectransfer.transfer.KNNTransfer(n_neighbors=2)",
    "spectransfer.make_transfer_pipeline(spectransfer.MeanTransfer())",
    "spectransfer.BaselineCorrector(100, smooth_window=50).fit([[1.0, 2.0]])",
    "spectransfer.metrics.relative_squared_error([[1.0]], [[1.0]])",
]
MISSPELT = "from spectransfer import SpectralVEA"


def test_torch_is_not_imported_before_a_network_is_asked_for():
    code = """
import sys, spectransfer.preprocessing, spectransfer.metrics, spectransfer.datasets
from spectransfer import BaselineCorrector, StandardScaler, rse_scorer
sys.exit(str(sorted({"torch", "skorch", "dask"} & set(sys.modules))))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stderr.strip() == "[]"


def public_functions_and_classes() -> dict[str, object]:
    """All that users call, by its name with the package in front."""
    found = {}
    for path in sorted(ROOT.glob("spectransfer/**/__init__.py")):
        package = ".".join(path.parent.relative_to(ROOT).parts)
        module = import_module(package)
        for name in getattr(module, "__all__", []):
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                found[f"{package}.{name}"] = value
    return found


def refuses_unknown_parameters(value: object) -> bool:
    """Tell whether an unknown parameter is an error already in the signature."""
    parameters = inspect.signature(value).parameters.values()
    return bool(parameters) and all(p.kind != p.VAR_KEYWORD for p in parameters)


def mypys_words(folder: Path, imports: list[str], lines: list[str]) -> dict[str, str]:
    """What mypy says of each line, run as a user of the package runs it."""
    (folder / "program.py").write_text("\n".join([*imports, *lines]))
    said = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(folder), "program.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    words = dict.fromkeys(lines, "")
    for number, about in re.findall(r"^program\.py:(\d+): (.*)", said.stdout, re.M):
        words[lines[int(number) - 1 - len(imports)]] += about
    return words


# one test, since mypy takes half a minute to read torch
def test_a_type_checker_flags_what_is_wrong_and_nothing_else(tmp_path):
    pytest.importorskip("mypy")
    public = public_functions_and_classes()
    imports = sorted({f"import {name.rpartition('.')[0]}" for name in public})
    revealing = {name: f"reveal_type({name})" for name in public}
    wrong = {
        name: f"{name}(no_such_parameter=1)"
        for name, value in public.items()
        if refuses_unknown_parameters(value)
    }
    lines = [*revealing.values(), *wrong.values(), *CALLS, MISSPELT]
    words = mypys_words(tmp_path, imports, lines)
    known = re.compile(r"Revealed type is .*(def|Overload) ?\(")
    refused = re.compile(r"error: (Unexpected keyword|Missing|Too few)")
    assert [n for n, line in revealing.items() if not known.search(words[line])] == []
    assert [n for n, line in wrong.items() if not refused.search(words[line])] == []
    assert [words[call] for call in CALLS if words[call]] == []
    assert 'has no attribute "SpectralVEA"' in words[MISSPELT]
