"""Whether the event loops that programs run on respond."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable

from .health import Check


class LoopLiveness:
    """Asks every known event loop for a response, from another thread.

    Nothing runs on a loop between two questions: each is one callback.
    """

    def __init__(self) -> None:
        self._loops: list[asyncio.AbstractEventLoop] = []

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ask ``loop`` from now on; safe to repeat. A loop that is closed is forgotten."""
        self._loops = [known for known in self._loops if not known.is_closed() and known is not loop] + [loop]

    def forget(self) -> None:
        """Ask none of the loops that are known: in a forked child, where they are the parent's."""
        self._loops = []

    def check(self, timeout: float) -> Iterable[Check]:
        """Return whether each loop that runs responds.

        Parameters
        ----------
        timeout:
            How long to wait for all of them together, in seconds.
        """
        questions: list[threading.Event] = []
        for loop in self._loops:
            if not loop.is_running():  # the program has ended it in good order, or is between two runs
                continue
            answered = threading.Event()
            try:
                loop.call_soon_threadsafe(answered.set)
            except RuntimeError:  # closed since
                continue
            questions.append(answered)
        deadline = time.monotonic() + timeout
        responds = [answered.wait(max(0.0, deadline - time.monotonic())) for answered in questions]
        return [Check("event loop", each, "" if each else f"no response for {timeout:g} s") for each in responds]
