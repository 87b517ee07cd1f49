"""The shape of a value: its type, its length, and a digest by which two values can be told apart within the process.

Nothing is serialised, no code of the value's own is called, and of a container only its first and its last item are
looked at: the shape of 1 MB costs as much as that of 1 kB.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Sequence
from math import isfinite
from typing import Any, NamedTuple, cast

_TEXT = 1000
"""How many characters of a text its digest is made of."""

_UNIQUE = itertools.count(1 << 62)


class Shape(NamedTuple):
    """The shape of a value.

    Attributes
    ----------
    type:
        The name of its class; of one that is derived from a built-in class, the built-in one's: where a schema has
        ``dict``, a ``defaultdict`` is as it should be.
    length:
        Of a text or a container; -1 of anything else.
    empty:
        Whether it is ``None``, or a text or a container of length 0.
    finite:
        False for a number that is not.
    digest:
        Of a number or a text: of its value. Of a container: of its length, and of its first and its last item, of a
        dictionary and a set the first one, which are numbers, texts or types and lengths. Of anything else: another
        one each time, since what an object holds is not known, and its identity may be that of another one later.
    """

    type: str
    length: int
    empty: bool
    finite: bool
    digest: int


def shape_of(value: Any) -> Shape:
    """Return the shape of a value. Calls nothing of the value's own but ``len`` of built-in containers."""
    return _MADE_BY[type(value)](value)


def shapes_of(values: Iterable[Any]) -> list[Shape]:
    """Return the shape of each value."""
    return [_MADE_BY[type(value)](value) for value in values]


def digest_of(value: Any) -> int:
    """Return a digest of the arguments of a tool: of its own values, not of those in containers within it."""
    if type(value) is dict:
        return hash(tuple((str(key), shape_of(item).digest) for key, item in value.items()))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return shape_of(value).digest


# A node of a graph may write many keys: so a shape is made in one step, and the names of classes are not asked for.


_new = cast("Callable[[type[Shape], tuple[str, int, bool, bool, int]], Shape]", tuple.__new__)  # pyright: ignore[reportUnknownMemberType]


def _always(shape: Shape) -> Callable[[Any], Shape]:
    return lambda _: shape


def _number(name: str) -> Callable[[Any], Shape]:
    return lambda value: _new(Shape, (name, -1, False, True, hash(value)))


def _float(value: float) -> Shape:
    return _new(Shape, ("float", -1, False, isfinite(value), hash(value)))


def _text(name: str) -> Callable[[Any], Shape]:
    def make(value: str | bytes) -> Shape:
        length = len(value)
        digest = hash(value) if length <= _TEXT else hash((length, value[:_TEXT]))  # as _of_text, without a call
        return _new(Shape, (name, length, not length, True, digest))

    return make


def _sequence(name: str) -> Callable[[Any], Shape]:
    empty = Shape(name, 0, True, True, 0)

    def make(value: Sequence[Any]) -> Shape:
        length = len(value)
        if not length:
            return empty
        first, last = value[0], value[-1]
        digest = hash((length, _ITEM[type(first)](first), _ITEM[type(last)](last) if length > 1 else 0))
        return _new(Shape, (name, length, False, True, digest))

    return make


def _set(name: str) -> Callable[[Any], Shape]:
    empty = Shape(name, 0, True, True, 0)

    def make(value: Collection[Any]) -> Shape:
        length = len(value)
        if not length:
            return empty
        first = next(iter(value))
        return _new(Shape, (name, length, False, True, hash((length, _ITEM[type(first)](first)))))

    return make


_EMPTY_DICT = Shape("dict", 0, True, True, 0)


def _dict(value: dict[Any, Any]) -> Shape:
    length = len(value)
    if not length:
        return _EMPTY_DICT
    key, item = next(iter(value.items()))
    return _new(Shape, ("dict", length, False, True, hash((length, _ITEM[type(key)](key), _ITEM[type(item)](item)))))


def _of_text(value: str) -> int:
    return hash(value) if len(value) <= _TEXT else hash((len(value), value[:_TEXT]))


def _of_container(value: Collection[Any]) -> int:
    return hash((type(value), len(value)))


def _object(value: Any) -> Shape:
    return _new(Shape, (_name_of(cast("type[Any]", type(value))), -1, False, True, next(_UNIQUE)))


def _name_of(kind: type[Any]) -> str:
    """Return the name of a class, or of the built-in one that it is derived from."""
    if issubclass(kind, _BUILT_IN):
        return next(each.__name__ for each in _BUILT_IN if issubclass(kind, each))
    return kind.__name__


class _Makers(dict[type[Any], Callable[[Any], Shape]]):
    """What makes the shape of a value, by its class."""

    def __missing__(self, _: type[Any]) -> Callable[[Any], Shape]:
        return _object


_BUILT_IN: tuple[type[Any], ...] = (int, float, str, bytes, dict, list, tuple, set, frozenset)

_MADE_BY = _Makers()
_MADE_BY.update(
    {
        type(None): _always(Shape("NoneType", -1, True, True, 0)),
        bool: _number("bool"),
        int: _number("int"),
        float: _float,
        str: _text("str"),
        bytes: _text("bytes"),
        dict: _dict,
        list: _sequence("list"),
        tuple: _sequence("tuple"),
        set: _set("set"),
        frozenset: _set("frozenset"),
    }
)


class _Digests(dict[type[Any], Callable[[Any], int]]):
    """What makes the digest of an item of a container, by its class: of a container, of its type and length."""

    def __missing__(self, _: type[Any]) -> Callable[[Any], int]:
        return _unique


def _unique(_: object) -> int:
    return next(_UNIQUE)


_ITEM = _Digests()
_ITEM.update(dict.fromkeys((bool, int, float, type(None)), hash))
_ITEM.update(dict.fromkeys((bytes, dict, list, tuple, set, frozenset), _of_container))
_ITEM[str] = _of_text
