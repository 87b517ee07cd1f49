"""``http``: an exchange by HTTP/1.1."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast
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
    Boolean,
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
from argus_otel.sources.checks.net.addresses import Allowed
from argus_otel.sources.checks.net.http import PORTS, HttpRequest, exchange
from argus_otel.sources.checks.net.resolver import Family
from argus_otel.sources.checks.net.tls import TlsOptions
from argus_otel.telemetry import AttributeValue


class Url(FieldType[str]):
    """A URL of http or https."""

    right = "a URL such as https://shop.example/health"

    def read(self, place: Place) -> str:
        """Return it. Its fragment, which is never sent, is cut off."""
        written = place.scalar(self.right)
        try:
            url = urlsplit(written)
            port = PORTS.get(url.scheme, 0) if url.port is None else url.port
        except ValueError as error:
            raise place.wrong(f"{written!r} is not {self.right}") from error
        if not url.hostname or not port or url.scheme not in PORTS:
            raise place.wrong(f"{written!r} is not {self.right}")
        if "@" in url.netloc:
            raise place.wrong("a URL with a password in it ends up in logs; use headers: {authorization: ...}")
        return url._replace(fragment="").geturl()

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "string", "pattern": "^https?://", "examples": ["https://shop.example/health"]}


@dataclass(frozen=True, slots=True)
class AllowOptions:
    """``allow:``: which addresses may be connected to."""

    private: bool = option(Boolean(), "Whether private addresses are, and this host.", default=True)
    link_local: bool = option(
        Boolean(), "Whether addresses of the local link are, and metadata services of clouds.", default=False
    )


_ALLOWED = AllowOptions()
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """The options of an http check."""

    url: str = option(Url(), "What is requested.")
    method: str = option(
        Choice("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), "The method.", default="GET"
    )
    headers: Mapping[str, str] = option(MappingOf(Text()), "Headers that are sent.", default=_NO_HEADERS, secret=True)
    body: str = option(Text(), "The body that is sent.", default="", secret=True)
    family: str = option(Choice("any", "ipv4", "ipv6"), "Which address of the host is used.", default="any")
    redirects: int = option(Integer(0, 5), "How many redirects are followed.", default=0)
    limit: float = option(size(), "The largest body that is accepted.", default=1 << 20)
    ca: str = option(Text("a path"), "A file with certificates to trust instead of the system's.", default="")
    verify: bool = option(Boolean(), "Whether the server's certificate has to be valid.", default=True)
    certificate: str = option(Text("a path"), "A file with a certificate to present.", default="")
    key: str = option(Text("a path"), "The key of that certificate.", default="")
    allow: AllowOptions = option(Record(AllowOptions), "Which addresses may be connected to.", default=_ALLOWED)


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
        return urlsplit(options.url).hostname or ""

    def defaults(self, options: HttpOptions) -> tuple[Condition, ...]:  # noqa: ARG002 - the same for all
        """Expect a status of success."""
        return (OneOf("status", "2xx", ErrorType.STATUS, (range(200, 300),)),)

    def span_attributes(self, options: HttpOptions) -> Mapping[str, AttributeValue]:
        """Return method, URL, host and port."""
        url = urlsplit(options.url)
        query = "&".join(f"{each.partition('=')[0]}=REDACTED" for each in url.query.split("&")) if url.query else ""
        return {
            "http.request.method": options.method,
            "url.full": url._replace(query=query).geturl(),
            "server.address": url.hostname or "",
            "server.port": url.port or PORTS[url.scheme],
        }

    async def run(self, probe: Probe[HttpOptions]) -> Mapping[str, object]:
        """Request it; the facts are status, headers, body, size and certificate."""
        options = probe.options
        request = HttpRequest(
            options.url,
            options.method,
            {**{name.lower(): value for name, value in options.headers.items()}, **probe.headers},
            options.body.encode(),
            cast("Family", options.family),
            options.redirects,
            int(options.limit),
            TlsOptions(options.ca, options.verify, options.certificate, options.key),
            Allowed(options.allow.private, options.allow.link_local),
        )
        response = await exchange(self.context.resolver, request, probe.phases)
        facts: dict[str, Any] = {
            "status": response.status,
            "headers": response.headers,
            "body": response.body,
            "size": len(response.body),
            "address": str(response.address),
        }
        if response.certificate_expiry is not None:
            facts["certificate_expiry"] = response.certificate_expiry
            facts["certificate"] = response.certificate_expiry - time.time()
        return facts
