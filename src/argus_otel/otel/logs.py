"""The program's log records become OpenTelemetry's, without secrets.

OpenTelemetry's own handler translates them. It is attached to no logger, since that would keep Python's
``logging.basicConfig()`` and last resort from working: the hook that sees every record calls it.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from opentelemetry import context as otel_context
from opentelemetry.util.types import AnyValue

from argus_otel.telemetry import Health, LogPipeline, State, message_of, type_name

from .private import Logger, LoggerProvider, LogRecord, suppress_key
from .texts import exportable
from .unsampled import without_unsampled_ids

_SUPPRESSED = suppress_key()
_INT64 = range(-(2**63), 2**63)


class ExportedLogs:
    """Exports log records.

    OpenTelemetry's own records, and records that are logged during an export, are left out: if an export failed, they
    would cause the next one. So are records that another OpenTelemetry handler exports already.

    Parameters
    ----------
    redact:
        Takes secrets out of a text.
    """

    def __init__(self, provider: LoggerProvider, redact: Callable[[str], str], health: Health) -> None:
        from opentelemetry.instrumentation.logging.handler import (  # pyright: ignore[reportMissingTypeStubs]
            LoggingHandler,
        )

        self._handler = LoggingHandler(logger_provider=RedactingProvider(provider, redact))
        self._health = health
        self._reported = False
        self._exports_elsewhere(logging.getLogger())

    def __call__(self, logger: logging.Logger, record: logging.LogRecord) -> None:
        """Export ``record``."""
        if record.name == "opentelemetry" or record.name.startswith("opentelemetry."):
            return
        if not otel_context.get_value(_SUPPRESSED) and not self._exports_elsewhere(logger):
            self._handler.handle(record)

    def _exports_elsewhere(self, logger: logging.Logger) -> bool:
        each: logging.Logger | None = logger
        while each is not None:
            for handler in each.handlers:
                if _is_opentelemetrys(type(handler)):
                    self._report(each.name)
                    return True
            each = each.parent if each.propagate else None
        return False

    def _report(self, logger: str) -> None:
        if not self._reported:
            self._reported = True
            detail = f"OpenTelemetry's handler on the logger {logger} exports them, and ours leaves them to it"
            self._health.report(LogPipeline.part, State.OFF, detail)


@lru_cache(maxsize=128)
def _is_opentelemetrys(handler: type[logging.Handler]) -> bool:
    """Whether it is a `LoggingHandler`: of contrib, of older SDKs, or a subclass."""
    return any(
        base.__name__ == "LoggingHandler" and base.__module__.startswith("opentelemetry.") for base in handler.__mro__
    )


class RedactingProvider(LoggerProvider):
    """Wraps another provider, so that its loggers get no secrets."""

    def __init__(self, provider: LoggerProvider, redact: Callable[[str], str]) -> None:
        self._provider = provider
        self._redact = redact

    def get_logger(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Mapping[str, AnyValue] | None = None,
    ) -> Logger:
        """Return a logger."""
        return RedactingLogger(self._provider.get_logger(name, version, schema_url, attributes), name, self._redact)


class RedactingLogger(Logger):
    """Takes secrets out of body and attributes.

    Attributes that are neither text, numbers, truth values nor flat lists of these are left out: their text is
    not known here, and could be a user's message.
    """

    def __init__(self, logger: Logger, name: str, redact: Callable[[str], str]) -> None:
        super().__init__(name)
        self._logger = logger
        self._redact = redact

    def enabled(self, **fields: Any) -> bool:
        """Whether the wrapped logger takes such a record."""
        ask = getattr(self._logger, "enabled", None)  # which OpenTelemetry's first loggers here do not have
        return ask is None or bool(ask(**fields))

    def emit(self, record: LogRecord | None = None, **fields: Any) -> None:  # type: ignore[override]
        """Pass ``record`` on, changed in place; without one, a record of these fields."""
        record = record or LogRecord(**fields)
        record.body = self._redacted(record.body)
        attributes: dict[Any, object] = {**_of_exception(record), **(record.attributes or {})}
        shown = {name: self._redacted(value) for name, value in attributes.items() if isinstance(name, str)}
        record.attributes = {name: value for name, value in shown.items() if value is not None}
        self._logger.emit(without_unsampled_ids(record))

    def _redacted(self, value: object) -> AnyValue:
        if isinstance(value, str):
            return exportable(value, self._redact)
        if isinstance(value, int) and value not in _INT64:
            return str(value)
        if isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, (list, tuple)):
            several = cast("Sequence[object]", value)
            if all(isinstance(each, (str, bool, int, float)) for each in several):
                return [self._redacted(each) for each in several]
        return None


def _of_exception(record: LogRecord) -> dict[str, AnyValue]:
    """Take the exception out of ``record``, and return the attributes that the SDK would make of it."""
    error = record.exception
    if error is None:
        return {}
    record.exception = None
    return {
        "exception.type": type_name(error),
        "exception.message": message_of(error),
        "exception.stacktrace": "".join(traceback.format_exception(type(error), error, error.__traceback__)),
    }
