from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spectransfer.plotting import T2QDisplay
from spectransfer.reliability import ApplicabilityDomain, Judgement


def test_limits_divide_what_t2_and_q_flag(pair):
    domain = ApplicabilityDomain().fit(pair.X_secondary)
    judged = domain.judge(np.concatenate([pair.X_secondary, pair.X_secondary[:, ::-1]]))
    ax = T2QDisplay(judged).plot().ax_
    usual, flagged, *limits = ax.lines
    assert len(flagged.get_xdata()) == judged.flagged.sum()
    assert (usual.get_ydata() <= limits[1].get_ydata()[0]).all()
    assert (usual.get_xdata() <= limits[0].get_xdata()[0]).all()


def judgement(t2, q, reason):
    n = len(t2)
    return Judgement(
        flagged=np.asarray(reason) != "",
        p_values=np.ones(n),
        statistics={"T2": np.asarray(t2), "Q": np.asarray(q)},
        limits={"T2": 10.0, "Q": 2.0},
        reason=np.asarray(reason),
        channels=np.full((n, 3), "0"),
    )


def test_spectra_that_other_statistics_flag_have_a_key():
    judged = judgement([1.0, 2.0, 20.0], [1.0, 1.0, 1.0], ["", "clipped", "T2"])
    ax = T2QDisplay(judged).plot().ax_
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert told == ["usual", "flagged", "flagged by clipped"]
    assert_allclose(ax.lines[-1].get_xdata(), [2.0])


def test_spectra_without_t2_and_q_are_still_drawn():
    ax = T2QDisplay(judgement([0.0, 0.0], [0.0, 0.0], ["", "clipped"])).plot().ax_
    for line in ax.lines[:2]:
        assert (line.get_xdata() > 0).all()
        assert (line.get_ydata() > 0).all()


@pytest.mark.parametrize("reach", [1.5, 8.0, 25.0, 300.0, 1e9])
def test_labels_of_ticks_do_not_run_into_each_other(reach):
    judged = judgement(np.geomspace(9, 9 * reach, 9), np.linspace(1, 2, 9), [""] * 9)
    display = T2QDisplay(judged).plot()
    display.figure_.canvas.draw()
    low, high = display.ax_.get_xlim()
    boxes = [
        text.get_window_extent()
        for place, text in zip(
            [*display.ax_.get_xticks(), *display.ax_.get_xticks(minor=True)],
            [*display.ax_.get_xticklabels(), *display.ax_.get_xticklabels(minor=True)],
            strict=True,
        )
        if text.get_text() and low <= place <= high
    ]
    boxes.sort(key=lambda box: box.x0)
    assert len(boxes) >= 1
    assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
