"""Which classes the schema of a graph's state allows for each key, where that can be told by the class's name."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from argus_otel.telemetry.guard import attempt as attempted

_BUILTINS = {each: each.__name__ for each in (bool, int, float, str, bytes, list, dict, tuple, set, frozenset)}
_AS_WELL = {"float": ("int", "bool"), "int": ("bool",)}
_OVERWRITTEN = "LastValue"
"""The channel of a key without a reducer. What a reducer is given need not be of the key's class."""


def allowed_types(graph: Any) -> dict[str, frozenset[str]]:
    """Return the names of the classes that may be written, by key; keys of which that cannot be told are missing."""
    builder = getattr(graph, "builder", None)
    schema = getattr(builder, "state_schema", None) or getattr(builder, "schema", None)
    if not isinstance(schema, type):
        return {}
    channels: Mapping[str, Any] = graph.channels
    plain = {name for name, channel in channels.items() if type(channel).__name__ == _OVERWRITTEN}
    return {key: names for key, names in _of_schema(schema).items() if key in plain}


@lru_cache(maxsize=256)
def _of_schema(schema: type[Any]) -> dict[str, frozenset[str]]:
    hints = attempted(lambda: typing.get_type_hints(schema), lambda _: None) or {}
    found = {key: tuple(_names(hint)) for key, hint in hints.items()}
    return {key: frozenset(names) for key, names in found.items() if names and None not in names}  # type: ignore[misc]


def _names(hint: Any) -> Iterator[str | None]:
    """Yield the names of the classes that a hint allows; ``None`` for one that cannot be told by its name."""
    origin = typing.get_origin(hint)
    if hint is None or hint is type(None):
        yield "NoneType"
    elif origin is typing.Union or origin is types.UnionType:
        for each in typing.get_args(hint):
            yield from _names(each)
    elif origin is typing.Literal:
        for each in typing.get_args(hint):
            yield type(each).__name__
    elif (name := _BUILTINS.get(origin or hint)) is not None:
        yield name
        yield from _AS_WELL.get(name, ())
    else:
        yield None
