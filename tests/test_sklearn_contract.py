"""scikit-learn's own checks, over every public estimator that transfers."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectransfer import (
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
    VAELatentTransfer,
)


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
QUICK = {"n_steps": 150, "max_epochs": "auto", "learning_rate": 0.01, "batch_size": 50}

ESTIMATORS = [
    MeanTransfer(),
    DirectStandardization(),
    SpectralSpaceTransformation(keep_residual=False),
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
]


@parametrize_with_checks(ESTIMATORS)
def test_estimator_passes_scikit_learns_check(estimator, check):
    check(estimator)
