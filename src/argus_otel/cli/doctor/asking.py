"""Connects and sends HTTP requests, within a bound of time."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

TIMEOUT = 3.0
"""How long one request may take, in seconds: name, connection, handshake and response together."""

_AT_MOST = 1 << 20

# A request that gets no response raises one of these.
Unanswered = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def bounded(ask: Callable[[], T]) -> T:
    """Return what ``ask`` returns, or raise what it raises.

    It runs on a thread that is abandoned after that time: neither the resolution of names nor a server that sends a
    byte a second can be bounded otherwise.

    Raises
    ------
    TimeoutError
        After :data:`TIMEOUT`.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(ask())
        except Unanswered as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return future.result(TIMEOUT)
    except FutureTimeoutError as error:
        raise TimeoutError from error


def connect(host: str, port: int, tls: ssl.SSLContext | None = None) -> socket.socket:
    """Return a connection, after the TLS handshake if ``tls`` is given."""
    connection = socket.create_connection((host, port), TIMEOUT)
    return tls.wrap_socket(connection, server_hostname=host) if tls else connection


def ask(
    host: str,
    port: int,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send one HTTP request, following no redirect."""

    def request() -> Answer:
        if tls is None:
            connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
        else:
            connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=tls)
        try:
            connection.request(method, path, body, {"Connection": "close", **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read(_AT_MOST))
        finally:
            connection.close()

    return bounded(request)


def explain(error: OSError | http.client.HTTPException) -> str:
    """Return in a few words why there was no response."""
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT:g} s"
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved ({error.strerror})"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection ({error.reason or error})"
    if isinstance(error, http.client.HTTPException):
        return "the server there does not speak HTTP/1"
    return error.strerror or str(error) or type(error).__name__
