"""A library that another laboratory has published, and what one does with it."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from spectransfer._axis import Axis
from spectransfer._typing import ArrayLike, FloatArray, RandomState
from spectransfer.exceptions import FileFormatError
from spectransfer.library._card import checked_card
from spectransfer.library._container import StoredArrays, sha256_of
from spectransfer.library._datasheet import datasheet_html, datasheet_text
from spectransfer.library._extend import extend_library
from spectransfer.library._join import Joining, join_library
from spectransfer.library._layers import Described, DescribedVAE, ReaderWithoutTorch
from spectransfer.library._lookup import LatentIndex, Matches, nearest_entries
from spectransfer.library._population import (
    OWN_ARRAYS,
    checked_predicted,
    drawn_spectra,
    with_axis,
)
from spectransfer.library._trees import Reader
from spectransfer.library._verify import Verification, verify_spectra
from spectransfer.pipeline import PrimarySide, TransferPipeline
from spectransfer.spectra import Spectra


class Library:
    """A published library: decoder, latents of the standards, and a card.

    Made by `open_library`, which has an example; latents stay in the file until needed.

    Attributes
    ----------
    card : dict
        What its publishers say of it.
    axis : Axis
        The primary axis, with its unit.
    latents : ndarray of shape (n_spectra, n_latent)
        Latents of the standards, memory-mapped.
    sample_id : ndarray of shape (n_spectra,) or None
        Their names.
    mean_spectra : ndarray of shape (n_samples, n_primary) or None
        Mean spectra of the samples, sorted by name, where they were published.
    clusters : sklearn.neighbors.KNeighborsClassifier
        Clusters by k-means of the library, for `spectransfer.metrics.k_score`:
        ``k_score(y_true, y_pred, kmeans=library.clusters)``.
    errors : list of dict
        Figures of merit, each with its protocol.
    rounding : float or None
        What the precision of its latents changes in decoded spectra, as an RSE.
    parent : str or None
        SHA-256 of the library that this one was made of.
    """

    def __init__(
        self, path: Path, content: dict[str, Any], arrays: StoredArrays
    ) -> None:
        self._path, self._content, self._arrays = path, content, arrays
        self.axis = Axis(np.array(arrays["axis"]), content["unit"])
        self.card: dict[str, Any] = checked_card(content["card"], self.axis.unit)
        self.errors: list[dict[str, Any]] = list(content["errors"])
        self._n_held_out: int | None = content["n_held_out"]
        self.rounding: float | None = content["rounding"]
        self.parent: str | None = content["parent"]
        parts = self._read(ReaderWithoutTorch)
        self._side: PrimarySide = parts["side"]
        self._autoencoder: Any = parts["autoencoder"]
        if isinstance(self._autoencoder, Described):
            self._autoencoder = DescribedVAE(self._autoencoder)
        centres = np.array(arrays["clusters"])
        nearest = KNeighborsClassifier(1, algorithm="brute")
        self.clusters = nearest.fit(centres, np.arange(len(centres)))

    def _read(self, reader: type[Reader]) -> dict[str, Any]:
        """Make the parts, of arrays with memory of their own."""
        names = (name for name in self._arrays if name not in OWN_ARRAYS)
        parts = reader(self._arrays.in_memory(names)).value(self._content["parts"])
        if not isinstance(parts["side"], PrimarySide):
            raise ValueError(f"its primary side is a {type(parts['side']).__name__}")
        return dict(parts)

    @cached_property
    def _full_autoencoder(self) -> Any:
        """The autoencoder as an estimator, to train a mapper with."""
        return self._read(Reader)["autoencoder"]

    @property
    def _stored(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Header and arrays, as they are in the file."""
        return dict(self._content), {name: self._arrays[name] for name in self._arrays}

    @property
    def _latent_moments(self) -> tuple[FloatArray, FloatArray]:
        return self._arrays["latent_mean"], self._arrays["latent_covariance"]

    @property
    def _quantiles(self) -> FloatArray | None:
        return self._arrays.get("quantiles")

    @property
    def wavelengths(self) -> FloatArray:
        """Places of the primary channels, in the unit of `axis`."""
        return self.axis.values

    @cached_property
    def latents(self) -> FloatArray:
        """Latents of the standards, memory-mapped."""
        return self._arrays["latents"]

    @cached_property
    def sample_id(self) -> np.ndarray | None:
        """Names of the latents."""
        if "sample_id" not in self._arrays:
            return None
        stored = self._arrays["sample_id"]
        if stored.ndim == 1:
            return np.array(stored)
        texts = np.ascontiguousarray(stored).view(f"S{stored.shape[1]}").ravel()
        try:
            return np.char.decode(texts, "utf-8")
        except UnicodeDecodeError as error:
            raise FileFormatError(
                f"{self._path} must name its samples in UTF-8, but {error}. Ask its "
                "writer for another copy."
            ) from error

    @cached_property
    def _index(self) -> LatentIndex:
        """The latents, ready to be searched."""
        return LatentIndex(self.latents, self.decode)

    @property
    def mean_spectra(self) -> FloatArray | None:
        """Mean spectra of the samples, sorted by name."""
        return self._arrays.get("mean_spectra")

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file."""
        return sha256_of(self._path)

    @property
    def _decoder_in_words(self) -> str:
        """What decodes latents, and what its spectra lack."""
        name = type(self._autoencoder).__name__
        name = "SpectralVAE" if name == "DescribedVAE" else name
        return f"{name}; spectra are {self._side.space}"

    def decode(self, latents: ArrayLike) -> FloatArray:
        """Give the primary spectra of latents.

        Parameters
        ----------
        latents : array-like of shape (n_spectra, n_latent)
            Latents, those of the library or of a transfer.

        Returns
        -------
        ndarray of shape (n_spectra, n_primary)
            Spectra as a transfer predicts them: what a step of the primary side took
            away for good, such as a baseline, is not in them.
        """
        return self._side.undo(self._decode_prepared(latents))

    def sample(
        self, n_samples: int = 1, *, random_state: RandomState = None
    ) -> FloatArray:
        """Draw spectra that the primary instrument might measure of its standards.

        Published latents, drawn and decoded, with normal noise of the published
        residual: an `ApplicabilityDomain` learns from them though nobody sent spectra.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        random_state : int, RandomState instance or None, default=None
            Seed.

        Returns
        -------
        ndarray of shape (n_samples, n_primary)
            Spectra in the space of predictions, as `decode` gives them.
        """
        return self._side.undo(drawn_spectra(self, n_samples, random_state))

    def _decode_prepared(self, latents: ArrayLike) -> FloatArray:
        found = np.asarray(latents)
        if found.dtype.kind not in "fiu" or len(found) == 0:
            raise ValueError(
                "latents must be one or more rows of numbers, but they are of type "
                f"{found.dtype} and shape {found.shape}."
            )
        n_latent = self._arrays.shape("latents")[1]
        if found.ndim != 2 or found.shape[1] != n_latent:
            raise ValueError(
                f"latents must have {n_latent} columns, as those of the "
                f"library, but their shape is {found.shape}."
            )
        if not np.isfinite(found).all():
            raise ValueError("latents must be finite, but some are NaN or inf.")
        found = found.astype(np.float32, copy=False)
        return np.asarray(self._autoencoder.inverse_transform(found))

    def encode(
        self, spectra: ArrayLike | Spectra, *, measured: bool = True
    ) -> FloatArray:
        """Give the latents of primary spectra.

        Parameters
        ----------
        spectra : array-like of shape (n_spectra, n_primary)
            Primary spectra, on the axis of the library.
        measured : bool, default=True
            Whether they are as the instrument measured them; False for spectra that a
            transfer has predicted, without what the primary side takes away for good.

        Returns
        -------
        ndarray of shape (n_spectra, n_latent)
            Latents, in float32.
        """
        if measured:
            prepared = self._side.prepare(with_axis(spectra), "spectra")
        else:
            prepared = self._side.prepare_predicted(
                checked_predicted(self.axis, spectra)
            )
        return self._encode_prepared(prepared)

    def _encode_prepared(self, prepared: FloatArray) -> FloatArray:
        return np.asarray(self._autoencoder.transform(prepared), np.float32)

    def transform_target(self, spectra: ArrayLike | Spectra) -> FloatArray:
        """Bring measured primary spectra to the space of decoded ones.

        Parameters
        ----------
        spectra : array-like of shape (n_spectra, n_primary)
            As measured.

        Returns
        -------
        ndarray of shape (n_spectra, n_primary)
            What predictions and decoded latents are to be compared with.
        """
        return self._side.in_prediction_space(with_axis(spectra))

    def lookup(
        self,
        spectra: ArrayLike | Spectra,
        n_neighbors: int = 5,
        *,
        measured: bool = False,
    ) -> Matches:
        """Find the entries of the library that are nearest to spectra.

        Entries are nominated by their latents, each direction weighed by what it does
        to decoded spectra, and put in order by the distance of decoded spectra.

        Parameters
        ----------
        spectra : array-like of shape (n_spectra, n_primary)
            Transferred spectra, or measured primary ones.
        n_neighbors : int, default=5
            How many entries of each spectrum.
        measured : bool, default=False
            Whether spectra are as the primary instrument measured them.

        Returns
        -------
        Matches
            Names, distances and clusters of the entries.
        """
        return nearest_entries(self, spectra, n_neighbors, measured=measured)

    def join(
        self,
        X: ArrayLike | Spectra,
        *,
        sample_id: ArrayLike | None = None,
        y: ArrayLike | None = None,
        X_unpaired: ArrayLike | Spectra | None = None,
        secondary: Any = "default",
        regressor: Any = None,
        cv: int | None = 5,
        random_state: RandomState = None,
        verbose: bool | int = 0,
    ) -> TransferPipeline:
        """Fit a transfer from one's own instrument to this library.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary) or Spectra
            Secondary spectra of standards of the library, as measured. `Spectra` and
            data frames whose columns are named by the axis say where their channels
            are, which the few-standards transfer makes use of.
        sample_id : array-like of shape (n_spectra,), default=None
            Name of each spectrum's sample, as the library has it. None takes those of
            `Spectra`, in `X` or in `y`. Where a sample has several latents, their mean
            spectrum is learned.
        y : array-like of shape (n_spectra, n_primary), default=None
            Primary spectra of the same spots, as measured, where they are at hand: they
            are learned in place of published latents.
        X_unpaired : array-like of shape (n_unpaired, n_secondary) or Spectra,
        default=None
            Secondary spectra without partners, of the material of the library. With few
            standards they help.
        secondary : transformer, "default", "passthrough" or None
            What is done to secondary spectra; "default" are the steps of the primary
            side, anew, as far as they do not change channels.
        regressor : estimator, default=None
            From prepared secondary to prepared primary spectra. None is a
            `FewStandardsTransfer` for up to 500 samples, and beyond a
            `VAELatentTransfer` with the published autoencoder, frozen, where that is a
            `SpectralVAE`.
        cv : int or None, default=5
            In how many groups samples are left out for the error to expect; None asks
            for none.
        random_state : int, RandomState instance or None, default=None
            Seed of networks.
        verbose : bool or int, default=0
            Whether to show what is done.

        Returns
        -------
        TransferPipeline
            Fitted. Its ``expected_rse_`` is the relative squared error of samples that
            were left out, against what it learned from; NaN where nothing could be left
            out.

        Raises
        ------
        ValueError
            No partners were named, or samples that the library does not have.
        """
        how = Joining(secondary, regressor, cv, random_state, verbose)
        return join_library(self, X, (sample_id, y, X_unpaired), how)

    def extend(
        self,
        path: str | os.PathLike[str],
        *,
        spectra: ArrayLike | Spectra,
        sample_id: ArrayLike | None = None,
        card: dict[str, Any] | None = None,
    ) -> None:
        """Write a library with more standards, which knows what it was made of.

        Decoder, clusters and residuals stay; latents, names and moments grow.

        Parameters
        ----------
        path : path
            The new file.
        spectra : array-like of shape (n_spectra, n_primary)
            Primary spectra of the added standards, as measured.
        sample_id : array-like of shape (n_spectra,), default=None
            Their names, where the library has names.
        card : dict, default=None
            Entries of the card that are to differ, such as ``measured``.
        """
        extend_library(self, path, spectra, sample_id, card)

    def verify(
        self, X: ArrayLike | Spectra, *, sample_id: ArrayLike | None = None
    ) -> Verification:
        """Tell whether the primary instrument still matches its library.

        What the decoder misses of spectra (Q) must not be beyond the limit of one in a
        hundred more often than chance has it; other material has another T2, which is
        told, but speaks not against the instrument. Where samples are named, their mean
        spectra are compared with the published ones: the gain may be 5 % off, the shift
        half a channel, the width of lines 10 %.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_primary) or Spectra
            Primary spectra of today, as measured.
        sample_id : array-like of shape (n_spectra,), default=None
            Their samples, as the library has them.

        Returns
        -------
        Verification
            Whether it matches, and what speaks against it.
        """
        return verify_spectra(self, X, sample_id)

    def __repr__(self) -> str:
        return datasheet_text(self)

    def _repr_html_(self) -> str:
        return datasheet_html(self)
