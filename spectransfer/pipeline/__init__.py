r"""The whole transfer as one estimator.

The method is a regression onto a transformed target: secondary spectra are prepared by
the steps of a pipeline, primary spectra by a transformer of their own, and predictions
are brought back through that transformer as far as it can be undone.

    secondary -- baseline, scale --> regressor --> scaled -- unscale --> primary
"""

from spectransfer._imports import lazy_names

_MODULE_OF = {
    "PrimarySpaceRegressor": "spectransfer.pipeline._regressor",
    "TransferPipeline": "spectransfer.pipeline._fitting",
    "make_published_pipeline": "spectransfer.pipeline._make",
    "make_transfer_pipeline": "spectransfer.pipeline._make",
    "transfer_spectra": "spectransfer.pipeline._streaming",
}

# not in __all__: for other rooms of this house
_FOR_ROOMS = {
    "PROTOCOLS": "spectransfer.pipeline._protocols",
    "fit_watched": "spectransfer.pipeline._fitting",
    "watches": "spectransfer.pipeline._fitting",
    "with_own_statistics": "spectransfer.pipeline._protocols",
    "with_reference": "spectransfer.pipeline._protocols",
    "with_training_statistics": "spectransfer.pipeline._protocols",
}

__all__ = sorted(_MODULE_OF)
__getattr__, __dir__ = lazy_names(__name__, _MODULE_OF | _FOR_ROOMS)
