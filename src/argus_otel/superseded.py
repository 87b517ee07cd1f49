"""Switches instrumentations off that observe what a source observes: each span would be made twice."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from .sources.patches import when_imported
from .sources.spec import SourceSpec
from .telemetry import State, Telemetry


def switch_off_once_used(spec: SourceSpec, entry_point: EntryPoint, telemetry: Telemetry) -> None:
    """Switch an instrumentation off, which the loader has loaded, once what the source observes is imported.

    A program that uses less than that, such as LangChain without LangGraph, keeps it.
    """
    part = f"instrumentation:{entry_point.name}"

    def switch_off() -> None:
        instrumentor = entry_point.load()()
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()
            name = entry_point.name if entry_point.dist is None else entry_point.dist.name
            why = f"argus-otel observes {spec.title}, and each span would be made twice"
            instead = f"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS={spec.instrumentor} keeps it instead"
            telemetry.health.report(part, State.OFF, f"{name} is switched off: {why}; {instead}")

    for module in spec.imports:
        when_imported(module, lambda: telemetry.attempt(part, switch_off))
