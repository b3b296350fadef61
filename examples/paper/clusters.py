"""The sections about clusters and about the insides of the networks."""

from collections import Counter

import numpy as np

from paper.experiment import N_CLUSTERS, Results
from paper.transfers import CLOSELY
from spectransfer.plotting import LatentDisplay, SpectraDisplay
from spectransfer.report import Report, pictures

_N_POINTS = 4_000


def add_clusters(report: Report, results: Results) -> None:
    """How many clusters there are, figure 10, and figures B.11 to B.14."""
    errors = results.table.errors_of(CLOSELY, "paper")
    silhouette, chosen = results.choice.silhouette, results.choice.n_clusters
    report.section(
        "Clusters",
        f"k-means with {N_CLUSTERS} clusters, as in the paper, fitted to the primary "
        "training map without its baseline. By silhouette, of which the largest is the "
        f"best (the paper's text says minimize), {chosen} clusters would be chosen "
        f"here. Of the spectra that {CLOSELY} predicts in the paper protocol, "
        f"{100 * (1 - errors.differs.mean()):.2f} % are of the cluster of the measured "
        "spectrum (97.58 % in the paper).",
    )
    report.table(
        "silhouettes",
        ["number of clusters", "mean silhouette"],
        [[str(k), f"{value:.4f}"] for k, value in silhouette.items()],
        caption=(
            "Mean silhouette of the numbers of clusters that the paper tries. Shaded: "
            "the largest."
        ),
        marked=[list(silhouette).index(chosen)],
    )
    report.figure(
        "figure-10",
        pictures.draw_cluster_map(results.maps.test, errors),
        caption=(
            "Clusters of the measured spectra of the test map, and in black the shots "
            "whose predicted spectrum is of another cluster."
        ),
        alt="Map of clusters with disagreements marked",
        label="Figure 10",
    )
    names = _names(results)
    axis = results.maps.train.wavelengths_primary
    figures = {}
    for k, centre in enumerate(results.kmeans.cluster_centers_):
        display = SpectraDisplay.from_spectra(
            {names[k]: centre}, axis, lines="libs", ax=pictures.spectrum_axes()
        )
        display.ax_.set_title(names[k], loc="left", fontsize="medium")
        figures[f"cluster {k}"] = display.figure_
    report.figure(
        "figures-b11-b14",
        figures,
        caption="Centres of the clusters.",
        alt="Spectrum of the centre of a cluster",
        label="Figures B.11 to B.14",
        stacked=True,
    )


def _names(results: Results) -> list[str]:
    """Name clusters by the mineral that most of their shots on the test map are."""
    measured = results.table.errors_of(CLOSELY, "paper").measured_cluster
    mineral = results.maps.test.annotations.get("mineral")
    names = []
    for k in range(N_CLUSTERS):
        of = measured == k
        name = f"cluster {k}, {100 * of.mean():.1f} % of the test map"
        if mineral is not None and of.any():
            ((most, count),) = Counter(np.asarray(mineral)[of].tolist()).most_common(1)
            name += f", {100 * count / of.sum():.0f} % of it {most}"
        names.append(name)
    return names


def add_networks(report: Report, results: Results) -> None:
    """Learning curves and latents."""
    report.section(
        "Inside the networks",
        "Losses of training spectra (full lines) and of the validation map (dashed), "
        "each in the space that the network learns in: curves of different scalings "
        "and of autoencoder and mapper do not compare with each other.",
    )
    report.figure(
        "learning-curves",
        pictures.draw_trainings(results.table.estimators),
        caption="Learning curves; the grey area is the weight of the KL divergence.",
        alt="Learning curves",
    )
    report.figure(
        "latents",
        _draw_latents(results),
        caption=(
            "Latents of spectra of the primary training map: two principal components."
        ),
        alt="Scatter of two principal components of the latents, coloured by mineral",
    )


def _draw_latents(results: Results) -> dict[str, object]:
    train = results.maps.train
    rng = np.random.default_rng(results.setting.seed)
    drawn = np.sort(rng.choice(len(train), min(_N_POINTS, len(train)), replace=False))
    mineral = train.annotations.get("mineral")
    values = None if mineral is None else np.asarray(mineral)[drawn]
    figures = {}
    for candidate in results.candidates:
        if candidate.method == CLOSELY:
            display = LatentDisplay.from_estimator(
                results.table.estimators[candidate.name],
                np.asarray(train.X_primary[drawn]),
                values=values,
                components="pca",
                name="mineral",
            )
            title = {"loc": "left", "fontsize": "medium"}
            display.ax_.set_title(candidate.name, **title)
            figures[candidate.name] = display.figure_
    return figures
