"""Subscribers to the events of checks: functions of the program, which can neither stall nor break the agent.

Each has a queue and a thread of its own. A coroutine function runs on the event loop of the program if there is one.
"""

from __future__ import annotations

import asyncio
import inspect
import queue
import threading
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

from argus_otel.telemetry import Guard

EventName: TypeAlias = Literal[
    "status_changed", "failed", "succeeded", "service_changed", "certificate_changed", "reloaded"
]

EVENTS: tuple[str, ...] = get_args(EventName)

WAITING = 1000
"""How many events wait for a subscriber. Later ones are dropped."""

LONGEST = 60.0
"""How long a coroutine is waited for, in seconds, before the next event is passed to it."""

Subscriber: TypeAlias = Callable[[Any], object]


class Subscribers:
    """Passes events on.

    Parameters
    ----------
    guard:
        Reports what a subscriber raises.
    dropped:
        Called with an event's name, and for how many more of these a subscriber was too slow: 0 as it subscribes.
    loop:
        Returns the program's event loop; ``None`` if none is known.
    """

    def __init__(
        self, guard: Guard, dropped: Callable[[str, int], None], loop: Callable[[], asyncio.AbstractEventLoop | None]
    ) -> None:
        self._guard = guard
        self._dropped = dropped
        self._queues: dict[str, list[queue.Queue[Any]]] = {name: [] for name in EVENTS}
        self._loop = loop

    def add(self, event: EventName, subscriber: Subscriber) -> None:
        """Pass every later event of this name to ``subscriber``.

        Raises
        ------
        ValueError
            There is no such event.
        """
        if event not in self._queues:
            raise ValueError(f"there is no event {event!r}; there are {', '.join(EVENTS)}")
        waiting: queue.Queue[Any] = queue.Queue(WAITING)
        self._queues[event].append(waiting)
        self._dropped(event, 0)
        name = f"argus-otel checks {event}"
        threading.Thread(target=self._serve, args=(waiting, subscriber), name=name, daemon=True).start()

    def tell(self, event: EventName, value: object) -> None:
        """Pass an event on. Does not block."""
        for waiting in self._queues[event]:
            if waiting.full():
                self._dropped(event, 1)
            else:  # the agent's loop alone adds to it, so that it is not full now either
                waiting.put_nowait(value)

    def _serve(self, waiting: queue.Queue[Any], subscriber: Subscriber) -> None:
        name = getattr(subscriber, "__qualname__", repr(subscriber))
        call = self._guard.shield(f"checks subscriber {name}", self._call, 2)
        while True:
            call(subscriber, waiting.get())

    def _call(self, subscriber: Subscriber, value: object) -> None:
        if not inspect.iscoroutinefunction(subscriber):
            subscriber(value)
            return
        coroutine = asyncio.wait_for(subscriber(value), LONGEST)
        loop = self._loop()
        if loop is not None and loop.is_running():
            asyncio.run_coroutine_threadsafe(coroutine, loop).result(LONGEST * 2)
        else:
            asyncio.run(coroutine)
