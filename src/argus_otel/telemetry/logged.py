"""What the observed program logs, on its way from the hook to whoever exports it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from .exceptions import Exceptions
from .guard import Guard

LogSink = Callable[[logging.Logger, logging.LogRecord], None]
"""Takes a log record as it is made: (the logger that let it through, the record). Must not block."""


class Logged:
    """Passes log records on, without what a source keeps back.

    Attributes
    ----------
    part:
        What their export is called among the parts of the distro.
    sink:
        Set by the bridge where logs are exported. It gets copies whose message is formatted and has no arguments, so
        that it may change them; ``exc_info`` of an exception that concerns a private one has its class only.
    """

    part = "log records"

    def __init__(self, guard: Guard, exceptions: Exceptions) -> None:
        self.sink: LogSink | None = None
        self._guard = guard
        self._exceptions = exceptions
        self._withheld: dict[str, int] = {}
        self._here = threading.local()

    def withhold(self, logger: str, below: int) -> None:
        """Pass on no record of ``logger``, nor of one beneath it, whose level is lower than ``below``."""
        self._withheld[logger] = below

    def pass_on(self, logger: logging.Logger, record: logging.LogRecord) -> None:
        """Give ``record`` to the sink, unless it is to be kept back.

        What is logged while that goes on, by whatever it calls, is not passed on: it would come here again for ever.
        """
        sink = self.sink
        if sink is None or self._is_withheld(record) or getattr(self._here, "passing", False):
            return
        self._here.passing = True
        try:
            # A message that does not go with its arguments is the program's fault, which Python's own handlers tell of.
            message = self._guard.attempt(record.getMessage, _unformatted)
            if message is not None:
                sink(logger, self._copy(record, message))
        finally:
            self._here.passing = False

    def _is_withheld(self, record: logging.LogRecord) -> bool:
        return any(
            record.levelno < below and (record.name == logger or record.name.startswith(f"{logger}."))
            for logger, below in self._withheld.items()
        )

    def _copy(self, record: logging.LogRecord, message: str) -> logging.LogRecord:
        copy = logging.LogRecord.__new__(logging.LogRecord)  # the program's own factory may do more than make one
        vars(copy).update(vars(record))
        copy.msg, copy.args = message, None
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and self._exceptions.concerns_private(error):
            copy.exc_info = (type(error), None, None)  # type: ignore[assignment] - whoever formats it looks for None
        return copy


def _unformatted(_: str) -> None:
    pass
