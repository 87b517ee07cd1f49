"""The path of log records from the hook to the exporter."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from .catalogue import FINGERPRINT
from .exception_reports import ExceptionReports
from .exceptions import ExceptionRedactor
from .guard import Guard

LogSink = Callable[[logging.Logger, logging.LogRecord], None]
"""Receives a log record as it is made: (the logger that let it through, the record). Must not block."""


class LogPipeline:
    """Forwards log records to the sink, without those that a source drops.

    Attributes
    ----------
    part:
        The name under which health reports the export of log records.
    sink:
        Set by the bridge if logs are exported. It receives copies, which it may change. Their messages are formatted
        and have no arguments. If an exception involves a private one, ``exc_info`` holds its class only. Any other
        exception is in the first record that is exported with it; later ones have its fingerprint alone.
    """

    part = "log records"

    def __init__(self, guard: Guard, exceptions: ExceptionRedactor, reports: ExceptionReports) -> None:
        self.sink: LogSink | None = None
        self._guard = guard
        self._exceptions = exceptions
        self._reports = reports
        self._minimums: dict[str, int] = {}
        self._local = threading.local()

    def drop_below(self, logger: str, level: int) -> None:
        """Drop every record of ``logger``, and of the loggers beneath it, whose level is lower than ``level``."""
        self._minimums[logger] = level

    def forward(self, logger: logging.Logger, record: logging.LogRecord) -> None:
        """Pass ``record`` to the sink, unless it is dropped.

        A record that is logged while another is forwarded is dropped too, since it would be forwarded endlessly.
        """
        sink = self.sink
        if sink is None or self._is_dropped(record) or getattr(self._local, "forwarding", False):
            return
        self._local.forwarding = True
        try:
            # If the message does not fit its arguments, the program is at fault, and Python's own handlers report it.
            message = self._guard.attempt(record.getMessage, _ignore)
            if message is not None:
                sink(logger, self._copy(record, message))
        finally:
            self._local.forwarding = False

    def _is_dropped(self, record: logging.LogRecord) -> bool:
        return any(
            record.levelno < level and (record.name == logger or record.name.startswith(f"{logger}."))
            for logger, level in self._minimums.items()
        )

    def _copy(self, record: logging.LogRecord, message: str) -> logging.LogRecord:
        copy = logging.LogRecord.__new__(logging.LogRecord)  # the program's own factory may have side effects
        vars(copy).update(vars(record))
        copy.msg, copy.args = message, None
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return copy
        if self._exceptions.involves_private(error):
            copy.exc_info = (type(error), None, None)  # type: ignore[assignment] - formatters accept None
            return copy
        fingerprint, first = self._reports.exported(record)
        if fingerprint is not None:
            vars(copy)[FINGERPRINT.name] = fingerprint
        if not first:
            copy.exc_info = copy.exc_text = None
        return copy


def _ignore(_: str) -> None:
    pass
