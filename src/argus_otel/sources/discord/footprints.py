"""Estimates the memory of the objects in discord.py's caches. Imported at the first collection.

It runs on the collecting thread, while the event loop changes the objects. Each container is copied in one call into C.
"""

from __future__ import annotations

import sys
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any
from weakref import WeakValueDictionary

_ATOMS = (str, bytes, float, datetime)
_CONTAINERS = (list, tuple, set, frozenset, deque)
_MOST_VALUES = 500
_KEY = sys.getsizeof(1 << 60)  # a Discord id
_REFERENCE = 88  # of a weak dictionary, on 64 bits
_FURTHEST = 1000
# CPython keeps one object for each of these numbers.
_SMALL = range(-5, 257)


def some_of(container: Any, count: int) -> list[Any]:
    """Return up to ``count`` objects of a cache, from its middle, or from behind its first thousand."""
    entries = _entries(container)
    start = min(max(0, len(entries) - count) // 2, _FURTHEST)
    found: list[Any] = list(islice(entries.values() if _is_a(entries, dict) else entries, start, start + count))
    return found if entries is container else [thing for ref in found if (thing := ref()) is not None]


def entry_size(container: Any) -> float:
    """Return how many bytes a cache takes for each of its objects, without the object."""
    entries = _entries(container)
    key = _KEY if _is_a(entries, dict) else 0
    return sys.getsizeof(entries) / max(1, len(entries)) + key + (0 if entries is container else _REFERENCE)


def _entries(container: Any) -> Any:
    """Return the container itself, or a weak dictionary's own dictionary, whose values are references."""
    return container.data if _is_a(container, WeakValueDictionary) else container


def _is_a(value: object, kind: type) -> bool:
    """Return ``isinstance``, which would leave a type checker with a dictionary of unknown values."""
    return isinstance(value, kind)


def footprint(thing: object) -> int:
    """Return about how many bytes ``thing`` takes, with the values that it alone refers to.

    These are texts, numbers, containers, and small objects such as embeds. Objects that discord.py caches by
    themselves, such as a member's user and guild, refer to the connection's state (``_state``) and are left out.
    Strings that several objects share count for each of them. At most 500 values are visited.
    """
    size = sys.getsizeof(thing)
    seen = {id(thing)}
    waiting: list[Any] = list(_attributes(thing))
    value: Any
    for value in islice(waiting, _MOST_VALUES):  # which grows
        if id(value) in seen:
            continue
        seen.add(id(value))
        kind = _class_of(value)
        if kind is int:
            size += 0 if value in _SMALL else sys.getsizeof(value)
        elif kind in _ATOMS or _is_a(value, array):
            size += sys.getsizeof(value)
        elif kind is dict:
            size += sys.getsizeof(value)
            waiting += _first(value.keys())
            waiting += _first(value.values())
        elif kind in _CONTAINERS:
            size += sys.getsizeof(value)
            waiting += _first(value)
        elif _is_part(kind):
            size += sys.getsizeof(value)
            waiting += _attributes(value)
    return size


def _first(values: Any) -> list[Any]:
    return list(islice(values, _MOST_VALUES))


def _class_of(value: object) -> type:
    """Return the class of ``value``: unlike ``type``, it leaves the type checker's view of ``value`` alone."""
    return type(value)


def _attributes(thing: object) -> Iterator[Any]:
    for name in _slots(type(thing)):
        value = getattr(thing, name, None)
        if value is not None:
            yield value


@lru_cache(maxsize=256)
def _slots(kind: type) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for each in kind.__mro__:
        slots: str | Iterable[str] = each.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            private = name.startswith("__") and not name.endswith("__")
            found[f"_{each.__name__.lstrip('_')}{name}" if private else name] = None
    return tuple(found)


@lru_cache(maxsize=256)
def _is_part(kind: type) -> bool:
    """Return whether objects of a class belong to the object that refers to them."""
    # Everything that discord.py makes many of has slots; its enumerations' values, which are shared, have empty ones.
    return bool(_slots(kind)) and "_state" not in _slots(kind) and kind.__dictoffset__ == 0
