"""Spots that both instruments have measured, and new ones."""

from spectransfer.datasets import make_instrument_pair

pair = make_instrument_pair(n_spectra=60, random_state=0)
X_secondary, X_primary = pair.X_secondary[:40], pair.X_primary[:40]
X_secondary_new = pair.X_secondary[40:]
