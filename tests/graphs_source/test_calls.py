"""Calls of models and tools: counted once, timed, with what providers report, and never with what was said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel, ParrotFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import ToolException, tool
from opentelemetry.trace import SpanKind, StatusCode

from argus_otel.testing import Observation

from .test_runs import points

MODEL = ("gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model", "error.type")
TOKENS = "gen_ai.client.inference.usage"


class Model(GenericFakeChatModel):
    """LangChain's own stand-in for a model, with a name."""

    model_name: str = "fake-1"

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


def usage(given: int, taken: int, **details: dict[str, int]) -> dict[str, Any]:
    return {"input_tokens": given, "output_tokens": taken, "total_tokens": given + taken, **details}


def answering(*messages: Any) -> Model:
    return Model(messages=iter(messages))


def invoked(model: Model) -> None:
    model.invoke("a question")


def invoked_async(model: Model) -> None:
    asyncio.run(model.ainvoke("a question"))


def streamed(model: Model) -> None:
    assert list(model.stream("a question"))


def streamed_async(model: Model) -> None:
    async def go() -> None:
        assert [chunk async for chunk in model.astream("a question")]

    asyncio.run(go())


WAYS = pytest.mark.parametrize("call", [invoked, invoked_async, streamed, streamed_async])


@WAYS
def test_a_call_is_counted_once_however_it_is_made(observed: Observation, call: Callable[[Model], None]) -> None:
    call(answering(AIMessage("a long answer")))
    assert points(observed, "gen_ai.client.inference.duration", *MODEL) == {("model", "fake-1", None, None): 1}
    (span,) = observed.spans()
    assert (span.name, span.kind) == ("chat fake-1", SpanKind.CLIENT)
    assert points(observed, "graph.usage.unreported", "gen_ai.request.model") == {("fake-1",): 1}
    assert not any(name.startswith(TOKENS) for name in observed.points()), "unknown is not 0"


@WAYS
def test_a_model_that_cannot_stream_is_counted_once(observed: Observation, call: Callable[[Any], None]) -> None:
    call(ParrotFakeChatModel())
    assert observed.value("gen_ai.client.inference.duration") == 1
    assert len(observed.spans()) == 1
    assert "gen_ai.client.inference.time_to_first_chunk" not in observed.points()


@pytest.mark.parametrize("call", [streamed, streamed_async])
def test_the_first_chunk_of_a_stream_is_timed(observed: Observation, call: Callable[[Model], None]) -> None:
    began = perf_counter()
    call(answering(AIMessage("a long answer")))
    took = perf_counter() - began
    assert observed.value("gen_ai.client.inference.time_to_first_chunk") == 1
    (span,) = observed.spans()
    assert span.attributes is not None
    first = span.attributes["gen_ai.response.time_to_first_chunk"]
    assert isinstance(first, float)
    assert 0 < first <= took
    assert span.attributes["gen_ai.request.stream"] is True


@pytest.mark.parametrize("call", [invoked, invoked_async])
def test_tokens_are_those_that_the_provider_reports(observed: Observation, call: Callable[[Model], None]) -> None:
    details = {"input_token_details": {"cache_read": 3, "cache_creation": 2}, "output_token_details": {"reasoning": 4}}
    metadata = {"finish_reason": "length", "model_name": "fake-1-2026", "id": "answer-1"}
    told: Any = usage(10, 7, **details)
    call(answering(AIMessage("an answer", usage_metadata=told, response_metadata=metadata)))
    found = {name.removeprefix(f"{TOKENS}."): observed.value(name) for name in observed.points() if TOKENS in name}
    assert found == {
        "input_tokens": 10,
        "output_tokens": 7,
        "cache_read.input_tokens": 3,
        "cache_write.input_tokens": 2,
        "reasoning.output_tokens": 4,
    }
    (span,) = observed.spans()
    assert span.attributes is not None
    assert span.attributes["gen_ai.usage.input_tokens"] == 10
    assert span.attributes["gen_ai.response.finish_reasons"] == ("length",)
    assert span.attributes["gen_ai.response.model"] == "fake-1-2026"
    assert "graph.usage.unreported" not in observed.points()


@WAYS
def test_a_call_that_fails_has_its_error(observed: Observation, call: Callable[[Model], None]) -> None:
    def failing() -> Iterator[Any]:
        raise TimeoutError("no answer")
        yield

    with pytest.raises(TimeoutError):
        call(Model(messages=failing()))
    assert points(observed, "gen_ai.client.inference.duration", *MODEL) == {
        ("model", "fake-1", None, "TimeoutError"): 1
    }
    (span,) = observed.spans()
    assert span.status.status_code is StatusCode.ERROR
    assert "graph.usage.unreported" not in observed.points()


def test_a_stream_that_is_left_is_no_error(observed: Observation) -> None:
    for _ in answering(AIMessage("a long answer")).stream("a question"):
        break
    assert points(observed, "gen_ai.client.inference.duration", "error.type") == {(None,): 1}


# -- tools


@tool
def search(question: str) -> str:
    """Search."""
    return f"found {question}"


@tool
async def search_async(question: str) -> str:
    """Search."""
    return f"found {question}"


@tool
def broken(question: str) -> str:
    """Fail."""
    raise ConnectionError(question)


@tool
def excused(question: str) -> str:
    """Fail, and say so."""
    raise ToolException(question)


excused.handle_tool_error = True


def call_of(name: str) -> dict[str, Any]:
    return {"name": name, "args": {"question": "secret"}, "id": "call-1", "type": "tool_call"}


def test_calls_of_tools_are_timed(observed: Observation) -> None:
    assert search.invoke({"question": "secret"}) == "found secret"
    assert asyncio.run(search_async.ainvoke({"question": "secret"})) == "found secret"
    assert asyncio.run(search.ainvoke(call_of("search"))).content == "found secret"
    assert points(observed, "gen_ai.execute_tool.duration", "gen_ai.tool.name", "error.type") == {
        ("search", None): 2,
        ("search_async", None): 1,
    }
    assert {span.name for span in observed.spans()} == {"execute_tool search", "execute_tool search_async"}
    assert [span.attributes and span.attributes.get("gen_ai.tool.call.id") for span in observed.spans()] == [
        None,
        None,
        "call-1",
    ]


def test_a_tool_that_fails_has_its_error_and_raises_as_before(observed: Observation) -> None:
    with pytest.raises(ConnectionError, match="secret"):
        broken.invoke({"question": "secret"})
    assert "secret" in excused.invoke(call_of("excused")).content
    assert points(observed, "gen_ai.execute_tool.duration", "gen_ai.tool.name", "error.type") == {
        ("broken", "ConnectionError"): 1,
        ("excused", "ToolException"): 1,
    }
    assert [span.status.status_code for span in observed.spans()] == [StatusCode.ERROR] * 2


# -- an agent


def agent(*messages: Any) -> Any:
    agents = pytest.importorskip("langchain.agents", reason="install langchain>=1: uv sync")
    return agents.create_agent(answering(*messages), tools=[search, broken], name="support")


def asks_for(name: str) -> AIMessage:
    asked: Any = [{**call_of(name), "type": "tool_call"}]
    return AIMessage("", tool_calls=asked, usage_metadata=usage(5, 2))  # type: ignore[arg-type]


def test_an_agent_is_one_trace_with_its_models_and_tools(observed: Observation) -> None:
    agent(asks_for("search"), AIMessage("done")).invoke({"messages": [("user", "hello")]})
    by_id = {span.context.span_id: span.name for span in observed.spans()}
    tree = {(span.name, by_id.get(span.parent.span_id) if span.parent else None) for span in observed.spans()}
    assert tree == {
        ("invoke_agent support", None),
        ("invoke_node model", "invoke_agent support"),
        ("invoke_node tools", "invoke_agent support"),
        ("chat fake-1", "invoke_node model"),
        ("execute_tool search", "invoke_node tools"),
    }
    assert observed.value("gen_ai.invoke_agent.inference_calls") == 1  # one run, with two calls
    assert points(observed, "gen_ai.invoke_agent.duration", "gen_ai.operation.name", "gen_ai.agent.name") == {
        ("invoke_agent", "support"): 1
    }


def test_nothing_that_was_said_leaves(observed: Observation) -> None:
    with pytest.raises(ConnectionError):
        agent(asks_for("broken"), AIMessage("classified")).invoke({"messages": [("user", "secret hello")]})
    agent(asks_for("search"), AIMessage("classified")).invoke({"messages": [("user", "secret hello")]})
    told = repr(observed.points()) + repr(observed.rows) + repr(observed.events)
    for span in observed.spans():
        told += span.to_json()
    for word in ("secret", "classified", "hello", "found"):
        assert word not in told
