"""Writing a library: what a primary laboratory shares with secondary ones.

Decoder, encoder and all steps of the primary side stand in the file with every
constant, beside the latents of the standards. Spectra stay at home: latents are about
a fiftieth of them.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cluster import KMeans

from spectransfer._axis import Axis
from spectransfer._blocks import even_rows
from spectransfer._labels import sample_names
from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer._validation import StrOptions, validate_params
from spectransfer.library._card import checked_card
from spectransfer.library._container import write_container
from spectransfer.library._population import Population, population_of, with_axis
from spectransfer.library._source import (
    predicted_axis,
    primary_axis,
    primary_parts,
)
from spectransfer.library._transfers import written_with
from spectransfer.library._trees import Writer, listed_tree
from spectransfer.metrics import fit_clusters
from spectransfer.pipeline import PrimarySide
from spectransfer.spectra import Spectra

KIND = "library"
_MOST_CLUSTERED = 10_000


@validate_params(
    {
        "transfer": "no_validation",
        "path": [str, os.PathLike],
        "spectra": ["array-like", Spectra, None],
        "latents": ["array-like", None],
        "sample_id": ["array-like", None],
        "card": "no_validation",
        "wavelengths": ["array-like", Axis, None],
        "held_out": ["array-like", Spectra, None],
        "mean_spectra": ["boolean"],
        "dtype": [StrOptions({"float32", "float16"})],
    },
    prefer_skip_nested_validation=True,
)
def publish_library(
    transfer: Any,
    path: str | os.PathLike[str],
    *,
    spectra: ArrayLike | Spectra | None = None,
    latents: ArrayLike | None = None,
    sample_id: ArrayLike | None = None,
    card: Mapping[str, Any],
    wavelengths: Axis | ArrayLike | None = None,
    held_out: ArrayLike | Spectra | None = None,
    mean_spectra: bool = False,
    dtype: str = "float32",
) -> None:
    """Write a library that other laboratories join: decoder, latents, and a card.

    The file has the autoencoder, the steps of the primary side, the primary axis, the
    latents of the standards and their names, moments and residuals of the population,
    clusters for the k-score, and the card. It runs no code when it is read.

    Parameters
    ----------
    transfer : estimator
        Fitted: a pipeline of `make_transfer_pipeline` around a `VAELatentTransfer`, or
        a pipeline of primary steps that ends in an autoencoder, such as
        ``make_pipeline(BaselineCorrector(), StandardScaler(power=0), SpectralVAE())``.
    path : path
        The file, by custom with the ending .safetensors. An older one is replaced when
        the new one is complete.
    spectra : array-like of shape (n_spectra, n_primary) or Spectra, default=None
        Primary spectra of the standards, as measured; their latents are published.
        `Spectra` tell their axis and the names of samples, too.
    latents : array-like of shape (n_spectra, n_latent), default=None
        The latents instead, where the spectra are not at hand.
    sample_id : array-like of shape (n_spectra,), default=None
        Sample, or spot, of each spectrum: by these names others find the partners of
        their own spectra. None is for laboratories that share primary spectra.
    card : dict
        What strangers have to know: ``title``, ``instrument`` (``maker``, ``model``,
        and as you like ``laser``, ``gate``, ``grating``), ``measured`` (dates),
        ``standards`` (``description``, ``source``), ``licence`` (``data``, ``code``),
        ``citation``, ``contact``; for wavelengths ``medium``, "air" or "vacuum".
        Errors that you measured go into ``errors``, a list of dicts with ``figure``,
        ``value`` and ``protocol``. Other entries may be added.
    wavelengths : Axis or array-like of shape (n_primary,), default=None
        Primary axis, with its unit. None takes it from the column names that `transfer`
        was fitted with, or those of `spectra`.
    held_out : array-like of shape (n_held_out, n_primary) or Spectra, default=None
        Primary spectra that the autoencoder has not seen, as measured: residuals and
        the error of the library are theirs. Without them they are those of `spectra`,
        too good, and `Library.verify` has no limit of residuals.
    mean_spectra : bool, default=False
        Whether the mean spectrum of every sample is published, too, in the space of
        predictions.
    dtype : {"float32", "float16"}, default="float32"
        Precision of the latents in the file. "float16" halves them; the file tells what
        that changes.

    Raises
    ------
    ValueError
        The card or the axis lacks something, and what; spectra, latents or names do not
        fit each other.
    TypeError
        `transfer` has no autoencoder, or a part that such files cannot hold.

    See Also
    --------
    open_library : Reads it.
    save_transfer : Writes a whole transfer.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from spectransfer import BaselineCorrector, StandardScaler
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.library import open_library, publish_library
    >>> from spectransfer.spectra import Axis
    >>> pair = make_instrument_pair(n_spectra=300, random_state=0)
    >>> known = make_pipeline(BaselineCorrector(), StandardScaler(power=0), PCA(8))
    >>> card = {
    ...     "title": "Demonstration",
    ...     "instrument": {"maker": "none", "model": "simulated"},
    ...     "measured": "2026-11-27",
    ...     "medium": "air",
    ...     "standards": {"description": "made up", "source": "make_instrument_pair"},
    ...     "licence": {"data": "CC0-1.0", "code": "BSD-3-Clause"},
    ...     "citation": "none",
    ...     "contact": "nobody@example.org",
    ... }
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "library.safetensors"
    ...     publish_library(
    ...         known.fit(pair.X_primary[:200]), path, spectra=pair.X_primary[:200],
    ...         sample_id=range(200), held_out=pair.X_primary[200:], card=card,
    ...         wavelengths=Axis(pair.wavelengths_primary, "nm"),
    ...     )
    ...     open_library(path).latents.shape
    (200, 8)
    """
    if isinstance(spectra, Spectra) and sample_id is None:
        sample_id = spectra.sample_id
    measured: Any = with_axis(spectra)
    side, autoencoder = primary_parts(transfer)
    axis = primary_axis(side, measured, wavelengths)
    plain = checked_card(card, axis.unit)
    if side.axis is None or side.axis.unit is None:
        side = PrimarySide(side.transformer, side.shape, np.array(axis.names))
    population = population_of(
        side, autoencoder, measured, latents, with_axis(held_out)
    )
    n_spectra = len(population.latents)
    means = None
    if mean_spectra:
        if measured is None or sample_id is None:
            raise ValueError(
                "mean_spectra are those of samples, and need spectra and sample_id."
            )
        names = sample_names(sample_id, n_spectra, "sample_id")
        means = means_of(side.in_prediction_space(measured), names)
    _write(
        Path(path), plain, predicted_axis(side, axis), (side, autoencoder),
        population, sample_id, means=means, dtype=dtype,
    )  # fmt: skip


def _write(
    path: Path,
    card: dict[str, Any],
    axis: Axis,
    parts: tuple[PrimarySide, Any],
    population: Population,
    sample_id: ArrayLike | None,
    *,
    means: FloatArray | None = None,
    dtype: Any = "float32",
) -> None:
    """Write what has been checked.

    Parameters
    ----------
    path : Path
        The file.
    card : dict
        As `checked_card` gives it.
    axis : Axis
        The primary axis.
    parts : tuple of PrimarySide and estimator
        Steps of the primary side, and the autoencoder.
    population : Population
        Latents, their moments, and residuals.
    sample_id : array-like of shape (n_spectra,) or None
        Names of the latents.
    means : ndarray of shape (n_samples, n_primary), default=None
        Mean spectra of the samples.
    dtype : dtype, default="float32"
        Of the latents in the file.
    """
    writer = Writer()
    side, autoencoder = parts
    told = listed_tree(writer, {"side": side, "autoencoder": autoencoder}, "library")
    latents = rounded(population.latents, dtype)
    rounding = None
    if latents.dtype != np.float32:
        rounding = population.error_of(autoencoder, latents)
    centres = _centres(side, autoencoder, population.latents)
    content = {
        "written_with": written_with(),
        "card": card,
        "unit": axis.unit,
        "parts": told,
        "errors": population.errors,
        "n_held_out": population.n_held_out,
        "rounding": rounding,
        "parent": None,
    }
    arrays = {
        "axis": axis.values,
        "latents": latents,
        "clusters": centres,
        **population.arrays(),
    }
    if means is not None:
        arrays["mean_spectra"] = means
    if sample_id is not None:
        names = sample_names(sample_id, len(latents), "sample_id")
        arrays["sample_id"] = stored_names(names)
    write_container(path, KIND, content, writer.arrays | arrays)


def stored_names(names: np.ndarray) -> np.ndarray:
    """Give names as an array of numbers; texts in UTF-8, zeros behind.

    Parameters
    ----------
    names : ndarray of shape (n_spectra,)
        Numbers or texts.

    Returns
    -------
    ndarray of shape (n_spectra,) or (n_spectra, n_bytes)
        Whole numbers, or bytes.
    """
    if names.dtype.kind == "i":
        return names
    texts = names
    encoded = np.char.encode(texts, "utf-8")
    if (np.char.decode(encoded, "utf-8") != texts).any():
        raise ValueError("Names of samples must not end with the character NUL.")
    width = max(encoded.dtype.itemsize, 1)
    return encoded.astype(f"S{width}").view(np.uint8).reshape(len(texts), width)


def rounded(latents: FloatArray, dtype: Any) -> np.ndarray:
    """Give latents in the precision of a file; refuse those that it cannot hold."""
    largest, most = np.abs(latents).max(initial=0), np.finfo(dtype).max
    if largest > most:
        raise ValueError(
            f"latents must be below {most:.5g} in {np.dtype(dtype)}, but the largest "
            f"is {largest:.5g}. Publish them in float32."
        )
    return latents.astype(dtype)


def means_of(
    measured: FloatArray,
    names: np.ndarray,
    before: tuple[np.ndarray, IntArray, FloatArray] | None = None,
) -> FloatArray:
    """Give the mean spectrum of every sample, sorted by name.

    Parameters
    ----------
    measured : ndarray of shape (n_spectra, n_primary)
        Spectra in the space of predictions.
    names : ndarray of shape (n_spectra,)
        Their samples.
    before : tuple, default=None
        Samples, numbers of spectra and mean spectra that are there already.

    Returns
    -------
    ndarray of shape (n_samples, n_primary)
        In float32.
    """
    samples = np.unique(names if before is None else np.append(before[0], names))
    sums, counts = np.zeros((len(samples), measured.shape[1])), np.zeros(len(samples))
    of_row = np.searchsorted(samples, names)
    np.add.at(sums, of_row, measured)
    np.add.at(counts, of_row, 1)
    if before is not None:
        at = np.searchsorted(samples, before[0])
        sums[at] += before[1][:, None] * before[2]
        counts[at] += before[1]
    return (sums / counts[:, None]).astype(np.float32)


def _centres(side: PrimarySide, autoencoder: Any, latents: FloatArray) -> FloatArray:
    """Cluster the decoded library, or an even draw of it, as the paper does."""
    drawn = latents[even_rows(len(latents), _MOST_CLUSTERED)]
    decoded = side.undo(np.asarray(autoencoder.inverse_transform(drawn)))
    n_clusters = min(4, len(np.unique(drawn, axis=0)))
    kmeans = fit_clusters(KMeans(n_clusters, random_state=0), decoded)
    return np.ascontiguousarray(kmeans.cluster_centers_, np.float32)
