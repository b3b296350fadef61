"""Searching for the parameters of a transfer, on a validation map.

The paper's spaces as dictionaries, successive halving and Hyperband over them, and its
whole search in two stages: first the autoencoder on primary spectra, then, with it
frozen, what maps secondary spectra into it.
"""

from spectransfer.search._published import PublishedSearch, search_published
from spectransfer.search._search import HalvingSearch
from spectransfer.search._spaces import published_space

__all__ = ["HalvingSearch", "PublishedSearch", "published_space", "search_published"]
