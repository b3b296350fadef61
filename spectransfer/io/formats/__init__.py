"""Formats of spectra, a family in each module, recognized by their first bytes.

============= ==================================================================
module        reads
============= ==================================================================
_text         bytes to lines: encodings, gzip
_delimited    lines to a table: what divides columns, header, preamble
_surroundings what stands above a table, and may belong to it
_layouts      what columns are: spectra in rows, in columns, in long form
_instruments  texts that programs of instruments export, by name
_excel        sheets of Excel to lines, which are understood alike
_interchange  JCAMP-DX, SPC and ENVI, through libraries of their own
_detector_files OPUS of Bruker and SIF of Andor, through theirs
_matlab       tags of MATLAB files, checked before scipy reads them
_stores       named arrays: npz, HDF5 and NeXus, MATLAB
_packing      numbers that HDF5 packs, and what are none
_arrays       which of them are spectra and their axis
_recognition  which of these a file is
============= ==================================================================
"""

from spectransfer.io.formats._arrays import meta_of as meta_of
from spectransfer.io.formats._parsed import Parsed as Parsed
from spectransfer.io.formats._parsed import counted as counted
from spectransfer.io.formats._recognition import read_file as read_file
from spectransfer.io.formats._stores import Store as Store
from spectransfer.io.formats._stores import decoded as decoded
from spectransfer.io.formats._stores import is_store as is_store
from spectransfer.io.formats._stores import open_store as open_store
from spectransfer.io.formats._stores import text_of_bytes as text_of_bytes
from spectransfer.io.formats._words import column_of as column_of

__all__: list[str] = []
