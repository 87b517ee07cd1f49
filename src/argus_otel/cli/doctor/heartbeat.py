"""Checks the URL of the heartbeat. It is not called: the monitor would take that for a sign of life."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from argus_otel.settings import Settings
from argus_otel.terminal.findings import Finding, Status

from .asking import Unanswered, bounded, connect, explain

_GROUP = "Heartbeat"
_LOCAL = ("localhost", "127.0.0.1", "::1")


def look_at_heartbeat(settings: Settings, *, network: bool) -> Iterator[Finding]:
    """Check whether the monitor's host can be connected to, showing nothing of the URL but its host."""
    if settings.heartbeat_url is None:
        return
    url = urlsplit(settings.heartbeat_url)
    host = url.hostname or ""
    if url.scheme == "http" and host not in _LOCAL:
        detail = f"the URL is sent to {host} without TLS, and its token can be read on the way"
        yield Finding(_GROUP, "TLS", Status.WARN, detail, "https://, unless the monitor is in your own network")
    if not network:
        yield Finding(_GROUP, "monitor", Status.INFO, f"{host} is called each minute while the program works")
        return
    if url.scheme in getproxies() and not proxy_bypass(host):
        yield Finding(_GROUP, "monitor", Status.INFO, f"{host} is called through the proxy of the environment")
        return
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        with contextlib.closing(bounded(lambda: connect(host, port, _context(url.scheme)))):
            detail = f"{host}:{port} accepts the connection; the URL itself is not called"
            yield Finding(_GROUP, "monitor", Status.OK, detail)
    except Unanswered as error:
        remedy = "set ARGUS_HEARTBEAT_URL to the URL that the monitor shows, or HTTPS_PROXY if a proxy is needed"
        yield Finding(_GROUP, "monitor", Status.FAIL, f"{host}:{port}: {explain(error)}", remedy)


def _context(scheme: str) -> ssl.SSLContext | None:
    return ssl.create_default_context() if scheme == "https" else None
