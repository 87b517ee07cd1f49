"""The models of the demo of agent graphs answer OpenAI's own client as OpenAI does, and count what they do."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("openai", reason="install langchain-openai: uv sync")

import openai

from argus_otel.demo.graphs.ledger import Deed
from argus_otel.demo.graphs.model_service import ModelService
from argus_otel.demo.graphs.replies import Asked, Reply, ToolRequest


class Models:
    """A service, a client of it, and what it is to reply."""

    def __init__(self) -> None:
        self.reply = Reply()
        self.asked: list[Asked] = []
        self.service = ModelService(self._answer)
        self.client = openai.OpenAI(base_url=self.service.url, api_key="none", max_retries=2)

    def _answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self.reply

    def ask(self, **more: Any) -> Any:
        messages: Any = [{"role": "user", "content": "a question of five words"}]
        return self.client.chat.completions.create(model="small-1", messages=messages, **more)

    def last(self) -> Deed:
        return self.service.ledger.deeds()[-1]


@pytest.fixture(scope="module")
def models() -> Iterator[Models]:
    models = Models()
    with models.service, models.client:
        yield models


@settings(deadline=None, max_examples=40)
@given(text=st.text(max_size=60))
def test_any_text_arrives_whole_or_in_chunks(models: Models, text: str) -> None:
    models.reply = Reply(text)
    assert (models.ask().choices[0].message.content or "") == text
    chunks = list(models.ask(stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text
    assert models.last().chunks == len(chunks)


@given(answers=st.lists(st.sampled_from(["user", "assistant", "tool"]), max_size=12))
def test_a_turn_is_the_number_of_answers_since_a_user_spoke(answers: list[str]) -> None:
    since = answers[len(answers) - answers[::-1].index("user") :] if "user" in answers else answers
    assert Asked("m", [{"role": role} for role in answers]).turn == since.count("assistant")


def test_tokens_are_counted_as_they_are_reported(models: Models) -> None:
    models.reply = Reply("three words long")
    usage = models.ask().usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (5, 3, 8)
    assert models.last() == Deed("small-1", 0, 200, 0, 5, 3)
    *chunks, last = models.ask(stream=True, stream_options={"include_usage": True})
    assert (last.choices, last.usage.completion_tokens) == ([], 3)
    assert all(chunk.usage is None for chunk in chunks)
    assert models.last() == Deed("small-1", 0, 200, len(chunks) + 1, 5, 3)
    assert all(chunk.usage is None for chunk in models.ask(stream=True))
    assert models.last() == Deed("small-1", 0, 200, len(chunks))


def test_tools_are_asked_for_whole_and_in_chunks(models: Models) -> None:
    models.reply = Reply(tools=(ToolRequest("find", {"number": "17"}), ToolRequest("hours")))
    (choice,) = models.ask().choices
    assert choice.finish_reason == "tool_calls"
    asked = [(call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls]
    assert asked == [("find", {"number": "17"}), ("hours", {})]
    streamed = [call for chunk in models.ask(stream=True) for call in chunk.choices[0].delta.tool_calls or ()]
    assert [(call.index, call.function.name) for call in streamed] == [(0, "find"), (1, "hours")]
    ids = [call.id for call in (*choice.message.tool_calls, *streamed)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(("reply", "reason"), [(Reply("x"), "stop"), (Reply("x", cut=True), "length")])
def test_an_answer_says_why_it_ends(models: Models, reply: Reply, reason: str) -> None:
    models.reply = reply
    assert models.ask().choices[0].finish_reason == reason
    assert [chunk.choices[0].finish_reason for chunk in models.ask(stream=True)][-1] == reason


def test_attempts_are_refused_one_after_the_other(models: Models) -> None:
    models.reply = Reply("x", refusals=(500, 429))
    before = len(models.service.ledger.deeds())
    assert models.ask().choices[0].message.content == "x"
    deeds = models.service.ledger.deeds()[before:]
    assert [(deed.attempt, deed.status) for deed in deeds] == [(0, 500), (1, 429), (2, 200)]
    models.reply = Reply("x", refusals=(429, 429, 429))
    with pytest.raises(openai.RateLimitError):
        models.ask()
    assert models.last() == Deed("small-1", 2, 429)


def test_many_clients_are_answered_at_once(models: Models) -> None:
    models.reply = Reply("one two", pause=0.005)
    before = len(models.service.ledger.deeds())
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: len(list(models.ask(stream=True))), range(64)))
    deeds = models.service.ledger.deeds()[before:]
    assert [deed.chunks for deed in deeds] == answers
    assert len(answers) == 64


def test_nothing_else_is_served(models: Models) -> None:
    before = models.service.ledger.deeds()
    with pytest.raises(openai.NotFoundError):
        models.client.embeddings.create(model="small-1", input="x")
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(f"{models.service.url}/models", timeout=10)
    assert models.service.ledger.deeds() == before
