"""Importing late: our own public names, and libraries that only some users need.

torch takes seconds to import, and half of the package does without it.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, module_of: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Give the `__getattr__` and `__dir__` (PEP 562) of a package.

    Parameters
    ----------
    package : str
        Name of the package, `__name__` of its `__init__`.
    module_of : mapping of str to str
        The module that defines each public name.

    Returns
    -------
    getattr_, dir_ : callable
        To be bound to `__getattr__` and `__dir__` of the package.
    """

    def getattr_(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(module_of[name]), name)

    def dir_() -> list[str]:
        return sorted(module_of)

    return getattr_, dir_


def need(module: str, what: str, install: str) -> Any:
    """Import a library, or say who needs it and how to install it.

    Parameters
    ----------
    module : str
        Name of the module.
    what : str
        What needs it, to begin the sentence.
    install : str
        What to give to pip. An extra of this project, such as "spectransfer[plot]", is
        installed from its folder, since it stands on no index.

    Returns
    -------
    module
        The module.
    """
    try:
        return import_module(module)
    except ImportError as error:
        way = f'pip install "{install}"'
        if install.startswith("spectransfer["):
            extra = install.removeprefix("spectransfer")
            way = f'pip install -c constraints.txt ".{extra}" in the project\'s folder'
        raise ImportError(
            f"{what} needs {module}, which cannot be imported here: {error}. Install "
            f"it with {way}."
        ) from error
