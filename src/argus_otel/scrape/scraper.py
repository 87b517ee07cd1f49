"""Scrapes an endpoint of argus-otel: `/metrics` and `/status`, within bounds of time and size."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import cast
from urllib.parse import urlsplit

from argus_otel.settings import DEFAULT_PORT, Settings

from .exposition import parse
from .series import Metrics

_TIMEOUT = 5.0
_DEADLINE = 20.0
_LARGEST = 64 * 1024 * 1024
_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - addresses to listen on, which a client cannot connect to


class UnreachableError(Exception):
    """The endpoint cannot be scraped. The message gives its URL, the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One scrape of an endpoint.

    Attributes
    ----------
    at:
        When it was scraped, by :func:`time.monotonic`, in seconds.
    metrics:
        The series of `/metrics`.
    status:
        The document of `/status`; empty if the path does not exist, as on a Collector.
    """

    at: float
    metrics: Metrics
    status: Mapping[str, object] = field(default_factory=dict[str, object])

    def since(self, before: Snapshot) -> Metrics:
        """Return what counters and histograms added after ``before``; gauges keep their present value."""
        return self.metrics.since(before.metrics)

    @property
    def resource(self) -> Mapping[str, str]:
        """The resource's attributes, as Prometheus spells them: ``service_name``, ``service_version``."""
        return dict(next(iter(self.metrics.numbers.get("target_info", {})), frozenset[tuple[str, str]]()))

    @property
    def service(self) -> str:
        """The program's ``service.name``."""
        return self.resource.get("service_name") or str(self.status.get("service", "unnamed"))


def default_url(settings: Settings) -> str:
    """Return the endpoint's URL for a program with these settings, as seen from this machine."""
    host = settings.endpoint_host.strip("[]")
    host = "127.0.0.1" if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
    scheme = "https" if settings.endpoint_certificate else "http"
    return f"{scheme}://{host}:{settings.endpoint_port.first or DEFAULT_PORT}"


class Scraper:
    """Scrapes one endpoint. It follows no redirect, which would take the token elsewhere, and uses no proxy.

    Parameters
    ----------
    url:
        The endpoint's base URL; the scheme may be left out.
    token:
        ``ARGUS_ENDPOINT_TOKEN``, if the endpoint requires it.

    Raises
    ------
    ValueError
        ``url`` is not a URL. The message does not quote it, since it may hold a password.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        wrong = f"the argument is not the URL of an endpoint: give one such as http://127.0.0.1:{DEFAULT_PORT}"
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            given = parts.port
        except ValueError:
            raise ValueError(wrong) from None
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.path:
            raise ValueError(wrong)
        port = given or (443 if parts.scheme == "https" else 80)
        self._connection = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._address = (parts.hostname, port)
        self._path = parts.path.rstrip("/").removesuffix("/metrics")
        self._headers = {"Authorization": b"Bearer " + token.strip().encode()} if token else {}
        self.url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{self._path}"

    def scrape(self) -> Snapshot:
        """Scrape `/metrics` and `/status`.

        Raises
        ------
        UnreachableError
            The server does not answer, refuses, or sends another format.
        """
        at = monotonic()
        code, text = self._get("/metrics")
        if code != http.HTTPStatus.OK:
            raise UnreachableError(self._refused("/metrics", code, text))
        try:
            metrics = parse(text)
        except ValueError as error:
            raise UnreachableError(f"{self.url}/metrics is not in Prometheus' text format") from error
        code, text = self._get("/status")
        return Snapshot(at, metrics, _status(text) if code == http.HTTPStatus.OK else {})

    def _get(self, path: str) -> tuple[int, str]:
        connection = self._connection(*self._address, timeout=_TIMEOUT)
        try:
            connection.request("GET", self._path + path, headers={"Accept": "text/plain", **self._headers})
            response = connection.getresponse()
            return response.status, self._body(response).decode(errors="replace")
        except ValueError:  # its text may quote the token
            message = f"cannot scrape {self.url}: the URL or the token has characters that HTTP does not allow"
            raise UnreachableError(message) from None
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(self._no_answer(error)) from error
        finally:
            connection.close()

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """Read a body that may never end."""
        body, end = bytearray(), monotonic() + _DEADLINE
        while chunk := response.read1(65536):
            body += chunk
            if len(body) > _LARGEST:
                raise UnreachableError(
                    f"{self.url} answers with more than {_LARGEST >> 20} MiB: it is not an endpoint of argus-otel"
                )
            if monotonic() > end:
                raise TimeoutError(f"its answer takes more than {_DEADLINE:g} s")
        if response.length:
            raise http.client.IncompleteRead(bytes(body), response.length)
        return bytes(body)

    def _no_answer(self, error: Exception) -> str:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return (
                f"{self.url} has a certificate that this machine does not trust. For a private authority, give its "
                "certificate: SSL_CERT_FILE=authority.pem argus-otel top ..."
            )
        reason = _printable(getattr(error, "strerror", None) or str(error) or type(error).__name__)
        return (
            f"no endpoint answers at {self.url} ({reason}).\nStart your program with `argus-otel run PROGRAM`; if it "
            "is running, give the URL that it printed at start: argus-otel top http://HOST:PORT"
        )

    def _refused(self, path: str, code: int, text: str) -> str:
        if code == http.HTTPStatus.UNAUTHORIZED:
            wrong = "another token" if self._headers else "a token"
            return f"{self.url} asks for {wrong}: set ARGUS_ENDPOINT_TOKEN to that of the program"
        said = _printable(text.strip().partition("\n")[0])
        return f"{self.url}{path} answers {code}: {said or 'an empty body'}"


def _printable(text: str) -> str:
    """Return ``text`` as one line without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:200]).strip()


def _status(text: str) -> Mapping[str, object]:
    try:
        told: object = json.loads(text)
    except (ValueError, RecursionError):  # the latter for endless nesting
        return {}
    return cast("dict[str, object]", told) if isinstance(told, dict) else {}
