"""Finds the address to listen on and the TLS certificate; the errors say how to fix the setting."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable
from typing import Any

from argus_otel.settings import Settings
from argus_otel.telemetry import PartError

from .server import Server

Listen = Callable[["socket.AddressFamily", "tuple[Any, ...]"], Server]


def bind(settings: Settings, listen: Listen) -> Server:
    """Listen on the host of the settings, on the first of its addresses that works, and the first port that is free.

    IPv4 is tried first if a name has both, since most clients ask for ``127.0.0.1``.

    Raises
    ------
    PartError
        No address works. The message names the address, the setting and the remedy.
    """
    host, ports = settings.endpoint_host.strip("[]"), settings.endpoint_port
    # Given text, Python has it encoded by the codec of international names, whose import takes long at start.
    name = host.encode() if host.isascii() else host
    try:
        found = socket.getaddrinfo(name or None, ports.first, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise PartError(f"cannot find the address {host!r} ({_host_setting(settings)}): {error}") from error
    addresses = sorted(((family, address) for family, _, _, _, address in found), key=lambda each: each[0] != _IPV4)
    refusal: OSError | None = None
    for port in ports:
        result = _listen(addresses, port, listen)
        if isinstance(result, Server):
            return result
        refusal = refusal or result
        if result.errno not in _TAKEN:
            break
    raise PartError(_explain(settings, refusal)) from refusal


_IPV4 = socket.AF_INET
# Windows has EACCES for a port that another program uses exclusively, or that it keeps for itself.
_TAKEN = (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", None), getattr(errno, "WSAEACCES", None))


def _listen(
    addresses: list[tuple[socket.AddressFamily, tuple[Any, ...]]], port: int, listen: Listen
) -> Server | OSError:
    refusal = OSError()
    for family, address in addresses:
        try:
            return listen(family, (address[0], port, *address[2:]))
        except OSError as error:  # noqa: PERF203 - one or two addresses
            refusal = refusal if refusal.errno else error
            if error.errno in _TAKEN:  # the other family's address would be a surprise
                break
    return refusal


def _explain(settings: Settings, refusal: OSError | None) -> str:
    host, ports = settings.endpoint_host, settings.endpoint_port
    address = f"{bracketed(host)}:{ports}"
    origin = settings.origins.get("endpoint_port")
    word = "ports come" if ports.first != ports.last else "port comes"
    setting = f"the {word} from {origin.source}" if origin and origin.source != "default" else "the default"
    another = "set ARGUS_ENDPOINT_PORT to another port, or to 0 for any that is free, or to a range such as 9464-9479"
    code = refusal.errno if refusal else None
    if code in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", None)):
        if ports.first != ports.last:
            return f"cannot listen on {address} ({setting}): other programs use all of these; {another}"
        who = "another program, perhaps another process of this one, listens there already"
        return f"cannot listen on {address} ({setting}): {who}; {another}"
    if code in (errno.EACCES, errno.EPERM, getattr(errno, "WSAEACCES", None)):
        return f"cannot listen on {address} ({setting}): this user may not use that port; {another}"
    if code == errno.EADDRNOTAVAIL:
        return f"cannot listen on {address}: this machine has no such address ({_host_setting(settings)})"
    return f"cannot listen on {address} ({setting}): {refusal}; {another}"


def _host_setting(settings: Settings) -> str:
    origin = settings.origins.get("endpoint_host")
    source = origin.source if origin and origin.source != "default" else "ARGUS_ENDPOINT_HOST"
    return f"see {source}: 127.0.0.1 is this machine only, 0.0.0.0 every IPv4 interface"


def bracketed(host: str) -> str:
    """Return a host as a URL has it: an IPv6 address in brackets."""
    host = host.strip("[]")
    return f"[{host}]" if ":" in host else host


def tls(settings: Settings) -> ssl.SSLContext | None:
    """Return a TLS context with the certificate of the settings, or ``None`` if they name none.

    Raises
    ------
    PartError
        The files cannot be used. Nothing is served then: plain HTTP must not replace TLS.
    """
    certificate, key = settings.endpoint_certificate, settings.endpoint_key
    if certificate is None and key is None:
        return None
    if certificate is None:
        raise PartError("ARGUS_ENDPOINT_KEY is set, but ARGUS_ENDPOINT_CERTIFICATE is not: set both, or neither")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION  # each costs us more than the client; OpenSSL before 3 allows it
    try:
        # An encrypted key would have OpenSSL ask for its password on the terminal, and wait.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as error:
        files = f"{certificate} (ARGUS_ENDPOINT_CERTIFICATE)"
        files += f" with {key} (ARGUS_ENDPOINT_KEY)" if key else ", without ARGUS_ENDPOINT_KEY"
        need = "both have to be PEM files, belong together, and have no password"
        need += "; nothing is served, rather than something without TLS"
        raise PartError(f"cannot use {files}: {error}; {need}") from error
    return context
