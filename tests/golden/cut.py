"""Cut the arrays of this folder out of the whole reference (see README.md).

SPECTRANSFER_SHARED=... python tests/golden/cut.py
"""

import os
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
# every window on spectra shorter and longer than it; of the larger ones two
SPECTRA = ["lor_1", "lor_3", "lor_10", "lor_50", "lor_100", "lor_101", "lor_199"]
SPECTRA += ["zeros_500", "spike_first_1000", "const_neg_300"]
LARGER = ["lor_1000", "tiny_500"]
PUBLISHED_WINDOWS = ["100_50", "200_100"]
# of the metrics all but the largest case (50 spectra of 64 channels)
LEFT_OUT = "metric__b__"
UNUSED = ("_mse", "_se", "_short10", "_long14")


def is_kept(file: str, name: str) -> bool:
    """Tell whether an array of the reference is kept."""
    if file == "baseline.npz":
        _, spectrum, *windows = name.split("__")
        small = not windows or windows[0] in PUBLISHED_WINDOWS
        return spectrum in SPECTRA or (spectrum in LARGER and small)
    return not name.startswith(LEFT_OUT) and not name.endswith(UNUSED)


def main() -> None:
    """Write the files."""
    reference = Path(os.environ["SPECTRANSFER_SHARED"], "oracle")
    for file in ("baseline.npz", "metrics.npz", "vae_step.npz"):
        with np.load(reference / file, allow_pickle=False) as arrays:
            kept = {name: arrays[name] for name in arrays if is_kept(file, name)}
        np.savez_compressed(HERE / file, **kept)


if __name__ == "__main__":
    main()
