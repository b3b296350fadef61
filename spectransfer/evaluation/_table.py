"""`TransferTable`: what an evaluation found, for people and for programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from spectransfer._tables import TextTable, as_csv, deliver
from spectransfer._typing import BoolArray, FloatArray, IntArray
from spectransfer.evaluation._properties import PropertyRow, printed_properties
from spectransfer.pipeline import PROTOCOLS

if TYPE_CHECKING:
    import pandas


class TransferRow(NamedTuple):
    """One transfer under one protocol: a row of the table, in base units.

    Euclidean distances are in the unit of the spectra, the k-score is a fraction,
    times are in seconds, sizes in bytes. None stands for what was not measured.

    Examples
    --------
    >>> from spectransfer.evaluation import TransferRow
    >>> row = TransferRow(
    ...     "ridge", "deployable", 0.05, 812.4, 0.004, 0.981,
    ...     fit_time=1.5, predict_time=0.2, shared_bytes=None)
    >>> row.rse, row.k_score
    (0.05, 0.981)
    """

    transfer: str
    protocol: str
    rse: float
    euclidean: float
    cosine: float
    k_score: float
    fit_time: float | None
    predict_time: float | None
    shared_bytes: int | None


class SpectrumErrors(NamedTuple):
    """Errors and clusters of each spectrum, in the order of the test spectra.

    Examples
    --------
    >>> import numpy as np
    >>> from spectransfer.evaluation import SpectrumErrors
    >>> errors = SpectrumErrors(
    ...     np.array([3.0, 80.0]), np.array([0.01, 0.2]),
    ...     np.array([1, 1]), np.array([1, 0]),
    ... )
    >>> errors.differs
    array([False,  True])
    """

    euclidean: FloatArray
    cosine: FloatArray
    measured_cluster: IntArray
    predicted_cluster: IntArray

    @property
    def differs(self) -> BoolArray:
        """Where measured and predicted spectrum are of different clusters."""
        return self.measured_cluster != self.predicted_cluster


def _places(digits: int, factor: float = 1.0) -> Callable[[float], str]:
    return lambda value: f"{value * factor:.{digits}f}"


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _megabytes(value: float) -> str:
    return f"{value / 1e6:,.1f}" if value >= 1e6 else f"{value / 1e6:.3f}"


COLUMNS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "transfer": ("transfer", str),
    "protocol": ("protocol", str),
    "rse": ("RSE", _places(4)),
    "euclidean": ("Euclidean", _places(1)),
    "cosine": ("cosine distance", _places(4)),
    "k_score": ("k-score / %", _places(2, 100.0)),
    "fit_time": ("fit / s", _seconds),
    "predict_time": ("predict / s", _seconds),
    "shared_bytes": ("shared / MB", _megabytes),
}
N_LEFT = 2
OPTIONAL = ("fit_time", "predict_time", "shared_bytes")


@dataclass(frozen=True, eq=False, repr=False)
class TransferTable:
    """Figures of merit of several transfers under several protocols.

    Made by `evaluate_transfers`. It prints as an aligned table with units, and shows
    as HTML in a notebook.

    Parameters
    ----------
    rows : tuple of TransferRow
        One for each transfer and protocol, in base units.
    meta : mapping of str to object, default={}
        What was compared: `n_train`, `n_test`, `n_channels`, `n_clusters`,
        `cosine_convention`, and `notes` that are printed under the table.
    spectrum_errors : mapping of (str, str) to SpectrumErrors, default={}
        Errors of each spectrum by (transfer, protocol), where they were asked for.
    estimators : mapping of str to estimator, default={}
        The fitted transfers, where they were asked for.
    properties : tuple of PropertyRow, default=()
        Errors of properties that calibrations read from the predictions, where these
        were asked for. They print below the figures of merit.

    Examples
    --------
    >>> from spectransfer.evaluation import TransferRow, TransferTable
    >>> row = TransferRow(
    ...     "ridge", "deployable", 0.05, 812.4, 0.004, 0.981,
    ...     fit_time=1.5, predict_time=0.2, shared_bytes=None)
    >>> table = TransferTable((row,))
    >>> table
    transfer  protocol       RSE  Euclidean  cosine distance  k-score / %  fit / s  ...
    --------  ----------  ------  ---------  ---------------  -----------  -------  ...
    ridge     deployable  0.0500      812.4           0.0040        98.10     1.50  ...
    ...
    >>> table["ridge", "deployable"].rse
    0.05
    """

    rows: tuple[TransferRow, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)
    spectrum_errors: Mapping[tuple[str, str], SpectrumErrors] = field(
        default_factory=dict
    )
    estimators: Mapping[str, Any] = field(default_factory=dict)
    properties: tuple[PropertyRow, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[TransferRow]:
        return iter(self.rows)

    def __getitem__(self, key: tuple[str, str]) -> TransferRow:
        """Give the row of (transfer, protocol)."""
        for row in self.rows:
            if (row.transfer, row.protocol) == key:
                return row
        known = ", ".join(repr((row.transfer, row.protocol)) for row in self.rows)
        raise KeyError(
            "a row is named by its transfer and its protocol, but there is no "
            f"{key!r}. The table has {known}."
        )

    def errors_of(self, transfer: str, protocol: str) -> SpectrumErrors:
        """Give errors and clusters of each spectrum, for a map.

        Parameters
        ----------
        transfer, protocol : str
            Names of the row.

        Returns
        -------
        SpectrumErrors
            Arrays of shape (n_spectra,): `euclidean`, `cosine`,
            `measured_cluster`, `predicted_cluster` and `differs`. A map lays them out
            with ``maps.image(errors.euclidean)``.
        """
        row = self[transfer, protocol]
        if (row.transfer, row.protocol) not in self.spectrum_errors:
            raise ValueError(
                "Errors of each spectrum are kept only on request, but this table was "
                "made without them. Call evaluate_transfers(..., per_spectrum=True)."
            )
        return self.spectrum_errors[row.transfer, row.protocol]

    def without_times(self) -> TransferTable:
        """Give the table without times, which differ from run to run.

        Returns
        -------
        TransferTable
            The same figures of merit and sizes.
        """
        rows = tuple(
            row._replace(fit_time=None, predict_time=None) for row in self.rows
        )
        return replace(self, rows=rows)

    def to_records(self) -> list[dict[str, Any]]:
        """Give the rows as plain dictionaries, in base units.

        Returns
        -------
        list of dict
            Keys are the fields of `TransferRow`.
        """
        return [row._asdict() for row in self.rows]

    def to_frame(self) -> pandas.DataFrame:
        """Give the rows as a data frame, in base units.

        Returns
        -------
        pandas.DataFrame
            Columns are the fields of `TransferRow`; what was not measured is NaN.
        """
        from spectransfer._imports import need

        pd = need("pandas", "TransferTable.to_frame", "spectransfer[files]")
        frame = pd.DataFrame(list(self.rows), columns=list(TransferRow._fields))
        numbers = list(TransferRow._fields[N_LEFT:])
        return frame.astype(dict.fromkeys(numbers, "float64"))

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write comma-separated values, in base units and full precision.

        Parameters
        ----------
        path : str or path-like, default=None
            File to write; None gives the text back.

        Returns
        -------
        str or None
            The text, where there is no path.
        """
        return deliver(as_csv(TransferRow._fields, self.rows), path)

    def to_markdown(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write the printed table in Markdown.

        Parameters
        ----------
        path : str or path-like, default=None
            File to write; None gives the text back.

        Returns
        -------
        str or None
            The text, where there is no path.
        """
        text = self.printed().markdown()
        if self.properties:
            text += "\n" + printed_properties(self.properties).markdown()
        return deliver(text, path)

    def to_latex(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        caption: str | None = None,
        label: str | None = None,
    ) -> str | None:
        r"""Write the printed table as a LaTeX tabular, which needs no package.

        Parameters
        ----------
        path : str or path-like, default=None
            File to write; None gives the text back.
        caption, label : str, default=None
            With one of them, the tabular stands in a floating table. The caption is
            escaped, the label is not.

        Returns
        -------
        str or None
            The text, where there is no path.
        """
        return deliver(self.printed().latex(caption, label), path)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write the printed table as an HTML fragment, with its notes.

        Parameters
        ----------
        path : str or path-like, default=None
            File to write; None gives the text back.

        Returns
        -------
        str or None
            The text, where there is no path.
        """
        html = self.printed().html(self.title, notes=self._notes())
        if self.properties:
            html += printed_properties(self.properties).html("Properties")
        return deliver(html, path)

    def printed(self) -> TextTable:
        """Give the cells as they are printed, without columns that are empty.

        Returns
        -------
        TextTable
            Its `header` and its `rows` are text.
        """
        shown = [
            name
            for name in COLUMNS
            if name not in OPTIONAL
            or any(getattr(row, name) is not None for row in self.rows)
        ]
        header = [COLUMNS[name][0] for name in shown]
        if self.meta.get("cosine_convention") == "minus_cosine":
            header[shown.index("cosine")] = "minus cosine"
        if self.meta.get("unit"):
            header[shown.index("euclidean")] += f" / {self.meta['unit']}"
        body = []
        for row in self.rows:
            values = [(name, getattr(row, name)) for name in shown]
            body.append(["-" if v is None else COLUMNS[n][1](v) for n, v in values])
        return TextTable(header, body, N_LEFT)

    @property
    def title(self) -> str:
        """What was compared, in one line; empty where `meta` does not say."""
        meta = self.meta
        if not {"n_train", "n_test", "n_channels", "n_clusters"} <= set(meta):
            return ""
        return (
            f"{meta['n_test']:,} spectra of {meta['n_channels']:,} channels, after "
            f"{meta['n_train']:,} shared standards; k-score of {meta['n_clusters']} "
            "clusters"
        )

    def _notes(self) -> list[str]:
        used = {row.protocol for row in self.rows}
        explained = [
            f"{name}: {text}" for name, text in PROTOCOLS.items() if name in used
        ]
        return explained + list(self.meta.get("notes", ()))

    def __repr__(self) -> str:
        parts = [self.title, self.printed().text()]
        if self.properties:
            parts += ["", printed_properties(self.properties).text(), ""]
        parts += self._notes()
        return "\n".join(parts if self.title else parts[1:])

    def _repr_html_(self) -> str:
        return self.to_html() or ""


def described(task: Any) -> dict[str, Any]:
    """Say what `evaluate_transfers` compares, beside the figures."""
    fitted = list(task.clusters.fitted.values())
    sizes = [getattr(kmeans, "n_clusters", None) for kmeans in fitted]
    notes = []
    if len(fitted) > 1:
        notes.append(
            f"The transfers are judged in {len(fitted)} different spaces (with and "
            "without baseline, say): Euclidean distances compare within a space only."
        )
    if task.without_unit:
        notes.append(
            f"Predictions of {', '.join(task.without_unit)} are not in {task.unit}: "
            "steps of the primary side change it for good, such as a derivative."
        )
    notes += task.properties.notes()
    return {
        "n_train": task.known.n_spectra,
        "n_test": task.unseen.n_spectra,
        "unit": None if task.without_unit else task.unit,
        "n_channels": task.unseen.primary.shape[1],
        "n_clusters": " or ".join(
            str(s) for s in dict.fromkeys(sizes) if s is not None
        ),
        "cosine_convention": task.options["cosine_convention"],
        "notes": tuple(notes),
    }
