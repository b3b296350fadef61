"""What laboratories share: libraries and fitted transfers, in files that run no code.

A primary laboratory publishes a library: the decoder and the latents of its standards,
with all that belongs to them. Secondary laboratories open it, look spectra up, and join
it with transfers of their own instruments.
"""

from spectransfer.library._datasheet import plain as plain
from spectransfer.library._library import Library
from spectransfer.library._lookup import Matches
from spectransfer.library._open import open_library
from spectransfer.library._publish import publish_library
from spectransfer.library._transfers import load_transfer, save_transfer
from spectransfer.library._verify import Verification

__all__ = [
    "Library",
    "Matches",
    "Verification",
    "load_transfer",
    "open_library",
    "publish_library",
    "save_transfer",
]
