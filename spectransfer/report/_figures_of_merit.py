"""The table of an evaluation, as several tables that can be read."""

from spectransfer.evaluation import COLUMNS, PROTOCOLS, TransferRow, TransferTable
from spectransfer.report._page import Report

COSTS = ("fit_time", "predict_time", "shared_bytes")


def add_figures_of_merit(report: Report, table: TransferTable) -> None:
    """Add the section with every figure of merit.

    Parameters
    ----------
    report : Report
        The page.
    table : TransferTable
        What was found.
    """
    used = list(dict.fromkeys(row.protocol for row in table))
    report.section(
        "Figures of merit",
        "The relative squared error (RSE) is 0 for a perfect transfer and 1 for the "
        "mean spectrum; the k-score is the part of the spectra that keep their cluster."
        " Each protocol says whose mean and deviation standardize the spectra:\n\n"
        + "\n".join(f"- {name}: {PROTOCOLS.get(name, '')}." for name in used)
        + "\n\n"
        + "\n\n".join(table.meta.get("notes", ())),
    )
    report.transfer_table(
        "figures-of-merit", table, caption=table.title or "All figures."
    )


def add_costs(report: Report, table: TransferTable) -> None:
    """Add times and what must be shared, by transfer.

    Parameters
    ----------
    report : Report
        The page.
    table : TransferTable
        What was found.
    """
    first = {row.transfer: row for row in reversed(table.rows)}
    rows = [first[name] for name in dict.fromkeys(row.transfer for row in table)]
    shown = [c for c in COSTS if any(getattr(row, c) is not None for row in rows)]
    if not shown:
        return
    report.section("What it takes")
    report.table(
        "costs",
        ["transfer", *(COLUMNS[column][0] for column in shown)],
        [[row.transfer, *(_cell(row, column) for column in shown)] for row in rows],
        caption=(
            "Wall-clock times, and what laboratories must share so that another one "
            "can join."
        ),
        note="Times differ from run to run; no other table holds any.",
    )


def _cell(row: TransferRow, column: str) -> str:
    value = getattr(row, column)
    return "-" if value is None else COLUMNS[column][1](value)
