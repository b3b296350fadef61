r"""The whole transfer as one estimator.

The method is a regression onto a transformed target: secondary spectra are prepared by
the steps of a pipeline, primary spectra by a transformer of their own, and predictions
are brought back through that transformer as far as it can be undone.

    secondary -- baseline, scale --> regressor --> scaled -- unscale --> primary
"""

from spectransfer.pipeline._make import make_transfer_pipeline
from spectransfer.pipeline._primary_space import PrimarySpaceRegressor
from spectransfer.pipeline._streaming import transfer_spectra

__all__ = ["PrimarySpaceRegressor", "make_transfer_pipeline", "transfer_spectra"]
