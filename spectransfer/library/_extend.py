"""Adding standards to a library: a new file, which knows what it was made of."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spectransfer._labels import sample_names
from spectransfer._typing import ArrayLike
from spectransfer.library._card import checked_card
from spectransfer.library._container import write_container
from spectransfer.library._population import moments_of
from spectransfer.library._publish import KIND, means_of, rounded, stored_names
from spectransfer.spectra import Spectra

if TYPE_CHECKING:
    from spectransfer.library._library import Library


def extend_library(
    library: Library,
    path: str | os.PathLike[str],
    spectra: ArrayLike | Spectra,
    sample_id: ArrayLike | None,
    card: dict[str, Any] | None,
) -> None:
    """Write a library with more standards; see `Library.extend`."""
    named = library.sample_id is not None
    if isinstance(spectra, Spectra) and sample_id is None and named:
        sample_id = spectra.sample_id
    added = library.encode(spectra)
    if (library.sample_id is None) != (sample_id is None):
        had = "no names" if library.sample_id is None else "names"
        raise ValueError(
            f"The library has {had} of its samples, and more of them must be alike. "
            f"{'Leave sample_id out' if sample_id is not None else 'Pass sample_id'}."
        )
    content, arrays = library._stored
    dtype = library.latents.dtype
    latents = np.concatenate([library.latents, rounded(added, dtype)])
    mean, covariance = moments_of(latents.astype(np.float32))
    arrays |= {"latents": latents, "latent_mean": mean, "latent_covariance": covariance}
    if sample_id is not None and library.sample_id is not None:
        before = library.sample_id
        new = sample_names(sample_id, len(added), "sample_id")
        if (new.dtype.kind == "U") != (before.dtype.kind == "U"):
            raise ValueError(
                "sample_id must be of the kind that the library has, "
                f"{'texts' if before.dtype.kind == 'U' else 'whole numbers'}, but it "
                f"has {new[0]!r}. Convert them, for example with str."
            )
        arrays["sample_id"] = stored_names(np.concatenate([before, new]))
        if library.mean_spectra is not None:
            known = *np.unique(before, return_counts=True), library.mean_spectra
            measured = library.transform_target(spectra)
            arrays["mean_spectra"] = means_of(measured, new, known)
    merged = checked_card(library.card | (card or {}), library.axis.unit)
    told = content | {"card": merged, "parent": library.sha256}
    write_container(Path(path), KIND, told, arrays)
