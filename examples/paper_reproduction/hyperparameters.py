"""The section about the search: what it found, beside what the paper chose."""

from paper_reproduction.experiment import Results
from spectransfer.report import Report

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
        "paper chose layers of 1024 and 512, 64 latents and 1e-4 for the VAE, 128 and "
        "512 and 1e-4 for the mapper, and 10 neighbours.",
    )
    report.table(
        "search",
        ["", "found", "fits", "score"],
        rows,
        caption="What the search found. The tables call these transfers searched.",
        n_left=2,
    )
