"""Several transfers, several figures of merit, every protocol: one table."""

from spectransfer.evaluation._clusters import (
    PAPER_N_CLUSTERS,
    ClusterChoice,
    ClusterComparison,
    choose_n_clusters,
    compare_clusters,
    fit_library_clusters,
)
from spectransfer.evaluation._evaluate import evaluate_transfers
from spectransfer.evaluation._properties import Property, PropertyRow
from spectransfer.evaluation._properties import printed_properties as printed_properties
from spectransfer.evaluation._sharing import SharedSize, shared_size
from spectransfer.evaluation._standards_curve import StandardsCurve
from spectransfer.evaluation._standards_draws import standards_curve
from spectransfer.evaluation._stopwatch import Stopwatch as Stopwatch
from spectransfer.evaluation._table import COLUMNS as COLUMNS
from spectransfer.evaluation._table import SpectrumErrors, TransferRow, TransferTable
from spectransfer.evaluation._transferred import (
    TransferredMap,
    border_shots,
    summarize_transfer,
)
from spectransfer.pipeline import PROTOCOLS

__all__ = [
    "PAPER_N_CLUSTERS",
    "PROTOCOLS",
    "ClusterChoice",
    "ClusterComparison",
    "Property",
    "PropertyRow",
    "SharedSize",
    "SpectrumErrors",
    "StandardsCurve",
    "TransferRow",
    "TransferTable",
    "TransferredMap",
    "border_shots",
    "choose_n_clusters",
    "compare_clusters",
    "evaluate_transfers",
    "fit_library_clusters",
    "shared_size",
    "standards_curve",
    "summarize_transfer",
]
