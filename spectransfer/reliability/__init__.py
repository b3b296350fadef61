"""Which transferred spectra to trust: what is strange, and how far off the rest is."""

from spectransfer.reliability._domain import ApplicabilityDomain, Judgement

__all__ = ["ApplicabilityDomain", "Judgement"]
