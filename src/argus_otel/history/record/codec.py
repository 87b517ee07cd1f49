"""Rows as lines of JSON, as the spool has them."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from argus_otel.history.row import Row

_DEFAULTS: dict[str, Any] = {"resource": {}, "duration": 0.0, "attributes": {}, "number": 1}
_FIELDS = tuple(field.name for field in fields(Row))
_TYPES: dict[str, type | tuple[type, ...]] = {
    "time": int,
    "event": str,
    "event_id": str,
    "service": str,
    "resource": dict,
    "duration": (int, float),
    "attributes": dict,
    "number": int,
}
_TIMES = range(2**63 // 1000)  # OTLP counts nanoseconds in 64 bits
_INT64 = range(-(2**63), 2**63)


def encoded(row: Row) -> bytes:
    """Return a row as one line. Fields that have their default are left out."""
    facts = {name: getattr(row, name) for name in _FIELDS}
    facts = {name: fact for name, fact in facts.items() if name not in _DEFAULTS or fact != _DEFAULTS[name]}
    return json.dumps(facts, separators=(",", ":")).encode() + b"\n"


def decoded(line: bytes) -> Row | None:
    """Return the row of a line, or ``None`` for a line that holds none: a store would refuse a whole batch for it."""
    try:
        facts = json.loads(line)
        row = Row(**{name: fact for name, fact in facts.items() if name in _FIELDS})
        uuid.UUID(row.event_id)
        return row if line.endswith(b"\n") and _valid(row) else None
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _valid(row: Row) -> bool:
    # Types first: a range that is asked for a float compares it with each of its numbers.
    if not all(isinstance(getattr(row, name), kind) for name, kind in _TYPES.items()) or isinstance(row.time, bool):
        return False
    values = [*_texts(row.resource), *row.attributes.values()]
    texts = [row.event, row.event_id, row.service, *row.resource, *row.attributes]
    texts += [value for value in values if isinstance(value, str)]
    # Half of a surrogate pair, which JSON may hold, cannot be exported.
    "".join(texts).encode()
    return row.time in _TIMES and math.isfinite(row.duration) and all(map(_is_attribute_value, values))


def _texts(mapping: Mapping[str, object]) -> list[str]:
    if not {str}.issuperset(map(type, mapping.values())):
        raise ValueError("a resource has texts only")
    return cast("list[str]", list(mapping.values()))


def _is_attribute_value(value: object) -> bool:
    if isinstance(value, int):
        return value in _INT64
    return isinstance(value, str) or (isinstance(value, float) and math.isfinite(value))
