"""How the services of the demo behave on one connection. Each function returns its deed, as the ledger records it."""

from __future__ import annotations

import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

ANSWERED = "answered 200"
ANSWERED_LATE = "answered 200, late"
REFUSED = "answered 503"
WRONG = "answered a wrong value"
REDIRECTED = "sent to a metadata service"
BROKE_OFF = "broke off"
NOT_HTTP = "did not speak HTTP"
SILENT = "did not answer"
HANDSHAKE_REFUSED = "had its handshake refused"

LATE = 0.4
"""After how many seconds a slow service answers."""

_FLAP = 4


def answer(handler: BaseHTTPRequestHandler, number: int) -> str:  # noqa: ARG001 - as the others
    """Answer at once."""
    _send(handler, 200, b'{"queue": 12}')
    return ANSWERED


def answer_late(handler: BaseHTTPRequestHandler, number: int) -> str:  # noqa: ARG001
    """Answer after a while."""
    time.sleep(LATE)
    _send(handler, 200, b'{"queue": 12}')
    return ANSWERED_LATE


def flap(handler: BaseHTTPRequestHandler, number: int) -> str:
    """Answer some requests, refuse as many, and so on."""
    return _answer_if(handler, number // _FLAP % 2 == 0)


def stumble(handler: BaseHTTPRequestHandler, number: int) -> str:
    """Refuse each first request, and answer each second."""
    return _answer_if(handler, number % 2 == 1)


def answer_wrong(handler: BaseHTTPRequestHandler, number: int) -> str:  # noqa: ARG001
    """Answer, and tell a value that is too high."""
    _send(handler, 200, b'{"queue": 900}')
    return WRONG


def redirect(handler: BaseHTTPRequestHandler, number: int) -> str:  # noqa: ARG001
    """Send the client to the address at which clouds serve credentials."""
    _send(handler, 302, b"", location="http://169.254.169.254/latest/meta-data/")
    return REDIRECTED


def break_off(handler: BaseHTTPRequestHandler, number: int) -> str:  # noqa: ARG001
    """Promise more of a body than it sends."""
    _send(handler, 200, b'{"queue":', length=4096)
    return BROKE_OFF


def speak_otherwise(handler: BaseHTTPRequestHandler, number: int) -> str:  # noqa: ARG001
    """Answer in another protocol."""
    handler.wfile.write(b"220 mail.example ESMTP\r\n")
    return NOT_HTTP


def hang(handler: BaseHTTPRequestHandler, number: int) -> str:  # noqa: ARG001
    """Take the request, and answer nothing until the client gives up."""
    with suppress(OSError):
        handler.connection.recv(1)
    return SILENT


def _answer_if(handler: BaseHTTPRequestHandler, good: bool) -> str:
    _send(handler, 200 if good else 503, b"ready" if good else b"overloaded")
    return ANSWERED if good else REFUSED


def _send(
    handler: BaseHTTPRequestHandler, status: int, body: bytes, *, location: str = "", length: int | None = None
) -> None:
    handler.send_response(status)
    handler.send_header("content-length", str(len(body) if length is None else length))
    if location:
        handler.send_header("location", location)
    handler.end_headers()
    handler.wfile.write(body)
