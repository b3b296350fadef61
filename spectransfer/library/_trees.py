"""Fitted parts as trees of plain values and arrays, and back.

What stands for itself: None, true, false, whole and finite numbers, texts, lists.
Everything else is an object with one of these keys:

    {"part": word, "state": [[attribute, value], ...]}    a listed estimator
    {"again": i}        the i-th part of the file, counted as they end
    {"record": word, "values": [...]}                     a listed tuple
    {"network": tree}   layers, see spectransfer.nn
    {"array": name, "order": "C" or "F"}                  a tensor of the file
    {"texts": [...], "shape": [...], "object": bool}      an array of texts
    {"sparse": "csr" or "csc", "shape": [...], "arrays": [data, indices, indptr]}
    {"scalar": dtype, "value": ...}  {"number": "nan", "inf" or "-inf"}
    {"slice": [start, stop, step]}  {"tuple": [...]}  {"dict": [[name, value], ...]}

An attribute that a class itself defines, such as a method, is never set.
"""

import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from scipy import sparse

from spectransfer.library._container import DTYPES, LONGEST_HEADER
from spectransfer.library._listed import (
    PARTS,
    part_class,
    record_class,
    record_word_of,
    word_of,
)

_STORED = {np.dtype(dtype) for dtype in DTYPES.values()}
_SPARSE = {"csr": sparse.csr_array, "csc": sparse.csc_array}
_FORGOTTEN = {"history_", "memory", "n_jobs"}
# of a file that is made to take time or memory; honest ones stay far below
_MOST_PARTS = 10_000
_MOST_REPEATED = 8


class NotListed(TypeError):
    """Something is not on the list of what a file may hold."""


class Writer:
    """Makes trees of values, and collects their arrays."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._names: dict[int, dict[str, Any]] = {}
        self._parts: dict[int, int | None] = {}
        self._kept: list[Any] = []  # an id is one's own as long as one lives

    def tree(self, value: Any, where: str = "transfer") -> Any:
        """Give the tree of a value; `where` says its place in words."""
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"number": str(value)}
        if type(value) is list:
            return [self.tree(v, where) for v in value]
        if type(value) is slice:
            ends = [value.start, value.stop, value.step]
            return {"slice": self.tree([_plain(end) for end in ends], where)}
        if type(value) is tuple:
            return {"tuple": [self.tree(v, where) for v in value]}
        if type(value) is dict:
            return {"dict": self._pairs(value, where)}
        if isinstance(value, np.generic) and value.dtype in _STORED:
            told = self.tree(value.item(), where)
            return {"scalar": value.dtype.name, "value": told}
        if type(value) is np.ndarray:
            return self._array(value, where)
        return self._object(value, where)

    def _pairs(self, named: dict[str, Any], where: str) -> list[Any]:
        for name in named:
            if type(name) is not str:
                raise NotListed(f"a dict with the key {name!r:.40} in {where}")
        return [[name, self.tree(v, f"{where}.{name}")] for name, v in named.items()]

    def _array(self, array: np.ndarray, where: str) -> dict[str, Any]:
        if id(array) in self._names:
            return self._names[id(array)]
        if array.dtype.kind in "OU":
            texts = array.ravel().tolist()
            if not all(type(text) is str for text in texts):
                raise NotListed(f"an array of objects in {where}")
            return {
                "texts": texts,
                "shape": list(array.shape),
                "object": array.dtype.kind == "O",
            }
        if array.dtype not in _STORED:
            raise NotListed(f"an array of {array.dtype} in {where}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise NotListed(f"an array with NaN or inf in {where}")
        # a product may round differently over another order in memory
        turned = array.flags.f_contiguous and not array.flags.c_contiguous
        name = f"{len(self.arrays)}:{where.removeprefix('transfer.')}"
        kept = array.T if turned else array
        # which would give a single number a dimension
        self.arrays[name] = np.ascontiguousarray(kept).reshape(kept.shape)
        told = {"array": name, "order": "F" if turned else "C"}
        self._kept.append(array)
        self._names[id(array)] = told
        return told

    def _object(self, value: Any, where: str) -> dict[str, Any]:
        if sparse.issparse(value) and value.format in _SPARSE:
            parts = (value.data, value.indices, value.indptr)
            arrays = [self._array(np.asarray(part), where) for part in parts]
            shape = list(value.shape)
            return {"sparse": value.format, "shape": shape, "arrays": arrays}
        record = record_word_of(value)
        if record is not None:
            members = value
            if is_dataclass(value):
                members = [getattr(value, field.name) for field in fields(value)]
            told = [self.tree(v, f"{where}.{record}") for v in members]
            return {"record": record, "values": told}
        if hasattr(value, "module_"):  # a trained net
            from spectransfer.nn import describe

            return {"network": self.tree(describe(value.module_), where)}
        return self._part(value, where)

    def _part(self, part: Any, where: str) -> dict[str, Any]:
        word = word_of(part)
        if word is None:
            kind = type(part)
            raise NotListed(f"{kind.__module__}.{kind.__qualname__} in {where}")
        if id(part) in self._parts:
            number = self._parts[id(part)]
            if number is None:
                raise NotListed(f"a {word} that holds itself in {where}")
            return {"again": number}
        self._parts[id(part)] = None
        self._kept.append(part)
        state = {
            name: None if name in _FORGOTTEN else value
            for name, value in vars(part).items()
        }
        told = {"part": word, "state": self._pairs(state, where)}
        self._parts[id(part)] = sum(n is not None for n in self._parts.values())
        return told


def listed_tree(writer: Writer, value: Any, what: str) -> Any:
    """Give the tree of a value, or say what of it no file can hold.

    Parameters
    ----------
    writer : Writer
        Collects arrays.
    value : object
        Fitted parts.
    what : str
        What the file is, such as "library".

    Returns
    -------
    object
        The tree.

    Raises
    ------
    TypeError
        A part is not on the list, and which one.
    """
    try:
        return writer.tree(value, what)
    except NotListed as error:
        raise TypeError(
            f"The file of a {what} holds parts of a closed list, so that reading it "
            f"runs no code, but here is {error}. Use one of {', '.join(PARTS)}, or "
            "keep it with joblib.dump, for readers who trust you."
        ) from error


class Reader:
    """Makes values of trees; whatever is wrong in one is a ValueError."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self._arrays = arrays
        self._parts: list[Any] = []
        # how many parts there would be, if those that come again were others
        self._weights: list[int] = []
        self._n_parts = 0
        self._room = _MOST_REPEATED * sum(a.nbytes for a in arrays.values()) + 2**24
        self._text_room = LONGEST_HEADER
        self._makers = {
            "part": self._part,
            "again": self._again,
            "record": self._record,
            "network": self._network,
            "array": self._array,
            "texts": self._texts,
            "sparse": self._sparse,
            "scalar": self._scalar,
            "number": self._number,
            "slice": lambda told: slice(*map(_end, _list(told["slice"]))),
            "tuple": lambda told: tuple(self.value(_list(told["tuple"]))),
            "dict": lambda told: dict(self._pairs(told["dict"])),
        }

    def value(self, told: Any) -> Any:
        """Give the value of a tree."""
        if isinstance(told, list):
            return [self.value(v) for v in told]
        if not isinstance(told, dict):
            return told
        kind = next(iter(told), None)
        if kind not in self._makers:
            raise ValueError(f"{kind!r:.40} is no kind of value")
        return self._makers[kind](told)

    def _pairs(self, told: Any) -> list[tuple[str, Any]]:
        pairs = []
        for pair in _list(told):
            name, value = _list(pair)
            if not isinstance(name, str):
                raise ValueError(f"{name!r:.40} is no name")
            pairs.append((name, self.value(value)))
        return pairs

    def _again(self, told: dict[str, Any]) -> Any:
        number = _whole(told["again"])
        part = self._parts[number]
        self._count(self._weights[number])
        return part

    def _count(self, n_parts: int) -> None:
        self._n_parts += n_parts
        if self._n_parts > _MOST_PARTS:
            raise ValueError(f"it has more than {_MOST_PARTS} parts inside each other")

    def _end(self, part: Any, before: int) -> None:
        """Keep a part that has been read, with the number of those inside."""
        self._parts.append(part)
        self._weights.append(self._n_parts - before)

    def _part(self, told: dict[str, Any]) -> Any:
        before = self._n_parts
        self._count(1)
        word = told["part"]
        if word not in PARTS:
            raise ValueError(f"it asks for {word!r:.60}, which is not on the list")
        kind = part_class(word)
        part: Any = object.__new__(kind)
        state = self._pairs(told["state"])
        parameters = set(getattr(kind, "_get_param_names", list)())
        for name, value in state:
            # a parameter may have a default that is an attribute of the class
            taken = hasattr(kind, name) and name not in parameters
            if not name.isidentifier() or name.startswith("__") or taken:
                raise ValueError(f"{name!r:.40} is no attribute that a {word} learns")
            vars(part)[name] = value
        lacking = parameters - vars(part).keys()
        if lacking:
            raise ValueError(f"a {word} lacks {', '.join(sorted(lacking))}")
        if hasattr(kind, "_validate_params"):
            part._validate_params()
        self._end(part, before)
        return part

    def _record(self, told: dict[str, Any]) -> Any:
        kind = record_class(str(told["record"]))
        if kind is None:
            raise ValueError(f"{told['record']!r:.60} is no record on the list")
        return kind(*self.value(_list(told["values"])))

    def _network(self, told: dict[str, Any]) -> Any:
        from spectransfer.nn import module_of, net_around

        return net_around(module_of(self.value(told["network"])))

    def _array(self, told: dict[str, Any]) -> np.ndarray:
        array = self._arrays[told["array"]]
        self._room -= array.nbytes
        if self._room < 0:
            raise ValueError("its arrays are asked for again and again")
        if told["order"] not in ("C", "F"):
            raise ValueError(f"{told['order']!r:.40} is no order of numbers")
        return array.T if told["order"] == "F" else array

    def _texts(self, told: dict[str, Any]) -> np.ndarray:
        texts = _list(told["texts"])
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("an array of texts holds something else")
        kind = object if told["object"] is True else str
        shape = [_whole(n) for n in _list(told["shape"])]
        if math.prod(shape) != len(texts):
            raise ValueError("an array of texts has another shape than it says")
        longest = max(map(len, texts), default=0)
        self._text_room -= 4 * longest * len(texts)
        if kind is str and self._text_room < 0:
            raise ValueError("an array of texts takes more room than its file")
        return np.array(texts, kind).reshape(shape)

    def _sparse(self, told: dict[str, Any]) -> Any:
        arrays = [self._array(array) for array in _list(told["arrays"])]
        shape = tuple(_whole(n) for n in _list(told["shape"]))
        matrix = _SPARSE[told["sparse"]](tuple(arrays), shape)
        matrix.check_format(full_check=True)
        return matrix

    def _scalar(self, told: dict[str, Any]) -> Any:
        dtype = np.dtype(str(told["scalar"]))
        value = self.value(told["value"])
        if dtype not in _STORED or type(value) not in (bool, int, float):
            raise ValueError(f"{told['scalar']!r:.40} is no type of numbers")
        return dtype.type(value)

    def _number(self, told: dict[str, Any]) -> float:
        if told["number"] not in ("nan", "inf", "-inf"):
            raise ValueError(f"{told['number']!r:.40} is no number")
        return float(told["number"])


def _list(told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise ValueError(f"{told!r:.40} is no list")
    return told


def _plain(end: Any) -> Any:
    return int(end) if isinstance(end, np.integer) else end


def _end(told: Any) -> int | None:
    if told is not None and type(told) is not int:
        raise ValueError(f"{told!r:.40} is no end of a slice")
    return told


def _whole(told: Any) -> int:
    if type(told) is not int or told < 0:
        raise ValueError(f"{told!r:.40} is no whole number")
    return told
