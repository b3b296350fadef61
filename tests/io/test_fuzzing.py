"""Whatever happens to a file, the readers raise nothing but our errors.

A plain mutator with fixed seeds: bytes are flipped, removed, doubled and exchanged for
those that mean something in texts and binary headers.
"""

import gzip
import random
import warnings

import numpy as np
import pytest

from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.io import load_pair, read_spectra

X = np.arange(24.0).reshape(4, 6) + 0.25
AXIS = 400.0 + np.arange(6)
N_MUTANTS = 60
TOKENS = [
    *(b",", b";", b"\t", b"\n", b"\r", b'"', b"#", b".", b"-", b"nan", b"1e999", b""),
    *(b"\0", b"\xff", b"1_1", b"1,234", b"nm", b"X", b"inf", b"\n\n", b"\xef\xbb\xbf"),
    *(b"wavelength", b"sample_id", b"\x1a", b"(", b"{", b"0x", b"007", b"\xff\xff\xff"),
]
TEXTS = {
    "rows": "sample_id,400 nm,401 nm,402 nm\na,1,2,3\nb,4,5,6\n007,7,8,9\n",
    "columns": "Laser;785\nWavelength (nm);a;b\n400,5;1;2\n401,5;3;4\n402,5;5;6\n",
    "long": "#X\t\t#Y\t\t#Wave\t\t#Intensity\n1\t2\t401\t5\n1\t2\t400\t6\n"
    "1\t3\t401\t7\n1\t3\t400\t8\n",
    "plain": "".join(f"{200 + i}\t{i * i % 7}\n" for i in range(9)),
    "labspec": "#Laser=\t785\n#AxisType[0]=\tIntens\n#AxisUnit[0]=\tCnt\n"
    "#AxisType[1]=\tSpectr\n#AxisUnit[1]=\t1/cm\n"
    + "".join(f"{300 - i}\t{i % 5}\n" for i in range(8)),
    "bwtek": "File Version;BWRam4\npixel_num;3\nlaser_wavelength;785,1\n"
    "Pixel;Raman Shift;Dark Subtracted #1;\n0;   ;1,5;\n1;10,5;2,5;\n2;11,5;3,5;\n",
    "wasatch": "ENLIGHTEN Version,4\nPixel Count,3\n\nPixel,Wavenumber,Processed\n"
    "0,10.5,NA\n1,11.5,2\n2,12.5,3\n",
}


def mutated(content, rng):
    """Change a few places of a file."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        size = rng.choice([0, 1, 1, 2, 8])
        what = rng.randrange(4)
        if what == 0:
            data[at : at + size] = rng.choice(TOKENS)
        elif what == 1:
            data[at : at + size] = rng.randbytes(size)
        elif what == 2:
            del data[at : at + rng.choice([1, 4, 40])]
        else:
            data[at:at] = data[max(0, at - 12) : at]
        if not data:
            break
    return bytes(data)


def originals(folder):
    """Write a small file of every kind, and give their contents."""
    found = {name: text.encode() for name, text in TEXTS.items()}
    found["packed"] = gzip.compress(TEXTS["rows"].encode(), mtime=0)
    found["utf-16"] = TEXTS["rows"].encode("utf-16")
    sides = {
        "X_secondary": X,
        "X_primary": X,
        "wavelengths_secondary": AXIS,
        "wavelengths_primary": AXIS,
    }
    known = {"X": X, "wavelengths": AXIS, "sample_id": np.array(list("abcd"))}
    np.savez(folder / "x.npz", **known)
    np.savez(folder / "pair.npz", **sides)
    from scipy.io import savemat

    savemat(folder / "x.mat", known)
    savemat(folder / "struct.mat", {"nir": known}, do_compression=True)
    for name in ("x.npz", "pair.npz", "x.mat", "struct.mat"):
        found[name] = (folder / name).read_bytes()
    return found


def check_mutants(name, content, folder, n, seed=0):
    rng = random.Random(f"{name} {seed}")
    path = folder / f"mutant-{name}"
    for i in range(n):
        path.write_bytes(mutated(content, rng))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                if name == "pair.npz":
                    load_pair(path)
                else:
                    read_spectra(path)
        except (FileFormatError, WavelengthError):
            continue
        except Exception as error:
            kept = path.with_name(f"found-{name}-{i}")
            path.rename(kept)
            raise AssertionError(f"{kept} gives {error!r}") from error


KINDS = [*TEXTS, "packed", "utf-16", "x.npz", "pair.npz", "x.mat", "struct.mat"]


@pytest.mark.parametrize("name", KINDS)
def test_mutants_give_spectra_or_our_errors(tmp_path, name):
    check_mutants(name, originals(tmp_path)[name], tmp_path, N_MUTANTS)


def test_mutants_of_hdf5_give_spectra_or_our_errors(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["X"], file["nm"] = X, AXIS
        file["sample_id"] = list("abcd")
        file.attrs["operator"] = "Eva"
    content = (tmp_path / "x.h5").read_bytes()
    check_mutants("x.h5", content, tmp_path, N_MUTANTS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", KINDS)
def test_many_mutants_give_spectra_or_our_errors(tmp_path, seed, name):
    check_mutants(name, originals(tmp_path)[name], tmp_path, 200, seed + 1)
