"""The connections that are open, within a bound on their number and their age."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from time import monotonic

AT_MOST = 16
"""How many connections are served at once, each on a thread of its own."""

LIFETIME = 10.0
"""How long a connection may last, in seconds: Prometheus' default ``scrape_timeout``."""


class _Connection:
    __slots__ = ("began", "working")

    def __init__(self) -> None:
        self.began = monotonic()
        self.working = False


class Connections:
    """Keeps silent and slow clients from holding every thread, and lets all be closed at once.

    A connection is closed by shutting its socket down, which wakes the thread that waits on it; the thread then closes
    the socket. (By the plain socket's own method: that of a TLS socket drops an object that the thread still uses.)
    """

    def __init__(self) -> None:
        self._open: dict[socket.socket, _Connection] = {}
        self._changing = threading.Lock()

    def admit(self, connection: socket.socket) -> bool:
        """Take a new connection in, if need be instead of the oldest that has not sent its request yet.

        Returns
        -------
        bool
            Whether there was room: not where every thread is at work on an answer.
        """
        with self._changing:
            if len(self._open) >= AT_MOST:
                silent = next((known for known, about in self._open.items() if not about.working), None)
                if silent is None:
                    return False
                del self._open[silent]
                _shut_down(silent)
            self._open[connection] = _Connection()
            return True

    def working(self, connection: socket.socket) -> None:
        """Note that the request is here, and is being answered."""
        with self._changing:
            about = self._open.get(connection)
            if about is not None:
                about.working = True

    def release(self, connection: socket.socket) -> None:
        """Forget a connection that is about to be closed; from then on nobody else touches its socket."""
        with self._changing:
            self._open.pop(connection, None)

    def end_old(self) -> None:
        """Shut down those that have lasted too long."""
        if not self._open:
            return
        before = monotonic() - LIFETIME
        with self._changing:
            for connection, about in self._open.items():
                if about.began < before:
                    _shut_down(connection)

    def end_all(self) -> None:
        """Shut every connection down."""
        with self._changing:
            for connection in self._open:
                _shut_down(connection)

    def drop_in_child(self) -> None:
        """After a fork, in the child: close its copies of the sockets, and leave the parent's connections alone."""
        for connection in list(self._open):  # without the lock, which a thread of the parent may have held
            close_copy(connection)
        self._open = {}


def close_copy(copy: socket.socket) -> None:
    """Close this process's copy of a socket that another process goes on using."""
    with contextlib.suppress(OSError):
        os.close(copy.detach())


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # its client has gone already
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
