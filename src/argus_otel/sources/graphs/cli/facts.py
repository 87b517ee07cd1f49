"""The facts of a run as a whole, for people."""

from __future__ import annotations

from argus_otel.sources.graphs.history.results import Run

from .tree import duration_text


def facts_of(run: Run) -> list[tuple[str, str]]:
    """Return names and texts. What is not known, or not there, is left out."""
    tokens = "not reported" if run.tokens is None else f"{run.input_tokens or 0} in, {run.output_tokens or 0} out"
    calls = f"{run.inference_calls} of models, {run.tool_calls} of tools"
    facts = [
        ("run", run.id),
        ("graph", run.graph),
        ("service", run.service),
        ("began", f"{run.begin:%Y-%m-%d %H:%M:%S} UTC"),
        ("duration", duration_text(run.duration)),
        ("outcome", f"{run.outcome} {run.error}".rstrip()),
        ("steps", str(run.steps)),
        ("calls", calls if run.inference_calls or run.tool_calls else ""),
        ("tokens", tokens if run.inference_calls else ""),
        ("thread", run.thread),
        ("trace", run.trace_id),
    ]
    return [(name, fact) for name, fact in facts if fact]
