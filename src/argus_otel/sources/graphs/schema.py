"""What the schema of a state says of each key: which classes it allows, where that can be told by a class's name."""

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
_REDUCED = ("BinaryOperatorAggregate", "DeltaChannel")
"""The channels of keys with one."""


def allowed_types(graph: Any) -> dict[str, frozenset[str]]:
    """Return the names of the classes that may be written, by key; keys of which that cannot be told are missing."""
    schema = _schema_of(graph)
    if schema is None:
        return {}
    channels: Mapping[str, Any] = graph.channels
    plain = {name for name, channel in channels.items() if type(channel).__name__ == _OVERWRITTEN}
    return {key: names for key, names in _of_schema(schema).items() if key in plain}


def reduced_keys(graph: Any) -> frozenset[str]:
    """Return the keys that have a reducer."""
    channels: Mapping[str, Any] = graph.channels
    return frozenset(name for name, channel in channels.items() if type(channel).__name__ in _REDUCED)


def converts(graph: Any) -> bool:
    """Whether the schema is pydantic's, which reads the number 0.5 where ``"0.5"`` was written."""
    return hasattr(_schema_of(graph), "model_fields")


def _schema_of(graph: Any) -> type[Any] | None:
    builder = getattr(graph, "builder", None)
    schema = getattr(builder, "state_schema", None) or getattr(builder, "schema", None)
    return schema if isinstance(schema, type) else None


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
