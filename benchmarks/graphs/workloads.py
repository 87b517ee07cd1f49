"""The graphs that are timed. They are healthy: no rule finds anything in their runs."""

from __future__ import annotations

import operator
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import StructuredTool
from langgraph.graph import START, StateGraph
from langgraph.types import Send
from typing_extensions import TypedDict

from benchmarks.pairs import Work

RUNS = 5
"""How many runs are timed together."""

NODES = 20
TOOL_CALLS = 6
CONFIG = {"recursion_limit": 1000}
"""Far more steps than any of the graphs has."""


@dataclass(frozen=True)
class Workload:
    """Runs of one graph.

    Attributes
    ----------
    graph:
        Compiled.
    given:
        The input of each run.
    nodes:
        How many nodes a run has.
    asynchronous:
        Whether it runs on an event loop.
    threads:
        Whether nodes, tools or handlers of LangChain's callbacks run on other threads than the caller's.
    """

    name: str
    title: str
    graph: Any
    given: Mapping[str, Any]
    nodes: int
    asynchronous: bool = False
    threads: bool = False

    def work(self, graph: Any) -> Work:
        """Return work, whose pieces are the nodes; ``graph`` is its own, or a peer's that wraps it."""
        given = self.given

        async def run() -> int:
            for _ in range(RUNS):
                graph.invoke(given, CONFIG)
            return RUNS * self.nodes

        async def run_async() -> int:
            for _ in range(RUNS):
                await graph.ainvoke(given, CONFIG)
            return RUNS * self.nodes

        return run_async if self.asynchronous else run


Node = Callable[[Any], dict[str, Any]]


def _never() -> None:
    pass


def in_a_row(
    state: type, node: Node, *, nodes: int = NODES, asynchronous: bool = False, last: Node | None = None
) -> Any:
    """Return a compiled graph of nodes in a row.

    Parameters
    ----------
    last:
        The last node, if it is another one.
    """
    graph: Any = StateGraph(state)
    before = START
    for number in range(nodes):
        name, this = f"n{number}", node if last is None or number + 1 < nodes else last
        graph.add_node(name, _async(this) if asynchronous else this)
        graph.add_edge(before, name)
        before = name
    return graph.compile(name="row")


def _async(node: Node) -> Callable[[Any], Awaitable[dict[str, Any]]]:
    async def run(state: Any) -> dict[str, Any]:
        return node(state)

    return run


class Counted(TypedDict):
    count: int


def count(state: Counted) -> dict[str, Any]:
    """Write a number that is greater by one."""
    return {"count": state["count"] + 1}


class EightKeys(TypedDict):
    """Eight keys that nodes write, and one that they do not: argus-agents makes a run fail in which nodes write all."""

    subject: str
    count: int
    share: float
    known: bool
    question: str
    answer: str
    documents: list[str]
    sources: dict[str, str]
    tags: tuple[str, ...]


def eight() -> dict[str, Any]:
    """Return a value for each of eight keys."""
    return {
        "count": 7,
        "share": 0.25,
        "known": True,
        "question": "How many of them are there?",
        "answer": "There are seven of them. " * 20,
        "documents": ["the first document", "the second document", "the last document"],
        "sources": {"first": "a shelf", "last": "another shelf"},
        "tags": ("short", "known"),
    }


class Documents(TypedDict):
    count: int
    documents: list[str]


def documents(kilobytes: int) -> dict[str, Any]:
    """Return a state with so many texts of 1 kB."""
    return {"count": 0, "documents": ["x" * 1000] * kilobytes}


def _hand_on(state: Documents) -> dict[str, Any]:
    """Write the documents again."""
    return {"documents": state["documents"]}


class Gathered(TypedDict):
    count: int
    found: Annotated[list[int], operator.add]


def _fan_out(state: Gathered) -> list[Send]:
    return [Send("worker", {"count": number, "found": []}) for number in range(NODES)]


def _find(state: Gathered) -> dict[str, Any]:
    return {"found": [state["count"]]}


def _sent() -> Any:
    graph: Any = StateGraph(Gathered)
    graph.add_node("worker", _find)
    graph.add_conditional_edges(START, _fan_out, ["worker"])
    return graph.compile(name="workers")


class Model(BaseChatModel):
    """Asks for a tool as often as :data:`TOOL_CALLS`, and then answers; ``last`` is called before the answer."""

    last: Callable[[], None] = _never

    @property
    def _llm_type(self) -> str:
        return "fake"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Model:
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        asked = sum(message.type == "ai" for message in messages)
        usage: Any = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
        if asked < TOOL_CALLS:
            call: Any = {"name": "look_up", "args": {"number": asked}, "id": f"call-{asked}"}
            message = AIMessage(content="", tool_calls=[call], usage_metadata=usage)
        else:
            self.last()
            message = AIMessage(content="There are six of them.", usage_metadata=usage)
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return self._generate(messages)


def _look_up(number: int) -> str:
    """Look something up."""
    return f"entry {number}"


async def _look_up_async(number: int) -> str:
    return f"entry {number}"


def agent(*, asynchronous: bool = False, last: Callable[[], None] = _never) -> Workload:
    """Return an agent: seven calls of the model, and six of a tool, each in a node."""
    tool = StructuredTool.from_function(_look_up, _look_up_async, name="look_up")
    return Workload(
        f"agent{', async' * asynchronous}",
        f"a node of an agent: 7 calls of a model, 6 of a tool{', async' * asynchronous}",
        create_agent(Model(last=last), [tool], name="agent"),
        {"messages": [HumanMessage("How many of them are there?")]},
        2 * TOOL_CALLS + 1,
        asynchronous,
        threads=True,
    )


def plain(*, asynchronous: bool = False) -> Workload:
    """Return nodes in a row that write one number."""
    kind = "async" if asynchronous else "sync"
    graph = in_a_row(Counted, count, asynchronous=asynchronous)
    title = f"a node of 20 in a row, {kind}"
    return Workload(kind, title, graph, {"count": 0}, NODES, asynchronous, threads=asynchronous)


def workers() -> Workload:
    """Return workers that were sent to, which run on threads of LangGraph's."""
    return Workload("send", "a worker of 20 by Send", _sent(), {"count": 0, "found": []}, NODES, threads=True)


def wide() -> Workload:
    """Return nodes in a row that write eight keys."""
    written = eight()
    graph = in_a_row(EightKeys, lambda _: written)
    return Workload("keys", "a node that writes 8 keys", graph, {**written, "subject": "shelves"}, NODES)


def heavy() -> Workload:
    """Return nodes in a row that write one number into a state of 100 kB."""
    return Workload("100 kB", "a node in 100 kB of state", in_a_row(Documents, count), documents(100), NODES)


def handed_on(kilobytes: int) -> Workload:
    """Return nodes in a row that each write so many documents of 1 kB."""
    return Workload("state", "", in_a_row(Documents, _hand_on), documents(kilobytes), NODES)
