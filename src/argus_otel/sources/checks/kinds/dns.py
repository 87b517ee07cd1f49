"""``dns``: a question to a name server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.executor import Executor, Probe
from argus_otel.sources.checks.file.condition_types import DURATION, ComparisonType, shown_seconds
from argus_otel.sources.checks.file.dns_conditions import AnswersType, RcodeType, SomeAnswer
from argus_otel.sources.checks.file.field_types import Boolean, Choice, FieldType, Record, Text, duration, option
from argus_otel.sources.checks.net import dns
from argus_otel.sources.checks.net.connection import allowed_address
from argus_otel.telemetry import AttributeValue

from .options import ConnectionOptions, HostPort, HostPortType

TYPES = ("A", "AAAA", "CAA", "CNAME", "DNSKEY", "DS", "HTTPS", "MX", "NS", "PTR", "SOA", "SRV", "SVCB", "TLSA", "TXT")


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsOptions(ConnectionOptions):
    """The options of a dns check."""

    name: str = option(Text("a name"), "The name that is asked for.")
    type: str = option(Choice(*TYPES), "The type of the records.", default="A")
    server: HostPort | None = option(
        HostPortType("192.0.2.53:53", 53), "Who is asked; by default the system's first name server.", default=None
    )
    transport: str = option(Choice("udp", "tcp"), "`udp` falls back to TCP if an answer is truncated.", default="udp")
    recursion: bool = option(Boolean(), "Whether the server may ask others.", default=True)


class DnsExecutor(Executor[DnsOptions]):
    """Asks a name server."""

    type = "dns"
    title = "a question to a name server"
    options = Record(DnsOptions, short="name")
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {
        "duration": DURATION,
        "rcode": RcodeType(),
        "answers": AnswersType(),
        "ttl": ComparisonType("ttl", ErrorType.ANSWER, duration(), shown_seconds, "> 1m"),
    }

    def host(self, options: DnsOptions) -> str:
        """Return the name server's host."""
        return (options.server or _system_server()).host

    def defaults(self, options: DnsOptions) -> tuple[Condition, ...]:  # noqa: ARG002 - the same for all
        """Expect records."""
        return (RcodeType.condition("NOERROR"), SomeAnswer())

    def span_attributes(self, options: DnsOptions) -> Mapping[str, AttributeValue]:
        """Return the name server, and the name that is asked for."""
        server = options.server or _system_server()
        return {"server.address": server.host, "server.port": server.port, "dns.question.name": options.name}

    async def run(self, probe: Probe[DnsOptions]) -> Mapping[str, object]:
        """Ask; the facts are rcode, answers, ttl and address."""
        options = probe.options
        server = options.server or _system_server()
        probe.phases.begin("connect")
        found = await self.context.resolver.look_up(server.host, options.family_of_address())
        address = allowed_address(found, options.allowed())
        probe.phases.begin("dns")
        answer = await dns.ask(
            address, server.port, dns.Question(options.name, options.type, options.transport, options.recursion)
        )
        probe.phases.end()
        facts: dict[str, object] = {"rcode": answer.rcode, "answers": answer.records, "address": str(address)}
        if answer.ttl is not None:
            facts["ttl"] = answer.ttl
        return facts


def _system_server() -> HostPort:
    """Return the first name server of the system."""
    from dns.resolver import get_default_resolver

    resolver = get_default_resolver()
    first = next(iter(resolver.nameservers), "127.0.0.1")
    return HostPort(str(first), resolver.port)
