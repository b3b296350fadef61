"""Searching for the parameters of a transfer, on a validation map.

The paper's spaces as dictionaries, successive halving and Hyperband over them, and its
whole search in two stages: first the autoencoder on primary spectra, then, with it
frozen, what maps secondary spectra into it.
"""

from typing import TYPE_CHECKING

from spectransfer._imports import lazy_names

_MODULE_OF = {
    "HalvingSearch": "spectransfer.search._search",
    "PublishedSearch": "spectransfer.search._published",
    "published_space": "spectransfer.search._published",
    "search_published": "spectransfer.search._published",
}

__all__ = sorted(_MODULE_OF)
if TYPE_CHECKING:  # written by .ci/lazy_types.py
    from spectransfer.search._published import PublishedSearch as PublishedSearch
    from spectransfer.search._published import published_space as published_space
    from spectransfer.search._published import search_published as search_published
    from spectransfer.search._search import HalvingSearch as HalvingSearch
else:
    __getattr__, __dir__ = lazy_names(__name__, _MODULE_OF)
