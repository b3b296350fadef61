"""The room as a whole: what it needs, and what it leaves alone."""

import subprocess
import sys
from importlib import import_module

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt

import spectransfer.plotting as plotting
from spectransfer.plotting import (
    ClusterMapDisplay,
    ErrorSpectrumDisplay,
    LatentDisplay,
    LearningCurveDisplay,
    MapDisplay,
    SpectraDisplay,
)

AXIS = np.linspace(300.0, 310.0, 20)
DISPLAYS = {
    "spectra": lambda: SpectraDisplay({"a": AXIS}, {"a": AXIS}),
    "map": lambda: MapDisplay(np.arange(6.0).reshape(2, 3)),
    "clusters": lambda: ClusterMapDisplay([[0, 1]], [[0, 0]]),
    "learning": lambda: LearningCurveDisplay([("net", [3.0, 2.0], None, [0.0, 0.5])]),
    "latent": lambda: LatentDisplay([[0.0, 1.0], [2.0, 3.0]]),
    "errors": lambda: ErrorSpectrumDisplay(AXIS, AXIS),
}


def test_without_matplotlib_the_import_names_the_extra(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("spectransfer.plotting")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        ImportError,
        match=r'plotting needs matplotlib.*pip install -c .* "\.\[plot\]"',
    ):
        import_module("spectransfer.plotting")


@pytest.mark.slow
def test_import_loads_neither_torch_nor_pyplot():
    code = (
        "import sys, spectransfer.plotting\n"
        "print('torch' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert told.stdout.split() == ["False", "False"], told.stderr


def test_every_public_name_is_there():
    assert all(hasattr(plotting, name) for name in plotting.__all__)


@pytest.mark.parametrize("name", DISPLAYS)
def test_plot_draws_on_the_axes_it_is_given_and_returns_itself(name):
    figure, ax = plt.subplots()
    display = DISPLAYS[name]()
    assert display.plot(ax=ax) is display
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert ax.has_data()


@pytest.mark.parametrize("name", DISPLAYS)
def test_plot_makes_one_figure_where_there_are_no_axes(name):
    display = DISPLAYS[name]().plot()
    assert plt.get_fignums() == [display.figure_.number]
    assert display.ax_ in display.figure_.axes


@pytest.mark.parametrize("name", DISPLAYS)
def test_plot_shows_nothing_and_leaves_the_settings_alone(name, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *a, **k: pytest.fail("show was called"))
    before = dict(matplotlib.rcParams)
    display = DISPLAYS[name]().plot()
    display.figure_.canvas.draw()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", DISPLAYS)
def test_a_display_can_be_drawn_twice(name):
    display = DISPLAYS[name]()
    first = display.plot().ax_
    assert display.plot().ax_ is not first
