"""The shape of a value: its type, its length, and a digest by which two values can be told apart within the process.

Nothing is serialised, no code of the value's own is called, and of a container no more than its first four items are
looked at: the shape of 1 MB costs as much as that of 1 kB.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection
from itertools import islice
from typing import Any, NamedTuple, cast

_TEXT = 1000
"""How many characters of a text its digest is made of."""

_ITEMS = 4

_UNIQUE = itertools.count(1 << 62)

_HASHED = frozenset((bool, int, float, str, type(None)))


class Shape(NamedTuple):
    """The shape of a value.

    Attributes
    ----------
    type:
        The name of its class.
    length:
        Of a text or a container; -1 of anything else.
    empty:
        Whether it is ``None``, or a text or a container of length 0.
    finite:
        False for a number that is not.
    digest:
        Of a number or a text: of its value. Of a container: of its length and its first items, which are numbers, texts
        or types and lengths. Of anything else: another one each time, since what an object holds is not known, and its
        identity may be that of another one later.
    """

    type: str
    length: int
    empty: bool
    finite: bool
    digest: int


_NONE = Shape("NoneType", -1, True, True, 0)


def shape_of(value: Any) -> Shape:
    """Return the shape of a value. Calls nothing of the value's own but ``len`` of built-in containers."""
    kind = cast(type[Any], type(value))
    make = _MADE_BY.get(kind)
    return Shape(kind.__name__, -1, False, True, next(_UNIQUE)) if make is None else make(value)


def digest_of(value: Any) -> int:
    """Return a digest of the arguments of a tool: of its own values, not of those in containers within it."""
    if type(value) is dict:
        return hash(tuple((str(key), shape_of(item).digest) for key, item in value.items()))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return shape_of(value).digest


def _of_none(_: None) -> Shape:
    return _NONE


def _of_number(value: complex) -> Shape:
    return Shape(type(value).__name__, -1, False, True, hash(value))


def _of_float(value: float) -> Shape:
    return Shape("float", -1, False, math.isfinite(value), hash(value))


def _of_text(value: str | bytes) -> Shape:
    length = len(value)
    digest = hash(value) if length <= _TEXT else hash((length, value[:_TEXT]))
    return Shape(type(value).__name__, length, not length, True, digest)


def _of_sequence(value: Any) -> Shape:
    items: Collection[Any] = value
    length = len(items)
    digest = hash((length, *map(_plain, islice(items, _ITEMS))))
    return Shape(type(value).__name__, length, not length, True, digest)


def _of_mapping(value: dict[Any, Any]) -> Shape:
    length = len(value)
    digest = hash((length, *(_plain(each) for item in islice(value.items(), _ITEMS) for each in item)))
    return Shape("dict", length, not length, True, digest)


def _plain(value: Any) -> int:
    """Return a digest of an item: of a number or a short text its hash, of a container its type and length."""
    kind = cast(type[Any], type(value))
    if kind in _HASHED and (kind is not str or len(value) <= _TEXT):
        return hash(value)
    return hash((kind.__name__, len(value))) if kind in _MADE_BY and kind is not str else next(_UNIQUE)


_MADE_BY: dict[type[Any], Callable[[Any], Shape]] = {
    type(None): _of_none,
    bool: _of_number,
    int: _of_number,
    float: _of_float,
    str: _of_text,
    bytes: _of_text,
    dict: _of_mapping,
    **dict.fromkeys((list, tuple, set, frozenset), _of_sequence),
}
