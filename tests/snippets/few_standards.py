"""Spectra of one's own, a primary library, and the standards' primary spectra."""

from spectransfer.datasets import make_instrument_pair
from spectransfer.model_selection import select_standards

pair = make_instrument_pair(n_spectra=120, random_state=0)
ws, wp = pair.wavelengths_secondary, pair.wavelengths_primary
X_own, library = pair.X_secondary[:60], pair.X_primary[60:]
y_standards, names = pair.X_primary[select_standards(X_own, 20)], list(range(20))
