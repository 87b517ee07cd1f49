"""Rows as OTLP log records, to where the bot's logs go.

Straight through an exporter of OpenTelemetry's, and not through its batching queue, which drops what it has no room for
and cannot tell whether what it took has arrived.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from time import time_ns
from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from argus_otel.history.delivery import AwayError, RefusedError
from argus_otel.history.rows import COLUMNS, Row
from argus_otel.otel.exporters import demote_logs, load
from argus_otel.otel.scope import SCOPE
from argus_otel.telemetry import AttributeValue
from argus_otel.unquoted import location
from argus_otel.version import __version__

_SCOPE = InstrumentationScope(SCOPE, __version__)
_IDS = ("guild_id", "channel_id")
_OF_RESOURCE = ("service", "cluster")
_NOTHING = ("", 0, 0.0)
# What the protocol says that must not be sent again: https://opentelemetry.io/docs/specs/otlp/#failures
_REFUSED = re.compile(r"INVALID_ARGUMENT|\b(?:400|413)\b")
_CREDENTIALS = re.compile(r"\S+@")


class OtlpCarrier:
    """Sends log records.

    Parameters
    ----------
    exporter:
        The entry point of a log exporter.
    resource:
        The bot's own, for those of its events.

    Raises
    ------
    MissingError
        The exporter is not installed.
    """

    def __init__(self, exporter: str, resource: Resource) -> None:
        kind = load("opentelemetry_logs_exporter", exporter, "OTEL_LOGS_EXPORTER")
        demote_logs(kind)
        self._exporter: Any = kind()
        self._resource = resource
        self._resources: dict[tuple[str, str], Resource] = {}
        self._said = _LastWord(kind)
        self._endpoint = str(getattr(self._exporter, "_endpoint", ""))
        self._shown = location(self._endpoint) if self._endpoint else "where logs go"
        self.where = f"{exporter} {self._shown}"

    def carry(self, rows: Sequence[Row]) -> None:
        """Send rows; return when they were acknowledged.

        Raises
        ------
        AwayError, RefusedError
        """
        with self._said:
            try:
                result = self._exporter.export([self._record(row) for row in rows])
            except (OSError, ValueError) as error:  # whose message may quote the address, with its password
                raise AwayError(f"{self.where} does not take events: {type(error).__name__}") from None
        if getattr(result, "name", "") == "SUCCESS":
            return
        said = self._without_secret(self._said.message)
        if _REFUSED.search(said):
            raise RefusedError(said)
        raise AwayError(f"{self.where} does not take events: {said or 'the exporter does not say why'}")

    def close(self) -> None:
        """End what is under way."""
        self._exporter.shutdown()

    def _without_secret(self, text: str) -> str:
        """Return what the exporter says, with what may be shown of the address in place of all forms of it."""
        target = self._endpoint.partition("://")[2] or self._endpoint
        for form in (self._endpoint, target, target.partition("/")[0]):
            if form:
                text = text.replace(form, self._shown)
        return _CREDENTIALS.sub("", text)

    def _record(self, row: Row) -> ReadableLogRecord:
        record = LogRecord(
            timestamp=row.time * 1000,
            observed_timestamp=time_ns(),
            severity_number=SeverityNumber.INFO,
            body=row.event,
            attributes=attributes_of(row),
            event_name=row.event,
        )
        return ReadableLogRecord(record, self._resource_of(row), _SCOPE)

    def _resource_of(self, row: Row) -> Resource:
        """Return the bot's resource; of a row that another process has left on the disk, with that one's names."""
        who = row.service, row.cluster
        known = self._resources.get(who)
        if known is None:
            own = self._resource.attributes
            known = self._resource
            if who != (own.get("service.name"), own.get("discord.cluster.id", "")):
                names = {"service.name": row.service, "discord.cluster.id": row.cluster}
                known = known.merge(Resource({name: value for name, value in names.items() if value}))
            self._resources[who] = known
        return known


def attributes_of(row: Row) -> dict[str, AttributeValue]:
    """Return what a log record of a row has, by the names that :data:`~argus_otel.history.rows.COLUMNS` give."""
    attributes: dict[str, AttributeValue] = dict(row.attributes)
    for column in COLUMNS:
        value = getattr(row, column.name)
        if not column.attribute or column.name in _OF_RESOURCE:
            continue
        if column.name == "shard":
            if value >= 0:
                attributes[column.attribute] = value
        elif value not in _NOTHING:
            attributes[column.attribute] = str(value) if column.name in _IDS else value
    return attributes


class _LastWord(logging.Filter):
    """What an exporter says last in this thread: its result is no more than that it failed."""

    def __init__(self, exporter: type[object]) -> None:
        super().__init__()
        self._thread: int | None = None
        self.message = ""
        for base in exporter.__mro__:
            if base.__module__.startswith("opentelemetry.exporter"):
                # Before all others, which may let nothing through.
                logging.getLogger(base.__module__).filters.insert(0, self)

    def __enter__(self) -> None:
        self.message = ""
        self._thread = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._thread = None

    def filter(self, record: logging.LogRecord) -> bool:
        if record.thread == self._thread:
            self.message = record.getMessage()
        return True
