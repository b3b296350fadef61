"""The three spots that are looked at closely, and the borders of the grains."""

import numpy as np

from paper_reproduction import paper
from paper_reproduction.experiment import Results
from spectransfer.evaluation import border_shots


def grain_labels(results: Results) -> tuple[np.ndarray, str]:
    """Give a label for each shot, and say where a neighbour differs."""
    test = results.maps.test
    if "grain" in test.annotations:
        return np.asarray(test.annotations["grain"]), "in another grain"
    name = results.candidates[0].name
    errors = results.table.errors_of(name, "deployable")
    return errors.measured_cluster, "of another cluster"


def representative_spots(results: Results) -> dict[str, int]:
    """Choose a typical shot inside a grain for each of the paper's three minerals.

    Where minerals are not known, the three largest clusters stand for them.
    """
    test = results.maps.test
    rows, columns = test.positions.T
    light = test.total_emissivity()[rows, columns]
    inside = ~border_shots(test, grain_labels(results)[0])
    if "mineral" in test.annotations:
        mineral = np.asarray(test.annotations["mineral"])
        fractions = np.asarray(test.annotations["mineral_fractions"]).max(axis=1)
        groups = {name: mineral == name for name in paper.SPOTS}
        # as much of one mineral as half of its shots are
        pure = {
            name: fractions >= np.median(fractions[of]) if of.any() else of
            for name, of in groups.items()
        }
    else:
        name = results.candidates[0].name
        cluster = results.table.errors_of(name, "deployable").measured_cluster
        largest = np.argsort(np.bincount(cluster), kind="stable")[::-1][:3]
        groups = {f"cluster {k}": cluster == k for k in largest}
        pure = dict.fromkeys(groups, np.ones(len(light), dtype=bool))
    spots = {}
    for name, of in groups.items():
        best = (of & inside & pure[name], of & inside, of)
        pool = next((np.flatnonzero(p) for p in best if p.any()), None)
        if pool is not None:
            typical = np.abs(light[pool] - np.median(light[pool]))
            spots[name] = int(pool[np.argmin(typical)])
    return spots
