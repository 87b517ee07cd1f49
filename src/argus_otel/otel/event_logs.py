"""Sends events of history as log records, through a log exporter of OpenTelemetry's."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from time import time_ns
from typing import Any, NamedTuple, Protocol

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from argus_otel.telemetry import AttributeValue
from argus_otel.unquoted import location
from argus_otel.version import __version__

from .exporters import demote_logs, load
from .private import LogRecord, ReadableLogRecord, SeverityNumber
from .scope import SCOPE

__all__ = ["EventLogSender", "SendResult", "suppress_instrumentation"]

_SCOPE = InstrumentationScope(SCOPE, __version__)
# Failures after which a batch must not be sent again: https://opentelemetry.io/docs/specs/otlp/#failures
_REJECTED = re.compile(r"INVALID_ARGUMENT|\b(?:400|413)\b")
_CREDENTIALS = re.compile(r"\S+@")


class SendResult(NamedTuple):
    """How a batch ended.

    Attributes
    ----------
    delivered:
        Whether it was acknowledged.
    rejected:
        Whether the same batch will never be accepted.
    message:
        The reason of a failure, without secrets.
    """

    delivered: bool
    rejected: bool = False
    message: str = ""


class EventRecord(Protocol):
    """One log record; its time is in nanoseconds since 1970."""

    @property
    def time(self) -> int: ...
    @property
    def event(self) -> str: ...
    @property
    def attributes(self) -> Mapping[str, AttributeValue]: ...
    @property
    def resource(self) -> Mapping[str, str]: ...


class EventLogSender:
    """Sends log records, and waits for their acknowledgement.

    Parameters
    ----------
    exporter:
        The entry point of a log exporter.
    resource:
        Of this process.

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
        self._resources: dict[tuple[tuple[str, str], ...], Resource] = {}
        self._last_message = _LastMessage(kind)
        self._endpoint = str(getattr(self._exporter, "_endpoint", ""))
        self._shown = location(self._endpoint) if self._endpoint else "the destination of logs"
        self.destination = f"{exporter} {self._shown}"

    def send(self, records: Sequence[EventRecord]) -> SendResult:
        """Send records; return once they are acknowledged, or have failed."""
        with self._last_message:
            try:
                result = self._exporter.export([self._log_record(record) for record in records])
            except (OSError, ValueError) as error:  # whose message may quote the address, with its password
                return SendResult(False, message=type(error).__name__)
        if getattr(result, "name", "") == "SUCCESS":
            return SendResult(True)
        message = self._without_secret(self._last_message.text)
        return SendResult(False, bool(_REJECTED.search(message)), message or "the exporter gives no reason")

    def close(self) -> None:
        """Shut the exporter down."""
        self._exporter.shutdown()

    def _without_secret(self, text: str) -> str:
        """Return an exporter's message with every form of the address replaced by the part that may be shown."""
        target = self._endpoint.partition("://")[2] or self._endpoint
        for form in (self._endpoint, target, target.partition("/")[0]):
            if form:
                text = text.replace(form, self._shown)
        return _CREDENTIALS.sub("", text)

    def _log_record(self, record: EventRecord) -> ReadableLogRecord:
        log_record = LogRecord(
            timestamp=record.time,
            observed_timestamp=time_ns(),
            severity_number=SeverityNumber.INFO,
            body=record.event,
            attributes=dict(record.attributes),
            event_name=record.event,
        )
        return ReadableLogRecord(log_record, self._resource_of(record.resource), _SCOPE)

    def _resource_of(self, attributes: Mapping[str, str]) -> Resource:
        """Return the resource of the process that recorded an event: another one may have left it in the spool."""
        key = tuple(attributes.items())
        known = self._resources.get(key)
        if known is None:
            known = self._resource
            if any(known.attributes.get(name) != value for name, value in attributes.items()):
                known = known.merge(Resource(dict(attributes)))
            self._resources[key] = known
        return known


class _LastMessage(logging.Filter):
    """Keeps the last message that an exporter logs in this thread: its result says only that it failed."""

    def __init__(self, exporter: type[object]) -> None:
        super().__init__()
        self._thread: int | None = None
        self.text = ""
        for base in exporter.__mro__:
            if base.__module__.startswith("opentelemetry.exporter"):
                # Before all other filters, which may let nothing through.
                logging.getLogger(base.__module__).filters.insert(0, self)

    def __enter__(self) -> None:
        self.text = ""
        self._thread = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._thread = None

    def filter(self, record: logging.LogRecord) -> bool:
        if record.thread == self._thread:
            self.text = record.getMessage()
        return True
