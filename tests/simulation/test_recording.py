from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer._progress import Bar
from spectransfer.simulation import (
    PRIMARY,
    SECONDARY,
    DayDrift,
    Rock,
    ShotVariation,
)
from spectransfer.simulation._plasma import Plasma
from spectransfer.simulation._recording import BATCH, Recorder, measure
from spectransfer.simulation._rock import NAMES, ideal_composition, trace_composition
from spectransfer.simulation._shots import fire
from spectransfer.spectra import PairedMaps


def plume(mineral):
    """Give the plume of a mean shot on a pure mineral."""
    atoms = (ideal_composition() + trace_composition())[NAMES.index(mineral)]
    return Plasma(np.array([10_500.0]), np.array([1.2e17]), atoms[:, None])


@pytest.fixture(scope="module")
def albite():
    return plume("albite")


def recorder(instrument, day=None, view=0):
    return Recorder(
        instrument, day or DayDrift.off(), view, absorption=1.0, continuum=0.0
    )


@pytest.mark.parametrize("instrument", [PRIMARY, SECONDARY, PRIMARY.binned(4)])
def test_strongest_line_of_albite_has_its_declared_height(instrument, albite):
    plain = replace(instrument, stray_light=0.0)
    light = recorder(plain).expose(albite, np.ones(1))
    # neighbouring lines and cut wings: 1 %
    assert_allclose(light.max(), 9000, rtol=0.01)


@pytest.mark.parametrize(
    ("mineral", "nm"),
    [
        ("quartz", 288.158), ("albite", 396.152), ("albite", 393.366),
        ("albite", 309.271), ("muscovite", 279.553), ("garnet", 257.610),
        ("muscovite", 285.213), ("quartz", 251.611),
    ],
)  # fmt: skip
def test_strong_lines_stand_at_their_wavelengths(mineral, nm):
    light = recorder(PRIMARY).expose(plume(mineral), np.ones(1))[0]
    axis = PRIMARY.wavelengths()
    near = np.abs(axis - nm) < 0.2
    peak = axis[near][light[near].argmax()]
    assert abs(peak - nm) <= 0.035  # three quarters of a pixel


@pytest.mark.parametrize("view", [0, 1])
def test_a_shift_moves_lines_by_its_fraction_of_a_channel(albite, view):
    instrument = replace(
        (PRIMARY, SECONDARY)[view], pixel_variation=0.0, ripple=0.0, stray_light=0.0
    )
    day = DayDrift.off()
    moved = replace(day, shift=(0.35, -0.25))
    before = recorder(instrument, day, view).expose(albite, np.ones(1))[0]
    after = recorder(instrument, moved, view).expose(albite, np.ones(1))[0]
    peak = int(np.argmin(np.abs(instrument.wavelengths() - 288.158)))
    window = slice(peak - 12, peak + 13)
    channels = np.arange(25)

    def centre(spectrum):
        return (channels * spectrum[window]).sum() / spectrum[window].sum()

    # light that leaves the window on one side bounds what a centroid can tell
    assert_allclose(centre(after) - centre(before), moved.shift[view], atol=0.03)


class Late:
    """A recorder that hands the first batch over once the last one is through."""

    def __init__(self, recorder, through):
        self.recorder, self.through = recorder, through
        self.spectrometer, self.bias = recorder.spectrometer, recorder.bias

    def expose(self, plasma, gain):
        light = self.recorder.expose(plasma, gain)
        if len(gain) == BATCH and self.recorder.view == 0:
            assert self.through.wait(20)
        elif len(gain) < BATCH and self.recorder.view == 1:
            self.through.set()
        return light


def test_batches_are_recorded_independently_of_their_order():
    shape = (15, 20)
    cameras = [camera.binned(16) for camera in (PRIMARY, SECONDARY)]
    seeds = np.random.SeedSequence(0).spawn(2)
    shots = fire(shape, 40.0, Rock(), ShotVariation(), DayDrift.off(), seeds[0])

    def record(recorders, n_jobs):
        primary, secondary = (
            np.zeros((300, c.n_channels), np.float32) for c in cameras
        )
        axes = [camera.wavelengths() for camera in cameras[::-1]]
        maps = PairedMaps(secondary, primary, *axes, shape=shape)
        how = {"noise": 1.0, "n_jobs": n_jobs, "bar": Bar()}
        measure(shots, recorders, maps, seeds[1], **how)
        return maps

    own = [recorder(camera, view=view) for view, camera in enumerate(cameras)]
    through = Event()
    in_turn = record(own, 1)
    late = record([Late(r, through) for r in own], 2)
    assert through.is_set()
    assert_array_equal(late.X_primary, in_turn.X_primary)
    assert_array_equal(late.X_secondary, in_turn.X_secondary)
