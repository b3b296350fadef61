"""What it costs to import the package, and what type checkers see of it."""

import inspect
import os
import re
import subprocess
import sys
import tomllib
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


def rooms_without_torch() -> list[str]:
    """The rooms of the import contract of that name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    (rooms,) = [c["source_modules"] for c in contracts if "without torch" in c["name"]]
    return rooms


def test_torch_is_not_imported_before_a_network_is_asked_for():
    code = f"""
import sys
from importlib import import_module
from spectransfer import BaselineCorrector, StandardScaler, rse_scorer
for room in map(import_module, {rooms_without_torch()}):
    for name in room.__all__:
        getattr(room, name)
sys.exit(str(sorted({{"torch", "skorch", "dask"}} & set(sys.modules))))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stderr.strip() == "[]"


def reaches_into_a_room(importer: str, imported: str) -> bool:
    """Tell whether a private module of one room is imported from another."""
    room, inside = imported.split(".")[:2], imported.split(".")[2:]
    private = any(part.startswith("_") for part in inside)
    return private and importer.split(".")[:2] != room


def test_a_room_keeps_its_private_modules_and_the_ground_is_everybodys():
    deep = "spectransfer.io.readers._text"
    assert reaches_into_a_room("spectransfer.report", "spectransfer.pipeline._make")
    assert reaches_into_a_room("spectransfer", "spectransfer.pipeline._make")
    assert reaches_into_a_room("spectransfer.spectra._pair", deep)
    assert not reaches_into_a_room("spectransfer.io._files", deep)
    assert not reaches_into_a_room("spectransfer.io", "spectransfer.io._files")
    assert not reaches_into_a_room("spectransfer.io", "spectransfer._files")
    assert not reaches_into_a_room("spectransfer.search", "spectransfer.transfer")


def test_no_room_imports_a_private_module_of_another():
    grimp = pytest.importorskip("grimp")
    graph = grimp.build_graph("spectransfer", cache_dir=None)
    imports = [
        (importer, imported)
        for importer in sorted(graph.modules)
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
    ]
    assert len(imports) > 100
    assert [pair for pair in imports if reaches_into_a_room(*pair)] == []


def public_functions_and_classes() -> dict[str, object]:
    """All that users call, by its name with the package in front.

    Without `nn`, whose functions speak torch: its types are left out here.
    """
    found = {}
    for path in sorted(ROOT.glob("spectransfer/**/__init__.py")):
        package = ".".join(path.parent.relative_to(ROOT).parts)
        if package == "spectransfer.nn":
            continue
        module = import_module(package)
        for name in getattr(module, "__all__", []):
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                found[f"{package}.{name}"] = value
    return found


def test_help_shows_names_of_types_and_not_what_numpy_means_by_them():
    for name, value in public_functions_and_classes().items():
        called = [value, getattr(value, "fit", None), getattr(value, "predict", None)]
        for shown in (str(inspect.signature(c)) for c in called if callable(c)):
            assert "numpy._typing" not in shown, name


def refuses_unknown_parameters(value: object) -> bool:
    """Tell whether an unknown parameter is an error already in the signature.

    Of a constructor that is scikit-learn's own, which has no types, nobody can tell.
    """
    constructor = getattr(value, "__init__", value)
    if "sklearn" in (getattr(constructor, "__module__", None) or ""):
        return False
    parameters = inspect.signature(value).parameters.values()
    return bool(parameters) and all(p.kind != p.VAR_KEYWORD for p in parameters)


def mypys_words(folder: Path, imports: list[str], lines: list[str]) -> dict[str, str]:
    """What mypy says of each line, run as a user of the package runs it."""
    # the types of torch take as long to read as all others together
    (folder / "mypy.ini").write_text("[mypy]\n[mypy-torch.*]\nfollow_imports = skip\n")
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


# one test, since mypy takes a quarter of a minute to read numpy and us
@pytest.mark.slow  # a type checker reads numpy and torch first
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
