"""The command line: libraries and transfers without writing Python.

Every command is a few lines over `spectransfer.library` and `spectransfer.io`. It ends
with 0 when it did what it was asked, with 1 when `verify` says no, and with 2 when it
could not, with the reason on the standard error.
"""

import argparse
import csv
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spectransfer._files import written_beside
from spectransfer._version import __version__
from spectransfer.exceptions import FileFormatError
from spectransfer.io import read_spectra, save_spectra
from spectransfer.library import (
    Library,
    load_transfer,
    open_library,
    plain,
    save_transfer,
)
from spectransfer.pipeline import transfer_spectra
from spectransfer.spectra import Spectra

NO, FAILED = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        What follows the program's name; None takes it from the shell.

    Returns
    -------
    int
        The exit status.
    """
    given = _parser().parse_args(arguments)
    try:
        _check_out(given)
        status: int = given.run(given)
    except BrokenPipeError:
        # whoever read has seen enough, as head does
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, ValueError, TypeError, ImportError) as error:
        notes = getattr(error, "__notes__", [])
        said = " ".join([str(error), *notes])
        sys.stderr.write(f"spectransfer {given.command}: {said}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write(f"spectransfer {given.command}: interrupted\n")
        return 130
    return status


def _inspect(given: argparse.Namespace) -> int:
    """Say what a file holds."""
    try:
        library = open_library(given.file, given.sha256, verbose=not given.quiet)
    except FileFormatError:
        if given.sha256 is not None:
            raise
        try:
            transfer = load_transfer(given.file)
        except FileFormatError:
            transfer = None
        if transfer is None:
            raise
        _say(f"Transfer: {transfer!r}")
        if hasattr(transfer, "expected_rse_"):
            _say(f"RSE of samples that were left out: {transfer.expected_rse_:.4g}")
        return 0
    _say(f"{library!r}\n  SHA-256: {library.sha256}")
    return 0


def _join(given: argparse.Namespace) -> int:
    """Fit a transfer to a library, and save it."""
    library = _opened(given)
    secondary = _read(given, given.secondary)
    if secondary.sample_id is None:
        raise ValueError(
            "Secondary spectra find their partners by the names of samples, but "
            f"{', '.join(given.secondary)} have none. Name the column that holds them "
            "with --sample-column."
        )
    given.sample_column = None  # spectra without partners need no names
    unpaired = None if given.unpaired is None else _read(given, given.unpaired)
    transfer = library.join(
        secondary,
        X_unpaired=unpaired,
        random_state=given.seed,
        verbose=not given.quiet,
    )
    save_transfer(transfer, given.out)
    _say(
        f"{given.out}: {len(secondary)} spectra of "
        f"{len(np.unique(secondary.sample_id))} samples; RSE of samples that were left "
        f"out {transfer.expected_rse_:.4g}"
    )
    return 0


def _transfer(given: argparse.Namespace) -> int:
    """Transfer spectra, and save what comes."""
    transfer = load_transfer(given.transfer)
    predicted = _transferred(transfer, _read(given, given.spectra), given)
    save_spectra(predicted, given.out)
    _say(f"{given.out}: {predicted!r}")
    return 0


def _verify(given: argparse.Namespace) -> int:
    """Compare the primary instrument with its library."""
    library = _opened(given)
    primary = _read(given, given.primary)
    told = library.verify(primary)
    _say(repr(told))
    return 0 if told.matches else NO


def _lookup(given: argparse.Namespace) -> int:
    """Write the nearest entries of a library."""
    library = _opened(given)
    spectra = _read(given, given.spectra)
    own = spectra.sample_id
    if given.transfer is not None:
        spectra = _transferred(load_transfer(given.transfer), spectra, given)
    found = library.lookup(spectra, given.n, measured=given.measured)
    head = ["spectrum", "cluster", "rank", "entry", "distance", "latent_distance"]
    names = np.arange(len(spectra)) if own is None else own
    rows = [
        [name, cluster, rank + 1, entry, f"{apart:.6g}", f"{latent:.6g}"]
        for name, cluster, entries, distances, latents in zip(
            names, found.cluster, found.sample_id, found.distance,
            found.latent_distance, strict=True,
        )
        for rank, (entry, apart, latent) in enumerate(
            zip(entries, distances, latents, strict=True)
        )
    ]  # fmt: skip
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    if given.out is None:
        _say("\n".join(map(plain, text.getvalue().splitlines())))
    else:
        with written_beside(Path(given.out)) as beside:
            beside.write_text(text.getvalue(), "utf-8", newline="")
        _say(f"{given.out}: {len(rows)} entries for {len(spectra)} spectra")
    return 0


def _say(text: str) -> None:
    if sys.stdout is None:  # it may have been closed
        return
    known = sys.stdout.encoding or "utf-8"  # a terminal may not have all letters
    text = text.encode(known, "backslashreplace").decode(known)
    sys.stdout.write(text + "\n")


def _check_out(given: argparse.Namespace) -> None:
    """Refuse a place for the result where something else would be lost."""
    out = getattr(given, "out", None)
    if out is None:
        return
    place = Path(out)
    if place.is_dir() or not place.absolute().parent.is_dir():
        raise ValueError(
            f"--out must be a file in a folder that is there, but it is {out}."
        )
    for name in ("library", "transfer", "secondary", "unpaired", "spectra"):
        read = getattr(given, name, None)
        for source in [read] if isinstance(read, str) else read or []:
            if place.exists() and Path(source).exists() and place.samefile(source):
                raise ValueError(
                    f"--out must be another file than those that are read, but {out} "
                    "is one of them."
                )


def _opened(given: argparse.Namespace) -> Library:
    return open_library(given.library, given.sha256, verbose=not given.quiet)


def _read(given: argparse.Namespace, paths: list[str]) -> Spectra:
    """Read files, folders or patterns, and put their spectra together."""
    names = {} if given.sample_column is None else {"sample_id": given.sample_column}
    read = [
        read_spectra(path, names=names, unit=given.unit, detectors=given.detectors)
        for path in paths
    ]
    first = read[0]
    for path, other in zip(paths[1:], read[1:], strict=True):
        if other.unit != first.unit or not np.array_equal(
            other.wavelengths, first.wavelengths
        ):
            raise ValueError(
                f"Files of one command must be on one axis, but {path} has "
                f"{other.axis.span} and {paths[0]} has {first.axis.span}."
            )
    if len(read) == 1:
        return first
    ids: Any = [part.sample_id for part in read]
    nameless = [path for path, i in zip(paths, ids, strict=True) if i is None]
    if 0 < len(nameless) < len(paths):
        raise ValueError(
            "Files of one command must all name their samples, or none of them, but "
            f"{nameless[0]} has no names. Name the column with --sample-column."
        )
    return Spectra(
        np.concatenate([part.X for part in read]),
        first.wavelengths,
        unit=first.unit,
        descending=first.descending,
        sample_id=None if any(i is None for i in ids) else _together(ids),
    )


def _together(ids: list[np.ndarray]) -> np.ndarray:
    kinds = {part.dtype.kind in "iuf" for part in ids}
    return np.concatenate(ids if len(kinds) == 1 else [i.astype(str) for i in ids])


def _transferred(transfer: Any, spectra: Spectra, given: argparse.Namespace) -> Spectra:
    shown = not given.quiet and sys.stderr.isatty()
    predicted: Spectra = transfer_spectra(transfer, spectra, verbose=shown)
    return predicted


def _parser() -> argparse.ArgumentParser:
    """Describe all commands."""
    parser = argparse.ArgumentParser(
        prog="spectransfer",
        description="Carry spectra from one spectrometer into the space of another.",
        epilog="spectransfer COMMAND --help tells the options of a command.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    files = argparse.ArgumentParser(add_help=False)
    files.add_argument("--unit", help="unit of axes that files do not tell, such as nm")
    files.add_argument("--sample-column", help="column with the names of samples")
    files.add_argument(
        "--detectors",
        choices=("mean", "lower", "upper"),
        help="what becomes of channels of two detectors that overlap",
    )
    quiet = argparse.ArgumentParser(add_help=False)
    quiet.add_argument("--quiet", action="store_true", help="show no progress")
    library = argparse.ArgumentParser(add_help=False, parents=[quiet])
    library.add_argument(
        "library", metavar="LIBRARY", help="file or address of a library"
    )
    library.add_argument("--sha256", help="SHA-256 that the library must have")

    one = commands.add_parser("inspect", parents=[quiet], help=_inspect.__doc__)
    one.add_argument("file", help="a library, or a transfer")
    one.add_argument("--sha256", help="SHA-256 that it must have")
    one.set_defaults(run=_inspect)

    def command(name: str, run: Any, first: str, **more: Any) -> Any:
        # an option of several files would take in the file that comes after it
        usage = f"%(prog)s {first} [options]"
        one = commands.add_parser(name, usage=usage, help=run.__doc__, **more)
        one.set_defaults(run=run)
        return one

    words = "LIBRARY --secondary FILE [FILE ...] --out TRANSFER"
    one = command("join", _join, words, parents=[library, files])
    one.add_argument(
        "--secondary",
        nargs="+",
        required=True,
        metavar="FILE",
        help="own spectra of standards, with the names that the library has",
    )
    one.add_argument(
        "--unpaired",
        nargs="+",
        metavar="FILE",
        help="own spectra of the same material that are not in the library",
    )
    one.add_argument(
        "--out", required=True, metavar="TRANSFER", help="the file to write"
    )
    one.add_argument("--seed", type=int, default=0, help="of networks (default: 0)")

    words = "TRANSFER --spectra FILE [FILE ...] --out FILE"
    one = command("transfer", _transfer, words, parents=[quiet, files])
    one.add_argument(
        "transfer", metavar="TRANSFER", help="a file that join has written"
    )
    one.add_argument(
        "--spectra",
        nargs="+",
        required=True,
        metavar="FILE",
        help="spectra of the secondary instrument",
    )
    one.add_argument(
        "--out", required=True, metavar="FILE", help=".csv, .csv.gz, .npz or .h5"
    )

    words = "LIBRARY --primary FILE [FILE ...]"
    one = command("verify", _verify, words, parents=[library, files])
    one.add_argument(
        "--primary",
        nargs="+",
        required=True,
        metavar="FILE",
        help="new spectra of the primary instrument",
    )

    words = "LIBRARY --spectra FILE [FILE ...]"
    one = command("lookup", _lookup, words, parents=[library, files])
    one.add_argument(
        "--spectra",
        nargs="+",
        required=True,
        metavar="FILE",
        help="spectra to look up, on the axis of the library or of --transfer",
    )
    one.add_argument(
        "--transfer", metavar="TRANSFER", help="a file of join: transfer them first"
    )
    one.add_argument(
        "--measured",
        action="store_true",
        help="they are as the primary instrument measured them",
    )
    one.add_argument("-n", type=int, default=5, help="entries of each (default: 5)")
    one.add_argument("--out", metavar="FILE", help="a .csv file; without it, printed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
