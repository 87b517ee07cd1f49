"""Open connections, with limits on their number and their age."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from enum import IntEnum
from time import monotonic

MAX_CONNECTIONS = 16
"""How many connections are served at once, each on a thread of its own."""

MAX_LIFETIME = 10.0
"""How long a connection may last, in seconds: Prometheus' default ``scrape_timeout``."""


class Stage(IntEnum):
    """What a connection waits for. If all threads are in use, the lowest is closed first, but never ``WORKING``."""

    CLOSING = 0
    """The client has its response, and has yet to close."""

    ASKING = 1
    """The request is not here yet."""

    ANSWERED = 2
    """The client has yet to read its response."""

    WORKING = 3
    """The client has to do nothing: its response is being made."""


class _Connection:
    __slots__ = ("began", "stage")

    def __init__(self) -> None:
        self.began = monotonic()
        self.stage = Stage.ASKING


class Connections:
    """Keeps silent and slow clients from holding every thread, and lets all be closed at once.

    A connection is closed by shutting its socket down, which wakes the thread that waits on it; the thread then closes
    the socket. (By the plain socket's own method: that of a TLS socket drops an object that the thread still uses.)
    """

    def __init__(self) -> None:
        self._open: dict[socket.socket, _Connection] = {}
        self._changing = threading.Lock()

    def admit(self, connection: socket.socket) -> bool:
        """Take a new connection in, if need be instead of one that waits for its client.

        Returns
        -------
        bool
            Whether the connection is admitted: not if every thread is making a response.
        """
        with self._changing:
            if len(self._open) >= MAX_CONNECTIONS and not self._make_room():
                return False
            self._open[connection] = _Connection()
            return True

    def make_room(self) -> bool:
        """End the oldest of the lowest stage, and return whether there was one that waits for its client."""
        with self._changing:
            return self._make_room()

    def _make_room(self) -> bool:
        first = min(self._open, key=lambda known: self._open[known].stage, default=None)
        if first is None or self._open[first].stage is Stage.WORKING:
            return False
        del self._open[first]
        _shut_down(first)
        return True

    def turn(self, connection: socket.socket, stage: Stage) -> None:
        """Set the stage of a connection, from now on."""
        with self._changing:
            about = self._open.get(connection)
            if about is not None:
                about.stage = stage

    def release(self, connection: socket.socket) -> None:
        """Forget a connection that is about to be closed; from then on no other thread touches its socket."""
        with self._changing:
            self._open.pop(connection, None)

    def end_old(self) -> None:
        """Shut down those that have lasted too long."""
        if not self._open:
            return
        before = monotonic() - MAX_LIFETIME
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
    """Close this process's copy of a socket that another process continues to use."""
    with contextlib.suppress(OSError):
        os.close(copy.detach())


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # its client has disconnected already
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
