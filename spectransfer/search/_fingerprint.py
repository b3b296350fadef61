"""By what a fit is known: a fingerprint of everything that it depends on.

It is made of the estimator, with all parameters and all that a frozen part has learned,
of its spectra, its scoring and the version of this package. What changes no result
(`n_jobs`, `verbose`, `memory`) is left out. Large arrays are sampled: 256 rows of them,
evenly spaced, are read instead of 10 GB. A file whose other rows were changed in place
is therefore taken for the same.

Code counts, too, since two functions may have one name. What an installed package
brings is known by its name and by the version of the package. Functions and classes of
the user's are known by what they do: code, defaults, closures, attributes, and the
globals that they use, as far down as these are the user's. What hides what it does (a
generator, an open file, `eval`) cannot be told from its like and has no fingerprint.
"""

import dis
import hashlib
import json
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

import numpy as np
from scipy.sparse import issparse

from spectransfer._version import __version__

READ_WHOLE = 2**24  # bytes
SAMPLED_ROWS = 256
WITHOUT_EFFECT = {"n_jobs", "verbose", "memory"}
_PACKAGES = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
_HIDING = {"eval", "exec", "globals", "locals", "__import__", "import_module"}
# what a class has beside what its author wrote, some of it only after it was pickled
_OF_ANY_CLASS = {
    "__module__",
    "__qualname__",
    "__doc__",
    "__dict__",
    "__weakref__",
    "__slotnames__",
    "__firstlineno__",
    "__static_attributes__",
    "__annotations__",
    "__annotate_func__",
    "__annotations_cache__",
    "__abstractmethods__",
    "__parameters__",
    "__orig_bases__",
    "_abc_impl",
}


class NoFingerprint(TypeError):
    """Something cannot be told from its like."""


def _installed(root: str) -> str | None:
    """Give the version of a package that is installed; None for the user's own code."""
    if root == "spectransfer":
        return __version__
    if root in sys.stdlib_module_names:
        return None if root == "__main__" else sys.version.split()[0]
    found = sys.modules.get(root)
    file = getattr(found, "__file__", None)
    if file is None and found is None and root.isidentifier():
        with suppress(ImportError, ValueError):
            file = getattr(find_spec(root), "origin", None)
    if file is None:
        return None
    path = Path(file)
    in_folder = any(folder in path.parents for folder in _PACKAGES)
    if not in_folder and "site-packages" not in path.parts:
        return None
    return str(getattr(found, "__version__", ""))


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def _named_by_a_package(value: Any) -> str | None:
    """Give name and version of what can be found under its name in a package."""
    module, name = getattr(value, "__module__", None), value.__qualname__
    if not isinstance(module, str):
        return None
    version = _installed(module.partition(".")[0])
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if version is None or found is not value:
        return None
    return f"{module}.{name} {version}"


def _array(array: np.ndarray, describe: Callable[[Any], Any]) -> list[Any]:
    content = array
    if array.nbytes > READ_WHOLE and array.ndim:
        content = array[np.linspace(0, len(array) - 1, SAMPLED_ROWS).astype(int)]
    if array.dtype.hasobject:
        digest: Any = describe(content.tolist())
    else:
        digest = hashlib.sha256(np.ascontiguousarray(content).tobytes()).hexdigest()
    return ["array", array.dtype.str, list(array.shape), digest]


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Give a code and those within it: comprehensions, functions."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _used_by(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Give what a function uses from around it: closure, globals, own modules."""
    around = dict(_closure(function))
    yield from around.items()
    for code in _codes(function.__code__):
        _refuse_hiding(function, code)
        for name in code.co_names:
            if name in function.__globals__:
                yield name, function.__globals__[name]
        found = function.__globals__ | around
        for name in (*code.co_names, *code.co_freevars):
            if isinstance(found.get(name), ModuleType):
                yield from _parts_used(found[name], set(code.co_names), set())


def _closure(function: FunctionType) -> Iterator[tuple[str, Any]]:
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    for name, cell in zip(names, cells, strict=True):
        with suppress(ValueError):  # not bound yet
            yield name, cell.cell_contents


def _parts_used(
    module: ModuleType, names: set[str], seen: set[str]
) -> Iterator[tuple[str, Any]]:
    """Give the parts of one of the user's own modules that have certain names."""
    if module.__name__ in seen or _installed(module.__name__.partition(".")[0]):
        return
    seen.add(module.__name__)
    for name in sorted(names & set(vars(module))):
        part = vars(module)[name]
        yield f"{module.__name__}.{name}", part
        if isinstance(part, ModuleType):
            yield from _parts_used(part, names, seen)


def _refuse_hiding(function: FunctionType, code: CodeType) -> None:
    """Refuse code that finds what it uses only when it runs."""
    hiding = _HIDING & set(code.co_names)
    if hiding:
        raise NoFingerprint(f"{_name(function)}, which calls {min(hiding)},")
    for step in dis.get_instructions(code):
        if step.opname != "IMPORT_NAME":
            continue
        # a relative import is one of the package of the function
        imported = str(step.argval) or function.__module__
        if _installed(imported.partition(".")[0]) is None:
            raise NoFingerprint(
                f"{_name(function)}, which imports {imported} when it is called,"
            )


class _Description:
    """Describes anything as lists, texts and numbers that JSON can write."""

    def __init__(self) -> None:
        self._begun: list[int] = []
        self._code_seen: dict[int, int] = {}
        self._kept: list[Any] = []  # an id is one's own as long as one lives

    def of(self, value: Any) -> Any:
        """Describe a value."""
        if value is None or isinstance(value, bool | int | float | str):
            if type(value) in (type(None), bool, int, float, str):
                return value
            return [self.of(type(value)), value]
        if isinstance(value, bytes | bytearray):
            return ["bytes", hashlib.sha256(value).hexdigest()]
        if id(value) in self._begun:  # it holds itself
            return ["above", len(self._begun) - self._begun.index(id(value))]
        self._begun.append(id(value))
        try:
            return self._compound(value)
        finally:
            self._begun.pop()

    def _compound(self, value: Any) -> Any:
        if isinstance(value, np.generic):
            return [value.dtype.str, str(value.item())]
        if isinstance(value, np.ndarray):
            return _array(value, self.of)
        if issparse(value):  # before mappings: some of them are
            rows = value.tocsr()
            parts = (rows.indptr, rows.indices, rows.data)
            return ["sparse", list(rows.shape), *(self.of(part) for part in parts)]
        if isinstance(value, Mapping):
            pairs = [[self.of(name), self.of(value[name])] for name in value]
            return [type(value).__name__, pairs]
        if isinstance(value, list | tuple):
            return [type(value).__name__, *(self.of(v) for v in value)]
        if isinstance(value, set | frozenset):
            return ["set", *sorted(json.dumps(self.of(v)) for v in value)]
        if hasattr(value, "iloc"):  # a data frame, or a column of one
            columns = list(getattr(value, "columns", []))
            return [self.of(columns), self.of(value.to_numpy())]
        if isinstance(value, np.random.RandomState):
            return self.of(value.get_state())
        if type(value).__module__ == "torch" and hasattr(value, "detach"):
            return self.of(np.asarray(value.detach().cpu()))
        if hasattr(value, "module_"):  # a trained net: its weights
            return [_name(type(value)), self.of(value.module_)]
        if hasattr(value, "get_params") and not isinstance(value, type):
            return self._estimator(value)
        return self._code(value)

    def _estimator(self, estimator: Any) -> list[Any]:
        params = estimator.get_params(deep=False)
        learned = {n: v for n, v in vars(estimator).items() if n not in params}
        told = [
            {n: self.of(part[n]) for n in part if n not in WITHOUT_EFFECT}
            for part in (params, learned)
        ]
        return [self.of(type(estimator)), *told]

    def _code(self, value: Any) -> Any:
        """Describe what does something, by what it does."""
        if isinstance(value, ModuleType):
            version = _installed(value.__name__.partition(".")[0])
            return ["module", value.__name__, version]
        if isinstance(value, FunctionType | type):
            named = _named_by_a_package(value)
            return named if named is not None else self._own(value)
        if isinstance(value, MethodType):
            return ["method", self.of(value.__func__), self.of(value.__self__)]
        if isinstance(value, staticmethod | classmethod):
            return [type(value).__name__, self.of(value.__func__)]
        if isinstance(value, property):
            parts = (value.fget, value.fset, value.fdel)
            return ["property", *(self.of(part) for part in parts)]
        if isinstance(value, np.ufunc):
            if getattr(np, value.__name__, None) is not value:
                raise NoFingerprint(f"{value!r}")
            return ["ufunc", repr(value), np.__version__]
        builtin = BuiltinFunctionType | MethodWrapperType | WrapperDescriptorType
        if isinstance(value, builtin):
            owner = getattr(value, "__self__", None)
            return [
                "builtin",
                str(getattr(value, "__qualname__", value)),
                self.of(owner),
            ]
        return self._object(value)

    def _own(self, value: Any) -> Any:
        """Describe a function or a class of the user's, once."""
        if id(value) in self._code_seen:
            return ["seen", self._code_seen[id(value)]]
        self._code_seen[id(value)] = len(self._code_seen)
        self._kept.append(value)
        if isinstance(value, type):
            return self._class(value)
        code = value.__code__
        parts = (value.__defaults__, value.__kwdefaults__, vars(value))
        used = [[name, self.of(v)] for name, v in _used_by(value)]
        return ["function", self._bytecode(code), *(self.of(p) for p in parts), used]

    def _bytecode(self, code: CodeType) -> list[Any]:
        constants = [
            self._bytecode(c) if isinstance(c, CodeType) else self._constant(c)
            for c in code.co_consts
        ]
        names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
        counts = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount]
        table = getattr(code, "co_exceptiontable", b"").hex()
        return [
            code.co_code.hex(),
            table,
            code.co_flags,
            counts,
            constants,
            *map(list, names),
        ]

    def _constant(self, value: Any) -> Any:
        return ["constant", repr(value)] if value in (..., None) else self.of(value)

    def _class(self, value: type) -> Any:
        bases = [self.of(base) for base in value.__bases__]
        own = {n: v for n, v in vars(value).items() if n not in _OF_ANY_CLASS}
        slots = own.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            own.pop(slot, None)
        return ["class", _name(value), bases, {n: self.of(own[n]) for n in sorted(own)}]

    def _object(self, value: Any) -> Any:
        """Describe any object as pickle does."""
        try:
            reduced = value.__reduce_ex__(4)
        except Exception as error:
            raise NoFingerprint(f"a {_name(type(value))}") from error
        if isinstance(reduced, str):
            return ["global", _name(type(value)), reduced]
        make, arguments, state, *items = (*reduced, None, None, None)[:5]
        if make is getattr:  # what is bound to an object, and can be found there
            return ["bound", self.of(arguments[0]), arguments[1]]
        content = [self.of(list(i)) if i is not None else None for i in items]
        return ["object", self.of(make), self.of(arguments), self.of(state), *content]


def fingerprint(*parts: Any) -> str:
    """Give a short text that is the same for the same parts, in every process.

    Parameters
    ----------
    *parts : object
        Estimators, arrays, data frames, scorers, numbers, and containers of them.

    Returns
    -------
    str
        20 hexadecimal digits.

    Raises
    ------
    NoFingerprint
        Something cannot be told from its like, and what it is.
    """
    description = _Description()
    try:
        described = [__version__, *(description.of(p) for p in parts)]
        text = json.dumps(described, sort_keys=True)
    except RecursionError as error:
        raise NoFingerprint("something nested too deeply") from error
    except NoFingerprint as error:
        told = re.sub(r" at 0x[0-9a-fA-F]+", "", str(error))
        raise NoFingerprint(told) from error
    return hashlib.sha256(text.encode()).hexdigest()[:20]
