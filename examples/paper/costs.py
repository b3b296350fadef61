"""What it takes: Table 2, what laboratories must share, and the search."""

from paper import published
from paper.experiment import Results
from spectransfer.report import Report


def add_table_2(report: Report, results: Results) -> None:
    """Table 2 of the paper, with the size of what is shared."""
    report.section("Table 2: what the transfers take", _sharing(results))
    rows = [
        [name, f"{fit:.0f}", f"{predict:.0f}", "-"]
        for name, (fit, predict) in published.TABLE_2.items()
    ]
    marked = range(len(rows))
    for candidate in results.candidates:
        row = results.table[candidate.name, "deployable"]
        rows.append(
            [
                candidate.name,
                "-" if row.fit_time is None else f"{row.fit_time:.1f}",
                f"{row.predict_time:.2f}",
                _megabytes(row.shared_bytes, digits=2),
            ]
        )
    report.table(
        "table-2",
        [
            "",
            "training / s",
            "prediction / s",
            "to be shared / MB",
        ],
        rows,
        caption=(
            "Training and prediction, with the preparation of the spectra. Shaded: "
            "the paper, for 313,600 and 250,000 spectra, partly on a GPU; its "
            "VAE + MLP is without the training of the autoencoder."
        ),
        label="Table 2",
        marked=marked,
        note="Times differ from run to run; all other tables do not.",
    )


def _sharing(results: Results) -> str:
    spectra, latents = published.shared_bytes()
    ours = {
        name: results.table[name, "deployable"].shared_bytes
        for name in ("direct MLP", "VAE + MLP")
    }
    ratio = ours["direct MLP"] / ours["VAE + MLP"]
    sizes = [f"{_megabytes(size)} MB" for size in ours.values()]
    return (
        "So that another laboratory can join, a direct transfer has to be given all "
        "primary spectra of the shared standards, the transfer through latents their "
        "latents and the decoder. The paper says that this is approximately 50 times "
        f"less. For its {results_size(published.SHAPES)} standards it is "
        f"{spectra / 1e9:.2f} GB against {latents / 1e6:.0f} MB, "
        f"{spectra / latents:.0f} times less. For the "
        f"{results.table.meta['n_train']:,} standards here it is {sizes[0]} against "
        f"{sizes[1]}, {ratio:.1f} times less: the decoder counts for more where there "
        "are fewer spectra."
    )


def results_size(shapes: dict[str, tuple[int, int]]) -> str:
    """Write the number of shots of a training map."""
    rows, columns = shapes["train"]
    return f"{rows * columns:,}"


def _megabytes(size: int | None, digits: int = 1) -> str:
    return "-" if size is None else f"{size / 1e6:,.{digits}f}"


_STAGES = {"vae": "VAE", "mlp": "mapper", "direct": "direct MLP", "knn": "KNN"}


def add_search(report: Report, results: Results) -> None:
    """What the search found; nothing where there was none."""
    if results.found is None:
        return
    rows = []
    for stage, search in results.found.searches.items():
        best = {
            name.rpartition("__")[2]: value
            for name, value in search.best_params_.items()
        }
        chosen = ", ".join(f"{name} {value}" for name, value in sorted(best.items()))
        tried = len(search.cv_results_["params"])
        rows.append([_STAGES[stage], chosen, str(tried), f"{search.best_score_:.4f}"])
    report.section(
        "Hyperparameters",
        "The paper's search spaces, searched by successive halving on the validation "
        "map: the VAE by the variance of primary spectra that it keeps, the networks "
        "by the RSE of the whole transfer, and the number of neighbours by the "
        "Euclidean distance (both with a minus sign, so that more is better). The "
        "paper chose "
        "layers of 1024 and 512, 64 latents and 1e-4 for the VAE, 128 and 512 and 1e-4 "
        "for the mapper, and 10 neighbours.",
    )
    report.table(
        "search",
        ["", "found", "fits", "score"],
        rows,
        caption="What the search found. The tables call these transfers searched.",
        n_left=2,
    )
