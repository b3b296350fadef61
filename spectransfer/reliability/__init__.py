"""Which transferred spectra to trust: what is strange, and how far off the rest is."""

from spectransfer.reliability._domain import ApplicabilityDomain, Judgement
from spectransfer.reliability._predicted import InferredLine
from spectransfer.reliability._transfer import ConformalTransfer

__all__ = ["ApplicabilityDomain", "ConformalTransfer", "InferredLine", "Judgement"]
