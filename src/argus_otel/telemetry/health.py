"""Health: liveness, readiness, and the state of each part of the distro."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from enum import Enum

_log = logging.getLogger("argus_otel")


class State(Enum):
    """The state of a part of the distro. A degraded part works, and does less."""

    OK = "ok"
    DEGRADED = "degraded"
    OFF = "off"
    ABSENT = "absent"
    FAILED = "failed"


class Part:
    """One part of the distro: a source, a hook, an exporter, the endpoint.

    Attributes
    ----------
    expected:
        Whether this state is normal and needs no warning.
    """

    __slots__ = ("state", "detail", "expected")

    def __init__(self, state: State, detail: str = "", *, expected: bool = False) -> None:
        self.state = state
        self.detail = detail
        self.expected = expected


class Check:
    """The result of one readiness or liveness check. For liveness, ``ready`` means alive."""

    __slots__ = ("name", "ready", "detail")

    def __init__(self, name: str, ready: bool, detail: str = "") -> None:
        self.name = name
        self.ready = ready
        self.detail = detail


class Health:
    """The state of the distro, which the endpoint serves and ``argus-otel doctor`` prints.

    Parts are named ``kind:name``: ``hook:gateway events``, ``exporter:traces otlp``, ``endpoint``.

    Attributes
    ----------
    ending:
        Whether the process is ending and waits for its last export.
    """

    def __init__(self) -> None:
        self.ending = False
        self._parts: dict[str, Part] = {}
        self._liveness: list[Callable[[float], Iterable[Check]]] = []
        self._readiness: list[Callable[[], list[Check]]] = []
        self._sections: dict[str, Callable[[], object]] = {}
        self._facts: dict[str, Callable[[], str]] = {}
        self._labels: list[Callable[[], dict[str, str]]] = []

    # -- parts

    def report(self, name: str, state: State, detail: str = "", *, warn: bool = True) -> None:
        """Set the state of a part. A part that becomes degraded, failed or absent is logged as a warning, once.

        Parameters
        ----------
        warn:
            Whether to log a warning. ``False`` if the caller reports the state in another way.
        """
        part = Part(state, detail, expected=not warn)
        before = self._parts.get(name)
        self._parts[name] = part
        if (
            warn
            and state in (State.DEGRADED, State.FAILED, State.ABSENT)
            and (before is None or before.state is not state)
        ):
            _log.warning(
                "argus-otel: %s %s: %s. The program and everything else go on.", name, state.value, detail.rstrip(".")
            )
        elif state is State.OK and before is not None and before.state is State.FAILED:
            _log.info("argus-otel: %s works again", name)

    def forget(self, prefix: str) -> None:
        """Remove the parts whose names begin with ``prefix``."""
        for name in [name for name in tuple(self._parts) if name.startswith(prefix)]:
            self._parts.pop(name, None)

    def parts(self, prefix: str = "") -> dict[str, Part]:
        """Return the parts whose names begin with ``prefix``."""
        return {name: part for name, part in tuple(self._parts.items()) if name.startswith(prefix)}

    # -- liveness

    def add_liveness(self, check: Callable[[float], Iterable[Check]]) -> None:
        """Add a source's liveness checks. ``check`` is called from any thread, with a timeout in seconds."""
        if check not in self._liveness:
            self._liveness.append(check)

    def alive(self, timeout: float) -> bool:
        """Whether every liveness check succeeds.

        An ending process is alive: its event loop does not respond because it waits for the last export.

        Parameters
        ----------
        timeout:
            How long each check may take, in seconds.
        """
        return self.ending or all(result.ready for check in tuple(self._liveness) for result in check(timeout))

    # -- readiness

    def add_readiness(self, check: Callable[[], list[Check]]) -> None:
        """Add a source's readiness checks. ``check`` is called from any thread."""
        if check not in self._readiness:
            self._readiness.append(check)

    def checks(self) -> list[Check]:
        """Return the result of every readiness check now. No result means that nothing has started."""
        return [result for check in tuple(self._readiness) for result in check()]

    # -- facts for a monitor

    def add_fact(self, name: str, read: Callable[[], str]) -> None:
        """Add a short fact for the placeholder ``{name}`` of ``ARGUS_HEARTBEAT_URL``; called from any thread."""
        self._facts[name] = read

    def facts(self) -> dict[str, str]:
        """Return the facts now."""
        return {name: read() for name, read in tuple(self._facts.items())}

    # -- labels for discovery

    def add_labels(self, describe: Callable[[], dict[str, str]]) -> None:
        """Add labels by which discovery tells this process from others. ``describe`` is called from any thread."""
        if describe not in self._labels:
            self._labels.append(describe)

    def labels(self) -> dict[str, str]:
        """Return the labels as they are now."""
        return {name: value for describe in tuple(self._labels) for name, value in describe().items()}

    # -- sections of the status

    def add_section(self, name: str, describe: Callable[[], object]) -> None:
        """Add a section to the status. ``describe`` returns values that JSON can encode."""
        self._sections[name] = describe

    def sections(self) -> dict[str, object]:
        """Return the sections as they are now."""
        return {name: describe() for name, describe in tuple(self._sections.items())}

    def describe(self) -> dict[str, object]:
        """Return parts and sections as values that JSON can encode."""
        parts = {name: {"state": part.state.value, "detail": part.detail} for name, part in self.parts().items()}
        return {"parts": parts, **self.sections()}
