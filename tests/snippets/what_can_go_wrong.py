"""A fitted transfer, and a library with known concentrations."""

from sklearn.cross_decomposition import PLSRegression  # noqa: F401
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator  # noqa: F401
from sklearn.linear_model import Ridge

from spectransfer import (
    SpectralMLP,  # noqa: F401
    VAELatentTransfer,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair

pair = make_instrument_pair(n_spectra=60, random_state=0)
X_secondary, primary_library, concentrations = pair.X_secondary, pair.X_primary, pair.y
transfer = make_transfer_pipeline(VAELatentTransfer(PCA(6), Ridge()))
transfer.fit(X_secondary, primary_library)
