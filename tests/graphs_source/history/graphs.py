"""Graphs of which history is asked: a nested one that fails, one that calls models and tools, one that drifts."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any, TypedDict

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from argus_otel import graphs as argus


class State(TypedDict, total=False):
    question: str
    docs: list[str]
    score: float
    answer: Any


def nested(docs: list[str] | None = None) -> Any:
    """Return a graph with a graph in a node. Without documents, its first node misspells their key, the last fails."""
    inner = StateGraph(State)
    inner.add_node("look", lambda _: {"score": 0.5})
    inner.add_node("rank", lambda _: None)
    inner.add_edge(START, "look")
    inner.add_edge("look", "rank")
    graph = StateGraph(State)
    graph.add_node("fetch", lambda _: {"doc": ["a"]} if docs is None else {"docs": docs})
    graph.add_node("search", inner.compile(name="finder"))
    graph.add_node("write", lambda state: {"answer": " ".join(state["docs"])})
    graph.add_edge(START, "fetch")
    graph.add_edge("fetch", "search")
    graph.add_edge("search", "write")
    return graph.compile(name="support")


class Changing:
    """How a graph behaves; a test changes it in between.

    Attributes
    ----------
    docs:
        What its search returns; ``None`` for nothing.
    cached:
        Whether it goes past the model.
    seconds:
        How long its search takes.
    tokens:
        How many tokens its model takes for an answer.
    error:
        What its last node raises.
    """

    def __init__(self) -> None:
        self.docs: Any = ["a", "b"]
        self.cached = False
        self.seconds = 0.0
        self.tokens = 100
        self.error: Exception | None = None
        self._graph = self._built()

    def run(self, times: int = 1) -> None:
        """Run it so often."""
        for _ in range(times):
            with contextlib.nullcontext() if self.error is None else pytest.raises(type(self.error)):
                self._graph.invoke({"question": "where?"})

    def _search(self, _: State) -> Any:
        time.sleep(self.seconds)
        return {} if self.docs is None else {"docs": self.docs}

    def _ask(self, _: State) -> Any:
        usage: Any = {"input_tokens": self.tokens, "output_tokens": 20, "total_tokens": self.tokens + 20}
        model = GenericFakeChatModel(messages=iter([AIMessage("here", usage_metadata=usage)]))
        return {"answer": model.invoke("where?").content}

    def _write(self, _: State) -> Any:
        if self.error is not None:
            raise self.error
        return {"score": 1.0}

    def _built(self) -> Any:
        graph = StateGraph(State)
        graph.add_node("search", self._search)
        graph.add_node("ask", self._ask)
        graph.add_node("write", self._write)
        graph.add_edge(START, "search")
        graph.add_conditional_edges("search", lambda _: "write" if self.cached else "ask", ["ask", "write"])
        graph.add_edge("ask", "write")
        return graph.compile(name="changing")


@tool
def lookup(word: str) -> str:
    """Look a word up."""
    return f"{word}: a word"


@tool
def broken(word: str) -> str:
    """Look a word up in vain."""
    raise ConnectionError(f"no {word}")


def working() -> Any:
    """Return a graph whose only node calls two models, in a graph of its own too, and two tools."""

    def answers() -> Iterator[AIMessage]:
        usage: Any = {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}
        yield AIMessage("one", usage_metadata=usage)
        yield AIMessage("two", usage_metadata=usage)

    model = GenericFakeChatModel(messages=answers())
    inner = StateGraph(State)
    inner.add_node("think", lambda _: {"answer": model.invoke("?").content})
    inner.add_edge(START, "think")
    compiled = inner.compile(name="thinker")

    def work(state: State) -> State:
        lookup.invoke({"word": "parcel"})
        try:
            broken.invoke({"word": "parcel"})
        except ConnectionError:
            model.invoke("?")
        return {"answer": compiled.invoke({"question": state["question"]})["answer"]}

    graph = StateGraph(State)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    return graph.compile(name="working")


def refuses(_: str, update: Any) -> bool:
    return not update


def fails(_: str, update: Any) -> bool:
    return update["no such key"]


def helpfulness(_: str, __: Any) -> tuple[float, str]:
    return 0.25, "poor"


def judged() -> Any:
    """Return a graph whose nodes are evaluated: the first by itself, the other one by two validators and a judge."""

    def search(_: State) -> State:
        argus.evaluate("grounded", score=0.75, label="good", explanation="It names 1 Main Street.")
        argus.evaluate("sure", label="yes")
        return {"docs": ["a"]}

    graph = StateGraph(State)
    graph.add_node("search", search)
    graph.add_node("write", lambda _: {"answer": "soon"})
    graph.add_edge(START, "search")
    graph.add_edge("search", "write")
    argus.graph(
        "judged", validators={"write": [refuses, fails]}, judges={"write": helpfulness}, floor={"grounded": 0.5}
    )
    return graph.compile(name="judged")


WIDE = {"a_key_of_some_length_0": 0}
"""What :func:`wide` is given: LangGraph 0.2 wants something."""


def wide(keys: int, sends: int = 0) -> Any:
    """Return a graph whose node writes many keys, and sends to many others."""
    schema: Any = TypedDict("Wide", {f"a_key_of_some_length_{number}": int for number in range(keys)}, total=False)  # type: ignore[misc]
    graph = StateGraph(schema)
    graph.add_node("fill", lambda _: {f"a_key_of_some_length_{number}": number for number in range(keys)})
    graph.add_node("work, hard", lambda _: None)
    graph.add_edge(START, "fill")
    graph.add_conditional_edges("fill", lambda _: [Send("work, hard", {}) for _ in range(sends)] or END)
    return graph.compile(name="wide")
