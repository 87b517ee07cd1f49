"""What several types of checks share: options on addresses and TLS, and the facts on a certificate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import cast

from argus_otel.sources.checks.file.field_types import Boolean, Choice, FieldType, Record, Text, option
from argus_otel.sources.checks.file.places import Place
from argus_otel.sources.checks.net.addresses import Allowed
from argus_otel.sources.checks.net.resolver import Family
from argus_otel.sources.checks.net.tls import TlsOptions


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host and a port.

    Attributes
    ----------
    host:
        A name or an address, without brackets.
    port:
        From 1 to 65535.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class HostPortType(FieldType[HostPort]):
    """A host and a port, such as ``mail.example:143`` or ``[2001:db8::1]:143``.

    Parameters
    ----------
    port:
        The port if none is written; ``None`` if one has to be.
    """

    def __init__(self, example: str, port: int | None = None) -> None:
        self._example, self._port = example, port
        self.right = f"a host and a port, such as {example}"

    def read(self, place: Place) -> HostPort:
        """Return it."""
        written = place.scalar(self.right)
        host, colon, port = written.rpartition(":")
        if self._port is not None and (not colon or written.endswith("]") or (":" in host and "[" not in host)):
            host, port = written, str(self._port)
        host = host.removeprefix("[").removesuffix("]")
        if not host or not port.isdecimal() or not 1 <= int(port) <= 65535 or any(each.isspace() for each in host):
            raise place.wrong(f"{written!r} is not {self.right}")
        return HostPort(host, int(port))

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "string", "examples": [self._example]}


@dataclass(frozen=True, slots=True)
class AllowOptions:
    """``allow:``: which addresses may be connected to."""

    private: bool = option(Boolean(), "Whether private addresses are, and this host.", default=True)
    link_local: bool = option(
        Boolean(), "Whether addresses of the local link are, and metadata services of clouds.", default=False
    )


_ALLOWED = AllowOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """How a host is reached."""

    family: str = option(Choice("any", "ipv4", "ipv6"), "Which address of the host is used.", default="any")
    allow: AllowOptions = option(Record(AllowOptions), "Which addresses may be connected to.", default=_ALLOWED)

    def family_of_address(self) -> Family:
        """Return the family as the resolver takes it."""
        return cast("Family", self.family)

    def allowed(self) -> Allowed:
        """Return which addresses may be connected to."""
        return Allowed(self.allow.private, self.allow.link_local)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsConnectionOptions(ConnectionOptions):
    """How a host is reached, and its certificate verified."""

    ca: str = option(Text("a path"), "A file with certificates to trust instead of the system's.", default="")
    verify: bool = option(Boolean(), "Whether the server's certificate has to be valid.", default=True)
    certificate: str = option(Text("a path"), "A file with a certificate to present.", default="")
    key: str = option(Text("a path"), "The key of that certificate.", default="")

    def tls(self) -> TlsOptions:
        """Return how the server's certificate is verified."""
        return TlsOptions(self.ca, self.verify, self.certificate, self.key)


def certificate_facts(expiry: float | None) -> dict[str, object]:
    """Return the facts certificate_expiry and certificate; none without a certificate.

    Parameters
    ----------
    expiry:
        Of the certificate, in seconds since 1970.
    """
    return {} if expiry is None else {"certificate_expiry": expiry, "certificate": expiry - time.time()}
