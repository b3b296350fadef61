"""Which transferred spectra to trust: what is strange, and how far off the rest is."""

from spectransfer.reliability._acceptance import accept_transfer
from spectransfer.reliability._domain import ApplicabilityDomain, Judgement
from spectransfer.reliability._predicted import InferredLine
from spectransfer.reliability._transfer import ConformalTransfer
from spectransfer.reliability._verdict import Acceptance, AcceptanceRow

__all__ = [
    "Acceptance",
    "AcceptanceRow",
    "ApplicabilityDomain",
    "ConformalTransfer",
    "InferredLine",
    "Judgement",
    "accept_transfer",
]
