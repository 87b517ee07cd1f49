"""Reports exceptions: each as one log record, and those that nothing handled in a count by fingerprint.

An exception may pass several hooks: discord.py logs what a command raised, and then the command's operation ends with
it. It is exported once, with the first of them, and counted once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from .catalogue import FINGERPRINT
from .counters import Counter
from .definitions import AttributeValue, Event, Severity
from .exceptions import ExceptionRedactor
from .fingerprints import fingerprint, place, type_name
from .recent_errors import RecentErrors
from .tracing import SpanIds

ExceptionSink = Callable[[Event, Mapping[str, AttributeValue], "SpanIds | None"], None]
"""Receives the event of an exception: (definition, attributes, the span that it ended). Must not block."""

_MARKS = "_argus_otel_reported"
# Reported with lower severity, an exception is reported again if it ends an outer operation.
_COUNTED, _EXPORTED, _EXPORTED_BELOW_ERROR = 1, 2, 4


class ExceptionReports:
    """Reports the exceptions that end operations and those that the program logs.

    Parameters
    ----------
    counts:
        The cells of ``argus.exceptions``.

    Attributes
    ----------
    sink:
        Set by the bridge if logs are exported.
    on_spans:
        Whether spans hold exceptions as span events. The bridge sets it.
    recent:
        The last errors, for people.
    """

    def __init__(self, counts: Counter, exceptions: ExceptionRedactor) -> None:
        self.sink: ExceptionSink | None = None
        self.on_spans = True
        self.recent = RecentErrors()
        self._counts = counts
        self._exceptions = exceptions
        self._unwrap: Callable[[BaseException], BaseException] = _unchanged

    def unwrap_by(self, unwrap: Callable[[BaseException], BaseException]) -> None:
        """Have ``unwrap`` return the program's own exception under an observed library's wrapper."""
        self._unwrap = unwrap

    def report(
        self, event: Event, error: BaseException, attributes: Mapping[str, AttributeValue], span: SpanIds | None
    ) -> None:
        """Report an exception that has ended an operation.

        Parameters
        ----------
        event:
            The ``exception`` of the operation's :class:`~.definitions.Span`. If its severity is ERROR, the exception
            is counted. A lower severity means that code of the program may handle it.
        attributes:
            Of the operation, for the record.
        span:
            The operation's span, if it is sampled.
        """
        group = fingerprint(error)
        unhandled = event.severity is Severity.ERROR
        if unhandled:
            self._count(error, group)
        if self.sink is None or not _mark(error, _EXPORTED if unhandled else _EXPORTED_BELOW_ERROR):
            return
        message, stacktrace = self._exceptions.describe(error)
        described = {
            **attributes,
            "exception.type": type_name(error),
            "exception.message": message,
            "exception.stacktrace": stacktrace,
            FINGERPRINT.name: group,
        }
        self.sink(event, described, span)

    def logged(self, record: logging.LogRecord) -> None:
        """Count the exception of ``record``, whose level is ERROR or above."""
        error = self._error_of(record)
        if error is not None:
            self._count(error, fingerprint(error))
        elif not record.exc_info:
            self.recent.add((record.name, f"{record.module}.{record.funcName}:{record.lineno}"))

    def exported(self, record: logging.LogRecord) -> tuple[str | None, bool]:
        """Note that a log record is exported.

        Returns
        -------
        tuple
            The fingerprint of its exception, if it has one, and whether the exception is exported for the first time.
        """
        error = self._error_of(record)
        if error is None:
            return None, True
        first = _mark(error, _EXPORTED if record.levelno >= logging.ERROR else _EXPORTED_BELOW_ERROR)
        return fingerprint(error), first

    def _error_of(self, record: logging.LogRecord) -> BaseException | None:
        """Return the exception of ``record``, unless it rejects a user's input."""
        error = record.exc_info[1] if record.exc_info else None
        return None if error is None or self._exceptions.is_private(error) else self._unwrap(error)

    def _count(self, error: BaseException, group: str) -> None:
        if _mark(error, _COUNTED):
            self._counts[group].value += 1
            self.recent.add((type_name(error), place(error)))


def _mark(error: BaseException, mark: int) -> bool:
    """Set ``mark`` on ``error``; return whether it was not set before.

    A mark on the object neither keeps it alive nor mistakes a later exception at the same address for it. An object
    that the program raises again and again is reported once.
    """
    marks: dict[str, int] = error.__dict__  # which every exception has, whatever its class defines
    known = marks.get(_MARKS, 0)
    marks[_MARKS] = known | mark
    return not known & mark


def _unchanged(error: BaseException) -> BaseException:
    return error
