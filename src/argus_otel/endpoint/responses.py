"""Requests and responses, as the routes know them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple, cast

TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
JSON = "application/json"


class Request(NamedTuple):
    """A GET or HEAD request.

    Attributes
    ----------
    path:
        Without the query.
    query:
        The part after the ``?``; empty if there is none.
    headers:
        By lower-case name.
    """

    path: str
    query: str
    headers: Mapping[str, str]


class Response(NamedTuple):
    """One response; the handler adds its length and the headers that all responses have."""

    status: HTTPStatus
    body: bytes
    headers: tuple[tuple[str, str], ...]


def text(status: HTTPStatus, line: str, *headers: tuple[str, str], content_type: str = TEXT) -> Response:
    """Return a short text as a response."""
    return Response(status, f"{line}\n".encode(), (("Content-Type", content_type), *headers))


def as_json(status: HTTPStatus, facts: Mapping[str, object], redact: Callable[[str], str]) -> Response:
    """Return ``facts`` as a response, with every text in them redacted."""
    body = json.dumps(_plain(facts, redact), ensure_ascii=False, allow_nan=False) + "\n"
    return Response(status, body.encode(errors="replace"), (("Content-Type", JSON),))


def _plain(value: object, redact: Callable[[str], str]) -> object:
    """Return ``value`` in JSON's types: ``None`` for a float that is not finite, ``str(value)`` for other types."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {redact(str(key)): _plain(item, redact) for key, item in items}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, redact) for item in cast("list[object]", value)]
    return redact(str(value))
