"""Libraries that only some users need, imported when they are."""

from importlib import import_module
from typing import Any


def need(module: str, what: str, install: str) -> Any:
    """Import a library, or say who needs it and how to install it.

    Parameters
    ----------
    module : str
        Name of the module.
    what : str
        What needs it, to begin the sentence.
    install : str
        What to give to pip.

    Returns
    -------
    module
        The module.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{what} needs {module}, which cannot be imported here: {error}. Install "
            f'it with pip install "{install}".'
        ) from error
