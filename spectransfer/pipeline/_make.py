"""The whole transfer, built from a regressor."""

from typing import Any

from sklearn import get_config
from sklearn.pipeline import Pipeline

from spectransfer.pipeline._primary_space import PrimarySpaceRegressor
from spectransfer.preprocessing import BaselineCorrector, StandardScaler
from spectransfer.transfer import SpectralMLP, SpectralVAE, VAELatentTransfer


def make_transfer_pipeline(
    regressor: Any = None,
    *,
    secondary: Any = "default",
    primary: Any = "default",
    memory: Any = None,
) -> Pipeline:
    """Build the whole transfer, from raw secondary to baseline-free primary spectra.

    Parameters
    ----------
    regressor : estimator, default=None
        What carries prepared secondary spectra to prepared primary ones: any
        multi-output regressor. None is the paper's method,
        ``VAELatentTransfer(SpectralVAE(), SpectralMLP())``.
    secondary, primary : transformer, "default" or None
        What is done to the spectra of each side. "default" is
        ``make_pipeline(BaselineCorrector(), StandardScaler())``; None is nothing. A
        side with a `Pipeline` keeps the names of its steps.
    memory : str or joblib.Memory, default=None
        Cache of the prepared secondary spectra, as in `sklearn.pipeline.Pipeline`.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``baseline``, ``scaler`` (by default) and ``transfer``, the last a
        `PrimarySpaceRegressor`. ``fit(X_secondary, X_primary)`` and
        ``predict(X_secondary)``.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer import make_transfer_pipeline
    >>> from spectransfer.datasets import make_instrument_pair
    >>> pair = make_instrument_pair(n_spectra=200, random_state=0)
    >>> transfer = make_transfer_pipeline(Ridge())
    >>> [name for name, _ in transfer.steps]
    ['baseline', 'scaler', 'transfer']
    >>> transfer.fit(pair.X_secondary[:150], pair.X_primary[:150])
    Pipeline(...)
    >>> bool(transfer.score(pair.X_secondary[150:], pair.X_primary[150:]) > 0.5)
    True
    """
    if isinstance(primary, str):
        primary = _default_preparation()
    if isinstance(secondary, str):
        secondary = _default_preparation()
    steps: list[tuple[str, Any]] = []
    if isinstance(secondary, Pipeline):
        steps = list(secondary.steps)
    elif secondary is not None:
        steps = [("prepare", secondary)]
    if regressor is None:
        regressor = VAELatentTransfer(SpectralVAE(), SpectralMLP())
    steps.append(("transfer", PrimarySpaceRegressor(regressor, transformer=primary)))
    # scikit-learn accepts transform_input only while metadata routing is enabled
    routed = ["X_val"] if get_config()["enable_metadata_routing"] else None
    return Pipeline(steps, transform_input=routed, memory=memory)


def _default_preparation() -> Pipeline:
    return Pipeline([("baseline", BaselineCorrector()), ("scaler", StandardScaler())])
