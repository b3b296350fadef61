"""Spectra that are unlike all standards are found, and told of."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import StandardScaler

from spectransfer import FewStandardsTransfer, make_transfer_pipeline
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import standards_curve
from spectransfer.exceptions import SpectransferWarning
from spectransfer.transfer import _few_standards
from spectransfer.transfer._coverage import minor_materials, stood_for, to_measure
from spectransfer.transfer._leave_out import samples_of
from spectransfer.transfer._mixing import of_unseen
from spectransfer.transfer._population import LibraryMoments
from spectransfer.transfer._priors import Nothing, Standards


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(
        n_spectra=300, n_secondary=60, n_primary=70, dtype="float64", random_state=0
    )


@pytest.fixture(scope="module")
def own(pair):
    """Spectra of a laboratory: 180 like the standards, 8 with a line of their own."""
    spectra = pair.X_secondary[20:208].copy()
    line = np.exp(-0.5 * ((np.arange(60) - 31) / 1.2) ** 2)
    spectra[180:] += np.linspace(3, 4, 8)[:, None] * spectra.max() * line
    return spectra


def with_lines(own, n=2):
    return np.concatenate([own[:30], own[180 : 180 + n]])


def far(standards, spectra, population):
    """The literal formula, spectrum by spectrum: what standards leave of a variance."""
    n = min(8, len(population._unwhiten), max(2, population.n_spectra // 10))
    white = population._whiten[:, :n]
    known = (standards - population.mean) @ white
    left = np.linalg.inv(np.eye(n) + known.T @ known)
    return [
        i
        for i, spectrum in enumerate(spectra)
        if (z := (spectrum - population.mean) @ white) @ left @ z > 9.0
    ]


def test_spectra_beyond_the_standards_are_those_of_the_literal_formula(pair, own):
    population = LibraryMoments.of(own)
    unlike = to_measure(pair.X_secondary[:20], own, population)
    expected = far(pair.X_secondary[:20], own, population)
    assert unlike.n == len(expected)
    assert set(range(180, 188)) <= set(expected)
    assert set(unlike.rows) <= set(expected)
    known = np.concatenate([pair.X_secondary[:20], own[unlike.rows]])
    assert unlike.n_left == len(far(known, own, population))
    squares = ((own - own.mean(axis=0)) ** 2).sum(axis=1)
    squares = squares.clip(max=np.quantile(squares, 0.99))
    assert unlike.share == pytest.approx(squares[expected].sum() / squares.sum())


def test_the_first_to_be_measured_is_the_one_that_leaves_the_fewest(pair, own):
    population, standards = LibraryMoments.of(own), pair.X_secondary[:20]
    rows = to_measure(standards, own, population).rows
    left = {
        i: len(far(np.concatenate([standards, own[i : i + 1]]), own, population))
        for i in far(standards, own, population)
    }
    assert left[rows[0]] == min(left.values())


@pytest.mark.parametrize("library", [False, True])
def test_spectra_unlike_all_standards_bring_a_warning(library, pair, own):
    X, y = pair.X_secondary[:20], pair.X_primary[:20]
    known = {"y_unpaired": pair.X_primary[210:]} if library else {}
    with pytest.warns(SpectransferWarning, match=r"(?s)of 188.*%.*rows .18\d.*X_unp"):
        transfer = FewStandardsTransfer().fit(X, y, X_unpaired=own, **known)
    assert transfer.to_measure_[0] >= 180
    assert "unlike all standards" in transfer.report_


def test_standards_of_every_material_bring_no_warning(pair, own):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transfer = FewStandardsTransfer().fit(
            with_lines(own), pair.X_primary[:32], X_unpaired=own
        )
        alone = FewStandardsTransfer().fit(pair.X_secondary[:9], pair.X_primary[:9])
    assert "unlike" not in transfer.report_
    assert_array_equal(transfer.to_measure_, [])
    assert_array_equal(alone.to_measure_, [])


def test_a_pipeline_names_rows_of_the_spectra_that_came(pair, own):
    pipeline = make_transfer_pipeline(
        FewStandardsTransfer(), secondary=StandardScaler(), primary=StandardScaler()
    )
    with pytest.warns(SpectransferWarning, match="unlike all standards"):
        pipeline.fit(pair.X_secondary[:20], pair.X_primary[:20], X_unpaired=own)
    assert (pipeline[-1].regressor_.to_measure_ >= 180).any()


def test_a_curve_of_standards_does_not_warn_of_each_draw(pair):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        standards_curve(
            {"few": FewStandardsTransfer()},
            pair[:150],
            [3, 5],
            library=pair.X_primary[150:],
            n_draws=2,
        )


def test_expected_errors_know_what_standards_stand_for_without_a_library(pair, own):
    X, y = pair.X_secondary[:12], pair.X_primary[:12]
    crowd = np.concatenate([np.tile(X[:1], (100, 1)), pair.X_secondary[20:40]])
    lonely = FewStandardsTransfer(("nothing",)).fit(X, y)
    among = FewStandardsTransfer(("nothing",)).fit(X, y, X_unpaired=crowd)
    assert lonely.expected_rse_ != among.expected_rse_


def test_a_standard_stands_for_the_spectra_nearest_to_it(pair):
    standards = pair.X_secondary[[15, 45, 75, 105, 135]]
    crowd = np.concatenate([np.tile(standards[:1], (40, 1)), standards[1:]])
    known = LibraryMoments.of(pair.X_secondary)
    points = (crowd - known.mean) @ np.linalg.pinv(known.factor)
    population = LibraryMoments(known.mean, known.factor, 44, points)
    found = stood_for(standards, population)
    assert_allclose(found, np.array([41, 2, 2, 2, 2]) * 5 / 49)
    without = LibraryMoments(known.mean, known.factor, 44)
    assert_allclose(stood_for(standards, without), 1.0)
    # one spectrum tells little of what five standards stand for
    one = LibraryMoments(known.mean, known.factor, 44, points[:1])
    assert_allclose(stood_for(standards, one), np.array([2, 1, 1, 1, 1]) * 5 / 6)


@pytest.fixture
def rocks(rng):
    """Give a population of eight minerals, the last of them rare, and their numbers."""
    minerals = np.repeat(np.arange(8), 7 * [40] + [10])
    lines = np.kron(np.eye(8), np.ones(5)) * rng.uniform(0.5, 1.5, 40)
    return rng.uniform(0.99, 1.01, (290, 1)) * lines[minerals], minerals


def test_samples_within_three_deviations_are_of_one_material(rocks):
    spectra, minerals = rocks
    population = LibraryMoments.of(spectra)

    def found(rows, sample_id=None):
        samples = samples_of(sample_id, rows[:, None])
        return minor_materials(spectra[rows], samples, population)

    rows = np.array([0, 1, 2, 3, 4, 5, 6, 7, 40, 41, 80, 120, 121, 160, 200, 81])
    of = {tuple(minerals[rows[numbers]].tolist()) for numbers in found(rows)}
    # each is at most half of the samples
    assert of == {(0,) * 8, (1, 1), (2, 2), (3, 3), (4,), (5,)}
    more = np.append(rows, 8)
    assert all(0 not in minerals[more[numbers]] for numbers in found(more))
    # few samples do not tell
    assert found(rows[:15]) == []
    # of one material its parts are taken, of which one is the odd sample
    parts = found(np.append(np.arange(15), 40))
    assert [15] in parts
    assert len(parts) > 1
    # replicates are one sample
    pairs = np.repeat(np.arange(16), 2)
    assert sorted(found(rows[pairs], pairs)) == sorted(found(rows))


def test_what_is_missed_of_unseen_materials_is_that_of_materials_left_out(rocks, rng):
    spectra, _ = rocks
    X = spectra[[0, 1, 2, 3, 120, 121, 160, 161]]
    y = X @ rng.normal(size=(40, 20))
    samples = samples_of(np.arange(8), X)
    apart = Standards(X, y, samples, [[4, 5], [6, 7]])
    rows = np.array([4, 5, 6, 7])
    unseen = of_unseen([Nothing(apart)], 0.25, rows)
    residuals = Nothing(apart).residuals(slice(None))[:, rows].reshape(8, -1)
    varying = ((y - y.mean(axis=0))[rows] ** 2).sum()
    assert_allclose(unseen.gram, residuals @ residuals.T / varying)
    gram = np.eye(8)
    assert_allclose(unseen.added(gram, 2.0), 0.75 * gram + 0.5 * unseen.gram)
    same = Standards(X, np.ones((8, 20)), samples, [[4, 5], [6, 7]])
    assert of_unseen([Nothing(same)], 0.25, rows) is None


def test_materials_without_a_standard_are_expected_to_be_missed(
    rocks, rng, monkeypatch
):
    spectra, minerals = rocks
    primary = spectra @ rng.uniform(size=(40, 24))
    primary += 0.1 * rng.normal(size=primary.shape)
    rows = (40 * np.arange(7) + np.arange(3)[:, None]).ravel()
    given = {"X_unpaired": spectra, "sample_id": range(21)}
    with pytest.warns(SpectransferWarning, match="left out as a whole"):
        told = FewStandardsTransfer().fit(spectra[rows], primary[rows], **given)
    assert (minerals[told.to_measure_] == 7).all()
    assert "of materials left out as a whole" in told.report_
    monkeypatch.setattr(_few_standards, "minor_materials", lambda *_: [])
    with pytest.warns(SpectransferWarning, match="does not count them"):
        blind = FewStandardsTransfer().fit(spectra[rows], primary[rows], **given)
    assert "as a whole" not in blind.report_
    assert blind.expected_rse_["mixture"] < 0.9 * told.expected_rse_["mixture"]


def test_a_spike_is_no_material(rocks, rng):
    spectra, minerals = rocks
    primary = spectra @ rng.uniform(size=(40, 24))
    primary += 0.1 * rng.normal(size=primary.shape)
    rows = (40 * np.arange(7) + np.arange(3)[:, None]).ravel()
    own = spectra[minerals < 7].copy()
    before = FewStandardsTransfer().fit(
        spectra[rows], primary[rows], X_unpaired=own, sample_id=range(21)
    )
    own[17, 3] += 100 * own.max()
    after = FewStandardsTransfer().fit(
        spectra[rows], primary[rows], X_unpaired=own, sample_id=range(21)
    )
    assert after.to_measure_.tolist() == [17]
    assert "as a whole" not in after.report_
    for name, expected in before.expected_rse_.items():
        assert after.expected_rse_[name] == pytest.approx(expected, rel=0.2)
    # beside rare ones it counts as they do
    own[[40, 90, 130]] = spectra[minerals == 7][:3]
    unlike = to_measure(spectra[rows], own, LibraryMoments.of(own))
    assert unlike.share < 0.1


def test_predictions_that_vary_more_than_any_primary_spectra_bring_a_warning(rng):
    line, other = rng.normal(size=(2, 40))
    amounts = np.linspace(1, 2, 6)[:, None]
    secondary = amounts * line + 1e-3 * rng.normal(size=(6, 1)) * other
    primary = (amounts + 0.3 * rng.normal(size=(6, 1))) * line
    library = rng.uniform(1, 2, (60, 1)) * line
    own = rng.uniform(1, 2, (60, 1)) * line
    few = FewStandardsTransfer(("nothing",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few.fit(secondary, primary, X_unpaired=own, y_unpaired=library)
    odd = own + rng.normal(size=(60, 1)) * other
    with pytest.warns(SpectransferWarning, match="must vary as primary spectra do"):
        few.fit(secondary, primary, X_unpaired=odd, y_unpaired=library)
