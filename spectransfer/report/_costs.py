"""What differs from run to run: times and memory."""

from spectransfer.evaluation import TransferTable

COSTS = ("fit_time", "predict_time", "fit_memory", "predict_memory")


def without_costs(table: TransferTable) -> TransferTable:
    """Give a table without times and memory, which differ from run to run.

    Parameters
    ----------
    table : TransferTable
        Any table.

    Returns
    -------
    TransferTable
        The same figures of merit and sizes.
    """
    rows = tuple(
        row._replace(
            fit_time=None, predict_time=None, fit_memory=None, predict_memory=None
        )
        for row in table
    )
    return TransferTable(rows, table.meta)
