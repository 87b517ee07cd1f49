"""The last distinct errors of the program: class, place and count, without messages.

An exception's message may quote what a user typed, and a log record's text anything, so neither is kept. An error that
ends some work and is logged besides is counted once.
"""

from __future__ import annotations

import logging
import os
import threading
from time import time
from types import FrameType, TracebackType
from typing import TypeAlias

MAX_ERRORS = 50
"""How many distinct errors are kept; beyond, those that have not occurred for longest are dropped."""

_MAX_PENDING = 64
_MAX_CAUSES = 5

_WORK, _LOG = "work", "log"


Origin: TypeAlias = "tuple[str, str]"
"""What tells one error from another: its class, and the place where it was raised.

The class has its module, unless that is ``builtins`` or ``__main__``. The place is ``module.function:line`` of the
innermost frame of the program's own code, or of the innermost frame of all if none is. A log record without an
exception has its logger's name for a class, and the place where it was logged.
"""


class RecentError:
    """An error that has occurred.

    Attributes
    ----------
    origin:
        Its class and its place.
    count:
        How often it occurred, since it was first kept.
    last:
        When it occurred last, in seconds since the epoch.
    """

    __slots__ = ("origin", "count", "last")

    def __init__(self, origin: Origin, count: int, last: float) -> None:
        self.origin = origin
        self.count = count
        self.last = last


class RecentErrors:
    """Counts errors by their origin. Costs nothing as long as nothing fails."""

    def __init__(self) -> None:
        self._errors: dict[Origin, RecentError] = {}
        # An exception is alive from its first report to its second, so until then no other has its identity.
        self._pending: dict[int, str] = {}
        self._lock = threading.RLock()  # reentrant: a finaliser that runs in here may log an error

    def failed(self, error: BaseException) -> None:
        """Count an exception that has ended some work. Any thread."""
        self._report(error, _WORK)

    def logged(self, record: logging.LogRecord) -> None:
        """Count a log record of an error. Any thread."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            self._report(error, _LOG)
        else:
            self._count((record.name, f"{record.module}.{record.funcName}:{record.lineno}"))

    def latest(self) -> list[RecentError]:
        """Return the errors, the last first. Any thread."""
        with self._lock:
            return list(reversed(self._errors.values()))

    def forget(self) -> None:
        """After a fork, in the child: forget the parent's errors, and its lock."""
        self._errors, self._pending, self._lock = {}, {}, threading.RLock()

    def _report(self, error: BaseException, how: str) -> None:
        # What is logged may be a wrapper of what ended the work, raised from it by the observed library.
        chain = _causes(error)
        with self._lock:
            before = [self._pending.pop(id(each), None) for each in chain]
            if any(other is not None and other != how for other in before):
                return  # the same exception, which was logged and has ended the work
            for each in chain:
                self._pending[id(each)] = how
            while len(self._pending) > _MAX_PENDING:
                del self._pending[next(iter(self._pending))]
        self._count(origin_of(error))

    def _count(self, origin: Origin) -> None:
        with self._lock:
            known = self._errors.pop(origin, None)
            if known is None and len(self._errors) >= MAX_ERRORS:
                del self._errors[next(iter(self._errors))]
            self._errors[origin] = RecentError(origin, 1 if known is None else known.count + 1, time())


def origin_of(error: BaseException) -> Origin:
    """Return the class of ``error`` and the place in the program's own code where it was raised.

    If no frame of it is the program's own, but one of an exception that it was raised from is, it is a wrapper, and the
    origin is that of the other.
    """
    for each in _causes(error):
        own = _innermost(each, own=True)
        if own is not None:
            return _class_of(each), _place(own)
    innermost = _innermost(error, own=False)
    return _class_of(error), "" if innermost is None else _place(innermost)


def _causes(error: BaseException) -> list[BaseException]:
    """Return ``error``, and what it was raised from."""
    found: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and len(found) < _MAX_CAUSES:
        found.append(each)
        each = each.__cause__
    return found


def _class_of(error: BaseException) -> str:
    kind = type(error)
    module = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"


def _innermost(error: BaseException, *, own: bool) -> TracebackType | None:
    found: TracebackType | None = None
    trace = error.__traceback__
    while trace is not None:
        if not own or _is_own(trace.tb_frame):
            found = trace
        trace = trace.tb_next
    return found


def _place(trace: TracebackType) -> str:
    code = trace.tb_frame.f_code
    function = getattr(code, "co_qualname", code.co_name).replace(".<locals>", "")
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}.{function}:{trace.tb_lineno}"


def _is_own(frame: FrameType) -> bool:
    """Whether a frame is in the program's own code: neither installed, nor of Python or argus-otel."""
    file = frame.f_code.co_filename
    return not file.startswith(_FOREIGN) and not any(folder in file for folder in _INSTALLED)


_FOREIGN = ("<", os.path.dirname(os.__file__), os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120 - a str is compared
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
