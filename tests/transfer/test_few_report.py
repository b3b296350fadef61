"""What `FewStandardsTransfer` says of itself, and what it warns of."""

import warnings

import numpy as np
import pytest

from spectransfer import (
    FewStandardsTransfer,
    OffsetTransfer,
    make_transfer_pipeline,
)
from spectransfer.exceptions import SpectransferWarning
from spectransfer.transfer._few_report import in_figures


def axes(pair):
    return {
        "wavelengths_secondary": pair.wavelengths_secondary,
        "wavelengths_primary": pair.wavelengths_primary,
    }


def test_report_names_the_shares(pair, known, unpaired):
    X, y = known.X_secondary, known.X_primary
    transfer = FewStandardsTransfer(**axes(pair)).fit(X, y, **unpaired)
    assert set(transfer.shares_) == {
        "untransferred",
        "window",
        "nothing",
        "resampled",
        "joint",
        "rotation",
        "completed",
    }
    assert sum(transfer.shares_.values()) == pytest.approx(1.0)
    assert transfer.report_.startswith("Of 15 samples left out in turn, the mixture")
    assert transfer.strengths_.keys() == transfer.shares_.keys()
    assert all(np.isfinite(list(transfer.expected_rse_.values())))


SPECTRA = "secondary spectra without partners (X_unpaired)"
LIBRARY = "primary spectra without partners (y_unpaired)"


@pytest.mark.parametrize(
    ("n", "known", "beside", "said"),
    [
        (12, True, {}, {"spectra without partners of both sides": "rotation"}),
        (12, True, {"y": 50}, {SPECTRA: "rotation"}),
        (12, True, {"X": 50}, {LIBRARY: "rotation, completed"}),
        (
            12,
            False,
            {"X": 50, "y": 50},
            {"the axes of both sides": "resampled, window, completed"},
        ),
        (12, True, {"X": 50, "y": 4}, {f"five {LIBRARY}": "completed"}),
        (
            12,
            True,
            {"X": 2, "y": 2},
            {
                f"three {SPECTRA} and three {LIBRARY}": "rotation",
                f"five {LIBRARY}": "completed",
            },
        ),
        (
            2,
            True,
            {"X": 50, "y": 50},
            {"standards of three samples": "joint, completed"},
        ),
        (12, True, {"X": 50, "y": 50}, {}),
        (12, True, {"X": 80, "y": 50}, {}),
    ],
)
def test_the_report_names_what_is_missing_and_nothing_else(
    n, known, beside, said, pair
):
    sides = {"X": pair.X_secondary, "y": pair.X_primary}
    unpaired = {f"{k}_unpaired": sides[k][100 : 100 + m] for k, m in beside.items()}
    transfer = FewStandardsTransfer(**axes(pair) if known else {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpectransferWarning)
        transfer.fit(pair.X_secondary[:n], pair.X_primary[:n], **unpaired)
    for what, names in said.items():
        assert f" Not asked, for want of {what}: {names}." in transfer.report_
    # without a library there are more
    if "y" in beside:
        assert transfer.report_.count("Not asked") == len(said)
    unseen = "Without X_unpaired, nobody asked whether there are materials"
    assert (unseen in transfer.report_) == ("X" not in beside)
    few = "So few spectra in X_unpaired cannot tell whether there are materials"
    assert (few in transfer.report_) == (0 < beside.get("X", 0) < 80)


def test_the_report_says_that_a_library_is_all_alike(pair):
    given = {"X_unpaired": pair.X_secondary[100:], "y_unpaired": np.ones((90, 70))}
    with pytest.warns(SpectransferWarning, match="primary spectra that differ"):
        transfer = FewStandardsTransfer(**axes(pair)).fit(
            pair.X_secondary[:12], pair.X_primary[:12], **given
        )
    wanted = (
        "for want of primary spectra that differ (y_unpaired): rotation, completed."
    )
    assert wanted in transfer.report_


def test_the_report_names_the_axis_that_is_missing(pair):
    one = {"wavelengths_primary": pair.wavelengths_primary}
    transfer = FewStandardsTransfer(**one).fit(
        pair.X_secondary[:12], pair.X_primary[:12]
    )
    assert "for want of the secondary axis: resampled, window." in transfer.report_


@pytest.mark.parametrize("side", [None, "wavelengths_primary", "wavelengths_secondary"])
def test_a_library_that_is_of_no_use_is_told(pair, side):
    X, y, library = pair.X_secondary[:12], pair.X_primary[:12], pair.X_primary[100:]
    transfer = FewStandardsTransfer(**({side: getattr(pair, side)} if side else {}))
    said = (
        r"(?s)y_unpaired .* no use: completed wants the .*; rotation wants .*"
        r"\(X_unpaired\)\. Say .* wavelengths_secondary= .* data frames"
    )
    with pytest.warns(SpectransferWarning, match=said) as told:
        transfer.fit(X, y, y_unpaired=library)
    assert told[0].filename == __file__
    assert "completed" not in transfer.shares_


def test_a_library_that_is_of_use_or_not_wanted_is_not(pair):
    X, y, library = pair.X_secondary[:12], pair.X_primary[:12], pair.X_primary[100:]
    frames = pair.as_frames()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FewStandardsTransfer(**axes(pair)).fit(X, y, y_unpaired=library)
        FewStandardsTransfer().fit(
            frames[0][:12], frames[1][:12], y_unpaired=frames[1][100:]
        )
        FewStandardsTransfer().fit(
            pair.X_secondary[:60],
            pair.X_primary[:60],
            X_unpaired=pair.X_secondary,
            y_unpaired=library,
        )
        FewStandardsTransfer(("nothing",)).fit(X, y, y_unpaired=library)
        FewStandardsTransfer().fit(y[:, :60], y[:, :60], y_unpaired=library[:, :60])


@pytest.mark.parametrize("in_a_pipeline", [False, True])
@pytest.mark.parametrize("way", ["copies", "one sample_id"])
def test_one_sample_tells_the_mean_difference_only(way, in_a_pipeline, pair):
    rows = [0] * 5 if way == "copies" else range(5)
    X, y = pair.X_secondary[rows], pair.X_primary[rows]
    named = {} if way == "copies" else {"sample_id": ["granite"] * 5}
    few = FewStandardsTransfer(**axes(pair))
    fitted = make_transfer_pipeline(few, preparation="nir") if in_a_pipeline else few
    what = "are the same spectrum" if way == "copies" else "have one sample_id"
    with pytest.warns(SpectransferWarning, match=f"mean difference .* all 5 .*{what}"):
        fitted.fit(X, y, **named)
    few = fitted[-1].regressor_ if in_a_pipeline else fitted
    assert all(np.isnan(list(few.expected_rse_.values())))
    assert few.report_.startswith("A single sample")
    if not in_a_pipeline:
        offset = OffsetTransfer(**axes(pair)).fit(X, y)
        new = pair.X_secondary[100:]
        np.testing.assert_allclose(fitted.predict(new), offset.predict(new), rtol=1e-5)


def test_primary_spectra_that_are_all_the_same_leave_no_error_to_expect(pair):
    y = np.repeat(pair.X_primary[:1], 5, axis=0)
    few = FewStandardsTransfer(**axes(pair)).fit(pair.X_secondary[:5], y)
    assert np.isnan(few.expected_rse_["mixture"])
    assert few.report_.startswith("The primary spectra of all standards are the same")


def test_the_report_says_where_it_would_be_better_not_to_transfer(rng):
    # two differences that have little in common, and two that have much
    spectra = rng.normal(size=(2, 1)) * np.linspace(1, 2, 30) + 10
    X = spectra + np.array([[0.1], [0.025]])
    few = FewStandardsTransfer().fit(X, spectra)
    expected = few.expected_rse_
    assert 0.75 * expected["mixture"] < expected["untransferred"]
    assert expected["untransferred"] < expected["mixture"]
    assert few.transferred_
    assert "By that it would be better not to transfer" in few.report_
    few = FewStandardsTransfer().fit(X + 1.0, spectra)
    assert "better not to transfer" not in few.report_


def test_expected_errors_are_told_in_two_digits():
    told = [in_figures(error) for error in (0.12345, 1.26, 263.4, 0.0123, np.nan)]
    assert told == ["0.12", "1.3", "260", "0.012", "nan"]


@pytest.mark.parametrize("in_a_pipeline", [False, True])
@pytest.mark.parametrize("name", ["X_unpaired", "y_unpaired"])
def test_empty_spectra_without_partners_are_called_by_their_name(
    name, in_a_pipeline, pair, known, unpaired
):
    few = FewStandardsTransfer()
    fitted = make_transfer_pipeline(few, preparation="nir") if in_a_pipeline else few
    beside = unpaired | {name: unpaired[name][:0]}
    said = rf"{name} must hold at least one row, but has 0 sample.*Leave it out"
    with pytest.raises(ValueError, match=said):
        fitted.fit(known.X_secondary, known.X_primary, **beside)


@pytest.mark.parametrize("in_a_pipeline", [False, True])
@pytest.mark.parametrize("names", [("X_unpaired", "y_unpaired"), ("y_unpaired",)])
def test_spectra_of_the_other_side_are_suspected_of_an_exchange(
    names, in_a_pipeline, pair, known, unpaired
):
    few = FewStandardsTransfer()
    fitted = make_transfer_pipeline(few, preparation="nir") if in_a_pipeline else few
    other = dict(zip(unpaired, reversed(unpaired.values()), strict=True))
    with pytest.raises(ValueError) as refused:
        fitted.fit(
            known.X_secondary, known.X_primary, **{name: other[name] for name in names}
        )
    notes = [note for note in refused.value.__notes__ if "exchanged?" in note]
    assert len(notes) == 1
    assert notes[0].endswith("are X_unpaired and y_unpaired exchanged?")


def test_the_report_says_what_would_be_missed_without_a_transfer(pair, known):
    X, y = known.X_secondary, known.X_primary
    transfer = FewStandardsTransfer(**axes(pair)).fit(X, y)
    alone = transfer.expected_rse_["untransferred"]
    assert f", untransferred they miss {in_figures(alone)}. Shares" in transfer.report_


def test_pairs_that_have_nothing_to_do_with_each_other_are_told(pair, known, rng):
    X, y = known.X_secondary, known.X_primary
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FewStandardsTransfer(**axes(pair)).fit(X, y)
    noise = rng.standard_normal(y.shape)
    with pytest.warns(
        SpectransferWarning, match=r"(?s)15 samples .*row by row"
    ) as told:
        FewStandardsTransfer(**axes(pair)).fit(X, noise)
    assert told[0].filename == __file__
