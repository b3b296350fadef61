"""Files of both instruments, and a map that is to be transferred."""

import numpy as np

from spectransfer import BaselineCorrector
from spectransfer.datasets import make_instrument_pair

pair = make_instrument_pair(n_spectra=60, random_state=0)
np.save("secondary.npy", pair.X_secondary)
np.save("primary.npy", pair.X_primary)
np.save("unseen.npy", pair.X_secondary)
X_unseen = np.load("unseen.npy", mmap_mode="r")
corrector = BaselineCorrector().fit(pair.X_secondary)
