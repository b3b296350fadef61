"""Any pipeline of listed parts, as deep as one likes, comes back with the same bits."""

import warnings

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler
from sklearn.preprocessing import StandardScaler as SklearnScaler

from spectransfer import (
    BaselineCorrector,
    CanonicalCorrelationTransfer,
    DirectMLPTransfer,
    DirectStandardization,
    FewStandardsTransfer,
    KNNTransfer,
    MeanTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    PrimarySpaceRegressor,
    SlopeBiasCorrection,
    SpectralMLP,
    SpectralSpaceTransformation,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
    WavelengthCropper,
    WavelengthResampler,
    make_transfer_pipeline,
)
from spectransfer.library import load_transfer, save_transfer
from spectransfer.library._listed import PARTS
from spectransfer.networks import PublishedTraining
from spectransfer.preprocessing import AxisAligner, BlindCorrector, DriftCorrector

RNG = np.random.default_rng(0)
N, CHANNELS = 24, 40
AXIS = np.linspace(200.0, 300.0, CHANNELS)
LINES = np.exp(-0.5 * ((AXIS - RNG.uniform(210, 290, (5, 1))) / 3) ** 2)
X = 50 + 900 * RNG.gamma(2.0, size=(N, 5)) @ LINES + RNG.normal(size=(N, CHANNELS))
Y = 1.3 * X[:, ::-1] + RNG.normal(size=X.shape)
FEW = Training(n_steps=3)
# tested on days and calibrations of their own, in test_transfers
ELSEWHERE = {
    "AdaptedTransfer", "AxisAligner", "BlindCorrector", "DriftCorrector",
    "SlopeBiasCorrection", "PrimarySide", "PrimarySpaceRegressor", "TransferPipeline",
    "PublishedTraining", "Training", "SpectralVAE", "SpectralMLP", "sklearn.Pipeline",
    "sklearn.FrozenEstimator",
}  # fmt: skip

TRANSFORMERS = st.one_of(
    st.builds(BaselineCorrector, st.integers(4, 30)),
    st.builds(
        StandardScaler,
        power=st.floats(0, 1),
        statistics=st.sampled_from(["fit", "batch"]),
    ),
    st.builds(WavelengthCropper, st.floats(200, 230), wavelengths=st.just(AXIS)),
    st.builds(
        WavelengthResampler,
        st.integers(5, 60).map(lambda n: np.linspace(205, 295, n)),
        wavelengths=st.just(AXIS),
    ),
    st.builds(SklearnScaler, with_std=st.booleans()),
    st.builds(MinMaxScaler),
    st.builds(MaxAbsScaler),
    st.builds(RobustScaler),
    st.builds(PCA, st.integers(1, 4), whiten=st.booleans(), svd_solver=st.just("full")),
)
REGRESSORS = st.one_of(
    st.builds(Ridge, st.floats(1e-3, 1e3)),
    st.builds(RidgeCV),
    st.builds(LinearRegression),
    st.builds(PLSRegression, st.integers(1, 3)),
    st.builds(KNNTransfer, st.integers(1, 5), weights=st.just("distance")),
    st.builds(MeanTransfer),
    st.builds(OffsetTransfer),
    st.builds(DirectStandardization),
    st.builds(PiecewiseDirectStandardization),
    st.builds(SpectralSpaceTransformation),
    st.builds(CanonicalCorrelationTransfer),
    st.builds(FewStandardsTransfer),
    st.just(DirectMLPTransfer((4,), n_latent=2, training=FEW, random_state=0)),
    st.just(VAELatentTransfer(PCA(3), Ridge())),
    st.just(
        VAELatentTransfer(
            SpectralVAE((4,), n_latent=2, training=FEW, random_state=0),
            SpectralMLP((4,), training=FEW, random_state=0),
        )
    ),
)  # fmt: skip


def nested(parts):
    """Steps, some of them together in pipelines of their own."""
    return st.recursive(
        parts,
        lambda inner: st.lists(inner, min_size=1, max_size=2).map(
            lambda steps: make_pipeline(*steps)
        ),
        max_leaves=3,
    )


def fitted(work):
    """Fit what can be fitted: hypothesis combines what no user would."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return work()
        except (ValueError, TypeError):
            return None


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    secondary=st.none() | nested(TRANSFORMERS),
    primary=st.none() | nested(TRANSFORMERS),
    regressor=REGRESSORS,
    frozen=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    order=st.sampled_from("CF"),
)
def test_a_pipeline_of_listed_parts_predicts_the_same_bits(
    path, secondary, primary, regressor, frozen, dtype, order
):
    known, target = (np.asarray(part, dtype, order) for part in (X, Y))
    if frozen and primary is not None:
        primary = fitted(lambda: FrozenEstimator(primary.fit(target)))
    transfer = fitted(
        lambda: make_transfer_pipeline(
            regressor, secondary=secondary, primary=primary
        ).fit(known, target)
    )
    if transfer is None:
        return
    save_transfer(transfer, path)
    again = load_transfer(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for spectra in (known, known[:2], known.astype(np.float64)):
            expected, found = transfer.predict(spectra), again.predict(spectra)
            assert_array_equal(found, expected)
            assert found.dtype == expected.dtype
        assert_array_equal(
            again.transform_target(target), transfer.transform_target(target)
        )


def test_every_listed_part_has_a_round_trip():
    drawn = {
        "BaselineCorrector", "StandardScaler", "WavelengthCropper",
        "WavelengthResampler", "sklearn.StandardScaler", "sklearn.MinMaxScaler",
        "sklearn.MaxAbsScaler", "sklearn.RobustScaler", "sklearn.PCA", "sklearn.Ridge",
        "sklearn.RidgeCV", "sklearn.LinearRegression", "sklearn.PLSRegression",
        "KNNTransfer", "MeanTransfer", "OffsetTransfer", "DirectStandardization",
        "PiecewiseDirectStandardization", "SpectralSpaceTransformation",
        "CanonicalCorrelationTransfer", "FewStandardsTransfer", "DirectMLPTransfer",
        "VAELatentTransfer",
    }  # fmt: skip
    assert set(PARTS) == drawn | ELSEWHERE


def test_correctors_of_days_and_calibrations_come_back(path):
    today = np.roll(X, 1, axis=1) * 1.1
    steps = [
        AxisAligner().fit(today, X),
        BlindCorrector("same-statistics").fit(today, X),
        DriftCorrector().fit(today, X),
    ]
    for step in steps:
        save_transfer(step, path)
        assert_array_equal(load_transfer(path).transform(today), step.transform(today))
    slope = SlopeBiasCorrection(Ridge().fit(Y, Y[:, 0])).fit(Y, Y[:, 0])
    save_transfer(slope, path)
    assert_array_equal(load_transfer(path).predict(Y), slope.predict(Y))
    published = PublishedTraining(max_epochs=2)
    vae = SpectralVAE((4,), n_latent=2, training=published, random_state=0).fit(Y)
    save_transfer(vae, path)
    assert_array_equal(load_transfer(path).transform(Y), vae.transform(Y))
    bare = PrimarySpaceRegressor(Ridge(), transformer=MinMaxScaler()).fit(X, Y)
    save_transfer(bare, path)
    assert_array_equal(load_transfer(path).predict(X), bare.predict(X))
