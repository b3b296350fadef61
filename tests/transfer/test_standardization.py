"""The classical family equals chemotools' on equal axes, and slow literal loops."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from spectransfer import (
    CanonicalCorrelationTransfer,
    DirectStandardization,
    MeanTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    SpectralSpaceTransformation,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import WavelengthError
from spectransfer.transfer._leave_out import samples_of
from spectransfer.transfer._piecewise import LocalRidge, window_channels

GOLDEN = Path(__file__).parents[1] / "golden" / "standardizations.npz"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as archive:
        return dict(archive)


def fitted(transfer, golden, secondary):
    n = int(golden["n_known"])
    transfer.fit(golden[secondary][:n], golden["primary"][:n])
    return transfer.predict(golden[secondary][n:])


def test_direct_standardization_equals_chemotools(golden):
    mine = fitted(DirectStandardization(0.0, center=False), golden, "noisy")
    assert_allclose(mine, golden["direct"], rtol=1e-9)


def test_piecewise_standardization_equals_chemotools(golden):
    # its two PLS components describe secondary spectra of rank two completely
    literal = PiecewiseDirectStandardization(5, alpha=0.0, shrink_to="mean")
    assert_allclose(
        fitted(literal, golden, "secondary"), golden["piecewise"], rtol=1e-7
    )


def test_spectral_space_transformation_equals_chemotools(golden):
    mine = fitted(SpectralSpaceTransformation(3), golden, "noisy")
    assert_allclose(mine, golden["spectral_space"], rtol=1e-9)


def left_out(transfer, X, y, samples):
    """The literal loop: fit again without each sample."""
    error = 0.0
    for sample in np.unique(samples):
        out = samples == sample
        predicted = transfer.fit(X[~out], y[~out]).predict(X[out])
        error += ((predicted - y[out]) ** 2).sum()
    return error


@pytest.mark.parametrize("replicates", [1, 3])
@pytest.mark.parametrize("shrink_to", ["resampled", "mean"])
def test_the_strength_of_piecewise_ridge_is_that_of_the_literal_loop(
    shrink_to, replicates, pair
):
    # penalties are relative to sums of squares, which change when a sample is left
    # out; on the scale of the grid that is nothing for 24 spectra
    X, y = pair.X_secondary[:24, :30], pair.X_primary[:24, :30]
    samples = np.arange(24) // replicates
    transfer = PiecewiseDirectStandardization(5, shrink_to=shrink_to)
    chosen = transfer.fit(X, y, sample_id=samples).alpha_
    tried = chosen * np.array([1e-2, 0.1, 0.5, 1.0, 2.0, 10.0, 100.0])
    errors = [
        left_out(transfer.set_params(alpha=alpha), X, y, samples) for alpha in tried
    ]
    assert min(errors) > 0.98 * errors[3]


@pytest.mark.parametrize("replicates", [1, 3])
def test_the_strength_of_direct_ridge_is_that_of_the_literal_loop(replicates, pair):
    X, y = pair.X_secondary[:24], pair.X_primary[:24]
    samples = np.arange(24) // replicates
    transfer = DirectStandardization()
    chosen = transfer.fit(X, y, sample_id=samples).alpha_
    tried = chosen * np.array([1e-2, 0.1, 0.5, 1.0, 2.0, 10.0, 100.0])
    errors = [
        left_out(transfer.set_params(alpha=alpha), X, y, samples) for alpha in tried
    ]
    assert min(errors) > 0.98 * errors[3]


@pytest.mark.parametrize("replicates", [1, 2])
def test_a_double_window_is_the_literal_loop_over_objects(replicates, pair):
    X, y = (np.float64(side[:12, :30]) for side in (pair.X_secondary, pair.X_primary))
    X, y = X - X.mean(axis=0), y - y.mean(axis=0)
    samples = samples_of(np.arange(12) // replicates, X)
    table = window_channels(sparse.eye_array(30).tocsr(), (None, None), 3, "channels")
    ridge = LocalRidge(X, y, *table, samples, 5)
    local, missed = ridge.solve(np.array([0.01]))[0]

    def objects(channel, rows):
        """Each neighbour is an object, centred by itself; beyond the ends is 0."""
        seen, targets = [], []
        for near in range(max(0, channel - 2), min(30, channel + 3)):
            window = np.zeros((len(rows), 3))
            for column, k in enumerate((near - 1, near, near + 1)):
                if 0 <= k < 30:
                    window[:, column] = X[rows, k] - X[rows, k].mean()
            seen.append(window)
            targets.append(y[rows, near] - y[rows, near].mean())
        return np.concatenate(seen), np.concatenate(targets)

    every = np.arange(12)
    for channel in (0, 1, 14, 29):
        seen, targets = objects(channel, every)
        penalty = 0.01 * (seen**2).sum() * np.eye(3)
        inside = [k for k in (channel - 1, channel, channel + 1) if 0 <= k < 30]
        used = [k - channel + 1 for k in inside]
        learned = np.linalg.solve(seen.T @ seen + penalty, seen.T @ targets)
        assert_allclose(local.toarray()[channel, inside], learned[used], rtol=1e-8)
        for out in samples:
            rest = np.setdiff1d(every, out)
            seen, targets = objects(channel, rest)
            learned = np.linalg.solve(seen.T @ seen + penalty, seen.T @ targets)
            means = X[rest].mean(axis=0), y[rest, channel].mean()
            guess = means[1] + (X[out] - means[0])[:, inside] @ learned[used]
            assert_allclose(missed[out, channel], y[out, channel] - guess, rtol=1e-6)


def test_a_double_window_of_one_channel_is_a_single_one(pair):
    X, y = pair.X_secondary[:12, :30], pair.X_primary[:12, :30]
    double = PiecewiseDirectStandardization((5, 1)).fit(X, y)
    single = PiecewiseDirectStandardization(5).fit(X, y)
    assert_allclose(double.coef_, single.coef_, rtol=1e-10)
    assert PiecewiseDirectStandardization((5, 7)).fit(X, y).alpha_ != double.alpha_


def test_a_window_over_all_channels_is_direct_standardization(pair):
    X, y = pair.X_secondary[:12, :20], pair.X_primary[:12, :20]
    wide = PiecewiseDirectStandardization(41, alpha=0.0, shrink_to="mean").fit(X, y)
    direct = DirectStandardization(0.0).fit(X, y)
    assert_allclose(wide.coef_, direct.coef_, atol=1e-6 * np.abs(direct.coef_).max())


def test_a_window_in_nm_is_the_same_channels(pair):
    ws, wp = pair.wavelengths_secondary, pair.wavelengths_primary
    axes = {"wavelengths_secondary": ws, "wavelengths_primary": wp}
    X, y = pair.X_secondary[:30], pair.X_primary[:30]
    transfer = PiecewiseDirectStandardization(3.0, unit="nm", **axes).fit(X, y)
    used = transfer.coef_ != 0
    distance = np.abs(ws[None, :] - wp[:, None])
    inside = (wp >= ws[0]) & (wp <= ws[-1])
    reached = (distance <= 1.5).any(axis=1) & inside
    assert not used[~inside].any()
    resampled = distance < np.diff(ws).max()
    assert_allclose(
        used[reached], ((distance <= 1.5) & used | resampled & used)[reached]
    )
    assert used[reached].any(axis=1).all()


def test_a_strong_ridge_leaves_the_mean_difference(pair):
    X, y = pair.X_secondary[:20, :40], pair.X_primary[:20, :40]
    strong = PiecewiseDirectStandardization(5, alpha=1e12).fit(X, y).predict(X)
    assert_allclose(strong, OffsetTransfer().fit(X, y).predict(X), rtol=1e-6)


def test_slope_and_offset_equal_polyfit(pair):
    X, y = pair.X_secondary[:20, :40], pair.X_primary[:20, :40]
    transfer = OffsetTransfer("slope").fit(X, y)
    for channel in range(0, 40, 7):
        slope, offset = np.polyfit(X[:, channel], y[:, channel], 1)
        assert transfer.slope_[channel] == pytest.approx(slope)
        assert transfer.intercept_[channel] == pytest.approx(offset)


def test_learning_nothing_leaves_spectra_as_they_are(pair):
    X, y = pair.X_secondary[:20, :40], pair.X_primary[:20, :40]
    assert_allclose(OffsetTransfer("nothing").fit(X, y).predict(X), X, rtol=1e-12)


def test_no_components_leave_the_mean_difference(pair):
    X, y = pair.X_secondary[:20, :40], pair.X_primary[:20, :40]
    none = SpectralSpaceTransformation(0).fit(X, y).predict(X)
    assert_allclose(none, OffsetTransfer().fit(X, y).predict(X), rtol=1e-12)


def test_joint_components_need_no_axes_without_the_residual(pair):
    X, y = pair.X_secondary, pair.X_primary
    transfer = SpectralSpaceTransformation(keep_residual=False).fit(X[:60], y[:60])
    mean = MeanTransfer().fit(X[:60], y[:60])
    assert transfer.score(X[60:], y[60:]) > mean.score(X[60:], y[60:]) + 0.3


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"window": 4}, ValueError, r"(?s)odd whole number.*it is 4\. Take 5"),
        (
            {"window": (5, 2)},
            ValueError,
            r"(?s)second number.*odd whole number.*Take window=\(5, 3\)",
        ),
        (
            {"window": (20, 6), "unit": "axis"},
            ValueError,
            r"(?s)second number.*it is 6\. Take window=\(20, 7\)",
        ),
        ({"window": (5, 3, 1)}, ValueError, r"(?s)a pair of widths.*\(5, 3\)"),
        ({"window": 2.5, "unit": "nm"}, WavelengthError, r"(?s)neither is known.*Pass"),
    ],
)
def test_a_window_that_cannot_be_is_refused(options, error, said, pair):
    transfer = PiecewiseDirectStandardization(**options)
    with pytest.raises(error, match=said):
        transfer.fit(pair.X_secondary[:, :40], pair.X_primary[:, :40])


def test_sample_names_of_another_length_are_refused(pair):
    with pytest.raises(ValueError, match=r"(?s)sample_id must name.*\(3,\).*300"):
        DirectStandardization().fit(
            pair.X_secondary, pair.X_primary, sample_id=[1, 2, 3]
        )


@pytest.mark.parametrize(("n_principal", "n_components"), [(3, 3), (4, 2), (6, 1)])
def test_canonical_correlation_is_that_of_the_publication(
    pair, n_principal, n_components
):
    secondary, y = (np.float64(side) for side in (pair.X_secondary, pair.X_primary))
    X, y, new = secondary[:30], y[:30], secondary[30:]
    sides = []
    for spectra in (X, y):
        u, s, v = np.linalg.svd(spectra - spectra.mean(axis=0), full_matrices=False)
        n = slice(None, n_principal)
        sides.append(((u * s)[:, n] @ v[n], v[n].T))
    # canonical weights from the eigenvectors of the textbook, among the components
    (x_cut, x_axes), (y_cut, y_axes) = sides
    a, b = x_cut @ x_axes, y_cut @ y_axes
    product = np.linalg.inv(a.T @ a) @ a.T @ b @ np.linalg.inv(b.T @ b) @ b.T @ a
    values, vectors = np.linalg.eig(product)
    x_weights = vectors[:, np.argsort(-values)].real[:, :n_components]
    y_weights = np.linalg.inv(b.T @ b) @ b.T @ a @ x_weights
    x_variates, y_variates = a @ x_weights, b @ y_weights
    first = np.linalg.pinv(x_variates) @ y_variates
    second = np.linalg.pinv(y_variates) @ y_cut
    literal = (new - X.mean(axis=0)) @ x_axes @ x_weights @ first @ second

    transfer = CanonicalCorrelationTransfer(n_components, n_principal=n_principal)
    mine = transfer.fit(X, y).predict(new)
    assert_allclose(mine, literal + y.mean(axis=0), rtol=1e-6)
    assert_allclose(
        transfer.correlations_**2, np.sort(values.real)[::-1][:n_components], rtol=1e-6
    )


def test_numbers_of_variates_are_those_of_the_literal_loop(pair):
    X, y = pair.X_secondary[:24], pair.X_primary[:24]
    samples = np.repeat(np.arange(12), 2)
    chosen = CanonicalCorrelationTransfer().fit(X, y, sample_id=samples)
    errors = {
        (n, k): left_out(CanonicalCorrelationTransfer(k, n_principal=n), X, y, samples)
        for n in range(1, 11)
        for k in range(n + 1)
    }
    best = min(errors.values())
    assert errors[chosen.n_principal_, chosen.n_components_] == pytest.approx(best)


def test_few_canonical_variates_do_not_believe_in_chance(pair):
    X, y, few = pair.X_secondary, pair.X_primary, slice(None, 12)
    every = CanonicalCorrelationTransfer(11, n_principal=11).fit(X[few], y[few])
    # fewer standards than channels: all combinations correlate perfectly
    assert_allclose(every.correlations_, 1.0)
    chosen = CanonicalCorrelationTransfer().fit(X[few], y[few])
    assert chosen.score(X[60:], y[60:]) > every.score(X[60:], y[60:])


@pytest.mark.parametrize(("seed", "n"), [(0, 4), (8, 4), (14, 5), (16, 6)])
def test_canonical_variates_do_not_depend_on_the_order_of_channels(seed, n):
    # so few standards correlate perfectly: rounding must not choose among variates
    pair = make_instrument_pair(n_spectra=60, random_state=seed)
    X, y = (np.float64(side) for side in (pair.X_secondary, pair.X_primary))
    forth = CanonicalCorrelationTransfer().fit(X[:n], y[:n])
    back = CanonicalCorrelationTransfer().fit(X[:n, ::-1], y[:n])
    assert forth.n_principal_ == back.n_principal_
    assert_allclose(
        forth.predict(X[20:]), back.predict(X[20:, ::-1]), atol=1e-4 * y.std()
    )
