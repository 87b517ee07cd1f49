"""Accepts connections, and gives each a thread."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import socketserver
import ssl
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .connections import Connections, close_copy

if TYPE_CHECKING:
    from .responses import Request, Response

_log = logging.getLogger("argus_otel")

IDLE_TIMEOUT = 10.0
"""How long a connection may be silent, in seconds. (:mod:`.connections` bounds how long it lasts as a whole.)"""

_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
_GONE = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """The listening socket and its connections.

    (Not :class:`http.server.HTTPServer`, which asks the DNS for the host's name before it listens.)

    Parameters
    ----------
    family, address:
        Where to listen.
    context:
        For TLS, or ``None``.
    answer:
        Answers requests; called on the connection's thread.
    tick:
        Called about twice a second, on the accepting thread.

    Raises
    ------
    OSError
        The address cannot be had.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    # On Windows this would let two programs listen on one port.
    allow_reuse_address = os.name == "posix"

    def __init__(
        self,
        family: socket.AddressFamily,
        address: tuple[Any, ...],
        context: ssl.SSLContext | None,
        answer: Callable[[Request], Response],
        call: Callable[[Request], Response | None],
        tick: Callable[[], object],
    ) -> None:
        self.address_family = family
        self._context = context
        self._connections = Connections()
        self._stopping = False
        self._respond = answer
        self._call = call
        self._tick = tick
        super().__init__(address, self._handle)  # type: ignore[arg-type]
        # A client may disconnect between select and accept, which must not wait for the next one.
        self.socket.setblocking(False)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.socket.getsockname()[1]

    # -- one connection

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection. Nothing is read here, so that a silent client does not hold up the others."""
        try:
            connection, client = self.socket.accept()
        except OSError as error:
            if error.errno not in _GONE and not self._stopping:
                # Out of file descriptors, say: the socket stays ready, and asking at once would spin.
                time.sleep(0.02 if self._connections.make_room() else 0.2)
            raise
        connection.settimeout(IDLE_TIMEOUT)
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, client

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002
        """Turn a connection away when every thread is busy answering."""
        if self._connections.admit(request):
            return True
        self._say_busy(request)
        return False

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a connection, or turn it away if the system has none left."""
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            self._say_busy(request)
            raise

    def _say_busy(self, request: Any) -> None:
        if self._context is None:
            with contextlib.suppress(OSError):
                request.setblocking(False)
                request.send(_BUSY)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self._connections.release(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Log the error that ended a connection, which mostly is a client that left. The default is to print it."""
        _log.debug("argus-otel: endpoint: a connection ended with %r", sys.exc_info()[1])

    def _handle(self, *arguments: Any) -> object:
        from .handler import Handler  # and with it http.server, at the first request

        return Handler(self._respond, self._call, self._connections.turn, *arguments)

    # -- all of them

    def service_actions(self) -> None:
        """Run periodic work between two connections."""
        self._connections.end_old()
        self._tick()

    def stop(self) -> None:
        """Close the port, and every connection."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # on Linux this wakes the loop; elsewhere it wakes by itself
        self.shutdown()
        self.server_close()

    def server_close(self) -> None:
        """Close the port, and every connection."""
        super().server_close()
        self._connections.end_all()

    def drop_in_child(self) -> None:
        """After a fork, in the child: close its copies of the sockets."""
        close_copy(self.socket)
        self._connections.drop_in_child()
