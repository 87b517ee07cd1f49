"""A server between a program and a store, which passes on all that they send until it holds an answer back."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress

from lab.clickhouse import ClickHouse

_INSERT = re.compile(rb"insert(?: |\+|%20)+into", re.IGNORECASE)
_TIMEOUT = 60.0


class Gate:
    """Passes everything on until the store has answered a number of inserts; the last of these answers it keeps.

    Parameters
    ----------
    inserts:
        How many.

    Attributes
    ----------
    held:
        Set once the store has stored the last insert, and the program does not know it.
    """

    def __init__(self, server: ClickHouse, inserts: int) -> None:
        self.held = threading.Event()
        self._server = server
        self._left = inserts
        self._counting = threading.Lock()
        self._socket = socket.create_server((server.host, 0))
        self._open: list[socket.socket] = [self._socket]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def dsn(self) -> str:
        """The value for ``ARGUS_HISTORY_STORE``."""
        port = self._socket.getsockname()[1]
        return self._server.dsn().replace(f":{self._server.port}/", f":{port}/")

    def close(self) -> None:
        """Close all connections."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._socket.accept()
                store = socket.create_connection((self._server.host, self._server.port), _TIMEOUT)
                self._open += [client, store]
                threading.Thread(target=self._requests, args=(client, store), daemon=True).start()
                threading.Thread(target=self._answers, args=(client, store), daemon=True).start()

    def _requests(self, client: socket.socket, store: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                with self._counting:
                    self._left -= len(_INSERT.findall(data))
                store.sendall(data)

    def _answers(self, client: socket.socket, store: socket.socket) -> None:
        with suppress(OSError):
            while data := store.recv(1 << 16):
                if self._left <= 0:
                    self.held.set()
                    return
                client.sendall(data)
