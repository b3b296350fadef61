"""Spectra in files: pairs, text tables, and maps in the published layout."""

from spectransfer.io._pair_files import load_pair, save_pair
from spectransfer.io._read import read_spectra
from spectransfer.io._read_published import PARTS as PARTS
from spectransfer.io._read_published import load_libs_transfer
from spectransfer.io._read_published import table_path as table_path
from spectransfer.io._save import save_spectra
from spectransfer.io._write_published import create_libs_transfer, save_libs_transfer

__all__ = [
    "create_libs_transfer",
    "load_libs_transfer",
    "load_pair",
    "read_spectra",
    "save_libs_transfer",
    "save_pair",
    "save_spectra",
]
