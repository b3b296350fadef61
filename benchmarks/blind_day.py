"""How far a new day comes back without any standard, by what is taken for granted.

RSE of ridge by the library protocol, light spectrometers, as median and worst over
seeds: the secondary has drifted, and its map of today is of another part of the rock
than the map that the transfer was learned from. "none" is what an assumption costs
where nothing has drifted.

    python benchmarks/blind_day.py
"""

import argparse
import warnings

import numpy as np
from sklearn.linear_model import Ridge

from spectransfer import make_transfer_pipeline
from spectransfer.exceptions import SpectransferWarning
from spectransfer.metrics import relative_squared_error
from spectransfer.preprocessing import BlindCorrector
from spectransfer.simulation import DayDrift, make_libs_maps
from spectransfer.spectra import PairedMaps

DAYS = {
    "none": DayDrift.off(),
    "secondary": DayDrift().without("temperature", "mass", "continuum"),
    "and plasma": DayDrift(),
}
WAYS = {
    "untouched": (),
    "same-dark": ("same-dark",),
    "same-lines": ("same-lines",),
    "same-statistics": ("same-statistics",),
    "same-lines, same-statistics": ("same-lines", "same-statistics"),
}


def simulate(name: str, side: int, day: DayDrift, seed: int) -> PairedMaps:
    """Give one map, measured on `day`."""
    shapes = dict.fromkeys(("train", "validation", "test")) | {name: (side, side)}
    return make_libs_maps(
        **shapes,
        second_day=(name,),
        day=day,
        random_state=seed,
        spectrometers="light",
    )[name]


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(20, 30)))
    arguments = parser.parse_args()
    errors: dict[tuple[str, str], list[float]] = {}
    warned = dict.fromkeys(DAYS, 0)
    for seed in arguments.seeds:
        train = simulate("train", 40, DAYS["none"], seed)
        transfer = make_transfer_pipeline(Ridge(100))
        transfer.fit(train.X_secondary, train.X_primary)
        steady = simulate("test", 30, DAYS["none"], seed)
        truth = transfer[-1].transform_target(steady.X_primary)
        for kind, day in DAYS.items():
            today = simulate("test", 30, day, seed).X_secondary
            for way, assume in WAYS.items():
                brought = today
                if assume:
                    with warnings.catch_warnings(record=True) as said:
                        warnings.simplefilter("always", SpectransferWarning)
                        blind = BlindCorrector(assume).fit(today, train.X_secondary)
                    warned[kind] += bool(said) and way == "same-lines, same-statistics"
                    brought = blind.transform(today)
                error = relative_squared_error(truth, transfer.predict(brought))
                errors.setdefault((way, kind), []).append(error)

    print(f"{'drift of':<30}" + "".join(f"{kind:>18}" for kind in DAYS))
    for way in WAYS:
        cells = (errors[way, kind] for kind in DAYS)
        print(
            f"{way:<30}"
            + "".join(f"{np.median(c):>10.3f}{max(c):>8.3f}" for c in cells)
        )
    print("warned with both:", ", ".join(f"{k} {v}" for k, v in warned.items()))


if __name__ == "__main__":
    main()
