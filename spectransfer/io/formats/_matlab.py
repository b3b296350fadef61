"""Walking through a MATLAB file of version 5 to 7 before scipy reads it.

scipy trusts the tags of such a file, and a damaged one can end the process. Here each
tag is compared with what is there: kinds, lengths, and shapes against lengths.
(MathWorks, "MAT-File Format", version 5.)
"""

import math
import struct
import zlib
from collections.abc import Iterator

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMBERS = range(6, 16)  # classes: double, single and integers
_SIZES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
_TEXTS = (1, 2, 4, 16, 17, 18)
_DEEP = 20
_COMPLEX = 0x0800


def check_matlab(content: bytes, limit: int) -> None:
    """Compare the tags of a file with its length.

    Parameters
    ----------
    content : bytes
        The whole file.
    limit : int
        Bytes that may be unpacked of it, in all.

    Raises
    ------
    ValueError
        If something does not fit, or is no matrix, structure, cell or text.
    """
    mark = content[126:128]
    if len(content) < _HEADER or mark not in (b"IM", b"MI"):
        raise ValueError("its header is not whole")
    order = "<" if mark == b"IM" else ">"
    for kind, element in _elements(content[_HEADER:], order):
        if kind == _COMPRESSED:
            unpacker = zlib.decompressobj()
            element = unpacker.decompress(element, limit)
            limit -= len(element)
            if limit <= 0 or not unpacker.eof:
                raise ValueError("a packed variable is not whole, or is too large")
            packed = list(_elements(element, order))
            if len(packed) != 1:
                raise ValueError("a packed variable is not one")
            kind, element = packed[0]
        if kind != _MATRIX:
            raise ValueError(f"a variable is of the unknown kind {kind}")
        _check_matrix(element, order, 0)


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Give kind and content of one element after the other."""
    at = 0
    while at < len(content):
        if len(content) - at < 8:
            raise ValueError("it ends within a tag")
        kind, size = struct.unpack_from(order + "II", content, at)
        if kind >> 16:  # short ones stand in their own tag
            kind, size, at = kind & 0xFFFF, kind >> 16, at + 4
            if size > 4:
                raise ValueError("a short element is too long")
            yield kind, content[at : at + size]
            at += 4
            continue
        at += 8
        there = len(content) - at
        if size > there:
            raise ValueError(f"a tag promises {size} bytes, and {there} are there")
        yield kind, content[at : at + size]
        at += size if kind == _COMPRESSED else -(-size // 8) * 8


def _check_matrix(content: bytes, order: str, depth: int) -> None:
    """Check an array of any class: its flags, shape, name, and what it holds."""
    if not content:
        return
    if depth > _DEEP:
        raise ValueError("its variables are nested too deeply")
    parts = list(_elements(content, order))
    kinds = [kind for kind, _ in parts[:3]]
    if kinds[:2] != [6, 5] or len(kinds) < 3 or kinds[2] not in (1, 2):
        raise ValueError("a variable does not begin with flags, shape and name")
    flags, shape = parts[0][1], parts[1][1]
    if len(flags) != 8 or len(shape) % 4 or len(shape) < 8:
        raise ValueError("flags or shape of a variable are not whole")
    (word,) = struct.unpack_from(order + "I", flags)
    sides = struct.unpack(f"{order}{len(shape) // 4}i", shape)
    if min(sides) < 0:
        raise ValueError(f"the shape of a variable is {sides}")
    _check_content(word, math.prod(sides), parts[3:], order, depth)


def _check_content(
    word: int, n: int, rest: list[tuple[int, bytes]], order: str, depth: int
) -> None:
    """Compare what a variable holds with its class and its number of entries."""
    kind = word & 0xFF
    if kind in _NUMBERS:
        wanted = 2 if word & _COMPLEX else 1
        if len(rest) != wanted or any(
            part not in _SIZES or len(data) != n * _SIZES[part] for part, data in rest
        ):
            raise ValueError("a matrix does not hold what its shape promises")
    elif kind == _CHAR:
        if len(rest) != 1 or rest[0][0] not in _TEXTS or len(rest[0][1]) > 4 * n:
            raise ValueError("a text does not hold what its shape promises")
    elif kind in (_CELL, _STRUCT):
        if kind == _STRUCT:
            n *= _n_fields(rest, order)
            rest = rest[2:]
        if len(rest) != n or any(part != _MATRIX for part, _ in rest):
            raise ValueError("a cell or structure does not hold what it promises")
        for _, inner in rest:
            _check_matrix(inner, order, depth + 1)
    else:
        raise ValueError(
            "a variable is sparse, an object or a function; save full matrices"
        )


def _n_fields(rest: list[tuple[int, bytes]], order: str) -> int:
    if [kind for kind, _ in rest[:2]] != [5, 1] or len(rest[0][1]) != 4:
        raise ValueError("a structure does not name its fields")
    (length,) = struct.unpack(order + "i", rest[0][1])
    if length <= 0 or len(rest[1][1]) % length:
        raise ValueError("names of fields are not whole")
    return len(rest[1][1]) // length
