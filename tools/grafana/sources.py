"""A Prometheus, a ClickHouse and a Loki, asked over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any


class RefusedError(Exception):
    """A data source would not answer; the message is its own."""


@dataclass(frozen=True)
class Prometheus:
    """One server.

    Parameters
    ----------
    url:
        Where it is.
    scrape:
        The scrape interval in seconds, which Grafana has from the data source's ``timeInterval``.
    """

    url: str
    scrape: float = 15.0

    def ask(self, path: str, parameters: list[tuple[str, str]]) -> Any:
        """Return the data of an answer of its API."""
        body = urllib.parse.urlencode(parameters)
        request = f"{self.url}/api/v1/{path}?{body}"
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - ours, and http
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise RefusedError(json.load(error)["error"]) from None

    def range(self, expression: str, began: float, until: float, step: float) -> list[Any]:
        """Return the series of an expression over time."""
        began, until = began - began % step, until - until % step
        times = [("start", str(began)), ("end", str(until)), ("step", str(step))]
        return self.ask("query_range", [("query", expression), *times])["result"]

    def instant(self, expression: str, at: float) -> dict[str, Any]:
        """Return the value of an expression at a time: ``resultType`` and ``result``."""
        return self.ask("query", [("query", expression), ("time", str(at))])

    def series(self, selector: str, began: float, until: float) -> list[dict[str, str]]:
        """Return the labels of all series that a selector matches in a span of time."""
        return self.ask("series", [("match[]", selector), ("start", str(began)), ("end", str(until))])

    def label_values(self, label: str, selector: str, began: float, until: float) -> list[str]:
        """Return the values of a label, of the series that a selector matches; of all where it is empty."""
        match = [("match[]", selector)] if selector else []
        return self.ask(f"label/{label}/values", [*match, ("start", str(began)), ("end", str(until))])

    def exemplars(self, expression: str, began: float, until: float) -> list[Any]:
        """Return the exemplars of all series that are in an expression."""
        return self.ask("query_exemplars", [("query", expression), ("start", str(began)), ("end", str(until))])


@dataclass(frozen=True)
class ClickHouse:
    """One database of a server.

    Parameters
    ----------
    url, database, user, password:
        As the data source has them.
    """

    url: str
    database: str
    user: str
    password: str

    def query(self, sql: str) -> tuple[list[tuple[str, str]], list[list[Any]]]:
        """Return the columns' names and types, and the rows."""
        form = {"default_format": "JSONCompact", "date_time_output_format": "unix_timestamp"}
        address = urllib.parse.urlencode({"database": self.database, **form})
        request = urllib.request.Request(f"{self.url}/?{address}", sql.encode())  # noqa: S310 - ours, and http
        request.add_header("X-ClickHouse-User", self.user)
        request.add_header("X-ClickHouse-Key", self.password)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                told = json.load(answer)
        except urllib.error.HTTPError as error:
            raise RefusedError(error.read().decode()) from None
        return [(one["name"], one["type"]) for one in told["meta"]], told["data"]


@dataclass(frozen=True)
class Loki:
    """One server.

    Parameters
    ----------
    url:
        Where it is.
    """

    url: str

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer of its API."""
        address = f"{self.url}/loki/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - ours, and http
                return json.load(answer).get("data") or []
        except urllib.error.HTTPError as error:
            raise RefusedError(error.read().decode()) from None

    def range(self, expression: str, began: float, until: float, step: float) -> dict[str, Any]:
        """Return the lines, or the series over time, of an expression: ``resultType`` and ``result``."""
        return self.ask("query_range", query=expression, limit="1000", step=f"{step:g}", **_between(began, until))

    def instant(self, expression: str, at: float) -> dict[str, Any]:
        """Return the value of an expression at a time: ``resultType`` and ``result``."""
        return self.ask("query", query=expression, time=_nanoseconds(at))

    def label_values(self, label: str, began: float, until: float) -> list[str]:
        """Return the values of a label of streams."""
        return self.ask(f"label/{label}/values", **_between(began, until))


def _between(began: float, until: float) -> dict[str, str]:
    return {"start": _nanoseconds(began), "end": _nanoseconds(until)}


def _nanoseconds(at: float) -> str:
    return str(int(at * 1e9))
