"""How the services of the demo behave on a request. Each function returns its deed, as the ledger records it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

ANSWERED = "answered 200"
ANSWERED_LATE = "answered 200, late"
UNAVAILABLE = "answered 503"
WRONG = "answered a wrong value"
REDIRECTED = "sent to a metadata service"
BROKE_OFF = "broke off"
NOT_HTTP = "did not speak HTTP"
SILENT = "did not answer"
HANDSHAKE_REFUSED = "had its handshake refused"

LATE = 0.4
"""After how many seconds a slow service answers."""

_FLAP = 4


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a service.

    Attributes
    ----------
    handler:
        Has the connection.
    number:
        How many requests the service had before.
    """

    handler: BaseHTTPRequestHandler
    number: int

    def send(self, status: int, body: bytes, *, location: str = "", length: int | None = None) -> None:
        """Send a response.

        Parameters
        ----------
        location:
            Where it redirects to.
        length:
            Which length of the body it claims; by default the right one.
        """
        self.handler.send_response(status)
        self.handler.send_header("content-length", str(len(body) if length is None else length))
        if location:
            self.handler.send_header("location", location)
        self.handler.end_headers()
        self.handler.wfile.write(body)


def answer(request: Request) -> str:
    """Answer at once."""
    request.send(200, b'{"queue": 12}')
    return ANSWERED


def answer_late(request: Request) -> str:
    """Answer after a while."""
    time.sleep(LATE)
    request.send(200, b'{"queue": 12}')
    return ANSWERED_LATE


def flap(request: Request) -> str:
    """Answer some requests, refuse as many, and so on."""
    return answer(request) if request.number // _FLAP % 2 == 0 else _refuse(request)


def stumble(request: Request) -> str:
    """Refuse each first request, and answer each second."""
    return answer(request) if request.number % 2 else _refuse(request)


def answer_wrong(request: Request) -> str:
    """Answer, and tell a value that is too high."""
    request.send(200, b'{"queue": 900}')
    return WRONG


def redirect(request: Request) -> str:
    """Send the client to the address at which clouds serve credentials."""
    request.send(302, b"", location="http://169.254.169.254/latest/meta-data/")
    return REDIRECTED


def break_off(request: Request) -> str:
    """Promise more of a body than it sends."""
    request.send(200, b'{"queue":', length=4096)
    return BROKE_OFF


def speak_otherwise(request: Request) -> str:
    """Answer in another protocol."""
    request.handler.wfile.write(b"220 mail.example ESMTP\r\n")
    return NOT_HTTP


def hang(request: Request) -> str:
    """Take the request, and answer nothing until the client gives up."""
    with suppress(OSError):
        request.handler.connection.recv(1)
    return SILENT


def _refuse(request: Request) -> str:
    request.send(503, b"overloaded")
    return UNAVAILABLE
