"""The variants of the same runs: bare, with argus-otel in its usual configurations, and with each peer."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from opentelemetry import trace

import argus_otel
from argus_otel.runtime import runtime
from argus_otel.settings import Settings
from benchmarks.pairs import BARE, CONTROL, WITHOUT_LOOP, Runner, Variant, Work, compare
from benchmarks.progress import Progress
from benchmarks.recording import Kept
from benchmarks.registry_total import registry_total
from benchmarks.results import Result
from benchmarks.spans import Traces

from .peers import PEERS, Attached, installed
from .workloads import Workload

OURS = "argus-otel"
WITHOUT = f"{OURS} without detections"
TRACED = f"{OURS}, traced"
HISTORY = f"{OURS} with history"
OF_OURS = (OURS, WITHOUT, TRACED, HISTORY)
NAMES = (*OF_OURS, *(peer.name for peer in PEERS))
"""What is compared with the bare graph."""

_COUNTED = ("graph_", "gen_ai_invoke", "gen_ai_execute", "gen_ai_client_inference_duration")
"""How the names of our metrics begin, without those that count tokens."""

_UNTRACED = trace.NoOpTracerProvider()
_SOURCE = "graphs"


class Stage:
    """What runs graphs, and the variants.

    Parameters
    ----------
    names:
        Of the variants besides the bare graph and its control.
    peers:
        What each installed peer does with a graph, by its name.
    """

    def __init__(self, names: Sequence[str], peers: dict[str, Attached], loop: asyncio.AbstractEventLoop) -> None:
        self._names = names
        self._peers = peers
        self._loop = loop
        self._ours = list(_of_ours())

    def runner(self, *, asynchronous: bool) -> Runner:
        """Return what runs the work."""
        return self._loop if asynchronous else WITHOUT_LOOP

    def variants(self, graph: Any) -> list[Variant[Any]]:
        """Return the variants of a graph."""
        ours = [variant(graph) for name, variant in self._ours if name in self._names]
        theirs = [
            Variant(name, peer.observed(graph), peer.enter, peer.leave, peer.recorded)
            for name, peer in self._peers.items()
            if name in self._names
        ]
        return [Variant(BARE, graph), Variant(CONTROL, graph), *ours, *theirs]

    def compare(
        self,
        workload: Workload,
        prepare: Callable[[Any], Work],
        variants: Sequence[Variant[Any]],
        rounds: int,
        progress: Progress,
        clock: Callable[[], float],
    ) -> list[Result]:
        """Time runs of a graph under each variant.

        Raises
        ------
        RuntimeError
            A hook has failed, so the measurement is void.
        """
        # What has been made until now stays: no collection has to look at it again.
        gc.collect()
        gc.freeze()
        try:
            runner = self.runner(asynchronous=workload.asynchronous)
            count = progress.counting(workload.title)
            found = compare(runner, prepare, variants, rounds, count=count, clock=clock)
        finally:
            gc.unfreeze()
        faults = runtime().telemetry.guard.faults
        if faults:
            raise RuntimeError(f"hooks failed, so these figures are worth nothing: {faults}")
        return found


@contextmanager
def stage(names: Sequence[str]) -> Iterator[Stage]:
    """Set argus-otel and the peers up, and close what they have opened in the end."""
    with ExitStack() as stack:
        loop = asyncio.new_event_loop()
        stack.callback(loop.close)
        argus_otel.instrument(endpoint=False, tracer_provider=_UNTRACED)
        argus_otel.uninstrument()
        peers = {peer.name: peer.attach(stack) for peer in installed() if peer.name in names}
        yield Stage(names, peers, loop)


def missing(names: Sequence[str]) -> list[str]:
    """Return how to install the variants that are missing."""
    return [peer.missing for peer in PEERS if peer.version is None and peer.name in names]


Make = Callable[[Any], Variant[Any]]


def _of_ours() -> Iterator[tuple[str, Make]]:
    """Yield the variants of argus-otel, which collect for Prometheus without serving."""

    def variant(
        name: str, enter: Callable[[], None], leave: Callable[[], None], recorded: Callable[[], float]
    ) -> tuple[str, Make]:
        return name, lambda graph: Variant(name, graph, enter, leave, recorded)

    yield variant(OURS, partial(_on, _UNTRACED), _off, _counted)
    yield variant(WITHOUT, partial(_on, _UNTRACED, detections="off"), _off, _counted)
    traces = Traces(1.0)

    def exporting() -> None:
        traces.exported()
        _off()

    yield variant(TRACED, partial(_on, traces.provider), exporting, lambda: _counted() + traces.exported())
    history = Kept()

    def keeping() -> None:
        _on(_UNTRACED)
        history.begin()

    def forgetting() -> None:
        history.end()
        _off()

    yield variant(HISTORY, keeping, forgetting, _counted)


def _on(provider: trace.TracerProvider, detections: str = "on") -> None:
    source = runtime()._handles[_SOURCE].source
    if source is None:
        raise RuntimeError("argus-otel does not observe LangGraph, so nothing is measured")
    source.settings = Settings.resolve({"ARGUS_ENDPOINT": "false", "ARGUS_GRAPHS_DETECTIONS": detections})
    runtime().instrument([_SOURCE], tracer_provider=provider)


def _off() -> None:
    argus_otel.uninstrument()


def _counted() -> float:
    """Return the count of the global meter provider, which is ours."""
    prometheus = getattr(runtime()._providers, "prometheus", None)
    if prometheus is None:
        raise RuntimeError("argus-otel has set up no metrics, so nothing is measured: is a meter provider set already?")
    return registry_total(prometheus.registry, _COUNTED)
