"""scikit-learn's own checks, over every public estimator that transfers."""

from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectransfer import (
    DirectMLPTransfer,
    KNNTransfer,
    MeanTransfer,
    PrimarySpaceRegressor,
    SpectralMLP,
    SpectralVAE,
    StandardScaler,
    Training,
    VAELatentTransfer,
)
from spectransfer.networks import NetworkEstimator

# small networks and short trainings: the checks ask for dozens of fits
QUICK = {"training": Training(n_steps=150, learning_rate=0.01, batch_size=50)}

ESTIMATORS = [
    MeanTransfer(),
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
]


EQUIVALENCE = "check_sample_weight_equivalence_on_dense_data"


def expected_failures(estimator):
    """Give the checks that an estimator cannot pass, with the reason."""
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
