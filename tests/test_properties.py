"""What holds for any spectra: units, order, blocks, layout, twice, cloned, saved.

A few examples of each by default; `make slow` tries many
(`pytest --hypothesis-profile=many tests/test_properties.py`).
"""

import io
import warnings

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from spectransfer import (
    BaselineCorrector,
    CanonicalCorrelationTransfer,
    DirectMLPTransfer,
    DirectStandardization,
    DriftCorrector,
    FewStandardsTransfer,
    KNNTransfer,
    MeanTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    SpectralMLP,
    SpectralSpaceTransformation,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
    WavelengthCropper,
    WavelengthResampler,
    make_transfer_pipeline,
    transfer_spectra,
)
from spectransfer.metrics import (
    k_score,
    mean_cosine,
    mean_euclidean,
    relative_squared_error,
)
from spectransfer.model_selection import select_standards
from spectransfer.preprocessing import AxisAligner, BlindCorrector

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

# from 1e-30 to 1e30, and exact: whatever differs then is not rounding of the unit
UNITS = st.integers(-99, 99).map(lambda power: 2.0**power)
SEEDS = st.integers(0, 2**32 - 1)
KINDS = st.sampled_from([np.float32, np.float64])

N, SECONDARY, PRIMARY = 24, np.linspace(300.0, 330.0, 31), np.linspace(302.0, 327.0, 41)
AXES = {"wavelengths_secondary": SECONDARY, "wavelengths_primary": PRIMARY}
QUICK = {"training": Training(n_steps=4, batch_size=12), "random_state": 0}


def spectra(seed, dtype=np.float64, n=N):
    """Lines on a slope, secondary and primary, each on its axis."""
    rng = np.random.default_rng(seed)
    strength = rng.gamma(2.0, size=(n, 3))

    def seen(axis, width):
        lines = [np.exp(-(((axis - c) / width) ** 2)) for c in (306, 314, 323)]
        slope = 1.0 + 0.01 * (axis - 300.0)
        return strength @ np.array(lines) + slope + 0.01 * rng.random((n, len(axis)))

    return seen(SECONDARY, 2.0).astype(dtype), 3 * seen(PRIMARY, 1.2).astype(dtype)


def sides(step):
    return {"secondary": clone(step), "primary": clone(step)}


TRANSFERS = {
    "mean": MeanTransfer(),
    "knn": KNNTransfer(3),
    "offset": OffsetTransfer("slope", **AXES),
    "ds": DirectStandardization(),
    "pds": PiecewiseDirectStandardization(5, **AXES),
    "sst": SpectralSpaceTransformation(2, **AXES),
    "cca": CanonicalCorrelationTransfer(),
    "few": FewStandardsTransfer(**AXES),
    "scaled": make_transfer_pipeline(Ridge(1e-3), **sides(StandardScaler())),
    "baseline": make_transfer_pipeline(
        KNNTransfer(2), **sides(BaselineCorrector(5, smooth_window=3))
    ),
    "pca": VAELatentTransfer(PCA(3, svd_solver="full"), DirectStandardization()),
}
NETWORKS = {
    "mlp": SpectralMLP((4,), **QUICK),
    "direct": DirectMLPTransfer((4,), n_latent=2, decoder_layer_sizes=(4,), **QUICK),
    "latent": VAELatentTransfer(
        SpectralVAE((4,), n_latent=2, **QUICK), SpectralMLP((4,), **QUICK)
    ),
}
EVERY = TRANSFERS | NETWORKS
TRANSFORMERS = {
    "baseline": BaselineCorrector(5, smooth_window=3),
    "scaler": StandardScaler(),
    "cropper": WavelengthCropper(305, 320, wavelengths=SECONDARY),
    "resampler": WavelengthResampler(PRIMARY, wavelengths=SECONDARY),
    "drift": DriftCorrector(wavelengths=SECONDARY),
    "aligner": AxisAligner(),
    "blind": BlindCorrector("same-statistics"),
}
of_transfers = pytest.mark.parametrize("name", TRANSFERS)
of_every_transfer = pytest.mark.parametrize("name", EVERY)
of_transformers = pytest.mark.parametrize("name", TRANSFORMERS)


def fitted(name, X, y):
    return clone(EVERY[name]).fit(X, y)


def prepared(name, today, reference):
    """Fit a transformer; those of two days to both."""
    step = clone(TRANSFORMERS[name])
    with warnings.catch_warnings():
        # what they think of these days is not the question
        warnings.simplefilter("ignore")
        if name in ("drift", "aligner", "blind"):
            return step.fit(today[:8], reference[:8])
        return step.fit(today)


def days(seed, dtype=np.float64):
    """Secondary spectra of today, brighter, and of the reference day."""
    reference, _ = spectra(seed, dtype)
    return (reference * dtype(1.2)).astype(dtype), reference


def saved(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


def in_layout(layout, table):
    return {
        "F": np.asfortranarray,
        "strided": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
        "reversed": lambda a: a[::-1].copy()[::-1],
        "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
        "read-only": read_only,
    }[layout](table)


def read_only(table):
    table = table.copy()
    table.flags.writeable = False
    return table


LAYOUTS = st.sampled_from(["F", "strided", "reversed", "big-endian", "read-only"])


@of_transfers
@hypothesis.given(seed=SEEDS, secondary=UNITS, primary=UNITS, kind=KINDS)
def test_a_transfer_does_not_depend_on_the_units(name, seed, secondary, primary, kind):
    X, y = spectra(seed, kind)
    if name in ("offset", "pds", "sst", "few"):
        # they begin with the secondary spectrum as it is, in the unit of the primary
        secondary = primary
    if name == "scaled":
        # ridge of scikit-learn adds a number to a covariance
        primary = 1.0
    plain = fitted(name, X, y).predict(X)
    X_other, y_other = X * kind(secondary), y * kind(primary)
    other = fitted(name, X_other, y_other).predict(X_other)
    assert_allclose(other / primary, plain, rtol=1e-5, atol=1e-5 * np.abs(y).max())


@pytest.mark.parametrize("name", NETWORKS)
@hypothesis.given(seed=SEEDS, unit=UNITS)
def test_a_network_does_not_depend_on_the_unit(name, seed, unit):
    X, y = spectra(seed)
    plain = fitted(name, X, y).predict(X)
    other = fitted(name, X * unit, y * unit).predict(X * unit)
    assert_allclose(other / unit, plain, rtol=1e-5, atol=1e-5 * np.abs(y).max())


@of_transformers
@hypothesis.given(seed=SEEDS, unit=UNITS)
def test_a_step_does_not_depend_on_the_unit(name, seed, unit):
    today, reference = days(seed)
    plain = prepared(name, today, reference).transform(today)
    step = prepared(name, today * unit, reference * unit)
    kept = 1.0 if name == "scaler" else unit
    other = step.transform(today * unit) / kept
    assert_allclose(other, plain, rtol=1e-6, atol=1e-6 * np.abs(plain).max())


def test_neighbours_do_not_depend_on_the_smallest_units():
    X, y = spectra(3)
    plain = KNNTransfer(3).fit(X, y).predict(X)
    tiny = X * 2.0**-99
    assert_allclose(KNNTransfer(3).fit(tiny, y).predict(tiny), plain)


@hypothesis.given(seed=SEEDS, unit=UNITS, kind=KINDS)
def test_figures_of_merit_have_no_unit_or_that_of_the_spectra(seed, unit, kind):
    y, other = spectra(seed, kind)[1], spectra(seed + 1, kind)[1]
    scaled = y * kind(unit), other * kind(unit)
    for figure, power in (
        (relative_squared_error, 0),
        (mean_euclidean, 1),
        (mean_cosine, 0),
        (k_score, 0),
    ):
        beside = {} if figure is not k_score else {"n_clusters": 3, "random_state": 0}
        plain = figure(y, other, **beside)
        assert_allclose(
            figure(*scaled, **beside), plain * unit**power, rtol=1e-4, atol=0
        )


@hypothesis.given(seed=SEEDS, unit=UNITS)
def test_the_choice_of_standards_does_not_depend_on_the_unit(seed, unit):
    X, _ = spectra(seed)
    for method in ("kmeans", "kennard-stone", "duplex", "d-optimal"):
        chosen = select_standards(X, 6, method=method)
        assert_array_equal(select_standards(X * unit, 6, method=method), chosen)


@hypothesis.given(seed=SEEDS, shift=st.floats(-1e3, 1e3))
def test_what_is_centred_does_not_depend_on_a_shift(seed, shift):
    X, y = spectra(seed)
    for step in (StandardScaler(), BaselineCorrector(5, smooth_window=3)):
        plain = step.fit_transform(X)
        assert_allclose(step.fit_transform(X + shift), plain, atol=1e-8)
    for name in ("mean", "knn", "offset", "ds", "pds", "sst", "cca", "pca"):
        plain = fitted(name, X, y).predict(X)
        moved = fitted(name, X + shift, y + shift).predict(X + shift)
        assert_allclose(moved - shift, plain, rtol=1e-5, atol=1e-5)


@of_transfers
@hypothesis.given(seed=SEEDS, order=st.permutations(range(N)))
def test_a_prediction_does_not_depend_on_its_neighbours_or_their_order(
    name, seed, order
):
    X, y = spectra(seed)
    transfer = fitted(name, X, y)
    order = np.array(order)
    assert_allclose(transfer.predict(X[order]), transfer.predict(X)[order], rtol=1e-6)
    if name in ("sst", "cca", "few"):
        return  # left-out groups are those of the rows
    again = fitted(name, X[order], y[order])
    assert_allclose(again.predict(X), transfer.predict(X), rtol=1e-6, atol=1e-6)


@of_every_transfer
@hypothesis.given(seed=SEEDS, size=st.integers(1, 400))
def test_a_map_may_be_carried_in_any_blocks(name, seed, size):
    X, y = spectra(seed)
    many = np.tile(X, (12, 1))
    transfer = fitted(name, X, y)
    whole = transfer.predict(many)
    in_blocks = transfer_spectra(transfer, many, block_size=size)
    assert_allclose(in_blocks, whole, rtol=1e-5, atol=1e-6)


@of_transformers
@hypothesis.given(seed=SEEDS, size=st.integers(1, N))
def test_a_fitted_step_may_be_applied_in_any_blocks(name, seed, size):
    today, reference = days(seed)
    step = prepared(name, today, reference)
    blocks = [step.transform(today[i : i + size]) for i in range(0, N, size)]
    whole = step.transform(today)
    assert_allclose(np.concatenate(blocks), whole, rtol=1e-9, atol=1e-9)


@of_every_transfer
@hypothesis.given(seed=SEEDS, layout=LAYOUTS, kind=KINDS)
def test_the_layout_in_memory_does_not_matter(name, seed, layout, kind):
    X, y = spectra(seed, kind)
    laid = in_layout(layout, X), in_layout(layout, y)
    plain, other = fitted(name, X, y).predict(X), fitted(name, *laid).predict(laid[0])
    assert_allclose(other, plain, rtol=1e-4, atol=1e-4)


@of_transformers
@hypothesis.given(seed=SEEDS, layout=LAYOUTS, kind=KINDS)
def test_the_layout_of_what_is_prepared_does_not_matter(name, seed, layout, kind):
    both = days(seed, kind)
    plain = prepared(name, *both).transform(both[0])
    laid = [in_layout(layout, table) for table in both]
    other = prepared(name, *laid).transform(laid[0])
    assert plain.dtype == other.dtype == kind
    assert_allclose(other, plain, rtol=1e-4, atol=1e-4)


@of_every_transfer
@hypothesis.given(seed=SEEDS, kind=KINDS)
def test_twice_cloned_or_saved_is_the_same_and_keeps_the_precision(name, seed, kind):
    X, y = spectra(seed, kind)
    transfer = fitted(name, X, y)
    plain = transfer.predict(X)
    assert plain.dtype == kind
    assert_array_equal(saved(transfer).predict(X), plain)
    assert_array_equal(clone(transfer).fit(X, y).predict(X), plain)
    other = spectra(seed + 1, kind)
    assert_array_equal(transfer.fit(*other).fit(X, y).predict(X), plain)


@of_transformers
@hypothesis.given(seed=SEEDS)
def test_a_step_twice_cloned_or_saved_is_the_same(name, seed):
    both = days(seed)
    step = prepared(name, *both)
    plain = step.transform(both[0])
    assert_array_equal(saved(step).transform(both[0]), plain)
    assert_array_equal(prepared(name, *both).transform(both[0]), plain)


@of_every_transfer
@hypothesis.given(seed=SEEDS, kind=KINDS)
def test_what_becomes_of_the_arrays_after_fit_does_not_matter(name, seed, kind):
    X, y = spectra(seed, kind)
    new = X.copy()
    transfer = fitted(name, X, y)
    plain = transfer.predict(new)
    X[:], y[:] = np.nan, np.nan
    assert_array_equal(transfer.predict(new), plain)


@of_transformers
@hypothesis.given(seed=SEEDS, kind=KINDS)
def test_a_step_keeps_nothing_of_the_arrays_and_changes_none(name, seed, kind):
    today, reference = days(seed, kind)
    before = today.copy(), reference.copy()
    step = prepared(name, today, reference)
    plain = step.transform(today)
    assert_array_equal(today, before[0])
    assert_array_equal(reference, before[1])
    today[:], reference[:] = np.nan, np.nan
    assert_array_equal(step.transform(before[0]), plain)
