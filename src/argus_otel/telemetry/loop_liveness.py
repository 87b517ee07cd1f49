"""Whether the event loops of the observed programs respond."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable

from .health import Check


class LoopLiveness:
    """Checks from another thread whether each registered event loop responds.

    A check is one callback on each loop. Between two checks nothing runs there.
    """

    def __init__(self) -> None:
        self._loops: list[asyncio.AbstractEventLoop] = []

    def register(self, loop: asyncio.AbstractEventLoop) -> None:
        """Check ``loop`` from now on; safe to repeat. Closed loops are forgotten."""
        self._loops = [known for known in self._loops if not known.is_closed() and known is not loop] + [loop]

    @property
    def last(self) -> asyncio.AbstractEventLoop | None:
        """The loop that was registered last; ``None`` before the first."""
        return self._loops[-1] if self._loops else None

    def forget(self) -> None:
        """Forget every loop, in a forked child: they belong to the parent."""
        self._loops = []

    def check(self, timeout: float) -> Iterable[Check]:
        """Return for each running loop whether it responds.

        Parameters
        ----------
        timeout:
            How long to wait for all loops together, in seconds.
        """
        responses: list[threading.Event] = []
        for loop in self._loops:
            if not loop.is_running():  # the program has ended it normally, or is between two runs
                continue
            responded = threading.Event()
            try:
                loop.call_soon_threadsafe(responded.set)
            except RuntimeError:  # closed since
                continue
            responses.append(responded)
        deadline = time.monotonic() + timeout
        results = [responded.wait(max(0.0, deadline - time.monotonic())) for responded in responses]
        return [Check("event loop", each, "" if each else f"no response for {timeout:g} s") for each in results]
