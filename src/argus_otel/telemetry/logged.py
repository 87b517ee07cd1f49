"""What the observed program logs, on its way from the hook to whoever exports it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

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
        that it may change them; ``exc_info`` of a private exception has its class only.
    """

    part = "log records"

    def __init__(self, guard: Guard) -> None:
        self.sink: LogSink | None = None
        self._guard = guard
        self._withheld: dict[str, int] = {}
        self._private: list[Callable[[BaseException], bool]] = []
        self._here = threading.local()

    def withhold(self, logger: str, below: int) -> None:
        """Pass on no record of ``logger``, nor of one beneath it, whose level is lower than ``below``."""
        self._withheld[logger] = below

    def keep_private(self, is_private: Callable[[BaseException], bool]) -> None:
        """Pass on the class only of an exception that ``is_private`` says so of, or that was raised from such a one."""
        if is_private not in self._private:
            self._private.append(is_private)

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
        if error is not None and any(is_private(each) for each in _chain(error) for is_private in self._private):
            copy.exc_info = (type(error), None, None)  # type: ignore[assignment] - whoever formats it looks for None
        return copy


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Iterate over the exceptions that a traceback of ``error`` shows."""
    shown = {id(error): error}
    to_come = [error]
    while to_come:
        each = to_come.pop()
        yield each
        for other in (each.__cause__, each.__context__, *getattr(each, "exceptions", ())):
            if isinstance(other, BaseException) and id(other) not in shown:
                shown[id(other)] = other
                to_come.append(other)


def _unformatted(_: str) -> None:
    pass
