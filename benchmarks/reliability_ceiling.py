"""What bands and expected errors can reach at most, and what a posterior knows.

    python benchmarks/reliability_ceiling.py --side 20
    python benchmarks/reliability_ceiling.py --side 20 --parts latent

"ceiling": who knows all of a shot but what each spectrometer draws for itself knows
the mean error of the shot, and not that of the one spectrum. "latent": ridge, and the
paper's VAE and MLP, learn from two thirds of a map; the others calibrate their bands.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from reliability import (
    Rows,
    asked_for,
    coverage,
    errors_of,
    pipeline,
    run,
    simulate,
    width_ratio,
)
from scipy.stats import spearmanr
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from spectransfer import VAELatentTransfer
from spectransfer._blocks import block_slices
from spectransfer.nn import Unit
from spectransfer.reliability import ConformalTransfer
from spectransfer.simulation import DayDrift, Rock, ShotVariation

# what no user needs: the same shots, seen once more
from spectransfer.simulation._make import (
    STEPS,
    _recorder,
    _seeds,
    checked_spectrometers,
)
from spectransfer.simulation._recording import BATCH, _record
from spectransfer.simulation._shots import fire


def redrawn(
    seed: int, arguments: argparse.Namespace, draws: int = 20
) -> Iterator[list[np.ndarray]]:
    """Give the shots of the validation map again, as they might have been seen.

    Rock and plumes stay. Gain and temperature of each view, offset, and noise are
    drawn anew: what a spectrometer has for itself, and no transfer can know.
    """
    days, variation = DayDrift.off(), ShotVariation()
    seeds = _seeds(seed)["validation"].spawn(2)[0]
    shots = fire((30, 30), STEPS["validation"], Rock(), variation, days, seeds)
    instruments = checked_spectrometers("full" if arguments.full else "light")
    how = variation.self_absorption, variation.continuum
    views = [
        _recorder(instrument, view, days, *how)
        for view, instrument in enumerate(instruments)
    ]
    rng = np.random.default_rng(seed)
    for draw in range(draws):
        z = rng.standard_normal((3, len(shots.mass), 2))
        again = replace(
            shots,
            view_gain=np.maximum(1 + variation.view_gain * z[0], 0.2),
            view_temperature=1 + variation.view_temperature * z[1],
            offset=z[2],
        )
        noise = np.random.SeedSequence([seed, draw])
        n = [view.bias.size for view in views]
        spectra = [np.empty((len(shots.mass), size), np.float32) for size in n]
        for view, recorder in enumerate(views):
            for rows in block_slices(len(shots.mass), BATCH):
                _record(view, recorder, again, rows, noise, 1.0, spectra[view])
        yield spectra


def of_the_ceiling(rows: Rows, seed: int, arguments: argparse.Namespace) -> None:
    """Say what could be reached if the mean error of each shot were known."""
    maps = simulate(seed, arguments)
    transfer = ConformalTransfer(pipeline(Ridge(100.0), arguments.full))
    transfer.fit(maps.train.X_secondary, maps.train.X_primary)
    X, y = maps.validation.X_secondary, maps.validation.X_primary
    truth, predicted = transfer.transform_target(y), transfer.predict(X)
    once, squares = errors_of(truth, predicted), 0.0
    mean = dict.fromkeys(once, 0.0)
    for primary, secondary in redrawn(seed, arguments):
        t, p = transfer.transform_target(primary), transfer.predict(secondary)
        squares = squares + np.square(t - p, dtype=np.float64)
        mean = {name: mean[name] + v for name, v in errors_of(t, p).items()}
    expected = transfer.expected_error(X)
    for name, shot in once.items():
        for row, pair in (
            ("expected error and that of one shot", (expected[name], shot)),
            ("mean error of 20 draws and that of one shot", (mean[name], shot)),
            ("expected error and mean error of 20 draws", (expected[name], mean[name])),
        ):
            rows[f"{name}: {row}"].append(spearmanr(*pair)[0])
    off = np.abs(truth - predicted).astype(np.float64)
    scale = np.sqrt(squares)
    half = scale * np.quantile(off / scale, 0.9, axis=0)
    found = width_ratio(off, half, simultaneous=False)
    rows["width of bands of the true spread / constant width"].append(found)


def of_latents(rows: Rows, seed: int, arguments: argparse.Namespace) -> None:
    """Judge bands of the paper's transfer, frozen, and the spread of its posterior."""
    maps = simulate(seed, arguments)
    X, y = maps.train.X_secondary, maps.train.X_primary
    order = np.random.default_rng(seed).permutation(len(X))
    known, others = order[: 2 * len(X) // 3], order[2 * len(X) // 3 :]
    network = VAELatentTransfer(random_state=seed)
    for name, regressor in (("ridge", Ridge(100.0)), ("VAE and MLP", network)):
        fitted = pipeline(regressor, arguments.full).fit(X[known], y[known])
        transfer = ConformalTransfer(FrozenEstimator(fitted)).fit(X[others], y[others])
        new = maps.validation.X_secondary
        truth = transfer.transform_target(maps.validation.X_primary)
        told = coverage(transfer, new, truth)
        rows[f"coverage, by channel, %, {name}"].append(told[0])
        rows[f"coverage, simultaneous, %, {name}"].append(told[1])
        once, expected = (
            errors_of(truth, transfer.predict(new)),
            transfer.expected_error(new),
        )
        for error, shot in once.items():
            found = spearmanr(expected[error], shot)[0]
            rows[f"rank correlation, {error}, {name}"].append(found)
    for error, spread in posterior_spread(fitted, transfer.predict(new)).items():
        found = spearmanr(spread, once[error])[0]
        rows[f"rank correlation, {error}, spread of the posterior"].append(found)


def posterior_spread(
    fitted: Pipeline, predicted: np.ndarray, draws: int = 10
) -> dict[str, np.ndarray]:
    """Give what the posterior's spread makes of each predicted spectrum."""
    side, network = fitted[-1].primary_side_, fitted[-1].regressor_.autoencoder_
    prepared = side.prepare_predicted(predicted)
    units = (network.unit_, Unit.identity(network.n_latent))
    module = network._ready_module()
    mean, logarithm = (
        network._forward(lambda x, k=k: module.encode(x)[k], prepared, units)
        for k in (0, 1)
    )
    rng, found = np.random.default_rng(0), dict.fromkeys(("euclidean", "cosine"), 0.0)
    middle = side.undo(network.inverse_transform(mean))
    for _ in range(draws):
        drawn = mean + np.exp(logarithm / 2) * rng.standard_normal(mean.shape)
        spectra = side.undo(network.inverse_transform(drawn.astype(np.float32)))
        for name, error in errors_of(middle, spectra).items():
            found[name] = found[name] + error
    return found


def main() -> None:
    """Print the tables of both parts, or of one."""
    parser = asked_for(__doc__)
    parser.set_defaults(parts=["ceiling"], seeds=[731, 732, 733])
    run(parser.parse_args(), {"ceiling": of_the_ceiling, "latent": of_latents})


if __name__ == "__main__":
    main()
