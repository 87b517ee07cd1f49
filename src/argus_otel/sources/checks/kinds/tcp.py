"""``tcp``: a connection, the server's greeting, and TLS by STARTTLS. ``tls``: a handshake of TLS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.executor import Executor, Probe
from argus_otel.sources.checks.file.condition_types import CERTIFICATE, DURATION, PatternType, TlsVersionType
from argus_otel.sources.checks.file.field_types import Boolean, Choice, FieldType, Record, Text, option
from argus_otel.sources.checks.net import starttls
from argus_otel.sources.checks.net.connection import Connection, Target, connect
from argus_otel.telemetry import AttributeValue

from .options import HostPort, HostPortType, TlsConnectionOptions, certificate_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpOptions(TlsConnectionOptions):
    """The options of a tcp check."""

    address: HostPort = option(HostPortType("mail.example:143"), "What is connected to.")
    starttls: str = option(
        Choice("", *starttls.PROTOCOLS),
        "The protocol in which the server is asked for TLS; none by default.",
        default="",
    )
    send: str = option(Text(), "What is sent once the connection is open; `\\r\\n` is for you to write.", default="")
    read: bool = option(Boolean(), "Whether a first line of the server is waited for: the banner.", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsKindOptions(TlsConnectionOptions):
    """The options of a tls check."""

    address: HostPort = option(HostPortType("shop.example:443", 443), "What is connected to; port 443 by default.")
    name: str = option(Text("a host name"), "The name that is asked for, if it is not that of the address.", default="")


_OptionsT = TypeVar("_OptionsT", TcpOptions, TlsKindOptions)


class _AddressExecutor(Executor[_OptionsT]):
    """Connects to the address of its options."""

    def host(self, options: _OptionsT) -> str:
        """Return the address's host."""
        return options.address.host

    def span_attributes(self, options: _OptionsT) -> Mapping[str, AttributeValue]:
        """Return host and port."""
        return {"server.address": options.address.host, "server.port": options.address.port}


class TcpExecutor(_AddressExecutor[TcpOptions]):
    """Connects."""

    type = "tcp"
    title = "a TCP connection"
    options = Record(TcpOptions, short="address")
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {
        "duration": DURATION,
        "banner": PatternType("banner", ErrorType.ANSWER),
        "certificate": CERTIFICATE,
        "version": TlsVersionType(),
    }

    async def run(self, probe: Probe[TcpOptions]) -> Mapping[str, object]:
        """Connect; the facts are address, banner and certificate."""
        options = probe.options
        target = _target(options)
        connection, address = await connect(self.context.resolver, target, probe.phases)
        facts: dict[str, object] = {"address": str(address)}
        async with connection:
            if options.send:
                probe.phases.begin("send")
                connection.send(options.send.encode())
            if options.starttls:
                probe.phases.begin("first_byte")
                facts["banner"] = await starttls.ask(connection, options.starttls)
                facts.update(await _secured(connection, probe, target.host))
            elif options.read:
                probe.phases.begin("first_byte")
                facts["banner"] = await starttls.Reader(connection).line()
            probe.phases.end()
        return facts


class TlsExecutor(_AddressExecutor[TlsKindOptions]):
    """Makes a handshake of TLS."""

    type = "tls"
    title = "a TLS handshake"
    options = Record(TlsKindOptions, short="address")
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {
        "duration": DURATION,
        "certificate": CERTIFICATE,
        "version": TlsVersionType(),
    }

    async def run(self, probe: Probe[TlsKindOptions]) -> Mapping[str, object]:
        """Connect and secure; the facts are address, version and certificate."""
        options = probe.options
        connection, address = await connect(self.context.resolver, _target(options), probe.phases)
        async with connection:
            facts = await _secured(connection, probe, options.name or options.address.host)
            probe.phases.end()
        return {"address": str(address), **facts}


def _target(options: TcpOptions | TlsKindOptions) -> Target:
    address = options.address
    return Target(address.host, address.port, options.family_of_address(), options.allowed())


async def _secured(
    connection: Connection, probe: Probe[TcpOptions] | Probe[TlsKindOptions], name: str
) -> dict[str, object]:
    """Begin TLS; return what it tells."""
    probe.phases.begin("tls")
    await connection.secure(name, probe.options.tls())
    secured = connection.ssl_object
    if secured is None:
        return {}
    return {"version": secured.version() or "", **certificate_facts(connection.certificate_expiry)}
