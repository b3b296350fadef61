"""How is a library joined best with few standards?

    python benchmarks/joining.py --seeds 801 802 803 804 805 806 807 808 809 810

Simulated maps at light width, one rock, one day; RSE on an unseen map. Of every seed
the autoencoder is fitted anew, and standards are chosen by the package or at random.

    own        FewStandardsTransfer with the primary's measured spectra
    decoded    what library.join does: the same, onto decoded latents
    projected  the same, encoded and decoded once more
    latents    FewStandardsTransfer as the mapper onto latents
    ridge      onto decoded latents, strength by leave-one-out
"""

import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline

from spectransfer import (
    BaselineCorrector,
    FewStandardsTransfer,
    SpectralVAE,
    StandardScaler,
    VAELatentTransfer,
    WavelengthResampler,
    make_transfer_pipeline,
)
from spectransfer.library import open_library, publish_library
from spectransfer.metrics import relative_squared_error
from spectransfer.model_selection import select_standards
from spectransfer.simulation import make_libs_maps
from spectransfer.spectra import Axis, Spectra

CARD = {
    "title": "benchmark",
    "instrument": {"maker": "none", "model": "simulated"},
    "measured": "never",
    "medium": "air",
    "standards": {"description": "spots", "source": "make_libs_maps"},
    "licence": {"data": "CC0-1.0", "code": "BSD-3-Clause"},
    "citation": "none",
    "contact": "none",
}


def errors(seed: int, n_standards: int, chosen: bool, side: int) -> dict[str, float]:
    """Give the RSE of every way to join."""
    maps = make_libs_maps(
        train=(side, side),
        validation=None,
        test=(32, 32),
        second_day=(),
        spectrometers="light",
        random_state=seed,
    )
    known, new = maps.train, maps.test
    axis = Axis(known.wavelengths_primary, "nm")
    autoencoder = make_pipeline(
        BaselineCorrector(), StandardScaler(power=0), SpectralVAE(random_state=seed)
    ).fit(known.X_primary)
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "library.safetensors"
    publish_library(
        autoencoder,
        path,
        spectra=known.X_primary,
        sample_id=np.arange(known.n_spectra),
        wavelengths=axis,
        card=CARD,
    )
    library = open_library(path)
    rng = np.random.default_rng(seed)
    rows = rng.choice(known.n_spectra, n_standards, replace=False)
    if chosen:
        rows = select_standards(known.X_secondary, n_standards, random_state=seed)

    def table(X, wavelengths):
        return Spectra(X, wavelengths, unit="nm").as_frame()

    secondary = table(known.X_secondary, known.wavelengths_secondary)
    primary = table(known.X_primary, known.wavelengths_primary)
    unseen = table(new.X_secondary, new.wavelengths_secondary)
    target = library.transform_target(new.X_primary)
    standards = secondary.iloc[rows]

    def joined(regressor=None):
        return library.join(
            standards,
            sample_id=rows,
            X_unpaired=secondary,
            regressor=regressor,
            cv=None,
        ).predict(unseen)

    own = make_transfer_pipeline(FewStandardsTransfer()).fit(
        standards, primary.iloc[rows], X_unpaired=secondary, y_unpaired=primary
    )
    network = VAELatentTransfer(
        FrozenEstimator(library._full_autoencoder), FewStandardsTransfer()
    )
    resampler = WavelengthResampler(
        axis.values, wavelengths=new.wavelengths_secondary, fill_value="edge"
    )
    corrected = BaselineCorrector().fit_transform(new.X_secondary)
    decoded = joined()
    found = {
        "own": own.predict(unseen),
        "decoded": decoded,
        "projected": library.decode(library.encode(decoded, measured=False)),
        "latents": joined(network),
        "ridge": joined(RidgeCV(np.logspace(-4, 6, 21))),
        "untransferred": resampler.fit_transform(corrected),
    }
    folder.cleanup()
    return {
        name: float(relative_squared_error(target, predicted))
        for name, predicted in found.items()
    }


def main() -> None:
    """Print medians and worst of all seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[801])
    parser.add_argument("--standards", type=int, nargs="+", default=[20, 50])
    parser.add_argument("--side", type=int, default=40)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"RSE, median / worst of {len(given.seeds)} draws")
    for n_standards in given.standards:
        for chosen in (True, False):
            found = [errors(s, n_standards, chosen, given.side) for s in given.seeds]
            print(f"{n_standards} standards, {'chosen' if chosen else 'at random'}")
            for name in found[0]:
                values = [one[name] for one in found]
                print(f"  {name:<14}{np.median(values):>8.4f} /{max(values):>8.4f}")


if __name__ == "__main__":
    main()
