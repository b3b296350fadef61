"""How far a transferred spectrum is from the measured one.

Names that are not in `__all__` are for other rooms.
"""

from spectransfer.metrics._clusters import cluster_labels as cluster_labels
from spectransfer.metrics._clusters import fit_clusters as fit_clusters
from spectransfer.metrics._clusters import k_score
from spectransfer.metrics._distances import (
    mean_cosine,
    mean_euclidean,
    spectrum_cosine,
    spectrum_euclidean,
    spectrum_rmse,
)
from spectransfer.metrics._distances import paired_spectra as paired_spectra
from spectransfer.metrics._properties import (
    PropertyErrors,
    make_property_scorer,
    property_errors,
)
from spectransfer.metrics._properties import check_space as check_space
from spectransfer.metrics._properties import (
    predicts_as_measured as predicts_as_measured,
)
from spectransfer.metrics._properties import read_property as read_property
from spectransfer.metrics._relative_error import relative_squared_error
from spectransfer.metrics._scorers import (
    cosine_scorer,
    euclidean_scorer,
    k_score_scorer,
    make_k_score_scorer,
    make_transfer_scorer,
    rse_scorer,
    target_in_prediction_space,
    transfer_scorers,
)

__all__ = [
    "PropertyErrors",
    "cosine_scorer",
    "euclidean_scorer",
    "k_score",
    "k_score_scorer",
    "make_k_score_scorer",
    "make_property_scorer",
    "make_transfer_scorer",
    "mean_cosine",
    "mean_euclidean",
    "property_errors",
    "relative_squared_error",
    "rse_scorer",
    "spectrum_cosine",
    "spectrum_euclidean",
    "spectrum_rmse",
    "target_in_prediction_space",
    "transfer_scorers",
]
