"""What is alive, what is ready, and which parts run or could not start."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from enum import Enum

_log = logging.getLogger("argus_otel")


class State(Enum):
    """How a part of the distro is doing."""

    OK = "ok"
    OFF = "off"
    ABSENT = "absent"
    FAILED = "failed"


class Part:
    """One part of the distro: a source, a hook, an exporter, the endpoint.

    Attributes
    ----------
    expected:
        Whether the state is nothing unusual, and not worth a warning.
    """

    __slots__ = ("state", "detail", "expected")

    def __init__(self, state: State, detail: str = "", *, expected: bool = False) -> None:
        self.state = state
        self.detail = detail
        self.expected = expected


class Check:
    """One answer to "are you ready?" or to "are you alive?", which ``ready`` then means."""

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
        self._liveness: list[Callable[[float], Iterable[Check]]] = []
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
        part = Part(state, detail, expected=not warn)
        before = self._parts.get(name)
        self._parts[name] = part
        if warn and state in (State.FAILED, State.ABSENT) and (before is None or before.state is not state):
            _log.warning(
                "argus-otel: %s %s: %s. The program and everything else go on.", name, state.value, detail.rstrip(".")
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

    def add_liveness(self, check: Callable[[float], Iterable[Check]]) -> None:
        """Add a source's answers to "are you alive?"; called from any thread, with the seconds that it may take."""
        if check not in self._liveness:
            self._liveness.append(check)

    def alive(self, timeout: float) -> bool:
        """Whether every source says that its program is alive.

        A process that ends is alive: its event loop does not respond because the last export is waited for.

        Parameters
        ----------
        timeout:
            How long each check may take, in seconds.
        """
        return self.ending or all(answer.ready for check in tuple(self._liveness) for answer in check(timeout))

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
