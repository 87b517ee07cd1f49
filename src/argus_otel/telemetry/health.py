"""What is alive, what is ready, and which parts run or could not start."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from enum import Enum

_log = logging.getLogger("argus_otel")


class State(Enum):
    """How a part of the distro is doing."""

    OK = "ok"
    OFF = "off"
    ABSENT = "absent"
    FAILED = "failed"


class Part:
    """One part of the distro: a hook, an exporter, the endpoint."""

    __slots__ = ("state", "detail")

    def __init__(self, state: State, detail: str = "") -> None:
        self.state = state
        self.detail = detail


class Check:
    """One answer to "are you ready?"."""

    __slots__ = ("name", "ready", "detail")

    def __init__(self, name: str, ready: bool, detail: str = "") -> None:
        self.name = name
        self.ready = ready
        self.detail = detail


class Health:
    """The distro's own account of itself, which the endpoint serves and ``argus-otel doctor`` prints.

    Parts are named ``kind:name``: ``hook:gateway events``, ``exporter:traces otlp``, ``endpoint``.

    Attributes
    ----------
    ending:
        Whether the process has begun to end, and waits for its last export.
    """

    def __init__(self) -> None:
        self.ending = False
        self._parts: dict[str, Part] = {}
        self._loops: list[asyncio.AbstractEventLoop] = []
        self._readiness: list[Callable[[], list[Check]]] = []
        self._sections: dict[str, Callable[[], object]] = {}

    # -- parts

    def report(self, name: str, state: State, detail: str = "", *, warn: bool = True) -> None:
        """Set a part's state. One that failed or is absent is warned of, once for as long as that lasts.

        Parameters
        ----------
        warn:
            Whether to warn of it; ``False`` where whoever reports it says so in another way.
        """
        part = Part(state, detail)
        before = self._parts.get(name)
        self._parts[name] = part
        if warn and state in (State.FAILED, State.ABSENT) and (before is None or before.state is not state):
            _log.warning(
                "argus-otel: %s %s: %s. The bot and everything else go on.", name, state.value, detail.rstrip(".")
            )
        elif state is State.OK and before is not None and before.state is State.FAILED:
            _log.info("argus-otel: %s works again", name)

    def forget(self, prefix: str) -> None:
        """Drop the parts whose name begins with ``prefix``."""
        for name in [name for name in tuple(self._parts) if name.startswith(prefix)]:
            self._parts.pop(name, None)

    def parts(self, prefix: str = "") -> dict[str, Part]:
        """Return the parts whose name begins with ``prefix``."""
        return {name: part for name, part in tuple(self._parts.items()) if name.startswith(prefix)}

    # -- alive

    def watch_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make ``loop`` one of those that :meth:`alive` asks for a sign of life."""
        self._loops = [known for known in self._loops if not known.is_closed() and known is not loop] + [loop]

    def alive(self, timeout: float) -> bool:
        """Ask every event loop for a sign of life, from another thread.

        Nothing runs on the loop between two questions: each is one callback. A process that ends is alive: its event
        loop stands still because the last export is waited for.

        Parameters
        ----------
        timeout:
            How long to wait for all of them together, in seconds.
        """
        if self.ending:
            return True
        answers: list[threading.Event] = []
        for loop in self._loops:
            answered = threading.Event()
            if not loop.is_running():  # the bot has ended in good order, or is between two runs
                continue
            try:
                loop.call_soon_threadsafe(answered.set)
            except RuntimeError:  # closed since
                continue
            answers.append(answered)
        deadline = time.monotonic() + timeout
        return all(answered.wait(max(0.0, deadline - time.monotonic())) for answered in answers)

    def forget_loops(self) -> None:
        """Ask none of the event loops that are known: in a forked child, where they are the parent's."""
        self._loops = []

    # -- ready

    def add_readiness(self, check: Callable[[], list[Check]]) -> None:
        """Add a source's answers to "are you ready?"; called from any thread."""
        if check not in self._readiness:
            self._readiness.append(check)

    def checks(self) -> list[Check]:
        """Return every check's answer now. Nothing to ask means that nothing has started."""
        return [answer for check in tuple(self._readiness) for answer in check()]

    # -- what a source tells of itself

    def add_section(self, name: str, describe: Callable[[], object]) -> None:
        """Add a section of JSON-able facts to the status."""
        self._sections[name] = describe

    def sections(self) -> dict[str, object]:
        """Return what the sources tell of themselves now."""
        return {name: describe() for name, describe in tuple(self._sections.items())}

    def describe(self) -> dict[str, object]:
        """Return parts and sections in a JSON-able form."""
        parts = {name: {"state": part.state.value, "detail": part.detail} for name, part in self.parts().items()}
        return {"parts": parts, **self.sections()}
