"""The mixture is judged as a literal loop would, and falls back where it should."""

from itertools import chain

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from sklearn.frozen import FrozenEstimator

from spectransfer import (
    DirectStandardization,
    FewStandardsTransfer,
    MeanTransfer,
    OffsetTransfer,
    SpectralSpaceTransformation,
    VAELatentTransfer,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import WavelengthError
from spectransfer.metrics import relative_squared_error
from spectransfer.transfer import _few_standards, _mixing, _priors, _rotation
from spectransfer.transfer._affine import Mixture, resampling
from spectransfer.transfer._completed import Completed, Seen
from spectransfer.transfer._joint import Folds, Joint
from spectransfer.transfer._leave_out import Ridge, samples_of
from spectransfer.transfer._mixing import mixing_weights
from spectransfer.transfer._piecewise import window_channels
from spectransfer.transfer._population import LibraryMoments
from spectransfer.transfer._priors import (
    GRID,
    Nothing,
    Resampled,
    Standards,
    Untransferred,
    Window,
)
from spectransfer.transfer._rotation import Rotation

ALL = slice(None)
KINDS = [
    "nothing",
    "resampled",
    "rotation",
    "rest",
    "joint",
    "apart",
    "completed",
    "window",
    "untransferred",
]


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(
        n_spectra=300, n_secondary=60, n_primary=70, dtype="float64", random_state=0
    )


def axes(pair):
    return {
        "wavelengths_secondary": pair.wavelengths_secondary,
        "wavelengths_primary": pair.wavelengths_primary,
    }


def made(kind, pair, X, y, populations, samples, together=()):
    standards = Standards(X, y, samples, together)
    both = pair.wavelengths_secondary, pair.wavelengths_primary
    read = resampling(None, both, (60, 70))
    return {
        "nothing": lambda: Nothing(standards),
        "resampled": lambda: Resampled(standards, read),
        "rotation": lambda: Rotation(standards, populations, 3),
        "rest": lambda: Rotation(standards, populations, 3, read),
        "joint": lambda: Joint(standards, read, Folds(standards, 4), 3),
        "apart": lambda: Joint(standards, None, Folds(standards, 4), 3),
        "completed": lambda: Completed(
            standards, populations[1], 3, Seen(standards, read)
        ),
        "window": lambda: Window(
            standards, read, *window_channels(read, both, 5, "channels")
        ),
        "untransferred": lambda: Untransferred(standards, read),
    }[kind]()


def error(transfer, spectra):
    predicted = transfer.predict(spectra.X_secondary)
    return relative_squared_error(spectra.X_primary, predicted)


def predicted(prior, shares, X):
    standards = prior.standards
    center = standards.x.mean(axis=0) + standards.means[0]
    mixture = Mixture(center, standards.y.shape[1])
    prior.add_to(mixture, shares)
    answer = np.tile(mixture.at_center, (len(X), 1))
    if mixture.local is not None:
        answer += (X - center) @ mixture.local.T
    if mixture.factors() is not None:
        left, right = mixture.factors()
        answer += (X - center) @ left @ right
    return answer


@pytest.mark.parametrize(
    ("replicates", "together"),
    [(1, []), (3, []), (3, [[0, 3]]), (1, [[9, 2, 5], [1, 3]])],
)
@pytest.mark.parametrize("kind", KINDS[:7])
def test_residuals_of_left_out_samples_are_those_of_the_literal_loop(
    kind, replicates, together, pair, known, unpaired, monkeypatch
):
    # every sample a group of its own, also for the rotation
    monkeypatch.setattr(_rotation, "_FOLDS", 15)
    X, y = known.X_secondary, known.X_primary
    samples = samples_of(np.arange(15) // replicates, X)
    populations = tuple(LibraryMoments.of(s, n_components=3) for s in unpaired.values())
    prior = made(kind, pair, X, y, populations, samples, together)
    left = [np.concatenate([samples[n] for n in numbers]) for numbers in together]
    left += [s for n, s in enumerate(samples) if n not in chain(*together)]
    for number in range(len(prior.strengths)):
        shares = np.zeros(len(prior.strengths))
        shares[number] = 1.0
        found = prior.residuals(ALL)[number]
        for rows in left:
            rest = np.setdiff1d(np.arange(15), rows)
            some = samples_of(rest // replicates, X[rest])
            again = made(kind, pair, X[rest], y[rest], populations, some)
            # penalties are relative to the mean square, which has changed
            again.standards.ridge.unit = prior.standards.ridge.unit
            expected = y[rows] - predicted(again, shares, X[rows])
            assert_allclose(found[rows], expected, atol=1e-7 * np.abs(y).max())


def test_joint_components_do_not_know_the_mean_of_what_is_left_out(pair, known):
    # more components are asked than stay, once half of the standards are left out
    X, y = known.X_secondary, known.X_primary
    out, rest = np.arange(8), np.arange(8, 15)
    whole = Standards(X, y, samples_of(None, X), [out.tolist()])
    some = Standards(X[rest], y[rest], samples_of(None, X[rest]))
    some.ridge.unit = whole.ridge.unit
    for n in (6, 7, 12):
        prior = Joint(whole, None, Folds(whole, 12), n)
        alone = Joint(some, None, Folds(some, 12), n)
        expected = y[out] - predicted(alone, np.array([0.0, 1.0]), X[out])
        assert_allclose(prior.residuals(ALL)[1][out], expected, atol=1e-7)


def test_residuals_of_windows_are_those_of_a_loop_over_channels(pair, known):
    # ridge of every channel by itself, with the penalty of the whole set
    X, y = known.X_secondary, known.X_primary
    prior = made("window", pair, X, y, None, samples_of(None, X))
    both = pair.wavelengths_secondary, pair.wavelengths_primary
    read = resampling(None, both, (60, 70))
    targets = y - X @ read.T
    for channel in (20, 35, 50):
        nearest = np.argmin(np.abs(both[0] - both[1][channel]))
        window = X[:, max(0, nearest - 2) : nearest + 3]
        for number, strength in enumerate(prior.strengths):
            penalty = strength * ((window - window.mean(axis=0)) ** 2).sum()
            for row in range(15):
                rest = np.delete(np.arange(15), row)
                x_mean, t_mean = window[rest].mean(axis=0), targets[rest].mean(axis=0)
                x, t = window[rest] - x_mean, (targets[rest] - t_mean)[:, channel]
                slope = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ t)
                guess = t_mean[channel] + (window[row] - x_mean) @ slope
                expected = targets[row, channel] - guess
                assert prior.residuals(ALL)[number, row, channel] == pytest.approx(
                    expected, abs=1e-6 * np.abs(y).max()
                )


def test_a_mixture_predicts_the_weighted_sum_of_its_maps(pair, known, unpaired):
    X, y = known.X_secondary, known.X_primary
    populations = tuple(LibraryMoments.of(s, n_components=3) for s in unpaired.values())
    rng = np.random.default_rng(0)
    for kind in KINDS:
        prior = made(kind, pair, X, y, populations, samples_of(None, X))
        shares = rng.random(len(prior.strengths))
        alone = [predicted(prior, s, X) for s in np.diag(shares)]
        assert_allclose(predicted(prior, shares, X), sum(alone), rtol=1e-8)


def test_mixing_weights_solve_the_penalized_problem(rng):
    residuals = rng.normal(size=(6, 40)) * np.array([[1, 1.2, 1.5, 2, 4, 50]]).T
    gram = residuals @ residuals.T
    least = np.diag(gram).min()
    hopeful = np.diag(gram) <= 3 * least
    assert 1 < hopeful.sum() < 6

    def error(weights):
        return weights @ gram @ weights / least + 0.5 * weights @ weights

    found = minimize(
        error,
        hopeful / hopeful.sum(),
        bounds=[(0, int(part)) for part in hopeful],
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        tol=1e-12,
    )
    weights = mixing_weights(gram)
    assert weights.sum() == pytest.approx(1.0)
    assert error(weights) <= found.fun * (1 + 1e-9)


def test_direct_standardization_is_the_map_without_other_priors(pair, known):
    X, y = known.X_secondary, known.X_primary
    ridge = Ridge(X - X.mean(axis=0), True, samples_of(None, X))
    nothing = Nothing(Standards(X, y, samples_of(None, X)))
    for number in (1, 3, 5):
        shares = np.eye(len(GRID))[number]
        direct = DirectStandardization(GRID[number]).fit(X, y)
        assert_allclose(predicted(nothing, shares, X), direct.predict(X), rtol=1e-8)
    assert ridge.unit > 0


def test_unpaired_spectra_make_few_standards_go_further(pair, unpaired):
    errors = []
    for start in (0, 10, 20):
        X, y = (side[start : start + 10] for side in (pair.X_secondary, pair.X_primary))
        # no axes: only what the standards and the populations say
        without = FewStandardsTransfer().fit(X, y)
        transfer = FewStandardsTransfer().fit(X, y, **unpaired)
        mean = MeanTransfer().fit(X, y)
        errors.append([error(t, pair[250:]) for t in (transfer, without, mean)])
        assert transfer.shares_["rotation"] > 0.05
    medians = np.median(errors, axis=0)
    assert medians[0] < 0.8 * medians[1]
    assert medians[0] < medians[2]


def test_populations_that_have_nothing_in_common_do_no_harm(pair, known, rng):
    strange = {
        "X_unpaired": pair.X_secondary[15:150][:, ::-1],
        "y_unpaired": rng.permuted(pair.X_primary[150:250], axis=1),
    }
    X, y = known.X_secondary, known.X_primary
    without = FewStandardsTransfer().fit(X, y)
    misled = FewStandardsTransfer().fit(X, y, **strange)
    assert error(misled, pair[250:]) < 1.2 * error(without, pair[250:])


def test_instruments_that_agree_are_left_alone_and_it_says_so(rng):
    spectra = rng.normal(size=(5, 1)) * np.linspace(1, 2, 30) + 10
    noise = 1e-3 * rng.normal(size=(2, 5, 30))
    X, y = spectra + noise[0], spectra + noise[1]
    transfer = FewStandardsTransfer(("nothing",)).fit(X, y)
    assert not transfer.transferred_
    assert transfer.report_.startswith("No transfer: of 5 samples")
    assert_allclose(transfer.predict(X), X, rtol=1e-12)


def test_instruments_that_are_the_same_are_left_alone(pair):
    transfer = FewStandardsTransfer().fit(pair.X_primary[:8], pair.X_primary[:8])
    assert not transfer.transferred_
    assert_allclose(transfer.predict(pair.X_primary), pair.X_primary, rtol=1e-12)


def test_one_standard_gives_the_mean_difference(pair):
    X, y = pair.X_secondary[:1], pair.X_primary[:1]
    few = FewStandardsTransfer(**axes(pair)).fit(X, y)
    offset = OffsetTransfer(**axes(pair)).fit(X, y)
    new = pair.X_secondary[1:5]
    assert_allclose(few.predict(new), offset.predict(new), rtol=1e-9)
    assert few.report_.startswith("A single sample")


@pytest.mark.parametrize("seed", range(5))
def test_two_standards_are_trusted_with_the_mean_difference_only(pair, seed):
    rows = np.random.default_rng(seed).choice(150, 2, replace=False)
    X, y, new = pair.X_secondary[rows], pair.X_primary[rows], pair[200:]
    few = FewStandardsTransfer(**axes(pair)).fit(X, y)
    offset = OffsetTransfer(**axes(pair)).fit(X, y)
    assert error(few, new) == pytest.approx(error(offset, new), rel=1e-9)
    assert few.shares_["window"] == 0.0


def test_replicates_are_left_out_together(pair, known):
    # copies of a standard must not vouch for each other
    X, y = (np.repeat(s, 4, axis=0) for s in (known.X_secondary, known.X_primary))
    named = FewStandardsTransfer().fit(X, y, sample_id=np.repeat(np.arange(15), 4))
    single = FewStandardsTransfer().fit(known.X_secondary, known.X_primary)
    blind = FewStandardsTransfer().fit(X, y)
    expected = single.expected_rse_["mixture"]
    assert named.expected_rse_["mixture"] == pytest.approx(expected, rel=0.2)
    assert blind.expected_rse_["mixture"] < 0.2 * expected


def test_as_a_mapper_it_joins_a_frozen_library(pair, known, quick_vae):
    vae = quick_vae.fit(pair.X_primary[100:])
    transfer = VAELatentTransfer(FrozenEstimator(vae), FewStandardsTransfer())
    transfer.fit(known.X_secondary, known.X_primary)
    new = pair[250:]
    mean = MeanTransfer().fit(known.X_secondary, known.X_primary)
    assert error(transfer, new) < 0.7 * error(mean, new)
    latents = vae.transform(known.X_primary)
    alone = FewStandardsTransfer().fit(known.X_secondary, latents)
    assert_array_equal(
        transfer.mapper_.predict(new.X_secondary), alone.predict(new.X_secondary)
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y_unpaired": np.ones((9, 3))}, r"(?s)y_unpaired must have.*3 and y has 70"),
        ({"X_unpaired": np.ones((9, 3))}, r"X_unpaired has 3 features"),
        ({"sample_id": [1, 2]}, r"(?s)sample_id must name.*\(2,\)"),
    ],
)
def test_what_does_not_fit_the_standards_is_refused(change, said, known, unpaired):
    with pytest.raises(ValueError, match=said):
        FewStandardsTransfer().fit(
            known.X_secondary, known.X_primary, **(unpaired | change)
        )


def test_unknown_priors_are_refused(known):
    with pytest.raises(
        ValueError, match=r"(?s)priors must be some of nothing, .*magic"
    ):
        FewStandardsTransfer(("magic",)).fit(known.X_secondary, known.X_primary)


def test_library_spectra_on_another_axis_are_refused(pair):
    secondary, primary = pair.as_frames()
    turned = primary[primary.columns[::-1]]
    with pytest.raises(WavelengthError):
        FewStandardsTransfer().fit(
            secondary[:12], primary[:12], X_unpaired=secondary, y_unpaired=turned
        )


def test_expected_errors_weigh_standards_by_what_they_stand_for(
    pair, unpaired, monkeypatch
):
    X, y = pair.X_secondary[:6], pair.X_primary[:6]
    counts = np.array([3.0, 1.0, 0.0, 0.0, 2.0, 0.0])
    monkeypatch.setattr(_few_standards, "stood_for", lambda *_: counts)
    # the mean alone
    monkeypatch.setattr(_priors, "GRID", np.array([np.inf]))
    monkeypatch.setattr(Nothing, "strengths", np.array([np.inf]))
    found = FewStandardsTransfer(("nothing",)).fit(X, y, **unpaired).expected_rse_
    missed = np.zeros(6)
    for i in range(6):
        rest = np.arange(6) != i
        missed[i] = ((y[i] - y[rest].mean(axis=0)) ** 2).sum()
    mean = counts @ y / 6
    by_hand = counts @ missed / (counts @ ((y - mean) ** 2).sum(axis=1))
    assert_allclose(found["nothing"], by_hand)
    assert_allclose(found["mixture"], by_hand)


def test_the_joint_prior_alone_is_spectral_space_transformation(pair, known):
    X, y = known.X_secondary, known.X_primary
    for kind, keep in (("joint", True), ("apart", False)):
        prior = made(kind, pair, X, y, None, samples_of(None, X))
        shares = np.eye(len(prior.strengths))[-1]
        literal = SpectralSpaceTransformation(3, keep_residual=keep, **axes(pair))
        literal.fit(X, y)
        new = pair.X_secondary[100:110]
        assert_allclose(predicted(prior, shares, new), literal.predict(new), rtol=1e-8)


def test_the_mixture_asks_each_standard_as_often_as_it_stands_for_spectra(
    pair, unpaired, monkeypatch
):
    X, y = pair.X_secondary[:6], pair.X_primary[:6]
    counts = np.array([3.0, 1.0, 0.0, 0.0, 2.0, 0.0])
    seen = {}

    def grams(maps, shape, given):
        seen["missed"] = np.concatenate([prior.residuals(ALL) for prior in maps])
        return _mixing.grams(maps, shape, given)

    def weights(gram):
        seen["gram"] = gram
        return mixing_weights(gram)

    monkeypatch.setattr(_few_standards, "stood_for", lambda *_: counts)
    monkeypatch.setattr(_few_standards, "grams", grams)
    monkeypatch.setattr(_few_standards, "mixing_weights", weights)
    FewStandardsTransfer().fit(X, y, **unpaired)
    asked = 2 / 6 + 4 / 6 * counts
    expected = np.einsum("mic,i,nic->mn", seen["missed"], asked, seen["missed"])
    assert_allclose(seen["gram"], expected, rtol=1e-6)
