"""``dns``: a question to a name server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from dns.exception import DNSException
from dns.name import from_text
from dns.resolver import NoResolverConfiguration
from dns.resolver import Resolver as SystemResolver

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import ErrorType, NotJudgedError
from argus_otel.sources.checks.executor import Executor, Probe
from argus_otel.sources.checks.file.condition_types import DURATION, ComparisonType, shown_seconds
from argus_otel.sources.checks.file.dns_conditions import AnswersType, AuthenticatedType, RcodeType, SomeAnswer
from argus_otel.sources.checks.file.field_types import Boolean, Choice, FieldType, Record, duration, option
from argus_otel.sources.checks.file.places import Place
from argus_otel.sources.checks.net import dns
from argus_otel.sources.checks.net.connection import allowed_address
from argus_otel.telemetry import AttributeValue

from .options import ConnectionOptions, HostPort, HostPortType

TYPES = ("A", "AAAA", "CAA", "CNAME", "DNSKEY", "DS", "HTTPS", "MX", "NS", "PTR", "SOA", "SRV", "SVCB", "TLSA", "TXT")

_SYSTEM = "the system's name server"


class NameType(FieldType[str]):
    """A name that a name server can be asked for."""

    right = "a name of DNS, such as shop.example"

    def read(self, place: Place) -> str:
        """Return it as it is written."""
        written = place.scalar(self.right)
        try:
            from_text(written)
        except (DNSException, UnicodeError) as error:
            raise place.wrong(f"{written!r} is not {self.right}") from error
        if not written:
            raise place.wrong(f"nothing is not {self.right}; the root is .")
        return written

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": ["string", "number", "boolean"], "minLength": 1, "examples": ["shop.example"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsOptions(ConnectionOptions):
    """The options of a dns check."""

    name: str = option(NameType(), "The name that is asked for.")
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
        "authenticated": AuthenticatedType(),
        "ttl": ComparisonType("ttl", ErrorType.ANSWER, duration(), shown_seconds, "> 1m"),
    }

    def host(self, options: DnsOptions) -> str:
        """Return the name server's host."""
        return options.server.host if options.server is not None else _SYSTEM

    def defaults(self, options: DnsOptions) -> tuple[Condition, ...]:  # noqa: ARG002 - the same for all
        """Expect records."""
        return (RcodeType.condition("NOERROR"), SomeAnswer())

    def span_attributes(self, options: DnsOptions) -> Mapping[str, AttributeValue]:
        """Return the name server, and the name that is asked for."""
        asked: dict[str, AttributeValue] = {"dns.question.name": options.name}
        if options.server is not None:
            asked |= {"server.address": options.server.host, "server.port": options.server.port}
        return asked

    async def run(self, probe: Probe[DnsOptions]) -> Mapping[str, object]:
        """Ask; the facts are rcode, answers, ttl, authenticated and address."""
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
        facts: dict[str, object] = {
            "rcode": answer.rcode,
            "answers": answer.records,
            "authenticated": answer.authenticated,
            "address": str(address),
        }
        if answer.ttl is not None:
            facts["ttl"] = answer.ttl
        return facts


def _system_server() -> HostPort:
    """Return the first name server of the system, as it is configured now.

    Raises
    ------
    NotJudgedError
        There is none.
    """
    try:
        resolver = SystemResolver()
    except NoResolverConfiguration as error:
        raise NotJudgedError(
            ErrorType.DNS, "this system has no name server in /etc/resolv.conf; give one by server:"
        ) from error
    return HostPort(str(resolver.nameservers[0]), resolver.port)
