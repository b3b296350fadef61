"""One page that shows what was compared, how well it went, and how it was made.

`write_report` makes it from an evaluation; `Report` is the page itself, for pages with
other contents; `pictures` draws the figures. Text and tables need nothing else, figures
need matplotlib: the extra ``plot``.
"""

from typing import TYPE_CHECKING

from spectransfer._imports import lazy_names

_MODULE_OF = {
    "Report": "spectransfer.report._page",
    "Stopwatch": "spectransfer.evaluation",
    "write_acceptance": "spectransfer.report._acceptance",
    "write_report": "spectransfer.report._transfers",
}

# not in __all__: for the applications of this house
_FOR_ROOMS = {"TextTable": "spectransfer._tables"}

__all__ = sorted(_MODULE_OF)
if TYPE_CHECKING:  # written by .ci/lazy_types.py
    from spectransfer._tables import TextTable as TextTable
    from spectransfer.evaluation import Stopwatch as Stopwatch
    from spectransfer.report._acceptance import write_acceptance as write_acceptance
    from spectransfer.report._page import Report as Report
    from spectransfer.report._transfers import write_report as write_report
else:
    __getattr__, __dir__ = lazy_names(__name__, _MODULE_OF | _FOR_ROOMS)
