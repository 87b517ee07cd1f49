"""Counts the items that OpenTelemetry's batch processors drop when their queue is full: the SDK only logs a line.

The length of a processor's queue is checked before an item is put into it; if the queue is full, the item is refused
and counted. So each item is either queued or counted. (The SDK would drop the oldest item instead, uncounted.)
"""

from __future__ import annotations

import threading
from typing import Any, Protocol, TypeVar, cast

from argus_otel.telemetry import State, Telemetry
from argus_otel.telemetry.catalogue import EXPORT_LOST

from .private import is_shut_down, queue_of, refuse_in_child

T = TypeVar("T")


class Restartable(Protocol):
    """A batch processor as :func:`count_drops` makes it, which outlives a fork."""

    def drop_in_child(self) -> None:
        """After a fork, in the child: take nothing, and leave queued items to the parent."""
        ...

    def restart_in_child(self, exporter: object) -> None:
        """Take items from now on, for an exporter of the child's own."""
        ...


def count_drops(processor: type[T], method: str, exporter: object, part: str, telemetry: Telemetry) -> T:
    """Return a batch processor that counts the items it drops. It is :class:`Restartable` too.

    Parameters
    ----------
    processor:
        ``BatchSpanProcessor`` or ``BatchLogRecordProcessor``.
    method:
        The name of the method that takes an item.
    part:
        The exporter's name among the parts of the status.
    """
    counter, name = telemetry.counter(EXPORT_LOST), part.removeprefix("exporter:")
    full, ended = counter[name, "queue_full"], counter[name, "ended"]
    taking = threading.RLock()  # code that runs under it may log, and so come here again

    class Counting(processor):  # type: ignore[misc, valid-type]
        _told = False

        def drop_in_child(self) -> None:
            nonlocal taking
            taking = threading.RLock()  # another thread of the parent's may have had it
            # The SDK starts a thread for each of its processors in a child. Of one that is shut down it ends at once.
            refuse_in_child(self)

        def restart_in_child(self, exporter: object) -> None:
            nonlocal waiting
            cast("Any", super()).__init__(exporter)
            anew = queue_of(self)
            waiting = waiting if anew is None else anew

    made = cast("Any", Counting)(exporter)
    queue = queue_of(made)
    if queue is None:
        return cast("T", made)
    waiting, most = queue, queue.maxlen or 0

    def enqueue(self: Any, item: Any) -> None:
        context = getattr(item, "context", None)
        flags = getattr(context, "trace_flags", None)
        if flags is not None and not flags.sampled:  # a span that is not exported anyhow
            return
        with taking:
            if is_shut_down(self):
                ended.value += 1
            elif len(waiting) < most:
                self._told = False
                getattr(super(Counting, self), method)(item)
            else:
                full.value += 1
                if not self._told:
                    self._told = True
                    why = f"its queue of {most} is full, and what comes now is lost: exports take too long"
                    telemetry.health.report(part, State.FAILED, why)

    setattr(Counting, method, enqueue)
    Counting.__name__ = Counting.__qualname__ = processor.__name__
    return cast("T", made)
