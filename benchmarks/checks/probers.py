"""The probers that are compared, each in a process of its own on the measured core."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Protocol

from benchmarks.cores import on
from benchmarks.otlp_sink import otlp_sink

from . import blackbox
from .blackbox import Blackbox
from .child import Child
from .machine import Machine

EXCHANGE = "own exchange"
CONTROL = "own exchange again (A/A)"
METRICS = "agent, with metrics"
EVERYTHING = "agent, with spans and history"
PEERS = ("aiohttp", "httpx", blackbox.NAME)

_OBSERVED = ("-m", "argus_otel", "run")
TELEMETRY = {
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "{otlp}",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "{otlp}",
    "ARGUS_HISTORY": "otlp",
}
"""Spans at their default rate, events, and a row of history for each run."""


class Prober(Protocol):
    """Probes as it is asked."""

    @property
    def pid(self) -> int:
        """The number of its process."""
        ...

    def probe(self, urls: Sequence[str], count: int) -> object:
        """Probe so many times, 20 at a time."""
        ...

    def durations(self, urls: Sequence[str], rate: float) -> list[Duration]:
        """Probe each URL once, so many each second; return what it says of each."""
        ...


@dataclass(frozen=True)
class Duration:
    """How long one probe took, in seconds.

    Attributes
    ----------
    said:
        As the prober says.
    beyond:
        How much more than the sum of its phases that is, or a clock around the exchange shows; ``None`` without phases.
    """

    said: float
    beyond: float | None


@dataclass(frozen=True)
class Kind:
    """A prober that can be started.

    Attributes
    ----------
    library:
        That of :mod:`.prober_process`; empty for blackbox_exporter.
    """

    name: str
    library: str
    launcher: Sequence[str] = ()
    variables: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def missing(self) -> str:
        """How to install what it needs; empty if nothing is missing."""
        if not self.library:
            return "" if blackbox.command() else blackbox.MISSING
        if self.name in PEERS and find_spec(self.library) is None:
            return f"{self.name} is not installed, and not measured: make bench, or uv sync --group peers"
        return ""


KINDS = (
    Kind(EXCHANGE, "exchange"),
    Kind(CONTROL, "exchange"),
    Kind(METRICS, "agent", _OBSERVED, {"ARGUS_ENDPOINT_PORT": "0"}),
    Kind(EVERYTHING, "agent", _OBSERVED, {"ARGUS_ENDPOINT_PORT": "0", **TELEMETRY}),
    Kind("aiohttp", "aiohttp"),
    Kind("httpx", "httpx"),
    Kind(blackbox.NAME, ""),
)


class _Library:
    """A library in :mod:`.prober_process`."""

    def __init__(self, kind: Kind, machine: Machine, urls: Sequence[str], otlp: str) -> None:
        options = {"library": kind.library, "urls": urls, "ca": str(machine.service.ca)}
        variables = {key: value.format(otlp=otlp) for key, value in kind.variables.items()}
        words = [*(kind.launcher or ()), "-m", "benchmarks.checks.prober_process", json.dumps(options)]
        self._child = Child(kind.name, words, variables)
        self.end: Callable[[], None] = self._child.end

    @property
    def pid(self) -> int:
        return self._child.pid

    def probe(self, urls: Sequence[str], count: int) -> object:
        return self._child.ask("probe", count=count)

    def durations(self, urls: Sequence[str], rate: float) -> list[Duration]:
        return [Duration(said, beyond) for said, beyond in self._child.ask("pace", rate=rate)["took"]]


class _Blackbox:
    def __init__(self, process: Blackbox) -> None:
        self._process = process
        self.pid = process.pid

    def probe(self, urls: Sequence[str], count: int) -> object:
        return self._process.probe(urls, count)

    def durations(self, urls: Sequence[str], rate: float) -> list[Duration]:
        found = self._process.pace(urls, rate)
        phases = [sum(value for name, value in one.items() if name.startswith("phase ")) for one in found]
        return [
            Duration(one["probe_duration_seconds"], one["probe_duration_seconds"] - phased)
            for one, phased in zip(found, phases, strict=True)
        ]


@contextmanager
def started(kinds: Sequence[Kind], machine: Machine, urls: Sequence[str]) -> Iterator[dict[str, Prober]]:
    """Start probers of these URLs; end them at the end of the block."""
    with ExitStack() as stack:
        sink = stack.enter_context(otlp_sink())
        found: dict[str, Prober] = {}
        for kind in kinds:
            if not kind.library:
                process = blackbox.running(machine.directory, machine.service.ca, machine.core)
                found[kind.name] = _Blackbox(stack.enter_context(process))
            else:
                with on([machine.core]):
                    prober = _Library(kind, machine, urls, sink.url)
                stack.callback(prober.end)
                found[kind.name] = prober
        yield found
