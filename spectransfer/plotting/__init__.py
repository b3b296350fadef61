"""Pictures of spectra, maps and trainings, as scikit-learn's displays.

Needs matplotlib: the extra ``plot``. Every display keeps the numbers
behind the picture as attributes, draws on the axes it is given, and shows nothing.
"""

from spectransfer.plotting._clusters import ClusterMapDisplay
from spectransfer.plotting._drift import ControlChartDisplay, DriftDisplay
from spectransfer.plotting._errors import ErrorSpectrumDisplay
from spectransfer.plotting._figure import CURVES as CURVES
from spectransfer.plotting._figure import with_whole_formulas as with_whole_formulas
from spectransfer.plotting._latent import LatentDisplay
from spectransfer.plotting._learning import LearningCurveDisplay
from spectransfer.plotting._learning import curves_of as curves_of
from spectransfer.plotting._lines import LIBS_LINES
from spectransfer.plotting._maps import MapDisplay
from spectransfer.plotting._reliability import BandDisplay, ExpectedErrorDisplay
from spectransfer.plotting._spectra import SpectraDisplay
from spectransfer.plotting._standards import StandardsCurveDisplay
from spectransfer.plotting._t2q import T2QDisplay

__all__ = [
    "LIBS_LINES",
    "BandDisplay",
    "ClusterMapDisplay",
    "ControlChartDisplay",
    "DriftDisplay",
    "ErrorSpectrumDisplay",
    "ExpectedErrorDisplay",
    "LatentDisplay",
    "LearningCurveDisplay",
    "MapDisplay",
    "SpectraDisplay",
    "StandardsCurveDisplay",
    "T2QDisplay",
]
