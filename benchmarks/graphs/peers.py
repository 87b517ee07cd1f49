"""The installed peers, attached as their documentation says, and removed by what they offer for it.

``make bench BENCH_ARGS=graphs`` installs them, into an environment of its own. None of their code is used otherwise.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from benchmarks.packages import Package
from benchmarks.spans import PlainTraces

QUIET = {"ARGUS_TELEMETRY": "0", "DO_NOT_TRACK": "1", "ARGUS_QUIET": "1"}
"""The environment of argus-agents: no call to its maker, and no line for each run."""


@dataclass(frozen=True)
class Attached:
    """What a peer does with a graph.

    Attributes
    ----------
    observed:
        Returns the graph that is run instead of a graph.
    enter, leave:
        Called before and after.
    recorded:
        Returns the number of records so far.
    """

    observed: Callable[[Any], Any]
    enter: Callable[[], None]
    leave: Callable[[], None]
    recorded: Callable[[], float]


@dataclass(frozen=True)
class Peer(Package):
    """A package that observes the same graphs.

    Attributes
    ----------
    attach:
        Prepares it; what it leaves on disk is removed when the stack ends.
    """

    group: ClassVar[str] = "graph-peers"
    command: ClassVar[str] = "make bench BENCH_ARGS=graphs"

    attach: Callable[[ExitStack], Attached]


class _Providers:
    """Providers of the SDK, as in a program without argus-otel."""

    def __init__(self) -> None:
        self.traces = PlainTraces()
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)

    def recorded(self) -> float:
        """Return the number of spans, and of points of counters and histograms."""
        data = self._reader.get_metrics_data()
        points = [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        ]
        counts = (getattr(point, "count", None) or getattr(point, "value", 0) for point in points)
        return self.traces.exported() + sum(counts)


def _itself(graph: Any) -> Any:
    return graph


def _instrumented(instrumentor: Any) -> Attached:
    """Let an instrumentor of OpenTelemetry's kind be put in and taken out."""
    providers = _Providers()

    def enter() -> None:
        instrumentor.instrument(
            tracer_provider=providers.traces.provider, meter_provider=providers.meters, skip_dep_check=True
        )

    def leave() -> None:
        providers.traces.exported()
        instrumentor.uninstrument()

    return Attached(_itself, enter, leave, providers.recorded)


def _genai(_: ExitStack) -> Attached:
    from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor  # type: ignore[import-not-found]

    return _instrumented(LangChainInstrumentor())


def _openinference(_: ExitStack) -> Attached:
    from openinference.instrumentation.langchain import LangChainInstrumentor  # type: ignore[import-not-found]

    return _instrumented(LangChainInstrumentor())


def _argus_agents(stack: ExitStack) -> Attached:
    """Wrap the graph. Its records are the steps in the files that it writes, which are counted and removed."""
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    variables = {**QUIET, "ARGUS_DIR": directory}  # they begin like ours, which are read already
    os.environ.update(variables)
    for name in variables:
        stack.callback(os.environ.pop, name, None)
    from argus.recorder import ArgusRecorder  # type: ignore[import-not-found]

    steps, before = [0], Path.cwd()

    def enter() -> None:
        os.chdir(directory)  # a part of its files is wherever the program is run

    def leave() -> None:
        os.chdir(before)
        for file in Path(directory).rglob("*.json"):
            steps[0] += len(json.loads(file.read_text(encoding="utf-8")).get("steps", ()))
            file.unlink()

    return Attached(ArgusRecorder(semantic_judge=False).attach, enter, leave, lambda: float(steps[0]))


PEERS = (
    Peer("opentelemetry-genai-langchain", "opentelemetry-instrumentation-genai-langchain", _genai),
    Peer("openinference-langchain", "openinference-instrumentation-langchain", _openinference),
    Peer("argus-agents", "argus-agents", _argus_agents),
)


def installed() -> Iterator[Peer]:
    """Yield the installed peers."""
    return (peer for peer in PEERS if peer.version is not None)
