"""The paper's results section, made again.

    python examples/paper                   # small simulated maps, minutes
    python examples/paper --data FOLDER     # the paper's maps, downloaded
    python examples/paper --help            # sizes, searches, seeds

from anywhere, with spectransfer and matplotlib installed; `make demo` does the first.
It leaves one page with every table and figure, and each of them as a file.
docs/paper.md says how to read the page.

command           the command line, and the page from top to bottom
published         what the paper prints
transfers         what is compared: a line for each transfer, and what the search finds
experiment        the maps, and everything that is computed from them
fits              every transfer fitted and judged, several at once, and kept
merits, costs     the sections that are tables
spectra, maps, clusters      the sections that are figures
"""
