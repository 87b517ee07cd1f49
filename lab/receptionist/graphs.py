"""The graphs: one that answers questions, one that makes a digest, and an agent.

``answer`` is the first of them by its name, which dashboards choose where one is chosen: so it does whatever a panel of
one graph shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import operator
import threading
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypedDict

from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import RetryPolicy, Send, interrupt

from argus_otel import graphs

from .ledger import Ledger
from .models import clerk, refused, said, scribe

ANSWER, DIGEST, MERGE, RECEPTION = "answer", "digest", "merge", "reception"

PARTS = 3
"""How many parts of a digest are summed up at the same time."""

UNLUCKY = {"hurried": 2, "outage": 3}
"""How many attempts at a search fail, by what is asked for; of others, the first."""


class Question(TypedDict, total=False):
    """What is asked, and what is found."""

    visit: int
    kind: str
    docs: list[str]
    allowed: bool
    answer: str


class Part(TypedDict, total=False):
    """A part of a digest, and the digest."""

    number: int
    score: float
    parts: Annotated[list[str], operator.add]
    digest: str


def tools(ledger: Ledger) -> dict[str, BaseTool]:
    """Return the tools, by name."""

    @tool
    def lookup(topic: str) -> str:
        """Look a topic up."""
        with ledger.tool("lookup"):
            return f"all about {topic}"

    @tool
    def archive(topic: str) -> str:
        """Look a topic up where nobody answers."""
        with ledger.tool("archive"):
            raise ConnectionError(topic)

    return {"lookup": lookup, "archive": archive}


class Answer:
    """The nodes of the graph that answers a question.

    Attributes
    ----------
    greeting:
        Set once a visitor who will be cancelled is greeted.
    at_leisure:
        Not set while nobody has time to check what was found.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.greeting = asyncio.Event()
        self.at_leisure = threading.Event()
        self._ledger = ledger
        self._clerk, self._scribe, self._refused = clerk(ledger), scribe(ledger), refused(ledger)
        self._tools = tools(ledger)
        self._tries: dict[int, int] = {}

    def build(self) -> Any:
        graphs.graph(
            ANSWER,
            validators={"search": self.has_documents, "write": self.is_misused},
            judges={"write": self.helpfulness},
            floor={"helpfulness": 0.7},
            severity="warn",
        )
        graph = StateGraph(Question)
        policy = RetryPolicy(max_attempts=3, initial_interval=0.001, jitter=False, retry_on=TimeoutError)
        graph.add_node("greet", RunnableLambda(self.greet, self.agreet))
        graph.add_node("classify", self.classify)
        graph.add_node("search", self.search, retry_policy=policy)
        graph.add_node("approve", self.approve)
        graph.add_node("write", self.write)
        graph.add_node("decline", self.decline)
        graph.add_edge(START, "greet")
        graph.add_edge("greet", "classify")
        graph.add_edge("classify", "search")
        graph.add_conditional_edges("search", self.after_search, ["search", "approve", "write"])
        graph.add_conditional_edges("approve", self.after_approval, ["write", "decline"])
        return graph.compile(name=ANSWER, checkpointer=InMemorySaver())

    def greet(self, _: Question) -> Question:
        with self._ledger.attempt(ANSWER, "greet"):
            return {"allowed": False}

    async def agreet(self, state: Question) -> Question:
        with self._ledger.attempt(ANSWER, "greet"):
            if state["kind"] == "cancelled":
                self.greeting.set()
                await asyncio.sleep(60)
            return {"allowed": False}

    def classify(self, state: Question) -> Question:
        with self._ledger.attempt(ANSWER, "classify"):
            model = self._refused if state["kind"] == "refused" else self._clerk
            model.invoke("What is this about?")
            return {"allowed": True}

    def search(self, state: Question) -> Mapping[str, Any]:
        tries = self._tries.get(state["visit"], 0)
        self._tries[state["visit"]] = tries + 1
        endless = state["kind"] == "endless"
        with self._ledger.attempt(ANSWER, "search", first=not tries or endless):
            if tries < UNLUCKY.get(state["kind"], 1) and not endless:
                raise TimeoutError("no answer")
            found = self._tools["lookup"].invoke({"topic": "opening hours"})
            if not endless:
                self._ask_the_archive()
            return {"doc" if state["kind"] == "lost" else "docs": [found]}

    def _ask_the_archive(self) -> None:
        with contextlib.suppress(ConnectionError):  # the answer is made without it
            self._tools["archive"].invoke({"topic": "opening hours"})

    def approve(self, _: Question) -> Question:
        with self._ledger.attempt(ANSWER, "approve"):
            return {"allowed": interrupt("may I?")}

    def write(self, state: Question) -> Question:
        with self._ledger.attempt(ANSWER, "write"):
            pages = len(state["docs"])  # type: ignore[typeddict-item] - lost where the search misspells its key
            text = "".join(str(chunk.content) for chunk in self._scribe.stream(f"Sum up {pages} pages."))
            text += "".join(str(chunk.content) for chunk in self._clerk.stream("Sign it."))
            graphs.evaluate("grounded", score=0.9, label="yes")
            self._ledger.checked["grounded"] += 1
            return {"answer": text}

    def decline(self, _: Question) -> Question:
        with self._ledger.attempt(ANSWER, "decline"):
            return {"answer": "no"}

    def has_documents(self, _: str, update: Mapping[str, Any]) -> bool:
        self.at_leisure.wait(30)
        self._ledger.checked["has_documents"] += 1
        return "docs" in update

    def is_misused(self, *_: Any) -> bool:
        self._ledger.checked["is_misused"] += 1
        raise ZeroDivisionError

    def helpfulness(self, *_: Any) -> tuple[float, str]:
        self._ledger.checked["helpfulness"] += 1
        return 0.4, "poor"

    def after_search(self, state: Question) -> str:
        route = {"endless": "search", "lost": "write"}.get(state["kind"], "approve")
        return self._ledger.decides(ANSWER, "search", route)

    def after_approval(self, state: Question) -> str:
        return self._ledger.decides(ANSWER, "approve", "write" if state["allowed"] else "decline")


def digest(ledger: Ledger) -> Any:
    """Return the graph that sums up several parts at the same time, and merges them by a graph of its own."""
    lock = threading.Lock()

    def noted(graph: str, name: str, update: Mapping[str, Any]) -> Callable[[Part], Any]:
        def node(_: Part) -> Mapping[str, Any]:
            with lock, ledger.attempt(graph, name):
                return update

        return node

    def send(_: Part) -> list[Send]:
        return [Send(ledger.decides(DIGEST, "collect", "summarise"), {"number": number}) for number in range(PARTS)]

    merge: Any = StateGraph(Part)
    merge.add_node("sort", noted(MERGE, "sort", {"number": 1}))
    merge.add_node("bind", noted(MERGE, "bind", {"digest": "all of it"}))
    merge.add_edge(START, "sort")
    merge.add_edge("sort", "bind")
    graph: Any = StateGraph(Part)
    graph.add_node("collect", noted(DIGEST, "collect", {"score": math.nan}))
    graph.add_node("summarise", noted(DIGEST, "summarise", {"parts": ["in short"]}))
    graph.add_node("merge", merge.compile(name=MERGE))
    graph.add_edge(START, "collect")
    graph.add_conditional_edges("collect", send, ["summarise"])
    graph.add_edge("summarise", "merge")
    graph.add_edge("merge", END)
    return graph.compile(name=DIGEST)


def reception(ledger: Ledger) -> Any:
    """Return an agent: it asks a tool, and answers; then it asks for one that there is not, and answers nothing."""
    model = clerk(ledger, _asks("lookup"), said(), _asks("no_such_tool"), said("", reason="length"))
    return create_agent(model, tools=[tools(ledger)["lookup"]], name=RECEPTION)


def _asks(name: str) -> AIMessage:
    return said("", tool_calls=[{"name": name, "args": {"topic": "lost umbrella"}, "id": f"of {name}"}])
