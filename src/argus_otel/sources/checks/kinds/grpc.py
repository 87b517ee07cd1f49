"""``grpc``: the health service of a gRPC server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Executor, Probe
from argus_otel.sources.checks.file.condition_types import CERTIFICATE, DURATION
from argus_otel.sources.checks.file.field_types import FieldType, MappingOf, Record, Text, option
from argus_otel.sources.checks.file.grpc_conditions import ServingType
from argus_otel.sources.checks.file.places import Place
from argus_otel.sources.checks.net import grpc_health
from argus_otel.sources.checks.net.grpc import CODES, GrpcAnswer, GrpcCall, call
from argus_otel.sources.checks.net.http import host_header
from argus_otel.telemetry import AttributeValue

from .http import Url
from .options import TlsConnectionOptions, certificate_facts

_PORTS = {"grpc": 0, "grpcs": 443}

_LONGEST_SERVICE = 1000

_NAME = re.compile(r"(?!grpc-)[0-9a-z_.-]+")  # in the words of gRPC's protocol: Custom-Metadata
_VALUE = re.compile(r"[\x20-\x7e]*")

_NO_METADATA: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcOptions(TlsConnectionOptions):
    """The options of a grpc check."""

    url: str = option(
        Url(_PORTS, "grpc://orders:50051"), "The server; with TLS, `grpcs://orders.example`, by default at port 443."
    )
    service: str = option(
        Text("a service's name", ("shop.v1.Orders",)),
        "The service whose health is asked for; by default that of the server as a whole.",
        default="",
    )
    metadata: Mapping[str, str] = option(
        MappingOf(Text()), "Metadata that is sent, such as authorization.", default=_NO_METADATA, secret=True
    )


def _check(place: Place, options: GrpcOptions) -> None:
    url = urlsplit(options.url)
    if url.path not in ("", "/") or url.query:
        raise place.wrong("a URL of gRPC has no path; the service's name belongs under `service:`")
    if len(options.service) > _LONGEST_SERVICE:
        raise place.wrong(f"the service's name is longer than {_LONGEST_SERVICE} letters")
    for name, value in options.metadata.items():
        if not _NAME.fullmatch(name):
            raise place.wrong(f"{name!r} is no name of metadata: small letters, digits, _ - and . without grpc- before")
        if not _VALUE.fullmatch(value):
            raise place.wrong(f"the value of {name!r} has a character that gRPC does not allow; it allows ASCII")


class GrpcExecutor(Executor[GrpcOptions]):
    """Calls ``grpc.health.v1.Health/Check``."""

    type = "grpc"
    title = "the health service of a gRPC server"
    options = Record(GrpcOptions, short="url", check=_check)
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {
        "duration": DURATION,
        "serving": ServingType(),
        "certificate": CERTIFICATE,
    }

    def host(self, options: GrpcOptions) -> str:
        """Return the URL's host."""
        return urlsplit(options.url).hostname or ""

    def defaults(self, options: GrpcOptions) -> tuple[Condition, ...]:  # noqa: ARG002 - the same for all
        """Expect that it is serving."""
        return (ServingType.condition("SERVING"),)

    def span_attributes(self, options: GrpcOptions) -> Mapping[str, AttributeValue]:
        """Return host and port."""
        url = urlsplit(options.url)
        return {"server.address": url.hostname or "", "server.port": url.port or _PORTS[url.scheme]}

    async def run(self, probe: Probe[GrpcOptions]) -> Mapping[str, object]:
        """Call it; the facts are serving, address and certificate."""
        options = probe.options
        url = urlsplit(options.url)
        request = GrpcCall(
            url.hostname or "",
            url.port or _PORTS[url.scheme],
            host_header(url),
            url.scheme == "grpcs",
            grpc_health.PATH,
            grpc_health.request(options.service),
            probe.timeout,
            {**options.metadata, **probe.headers},
            options.family_of_address(),
            options.tls(),
            options.allowed(),
        )
        answer = await call(self.context.resolver, request, probe.phases)
        return {
            "address": str(answer.address),
            "serving": _serving(answer),
            **certificate_facts(answer.certificate_expiry),
        }


def _serving(answer: GrpcAnswer) -> str:
    """Return one of :data:`grpc_health.SERVING`.

    Raises
    ------
    CheckError
        The health service does not answer the question.
    """
    name = CODES[answer.code] if answer.code < len(CODES) else f"the unknown code {answer.code}"
    if name == "OK":
        return grpc_health.serving(answer.message)
    if name == "NOT_FOUND":  # as the protocol of health checks has it
        return "SERVICE_UNKNOWN"
    if name == "UNIMPLEMENTED":
        raise CheckError(ErrorType.ANSWER, "the server has no health service (UNIMPLEMENTED)")
    if name == "DEADLINE_EXCEEDED":
        raise CheckError(ErrorType.TIMEOUT, "the server did not answer in time (DEADLINE_EXCEEDED)")
    raise CheckError(ErrorType.ANSWER, f"the health service answers with {name}")
