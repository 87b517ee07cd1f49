"""``ARGUS_GENAI_CONVENTIONS``: the latest names, the older ones, or both, with the same numbers."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage

from argus_otel.testing import observe

from .running import run
from .test_calls import agent, answering, streamed, usage
from .test_runs import BY_NAME

LATEST = {
    "gen_ai.client.inference.duration",
    "gen_ai.client.inference.time_to_first_chunk",
    "gen_ai.client.inference.time_per_output_chunk",
    "gen_ai.client.inference.usage.input_tokens",
    "gen_ai.client.inference.usage.output_tokens",
    "gen_ai.invoke_agent.inference_calls",
    "gen_ai.invoke_agent.tool_calls",
}
OLDER = {
    "gen_ai.client.operation.duration",
    "gen_ai.client.operation.time_to_first_chunk",
    "gen_ai.client.operation.time_per_output_chunk",
    "gen_ai.client.token.usage",
    "gen_ai.invoke_workflow.duration",
}
IN_BOTH = {"gen_ai.invoke_agent.duration"}


def measured(conventions: str) -> dict[str, Any]:
    """Run a graph, an agent and a stream; return the points of the conventions' metrics."""
    with observe("graphs", settings={"graphs_conventions": conventions}) as observation:
        run(BY_NAME["called inside"])
        agent(AIMessage("Done", usage_metadata=usage(30, 5))).invoke({"messages": [("user", "?")]})
        streamed(answering(AIMessage("one two three", usage_metadata=usage(20, 3))))
        return {name: points for name, points in observation.points().items() if name.startswith("gen_ai.")}


@pytest.mark.parametrize(
    ("conventions", "names"),
    [("latest", LATEST), ("older", OLDER), ("both", LATEST | OLDER)],
)
def test_metrics_have_the_names_that_are_asked_for(conventions: str, names: set[str]) -> None:
    assert set(measured(conventions)) == names | IN_BOTH


def test_both_names_have_the_same_numbers() -> None:
    points = measured("both")
    for kind in ("duration", "time_to_first_chunk", "time_per_output_chunk"):
        assert points[f"gen_ai.client.inference.{kind}"] == points[f"gen_ai.client.operation.{kind}"]
    assert points["gen_ai.client.inference.duration"]
