"""The services of the demo: servers on loopback, which record in the ledger what they did on each connection."""

from __future__ import annotations

import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .behaviours import HANDSHAKE_REFUSED, Request
from .cast import CAST, Behaviour, Part
from .certificates import Authority
from .ledger import Ledger

HOST = "127.0.0.1"

_LONGEST = 30.0


class Services:
    """The services of :data:`~.cast.CAST`, which run inside a ``with`` block.

    Parameters
    ----------
    directory:
        Where their certificates are written.

    Attributes
    ----------
    ledger:
        What they did.
    authority:
        The file with the authority that their checks trust.
    """

    def __init__(self, directory: Path) -> None:
        self.ledger = Ledger()
        self.authority = directory / "authority.pem"
        ours, stranger = Authority("the demo's authority"), Authority("a stranger")
        ours.write(self.authority)
        self._servers: dict[str, _Server] = {}
        for part in CAST:
            context = None
            if part.certificate is not None:
                path = directory / f"{part.name}.pem"
                issuer = ours if part.certificate.trusted else stranger
                issuer.issue(path, HOST, part.certificate.lifetime)
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(path)
            self._servers[part.name] = _Server(part, self.ledger, context)

    def __enter__(self) -> Services:
        for name, server in self._servers.items():
            threading.Thread(target=server.serve_forever, name=f"argus-otel demo {name}", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def url(self, name: str) -> str:
        """Return a service's URL."""
        server = self._servers[name]
        return f"{'http' if server.context is None else 'https'}://{HOST}:{server.server_port}/health"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, part: Part, ledger: Ledger, context: ssl.SSLContext | None) -> None:
        super().__init__((HOST, 0), _Handler)
        self.context = context
        self.behaviour: Behaviour = part.behaviour
        self._name, self._ledger = part.name, ledger

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Serve one connection, on a thread of its own."""
        if self.context is None or not isinstance(request, socket.socket):
            super().finish_request(request, client_address)
            return
        request.settimeout(_LONGEST)
        try:
            secured = self.context.wrap_socket(request, server_side=True)
        except OSError:  # an alert that refuses the certificate, or the connection's end
            self.record(HANDSHAKE_REFUSED)
            return
        with secured:
            super().finish_request(secured, client_address)

    @property
    def number(self) -> int:
        """How many deeds of it are recorded."""
        return self._ledger.number(self._name)

    def record(self, deed: str) -> None:
        """Record what it did on a connection."""
        self._ledger.record(self._name, deed)

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over a client that has gone."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - it is the only one
    timeout = _LONGEST

    def do_GET(self) -> None:
        """Behave as the service does, and record it."""
        self.server.record(self.server.behaviour(Request(self, self.server.number)))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing: the ledger has it."""
