"""What was said leaves only if it is asked for, in the form of the GenAI conventions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

from argus_otel.settings import Settings
from argus_otel.sources.graphs.content import as_json, given_messages
from argus_otel.testing import Observation, observe

from .test_calls import Model, answering, invoked, invoked_async, streamed, streamed_async
from .test_runs import span

ASKED = AIMessage("Let me look", tool_calls=[{"name": "search", "args": {"q": "x"}, "id": "call_1"}])


@pytest.fixture
def asked_for() -> Iterator[Observation]:
    """The source, with content."""
    with observe("graphs", settings={"graphs_capture_content": True}) as observation:
        yield observation


@tool
def search(question: str) -> str:
    """Search."""
    return f"about {question}"


@pytest.mark.parametrize("call", [invoked, invoked_async, streamed, streamed_async])
def test_messages_are_on_the_span_of_a_call(asked_for: Observation, call: Any) -> None:
    call(answering(AIMessage("It is raining", response_metadata={"finish_reason": "stop"})))
    found = span(asked_for, "chat fake-1").attributes
    (given,) = json.loads(found["gen_ai.input.messages"])
    assert given["parts"][0]["content"] == "a question"
    (answered,) = json.loads(found["gen_ai.output.messages"])
    assert given["role"] == "user"
    assert answered["role"] == "assistant"
    assert answered["parts"] == [{"type": "text", "content": "It is raining"}]
    if call in (invoked, invoked_async):  # LangChain's stand-in leaves it out of a stream
        assert answered["finish_reason"] == "stop"


def test_arguments_and_results_are_on_the_span_of_a_tool(asked_for: Observation) -> None:
    search.invoke({"question": "rain"})
    found = span(asked_for, "execute_tool search").attributes
    assert json.loads(found["gen_ai.tool.call.arguments"]) == {"question": "rain"}
    assert json.loads(found["gen_ai.tool.call.result"]) == "about rain"


def test_a_conversation_with_tools_has_their_calls_and_answers() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}
    messages = [
        SystemMessage("Be brief"),
        HumanMessage([{"type": "text", "text": "What is this?"}, image]),
        ASKED,
        ToolMessage("a cat", tool_call_id="call_1"),
    ]
    assert json.loads(given_messages(Model(messages=iter(())), messages)) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief"}]},
        {"role": "user", "parts": [{"type": "text", "content": "What is this?"}, image]},
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": "Let me look"},
                {"type": "tool_call", "id": "call_1", "name": "search", "arguments": {"q": "x"}},
            ],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": "a cat"}]},
    ]


class Hostile:
    def __str__(self) -> str:
        raise AssertionError

    __repr__ = __str__


def test_what_json_has_no_form_for_is_named_by_its_class() -> None:
    assert as_json({"a": Hostile()}) == '{"a": "<Hostile>"}'
    cycle: list[Any] = []
    cycle.append(cycle)
    assert as_json(cycle) == '"<no JSON>"'


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda each: st.lists(each) | st.tuples(each)))
def test_any_value_is_json(value: Any) -> None:
    json.loads(as_json(value))


@pytest.mark.parametrize(
    ("text", "on"),
    [("true", True), ("SPAN_ONLY", True), ("span_and_event", True), ("EVENT_ONLY", False), ("no_content", False),
     ("false", False)],
)  # fmt: skip
def test_the_switch_is_that_of_the_conventions(text: str, on: bool) -> None:
    from argus_otel.sources.graphs.settings import GraphSettings

    settings = Settings.resolve({"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": text})
    assert settings[GraphSettings].capture_content is on
