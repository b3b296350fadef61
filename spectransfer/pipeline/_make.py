"""The whole transfer, built from a regressor."""

from typing import Any

from sklearn.pipeline import Pipeline

from spectransfer.pipeline._pipeline import TransferPipeline
from spectransfer.pipeline._preparations import prepare_as
from spectransfer.pipeline._regressor import PrimarySpaceRegressor
from spectransfer.preprocessing import BaselineCorrector, StandardScaler


def make_transfer_pipeline(
    regressor: Any = None,
    *,
    preparation: str | None = "libs",
    secondary: Any = "default",
    primary: Any = "default",
    memory: Any = None,
    verbose: bool = False,
) -> TransferPipeline:
    """Build the whole transfer, from raw secondary to baseline-free primary spectra.

    Parameters
    ----------
    regressor : estimator, default=None
        What carries prepared secondary spectra to prepared primary ones: any
        multi-output regressor. None is the paper's method,
        ``VAELatentTransfer(SpectralVAE(), SpectralMLP())``.
    preparation : {"libs", "raman", "nir"} or None, default="libs"
        How spectra of both sides are prepared, by the kind of spectroscopy. "libs" and
        "raman": free of baseline, centred, divided by one number, that is
        ``make_pipeline(BaselineCorrector(), StandardScaler(power=0))``; that of "raman"
        is called "fluorescence", and takes what it takes unasked. "nir": first
        derivative (15 channels, quadratic), standard normal variate, the same scaler;
        it needs chemotools, and predictions are such derivatives. None: nothing, so
        that predictions are on the scale of the measured spectra.
    secondary, primary : transformer, "default", "passthrough" or None
        What is done to the spectra of one side instead. "default" is `preparation`;
        None and "passthrough" are nothing. A side with a `Pipeline` keeps the names of
        its steps.
    memory : str or joblib.Memory, default=None
        Cache of the prepared secondary spectra, as in `sklearn.pipeline.Pipeline`.
    verbose : bool, default=False
        Whether to print each step and its time, as in `sklearn.pipeline.Pipeline`.
        Networks show their own progress, with ``verbose=1`` of theirs.

    Returns
    -------
    TransferPipeline
        A `sklearn.pipeline.Pipeline` with the steps ``baseline``, ``scaler`` (by
        default) and ``transfer``, the last a `PrimarySpaceRegressor`. It has
        ``fit(X_secondary, X_primary)``, with a validation set ``fit(X, y, X_val=...,
        y_val=...)``, and ``predict(X_secondary)``.

    Warns
    -----
    SpectransferWarning
        In `fit`, if a baseline takes away most of the variance among primary spectra,
        unless "raman" has said that it is fluorescence.

    See Also
    --------
    make_published_pipeline : The paper's own configuration.

    Notes
    -----
    Preparations were chosen by what a calibration then reads from transferred spectra,
    on real pairs of instruments: docs/preprocessing.md has the table.

    The paper scales every channel to unit variance (``StandardScaler()``). Channels of
    pure noise then weigh as much as lines, and every transfer that we tried on
    simulated maps did worse for it; docs/paper.md has the figures.

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
    TransferPipeline(...)
    >>> bool(transfer.score(pair.X_secondary[150:], pair.X_primary[150:]) > 0.5)
    True
    """
    primary = _side(primary, "primary", preparation)
    secondary = _side(secondary, "secondary", preparation)
    steps: list[tuple[str, Any]] = []
    if isinstance(secondary, Pipeline):
        steps = list(secondary.steps)
    elif secondary is not None:
        steps = [("prepare", secondary)]
    if regressor is None:
        # only here, so that other regressors do without torch
        from spectransfer.networks import SpectralMLP, SpectralVAE
        from spectransfer.transfer import VAELatentTransfer

        regressor = VAELatentTransfer(SpectralVAE(), SpectralMLP())
    steps.append(("transfer", PrimarySpaceRegressor(regressor, transformer=primary)))
    return TransferPipeline(steps, memory=memory, verbose=verbose)


def make_published_pipeline(regressor: Any = None, **changes: Any) -> TransferPipeline:
    """Build the transfer as its authors ran it.

    Both sides have the baseline correction of the published code
    (`BaselineCorrector.as_published`) and every channel at unit variance; the networks
    are `VAELatentTransfer.as_published`. The paper's Table 1 shows the paper protocol:
    ``predict(X, reference=y)`` with a secondary scaler of ``statistics="batch"``, or
    `spectransfer.evaluation.evaluate_transfers`, which judges by every protocol.

    Parameters
    ----------
    regressor : estimator, default=None
        In place of the paper's networks, such as ``KNNTransfer()``, to compare it under
        the same preparation.
    **changes : dict
        Parameters of `VAELatentTransfer` that are to differ, such as
        ``random_state=0``; not together with `regressor`.

    Returns
    -------
    TransferPipeline
        With the steps that `make_transfer_pipeline` gives.

    Raises
    ------
    TypeError
        If there are both a regressor and changes.

    References
    ----------
    .. [1] J. Vrabel et al., "Library transfer between distinct Laser-Induced
       Breakdown Spectroscopy systems with shared standards", section 3.

    Examples
    --------
    >>> from spectransfer import make_published_pipeline
    >>> transfer = make_published_pipeline(random_state=0)
    >>> transfer.named_steps["transfer"].regressor.autoencoder.training.max_epochs
    50
    """
    if regressor is None:
        from spectransfer.transfer import VAELatentTransfer

        regressor = VAELatentTransfer.as_published(**changes)
    elif changes:
        raise TypeError(
            "Parameters are changed of the paper's networks, but a regressor of your "
            f"own came with {', '.join(changes)}. Set them on the regressor."
        )
    return make_transfer_pipeline(
        regressor,
        secondary=_preparation(BaselineCorrector.as_published(), StandardScaler()),
        primary=_preparation(BaselineCorrector.as_published(), StandardScaler()),
    )


def _side(side: Any, name: str, kind: str | None) -> Any:
    """Give what is done to the spectra of a side."""
    if not isinstance(side, str):
        return side
    if side == "passthrough":
        return None
    if side != "default":
        raise ValueError(
            f"{name} must be a transformer, 'default', 'passthrough' or None, but it "
            f"is {side!r}. Pass the steps themselves, such as make_pipeline(...)."
        )
    return prepare_as(kind)


def _preparation(corrector: BaselineCorrector, scaler: StandardScaler) -> Pipeline:
    return Pipeline([("baseline", corrector), ("scaler", scaler)])
