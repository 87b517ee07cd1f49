"""Reads one request from a connection and writes one answer."""

from __future__ import annotations

import io
import logging
import ssl
from collections.abc import Callable
from http import HTTPStatus
from http.client import LineTooLong
from http.server import BaseHTTPRequestHandler
from typing import Any

from .answers import Answer, Request, text

_log = logging.getLogger("argus_otel")

HEAD_AT_MOST = 32 * 1024
"""How long a request line and its headers may be together, in bytes."""

_LINES_AT_MOST = 100

_BODY_AT_MOST = 64 * 1024

_FOR_ALL = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Connection", "close"),
)


class Handler(BaseHTTPRequestHandler):
    """Handles one connection, on its thread: one request, one answer.

    Parameters
    ----------
    answer:
        What answers a GET request; a HEAD request gets its headers.
    received:
        Called with the connection once its request is here.
    arguments:
        What :mod:`socketserver` gives to every handler.
    """

    protocol_version = "HTTP/1.1"
    error_message_format = "%(code)d %(message)s\n"
    error_content_type = "text/plain; charset=utf-8"

    def __init__(self, answer: Callable[[Request], Answer], received: Callable[[Any], None], *arguments: Any) -> None:
        self._answer = answer
        self._received = received
        super().__init__(*arguments)

    def setup(self) -> None:
        """Begin: with the TLS handshake, where there is one, here and not where connections are accepted."""
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()
        self.rfile = _Head(self.rfile)

    def do_GET(self) -> None:
        """Answer."""
        self._received(self.request)
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self._answer(Request(path, query, headers)))

    do_HEAD = do_GET  # noqa: N815 - http.server's name, as all of these

    def do_POST(self) -> None:
        """Refuse a method that changes something: there is nothing to change."""
        self._received(self.request)
        self._drain()
        refusal = f"{self.command} is not for this endpoint, which is only read: use GET or HEAD"
        self._send(text(HTTPStatus.METHOD_NOT_ALLOWED, refusal, ("Allow", "GET, HEAD")))

    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = do_POST  # noqa: N815

    def _drain(self) -> None:
        """Read a short body: closed upon unread data, a connection is reset and the client may miss the answer."""
        length = self.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit():
            self.rfile.read(min(int(length), _BODY_AT_MOST))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in (*answer.headers, *_FOR_ALL):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    # -- what http.server would do otherwise

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin an answer, without a ``Server`` header, which would tell versions, and without an access log."""
        self.send_response_only(code, message)
        self.send_header("Date", self.date_time_string())

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer a malformed request, without quoting it."""
        super().send_error(code)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log an error at debug; the default is to print it."""
        _log.debug("argus-otel: endpoint: %s", format % args)


class _Head(io.BufferedIOBase):
    """Reads a request whose head is bounded as a whole: http.server bounds each line, at 64 KiB.

    It bounds their number too, by a global that some packages raise, a client of ClickHouse's among them.
    """

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file
        self._left = HEAD_AT_MOST
        self._lines = 0

    def readline(self, size: int | None = -1) -> bytes:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._lines += 1
        if self._left <= 0 or self._lines > _LINES_AT_MOST:
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
