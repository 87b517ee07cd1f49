"""Reads one request from a connection and writes one answer."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import socket
import ssl
from collections.abc import Callable
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from http import HTTPStatus
from http.client import LineTooLong
from http.server import BaseHTTPRequestHandler
from time import monotonic
from typing import Any

from .connections import Stage
from .responses import Request, Response, not_allowed, text

_log = logging.getLogger("argus_otel")

MAX_HEADER_BYTES = 32 * 1024
"""How long a request line and its headers may be together, in bytes."""

LINGER = 1.0
"""How long a client that has its response may take to close, in seconds."""

_MAX_HEADER_LINES = 100

# The most bytes that are read and discarded after the response, from a client that writes everything before it reads.
_MAX_UNREAD_BYTES = 1024 * 1024

# Every socket's buffer has space for so many bytes, if nothing was written before.
_SHORT = 4096

_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ +\S+ +HTTP/([0-9])\.[0-9][ \t]*\r?\n")
_ABSOLUTE = re.compile(r"https?://([^/?#]*)(.*)", re.IGNORECASE)
_NO_HEADER = (FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect)


class Handler(BaseHTTPRequestHandler):
    """Handles one connection, on its thread: one request, one response.

    Parameters
    ----------
    answer:
        Returns the response to a GET request; a HEAD request gets its headers.
    call:
        Returns the response to a POST request for a source; ``None`` if it is for none. Its body is not read.
    turn:
        Called with the connection and its next stage.
    arguments:
        The arguments that :mod:`socketserver` passes to every handler.
    """

    protocol_version = "HTTP/1.1"
    # By default it is 0.9, whose answers have no status line: those to requests that were not understood, too.
    default_request_version = "HTTP/1.0"
    raw_requestline: bytes

    def __init__(
        self,
        answer: Callable[[Request], Response],
        call: Callable[[Request], Response | None],
        turn: Callable[[Any, Stage], None],
        *arguments: Any,
    ) -> None:
        self._respond = answer
        self._call = call
        self._turn = turn
        super().__init__(*arguments)

    def setup(self) -> None:
        """Begin, with the TLS handshake if there is one: here, because it must not delay the accepting thread."""
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()
        self.rfile = _Head(self.rfile)

    def parse_request(self) -> bool:
        """Read the head of a request; answer one that is malformed, and return whether it is not.

        The authority of an absolute target stands for the ``Host`` header (RFC 9112, 3.2.2).
        """
        line = _REQUEST_LINE.fullmatch(self.raw_requestline)
        if line is None or line[1] != b"1":
            self.command, self.request_version = "", self.default_request_version
            if line is not None:
                self.send_error(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
            elif len(self.raw_requestline) >= MAX_HEADER_BYTES:
                self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            else:
                self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        if not super().parse_request():
            return False
        if any(isinstance(defect, _NO_HEADER) for defect in self.headers.defects) or self._hosts() > 1:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        absolute = _ABSOLUTE.fullmatch(self.path)
        if absolute is not None:
            del self.headers["Host"]
            self.headers["Host"], self.path = absolute.groups()
        return True

    def _hosts(self) -> int:
        return len(self.headers.get_all("Host", ()))

    def handle_expect_100(self) -> bool:
        """Ask for no body: the response does not depend on it."""
        return True

    def do_GET(self) -> None:
        """Respond."""
        self._turn(self.connection, Stage.WORKING)
        self._send(self._respond(self._request()))

    do_HEAD = do_GET  # noqa: N815 - http.server's name, as all of these

    def do_POST(self) -> None:
        """Respond to a call for a source, without waiting for its body; refuse any other."""
        self._turn(self.connection, Stage.WORKING)
        self._send(self._call(self._request()) or not_allowed(self.command))

    def do_PUT(self) -> None:
        """Refuse a method that changes something."""
        self._send(not_allowed(self.command))

    do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = do_PUT  # noqa: N815

    def _request(self) -> Request:
        path, _, query = self.path.partition("?")
        return Request(path, query, {name.lower(): value for name, value in self.headers.items()})

    def _send(self, answer: Response) -> None:
        self.send_response(answer.status)
        for name, value in (*answer.all_headers(), ("Connection", "close")):
            self.send_header(name, value)
        if len(answer.body) > _SHORT:
            self._turn(self.connection, Stage.ANSWERED)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def finish(self) -> None:
        """End the connection, but let the client read its answer first.

        A connection that is closed with unread data is reset, and the client may miss its answer.
        """
        super().finish()
        self._turn(self.connection, Stage.CLOSING)
        # With the plain socket's methods: further input is discarded, whether or not it is encrypted.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.connection, socket.SHUT_WR)
            end, unread = monotonic() + LINGER, _MAX_UNREAD_BYTES
            while unread > 0 and (patience := end - monotonic()) > 0:
                self.connection.settimeout(patience)
                thrown_away = len(socket.socket.recv(self.connection, 65536))
                if not thrown_away:
                    break
                unread -= thrown_away

    # -- what http.server would do otherwise

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin a response, without a ``Server`` header, which would show versions, and without an access log."""
        self.send_response_only(code, message)
        self.send_header("Date", self.date_time_string())

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Respond to a malformed request, without quoting it."""
        status = HTTPStatus(code)
        self._send(text(status, f"{status.value} {status.phrase}"))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log an error at debug; the default is to print it."""
        _log.debug("argus-otel: endpoint: %s", format % args)


class _Head(io.BufferedIOBase):
    """Reads a request whose head is bounded as a whole: http.server bounds each line, at 64 KiB.

    It bounds their number too, by a global that some packages raise, a client of ClickHouse's among them.
    """

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file
        self._left = MAX_HEADER_BYTES
        self._lines = 0

    def readline(self, size: int | None = -1) -> bytes:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._lines += 1
        if self._left <= 0 or self._lines > _MAX_HEADER_LINES:
            raise LineTooLong("request")  # which http.server answers with 431
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        line = self._file.readline(wanted)
        self._left -= len(line)
        return line

    def read(self, size: int | None = -1) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        self._file.close()
        super().close()
