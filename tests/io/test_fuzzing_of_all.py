"""Whatever hypothesis does to a file of any kind that is read: only our errors."""

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest

from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io import read_spectra

pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
X, AXIS = np.arange(24.0).reshape(4, 6) + 0.25, 400.0 + np.arange(6)


def sibling(name):
    spec = importlib.util.spec_from_file_location(Path(name).stem, HERE / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PLAIN = sibling("test_fuzzing.py")
OTHERS = sibling("formats/test_interchange.py")
DETECTORS = sibling("formats/test_detector_files.py")


def excel(folder):
    pytest.importorskip("openpyxl")
    frame = pytest.importorskip("pandas").DataFrame(
        X, columns=[f"{a} nm" for a in AXIS]
    )
    frame.to_excel(folder / "a.xlsx", index_label="sample_id")
    return {"a.xlsx": (folder / "a.xlsx").read_bytes()}


def hdf5(folder, nexus=False):
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "a.h5", "w") as file:
        group = file.create_group("entry/data") if nexus else file
        group["X"], group["nm"] = X, AXIS
        group["nm"].attrs["units"] = "nm"
        file.attrs["operator"] = np.bytes_("Müller".encode("latin-1"))
        if nexus:
            file["entry"].attrs["NX_class"] = "NXentry"
            group.attrs.update(NX_class="NXdata", signal="X", axes=[".", "nm"])
    return {"a.h5": (folder / "a.h5").read_bytes()}


def matlab73(folder):
    content = hdf5(folder)["a.h5"]
    return {"a.mat": b"MATLAB 7.3 MAT-file".ljust(512, b" ") + content}


def envi(folder):
    OTHERS.envi_image(folder)
    return {name: (folder / name).read_bytes() for name in ("cube.hdr", "cube.img")}


def envi_library(folder):
    module = pytest.importorskip("spectral.io.envi")
    told = {"wavelength": list(AXIS), "wavelength units": "um"}
    library = module.SpectralLibrary(X, told | {"spectra names": list("abcd")})
    library.save(str(folder / "library"))
    names = ("library.hdr", "library.sli")
    return {name: (folder / name).read_bytes() for name in names}


def of(library, name, content):
    def make(folder):
        pytest.importorskip(library)
        return {name: content}

    return make


def plain(name):
    def make(folder):
        return {f"a-{name}": PLAIN.originals(folder)[name]}

    return make


KINDS = {name: plain(name) for name in PLAIN.KINDS if name != "pair.npz"} | {
    "excel": excel,
    "hdf5": hdf5,
    "nexus": lambda folder: hdf5(folder, nexus=True),
    "matlab 7.3": matlab73,
    "envi": envi,
    "envi library": envi_library,
    "jcamp": of("jcamp", "a.jdx", OTHERS.jcamp_text().encode()),
    "jcamp pairs": of("jcamp", "a.jdx", OTHERS.jcamp_text(form="(XY..XY)").encode()),
    "spc": of("spc_io", "a.spc", OTHERS.spc_bytes()),
    "opus": of("brukeropus", "a.0", DETECTORS.opus_bytes()),
    "sif": of("sif_parser", "a.sif", DETECTORS.sif_bytes()),
}

CHANGES = st.lists(
    st.tuples(
        st.integers(0, 1),  # which of the files
        st.floats(0, 1),  # where
        st.sampled_from([0, 1, 2, 8, 40]),  # what goes
        st.one_of(st.sampled_from(PLAIN.TOKENS), st.binary(max_size=8)),  # what comes
    ),
    min_size=1,
    max_size=5,
)


def mutated(files, changes):
    """Change one file of a kind, or both."""
    contents = [bytearray(content) for content in files.values()]
    for which, where, size, token in changes:
        data = contents[which % len(contents)]
        at = int(where * len(data))
        data[at : at + size] = token
    return dict(zip(files, map(bytes, contents), strict=True))


def check(files, changes, folder):
    for name, content in mutated(files, changes).items():
        (folder / name).write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = read_spectra(folder / next(iter(files)))
    except (FileFormatError, WavelengthError):
        return
    assert read.X.shape == (len(read), len(read.wavelengths))
    assert read.X.dtype.kind in "fiu"


def fuzzed(n):
    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=n, deadline=None, suppress_health_check=quiet)


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_are_changed_anywhere_give_spectra_or_our_errors(tmp_path, kind):
    files = KINDS[kind](tmp_path)

    @fuzzed(12)
    @example([])
    @given(CHANGES)
    def run(changes):
        check(files, changes, tmp_path)

    run()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_changes_give_spectra_or_our_errors(tmp_path, kind):
    files = KINDS[kind](tmp_path)

    @fuzzed(300)
    @given(CHANGES)
    def run(changes):
        check(files, changes, tmp_path)

    run()


CELLS = st.one_of(
    st.sampled_from([*"abc", "400", "401.5", "402,5", "1,234", "1e3", "007", "nm", ""]),
    st.sampled_from(["wavelength", "Wavelength (nm)", "counts", "sample_id", "-50"]),
    st.floats(allow_nan=True).map(str),
    st.text(max_size=4),
)


@fuzzed(50)
@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=8),
    st.sampled_from(["\t", ";", ",", "|", " "]),
    st.sampled_from(["utf-8", "utf-16", "latin-1"]),
)
def test_tables_of_any_cells_give_spectra_or_our_errors(tmp_path, rows, mark, encoding):
    text = "\n".join(mark.join(row) for row in rows)
    (tmp_path / "a.csv").write_bytes(text.encode(encoding, errors="replace"))
    try:
        read_spectra(tmp_path / "a.csv")
    except (FileFormatError, WavelengthError):
        return
