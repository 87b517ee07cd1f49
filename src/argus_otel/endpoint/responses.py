"""Requests and responses, as the routes know them."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple, cast

TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
JSON = "application/json"

_FOR_ALL = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


class Request(NamedTuple):
    """A request.

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

    @property
    def token(self) -> bytes:
        """The bearer token, or the password, that it offers; empty if it has neither."""
        scheme, _, given = self.headers.get("authorization", "").partition(" ")
        # Headers arrive as Latin-1, whatever their bytes meant.
        offered = given.strip().encode("latin-1", "replace")
        if scheme.lower() == "bearer":
            return offered
        if scheme.lower() == "basic":
            try:
                return base64.b64decode(offered, validate=True).partition(b":")[2]
            except ValueError:
                return b""
        return b""


class Response(NamedTuple):
    """One response.

    Attributes
    ----------
    headers:
        Its own. Those of :meth:`all_headers` are sent.
    """

    status: HTTPStatus
    body: bytes
    headers: tuple[tuple[str, str], ...]

    def all_headers(self) -> list[tuple[str, str]]:
        """Return its headers, those that all responses have unless it has them itself, and its length."""
        own = {name for name, _ in self.headers}
        length = ("Content-Length", str(len(self.body)))
        return [*self.headers, *(header for header in _FOR_ALL if header[0] not in own), length]


def text(status: HTTPStatus, line: str, *headers: tuple[str, str], content_type: str = TEXT) -> Response:
    """Return a short text as a response."""
    return Response(status, f"{line}\n".encode(), (("Content-Type", content_type), *headers))


def not_allowed(method: str) -> Response:
    """Return the refusal of a method that changes something: there is nothing to change."""
    line = f"{method} is not for this endpoint, which is only read: use GET or HEAD"
    return text(HTTPStatus.METHOD_NOT_ALLOWED, line, ("Allow", "GET, HEAD"))


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
