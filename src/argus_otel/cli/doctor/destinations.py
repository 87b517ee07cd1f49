"""Determines the destinations of the OTLP exporters, from the variables that they read."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from argus_otel.settings import Settings

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOLS = {"otlp_proto_grpc": ("grpc", 4317), "otlp_proto_http": ("http/protobuf", 4318)}


@dataclass(frozen=True, slots=True)
class Destination:
    """One address that signals are exported to.

    Attributes
    ----------
    variable:
        The variable that the address comes from.
    path:
        Over HTTP; empty over gRPC.
    without_scheme:
        Whether a gRPC endpoint has no scheme, which means TLS, unless ``OTEL_EXPORTER_OTLP_INSECURE`` is true.
    headers:
        As they stand in the variables. Secret.
    """

    protocol: str
    signals: tuple[str, ...]
    variable: str
    host: str
    port: int
    path: str
    tls: bool
    without_scheme: bool
    headers: str
    ca_file: str | None
    client_certificate: str | None
    client_key: str | None

    @property
    def authority(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address, without user, password and query."""
        return f"{'https' if self.tls else 'http'}://{self.authority}{self.path}"

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the context to connect with, or ``None`` for a plain connection.

        Raises
        ------
        OSError
            The certificate files cannot be read or used.
        """
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.client_certificate:
            context.load_cert_chain(self.client_certificate, self.client_key)
        if self.protocol == "grpc":
            context.set_alpn_protocols(["h2"])
        return context


def destinations(settings: Settings, environ: Mapping[str, str]) -> tuple[list[Destination], list[str]]:
    """Return every destination, one for signals that share it, and the errors in the variables."""
    found: list[Destination] = []
    problems: list[str] = []
    for signal in ("metrics", "traces", "logs"):
        exporters: tuple[str, ...] = getattr(settings, f"{signal}_exporters")
        for name in exporters:
            if name not in _PROTOCOLS:
                continue
            try:
                _add(_destination(signal, *_PROTOCOLS[name], environ), found)
            except ValueError as error:
                if str(error) not in problems:
                    problems.append(str(error))
    return found, problems


def _destination(signal: str, protocol: str, default_port: int, environ: Mapping[str, str]) -> Destination:
    def read(name: str) -> str | None:
        own, common = f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name}", f"OTEL_EXPORTER_OTLP_{name}"
        return environ.get(own) or environ.get(common) or None

    own = f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"
    variable = next((name for name in (own, _ENDPOINT) if environ.get(name)), "default")
    text = environ.get(variable) or f"http://localhost:{default_port}"
    try:
        url = urlsplit(text if "://" in text else f"//{text}")
        host, port = url.hostname, url.port
    except ValueError:  # its text may quote a password
        raise ValueError(f"{variable} has no host, or no port that is a number") from None
    if not host or "@" in url.path or (url.scheme not in ("http", "https") and (url.scheme or protocol != "grpc")):
        raise ValueError(f"{variable} is not a URL that begins with http:// or https://")
    insecure = read("INSECURE") if protocol == "grpc" and url.scheme != "https" else None
    path = "" if protocol == "grpc" else url.path
    if protocol != "grpc" and variable != own:
        path = f"{path.rstrip('/')}/v1/{signal}"
    return Destination(
        protocol=protocol,
        signals=(signal,),
        variable=variable,
        host=host,
        port=port or (80 if protocol != "grpc" and url.scheme == "http" else 443),  # as gRPC has it
        path=path or ("" if protocol == "grpc" else "/"),
        tls=insecure.lower() != "true" if insecure else url.scheme != "http",
        without_scheme=not url.scheme and not insecure,
        headers=read("HEADERS") or "",
        ca_file=read("CERTIFICATE"),
        client_certificate=read("CLIENT_CERTIFICATE"),
        client_key=read("CLIENT_KEY"),
    )


def _add(destination: Destination, found: list[Destination]) -> None:
    for index, known in enumerate(found):
        if replace(destination, signals=known.signals) == known:
            found[index] = replace(known, signals=(*known.signals, *destination.signals))
            return
    found.append(destination)
