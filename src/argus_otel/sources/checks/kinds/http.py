"""``http``: an exchange by HTTP/1.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from argus_otel.sources.checks.conditions import Condition, OneOf
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.executor import Executor, Probe
from argus_otel.sources.checks.file.condition_types import (
    CERTIFICATE,
    DURATION,
    SIZE,
    HeadersType,
    JsonType,
    PatternType,
    StatusType,
)
from argus_otel.sources.checks.file.field_types import (
    Choice,
    FieldType,
    Integer,
    MappingOf,
    Record,
    Text,
    option,
    size,
)
from argus_otel.sources.checks.file.places import Place
from argus_otel.sources.checks.net.http import PORTS, HttpRequest, HttpResponse, exchange, split_url
from argus_otel.telemetry import AttributeValue

from .options import TlsConnectionOptions, certificate_facts


class Url(FieldType[str]):
    """A URL.

    Parameters
    ----------
    ports:
        The schemes that it may have, with their ports; 0 if a port has to be written.
    """

    def __init__(self, ports: Mapping[str, int] = PORTS, example: str = "https://shop.example/health") -> None:
        self._ports, self._example = ports, example
        self.right = f"a URL such as {example}"

    def read(self, place: Place) -> str:
        """Return it. Its fragment, which is never sent, is cut off."""
        written = place.scalar(self.right)
        try:
            url = urlsplit(written)
            port = self._ports.get(url.scheme, 0) if url.port is None else url.port
        except ValueError as error:
            raise place.wrong(f"{written!r} is not {self.right}") from error
        if not url.hostname or not port or url.scheme not in self._ports:
            raise place.wrong(f"{written!r} is not {self.right}")
        if "@" in url.netloc:
            raise place.wrong("a URL with a password in it ends up in logs; use headers: {authorization: ...}")
        return url._replace(fragment="").geturl()

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        schemes = "|".join(self._ports)
        return {"type": "string", "pattern": f"^({schemes})://", "examples": [self._example]}


_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions(TlsConnectionOptions):
    """The options of an http check."""

    url: str = option(Url(), "What is requested.")
    method: str = option(
        Choice("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), "The method.", default="GET"
    )
    headers: Mapping[str, str] = option(MappingOf(Text()), "Headers that are sent.", default=_NO_HEADERS, secret=True)
    body: str = option(Text(), "The body that is sent.", default="", secret=True)
    redirects: int = option(Integer(0, 5), "How many redirects are followed.", default=0)
    limit: float = option(size(), "The largest body that is accepted.", default=1 << 20)


class HttpExecutor(Executor[HttpOptions]):
    """Requests a URL."""

    type = "http"
    title = "an HTTP exchange"
    options = Record(HttpOptions, short="url")
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {
        "status": StatusType(),
        "duration": DURATION,
        "size": SIZE,
        "body": PatternType("body", ErrorType.BODY),
        "json": JsonType(),
        "headers": HeadersType(),
        "certificate": CERTIFICATE,
    }

    def host(self, options: HttpOptions) -> str:
        """Return the URL's host."""
        return split_url(options.url).hostname or ""

    def defaults(self, options: HttpOptions) -> tuple[Condition, ...]:  # noqa: ARG002 - the same for all
        """Expect a status of success."""
        return (OneOf("status", "2xx", ErrorType.STATUS, (range(200, 300),)),)

    def span_attributes(self, options: HttpOptions) -> Mapping[str, AttributeValue]:
        """Return method, URL, host and port."""
        return _described(options.method, options.url)

    async def run(self, probe: Probe[HttpOptions]) -> Mapping[str, object]:
        """Request it; the facts are status, headers, body, size and certificate."""
        options = probe.options
        request = HttpRequest(
            options.url,
            options.method,
            {**{name.lower(): value for name, value in options.headers.items()}, **probe.headers},
            options.body.encode(),
            options.family_of_address(),
            options.redirects,
            int(options.limit),
            options.tls(),
            options.allowed(),
        )

        def redirected(response: HttpResponse, following: HttpRequest) -> Mapping[str, str]:
            probe.again(_facts(response), _described(following.method, following.url))
            return probe.headers

        return _facts(await exchange(self.context.resolver, request, probe.phases, redirected))


def _facts(response: HttpResponse) -> Mapping[str, object]:
    facts: dict[str, object] = {
        "status": response.status,
        "headers": response.headers,
        "body": response.body,
        "size": len(response.body),
        "address": str(response.address),
    }
    return {**facts, **certificate_facts(response.certificate_expiry)}


def _described(method: str, url: str) -> Mapping[str, AttributeValue]:
    """Return what OpenTelemetry's conventions tell of a request."""
    split = urlsplit(url)
    return {
        "http.request.method": method,
        "url.full": without_values(url),
        "server.address": split.hostname or "",
        "server.port": split.port or PORTS[split.scheme],
    }


def without_values(url: str) -> str:
    """Return a URL without the values of its query, and without what a redirect may have: password and fragment."""
    split = urlsplit(url)
    query = "&".join(map(_without_value, split.query.split("&"))) if split.query else ""
    return split._replace(netloc=split.netloc.rpartition("@")[2], query=query, fragment="").geturl()


def _without_value(part: str) -> str:
    """Return a part of a query with its name alone; one without a name is a value."""
    name, equals, _ = part.partition("=")
    return f"{name}=REDACTED" if equals else "REDACTED"
