"""Transfers by their names, before any of them is fitted."""

from collections.abc import Iterable, Mapping
from typing import Any


def named_transfers(transfers: Any, taken: Iterable[str] = ()) -> dict[str, Any]:
    """Check names and estimators before any of them is fitted.

    Parameters
    ----------
    transfers : mapping of str to estimator, or iterable of (str, estimator)
        What the user passed.
    taken : iterable of str, default=()
        Names of rows that the table has of its own.

    Returns
    -------
    dict of str to estimator
        In their order.
    """
    pairs = list(transfers.items() if isinstance(transfers, Mapping) else transfers)
    named = {str(name): transfer for name, transfer in pairs}
    if not named or len(named) < len(pairs):
        raise ValueError(
            "transfers must give every transfer a name of its own, but there are "
            f"{len(pairs)} transfers and {len(named)} names. Pass a mapping such as "
            "{'ridge': make_transfer_pipeline(Ridge())}."
        )
    for name, transfer in named.items():
        if isinstance(transfer, type) or not hasattr(transfer, "predict"):
            raise TypeError(
                "transfers must hold estimators that predict, but the one named "
                f"{name!r} is {transfer!r}. Pass an object such as "
                "make_transfer_pipeline(Ridge())."
            )
    refuse_taken(named, "transfers", taken)
    return named


def refuse_taken(names: Iterable[str], what: str, taken: Iterable[str]) -> None:
    """Refuse names of rows that a table has of its own.

    Parameters
    ----------
    names : iterable of str
        Names that the user gave.
    what : str
        The parameter that they came in.
    taken : iterable of str
        Names of the rows.
    """
    both = [name for name in taken if name in set(names)]
    if both:
        raise ValueError(
            f"The table has a row of its own named {both[0]!r}, without being asked "
            f"for, but one of {what} has that name, too. Rename it, or leave it out."
        )
