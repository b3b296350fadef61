"""Several transfers, several figures of merit, one table."""

from spectransfer.evaluation._clusters import (
    ClusterComparison,
    compare_clusters,
    fit_library_clusters,
)
from spectransfer.evaluation._silhouette import (
    PAPER_N_CLUSTERS,
    ClusterChoice,
    choose_n_clusters,
)

__all__ = [
    "PAPER_N_CLUSTERS",
    "ClusterChoice",
    "ClusterComparison",
    "choose_n_clusters",
    "compare_clusters",
    "fit_library_clusters",
]
