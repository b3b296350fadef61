"""scikit-learn's own checks, over every public estimator that transfers."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectransfer import (
    CanonicalCorrelationTransfer,
    DirectMLPTransfer,
    DirectStandardization,
    FewStandardsTransfer,
    KNNTransfer,
    MeanTransfer,
    OffsetTransfer,
    PiecewiseDirectStandardization,
    PrimarySpaceRegressor,
    SpectralMLP,
    SpectralSpaceTransformation,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
)
from spectransfer.adaptation import AdaptedTransfer
from spectransfer.networks import NetworkEstimator
from spectransfer.search import HalvingSearch


class OnAxes:
    """Targets of any number of channels have an axis, since the checks give none."""

    def _checked(self, X, y):
        secondary, primary, _ = super()._checked(X, y)
        spread = (np.linspace(0, 1, s.shape[1]) for s in (secondary, primary))
        return secondary, primary, tuple(spread)


class OffsetOnAxes(OnAxes, OffsetTransfer):
    pass


class PiecewiseOnAxes(OnAxes, PiecewiseDirectStandardization):
    pass


class SpectralSpaceOnAxes(OnAxes, SpectralSpaceTransformation):
    pass


# small networks and short trainings: the checks ask for dozens of fits
QUICK = {"training": Training(n_steps=150, learning_rate=0.01, batch_size=50)}


class SelfJudged(HalvingSearch):
    """A search that judges on the training map: the checks know of no other."""

    def fit(self, X, y=None):
        return super().fit(X, y, X_val=X, y_val=y)


SEARCH = {
    "estimator": KNNTransfer(),
    "space": {"n_neighbors": [1, 2]},
    "resource": None,
}

ESTIMATORS = [
    MeanTransfer(),
    DirectStandardization(),
    SpectralSpaceTransformation(keep_residual=False),
    CanonicalCorrelationTransfer(),
    AdaptedTransfer(DirectStandardization(), DirectStandardization()),
    FewStandardsTransfer(),
    OffsetOnAxes(),
    PiecewiseOnAxes(),
    SpectralSpaceOnAxes(),
    KNNTransfer(n_neighbors=3),
    KNNTransfer(n_neighbors=3, weights="distance"),
    SpectralVAE((8,), n_latent=2, **QUICK),
    SpectralMLP((16,), **QUICK),
    DirectMLPTransfer((16,), n_latent=4, decoder_layer_sizes=(8,), **QUICK),
    VAELatentTransfer(
        SpectralVAE((8,), n_latent=2, **QUICK), SpectralMLP((16,), **QUICK)
    ),
    VAELatentTransfer(
        SpectralVAE((8,), n_latent=2, **QUICK),
        SpectralMLP((16,), **QUICK),
        objective="spectrum",
    ),
    VAELatentTransfer(PCA(1), Ridge()),
    PrimarySpaceRegressor(Ridge()),
    PrimarySpaceRegressor(Ridge(), transformer=StandardScaler()),
    PrimarySpaceRegressor(
        SpectralMLP((16,), random_state=0, **QUICK),
        transformer=FunctionTransformer(),
    ),
    HalvingSearch(**SEARCH),
    SelfJudged(**SEARCH),
]

# what is left for a search that is given no validation map; `SelfJudged` passes them
NEED_A_FIT = [
    "check_complex_data",
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_dtype_object",
    "check_estimator_sparse_array",
    "check_estimator_sparse_matrix",
    "check_estimator_sparse_tag",
    "check_estimators_dtypes",
    "check_estimators_empty_data_messages",
    "check_estimators_fit_returns_self",
    "check_estimators_nan_inf",
    "check_estimators_overwrite_params",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_fit2d_1feature",
    "check_fit2d_1sample",
    "check_fit2d_predict1d",
    "check_fit_check_is_fitted",
    "check_fit_idempotent",
    "check_fit_score_takes_y",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_n_features_in",
    "check_n_features_in_after_fitting",
    "check_pipeline_consistency",
    "check_positive_only_tag_during_fit",
    "check_readonly_memmap_input",
    "check_regressor_data_not_an_array",
    "check_regressor_multioutput",
    "check_regressors_int",
    "check_regressors_no_decision_function",
    "check_regressors_train",
    "check_supervised_y_2d",
]


EQUIVALENCE = "check_sample_weight_equivalence_on_dense_data"


def expected_failures(estimator):
    """Give the checks that an estimator cannot pass, with the reason."""
    if type(estimator) is HalvingSearch:
        return dict.fromkeys(
            NEED_A_FIT, "fit needs a validation map, and the check gives none"
        )
    if isinstance(estimator, KNNTransfer):
        return {
            EQUIVALENCE: "a repeated spectrum fills several places among neighbours"
        }
    if isinstance(getattr(estimator, "autoencoder", None), PCA):
        refused = "PCA takes no weights, and is not fitted without them in silence"
        return {EQUIVALENCE: refused, "check_sample_weights_not_overwritten": refused}
    if isinstance(estimator, NetworkEstimator | VAELatentTransfer):
        return {EQUIVALENCE: "a repeated spectrum comes in several, other batches"}
    return {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_estimator_passes_scikit_learns_check(estimator, check):
    check(estimator)
