"""Which spectra to learn from: blocks of maps for testing, and shared standards."""

from spectransfer.model_selection._map_blocks import SpatialBlockKFold
from spectransfer.model_selection._standards import select_standards

__all__ = ["SpatialBlockKFold", "select_standards"]
