"""The examples of agent graphs, each in a process of its own: their spans are where their docstrings draw them."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain_openai", reason="install langchain-openai: uv sync")
pytest.importorskip("langchain.agents", reason="install langchain>=1: uv sync")
pytest.importorskip(
    "opentelemetry.instrumentation.httpx", reason="install opentelemetry-instrumentation-httpx: uv sync"
)

from argus_otel.demo.graphs.model_service import ModelService
from argus_otel.demo.graphs.replies import Asked, Reply, ToolRequest

from ..test_project import ARGUS_RUN, ROOT, json_documents, running

EXAMPLES = ROOT / "examples"
QUESTION = "How long does a parcel take?"

Span = Mapping[str, Any]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a process that is terminated there exports nothing")


def answer(asked: Asked) -> Reply:
    """Answer as the models of the examples do."""
    if asked.mentions("Is this about"):
        return Reply("delivery" if asked.mentions("parcel") else "the weather")
    if asked.mentions("Where is order 17?"):
        return Reply("It is on its way.") if asked.turn else Reply(tools=(ToolRequest("find_order", {"number": "17"}),))
    return Reply("It takes three days.")


@pytest.fixture
def models() -> Iterator[ModelService]:
    with ModelService(answer) as service:
        yield service


def variables(models: ModelService) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": models.url,
        "LANGSMITH_TRACING": "false",
        "OTEL_TRACES_EXPORTER": "console",
        "ARGUS_ENDPOINT_PORT": "0",
    }


def ran(models: ModelService, example: str, *words: str) -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_"))}
    done = subprocess.run(
        [*ARGUS_RUN, str(EXAMPLES / example), *words],
        env={**own, **variables(models)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tree(spans: Sequence[Span], root: Span, depth: int = 0) -> Iterator[str]:
    yield f"{'    ' * depth}{root['name']}"
    children = [span for span in spans if span["parent_id"] == root["context"]["span_id"]]
    for span in sorted(children, key=lambda span: span["start_time"]):
        yield from tree(spans, span, depth + 1)


def drawn(example: str) -> list[str]:
    """Return the tree of an example's docstring, with spaces for its lines."""
    docstring = (EXAMPLES / example).read_text(encoding="utf-8").split('"""')[1]
    block = re.search(r"^    \S.*\n(?:    [├│└ ].*\n)+", docstring, re.MULTILINE)
    assert block
    return [re.sub(r"[├│└─]", " ", line[4:]) for line in block[0].splitlines()]


def check(example: str, output: str) -> list[Span]:
    """Compare the spans in an output with the docstring: one trace, in which each has its parent."""
    spans = list(json_documents(output))
    name = drawn(example)[0]
    (root,) = (span for span in spans if span["name"] == name)
    of_trace = [span for span in spans if span["context"]["trace_id"] == root["context"]["trace_id"]]
    found = list(tree(of_trace, root))
    assert found == drawn(example)
    assert len(of_trace) == len(found)
    assert root["parent_id"] is None
    return of_trace


def test_each_run_of_the_graph_is_the_trace_that_its_docstring_draws(models: ModelService) -> None:
    output = ran(models, "graph_agent.py", QUESTION)
    assert "It takes three days." in output
    spans = check("graph_agent.py", output)
    assert len(spans) == len(list(json_documents(output)))
    (sort,) = (span for span in spans if span["name"] == "invoke_node sort")
    assert sort["attributes"]["graph.route"] == ["look_up"]
    assert sort["attributes"]["graph.keys.written"] == ["topic"]
    chats = [span["attributes"] for span in spans if span["name"].startswith("chat")]
    told = {deed.input_tokens for deed in models.ledger.deeds()}
    assert {chat["gen_ai.usage.input_tokens"] for chat in chats} == told
    assert QUESTION not in output


def test_a_question_about_nothing_that_is_known_is_declined(models: ModelService) -> None:
    output = ran(models, "graph_agent.py", "Will it rain?")
    assert "That I do not know." in output
    assert {span["name"] for span in json_documents(output)} >= {"invoke_node decline"}


def test_the_misspelt_key_of_the_docstring_is_found(models: ModelService, tmp_path: Path) -> None:
    source = (EXAMPLES / "graph_agent.py").read_text(encoding="utf-8")
    broken = source.replace('return {"docs": DOCUMENTS', 'return {"doc": DOCUMENTS')
    broken = broken.replace("state['docs']", "state.get('docs')")
    assert broken.count('"doc"') == 1
    (tmp_path / "broken.py").write_text(broken, encoding="utf-8")
    spans = list(json_documents(ran(models, str(tmp_path / "broken.py"), QUESTION)))
    (run,) = (span for span in spans if span["name"] == "invoke_workflow shop")
    assert run["attributes"]["graph.detections"][0] == "unknown_key"


def test_each_run_of_the_agent_is_the_trace_that_its_docstring_draws(models: ModelService) -> None:
    output = ran(models, "tool_agent.py", "Where is order 17?")
    assert "It is on its way." in output
    check("tool_agent.py", output)


def test_a_command_and_the_graph_that_answers_it_are_one_trace(models: ModelService, tmp_path: Path) -> None:
    pytest.importorskip("discord")
    from discord_simulator import Simulator

    command = (*ARGUS_RUN, str(EXAMPLES / "discord_graph_bot.py"))

    async def main() -> None:
        async with Simulator() as sim, running(sim, tmp_path / "out", *command, **variables(models)):
            asked = await sim.slash("ask", options={"question": QUESTION})
            assert (await asked.response()).content == "It takes three days."

    asyncio.run(main())
    output = (tmp_path / "out").read_text(encoding="utf-8")
    check("discord_graph_bot.py", output)
    assert QUESTION not in output
