r"""What laboratories must share before another one can join, in bytes.

The primary laboratory hands out what a secondary one learns its transfer from. For a
direct transfer (network, linear method, neighbours) these are the primary spectra of
the n shared standards; for a transfer through latents, their latents and the decoder,
with what brings decoded spectra back to counts:

.. math:: S_\text{direct} = 4\, n M, \qquad
          S_\text{latent} = 4\, (n L + \lvert D \rvert + \lvert T \rvert)

for M channels, L latents, a decoder of \|D\| and a primary side of \|T\| numbers, each
in 4 bytes (float32). For the paper's 313,600 standards, 4062 channels, 64 latents and
decoder of 512 and 1024 neurons this is 5.10 GB and 99 MB: 51 times less, the paper's
"approximately 50 times" (section 4).
"""

from typing import Any, NamedTuple

from sklearn.dummy import DummyRegressor
from sklearn.preprocessing import StandardScaler as _SklearnScaler
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from spectransfer._wrapping import flat_steps, predictor
from spectransfer.transfer import MeanTransfer

_BYTES = 4


class SharedSize(NamedTuple):
    """Bytes of each thing that is shared; `total` is their sum.

    Examples
    --------
    >>> from spectransfer.evaluation import SharedSize
    >>> SharedSize(latents=4000, decoder=1000, statistics=20).total
    5020
    """

    spectra: int = 0
    latents: int = 0
    decoder: int = 0
    statistics: int = 0

    @property
    def total(self) -> int:
        """All of it, in bytes."""
        return sum(self)


def shared_size(transfer: Any, n_shared: int, n_channels: int) -> SharedSize | None:
    r"""Count the bytes that laboratories share, so that one of them can join.

    Parameters
    ----------
    transfer : estimator
        A fitted transfer: a pipeline, a search, a plain regressor.
    n_shared : int
        Number of shared standards.
    n_channels : int
        Channels of the primary spectra.

    Returns
    -------
    SharedSize or None
        Bytes in float32. `VAELatentTransfer` shares latents of the standards, the
        decoder and the statistics of the primary side; with ``objective="spectrum"``,
        whose mapper learns from the spectra themselves, these in place of latents. A
        mean spectrum is one spectrum. Anything else needs the primary spectra. None
        where the size of an autoencoder that is not ours is not known.

    Notes
    -----
    Baselines, window widths and other settings are a few numbers and not counted, nor
    what a protocol asks for: the paper's also needs mean and deviation of the unseen
    primary map.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer.evaluation import shared_size
    >>> ridge = Ridge().fit([[0.0], [1.0]], [[0.0, 1.0], [1.0, 3.0]])
    >>> shared_size(ridge, n_shared=313_600, n_channels=4062).total
    5095372800
    """
    check_is_fitted(transfer)
    last = predictor(transfer)
    undone: list[Any] = []
    while hasattr(last, "regressor_"):
        undone += flat_steps(getattr(last, "transformer_", None))
        last = predictor(last.regressor_)
    spectra = _BYTES * n_shared * n_channels
    if isinstance(last, MeanTransfer | DummyRegressor):
        return SharedSize(statistics=_BYTES * n_channels)
    if not (hasattr(last, "autoencoder_") and hasattr(last, "mapper_")):
        return SharedSize(spectra=spectra)
    decoder = _numbers(flat_steps(last.autoencoder_))
    statistics = _numbers(undone)
    if decoder is None or statistics is None:
        return None
    sizes = {"decoder": _BYTES * decoder, "statistics": _BYTES * statistics}
    if getattr(last, "objective", "latent") == "spectrum":
        return SharedSize(spectra=spectra, **sizes)
    n_latent = len(last.autoencoder_.get_feature_names_out())
    return SharedSize(latents=_BYTES * n_shared * n_latent, **sizes)


def _numbers(steps: list[Any]) -> int | None:
    """Count the fitted numbers that it takes to undo steps."""
    counted = [_numbers_to_undo(step) for step in steps]
    known = [count for count in counted if count is not None]
    return sum(known) if len(known) == len(counted) else None


def _numbers_to_undo(step: Any) -> int | None:
    if not hasattr(step, "inverse_transform"):
        return 0
    if hasattr(step, "net_"):
        weights = step.net_.module_.decoder.parameters()
        unit = 0 if step.unit_.is_identity else step.unit_.shift.size + 1
        return sum(weight.numel() for weight in weights) + unit
    if isinstance(step, _SklearnScaler):
        mean = step.mean_.size if step.with_mean else 0
        return int(mean + (step.scale_.size if step.with_std else 0))
    if hasattr(step, "components_"):
        mean = getattr(step, "mean_", None)
        whitening = step.components_.shape[0] if getattr(step, "whiten", False) else 0
        return int(
            step.components_.size + (0 if mean is None else mean.size) + whitening
        )
    return None if get_tags(step).requires_fit else 0
