"""An ordinary support agent of LangGraph, without a line about argus-otel. It has bugs, on purpose, and recovers.

It reads tickets from its standard input, a line of JSON for each, and answers them: half of them on its event loop, the
other half in threads. In the file that is its argument it counts what it has done, by LangGraph's own stream of tasks.

    OPENAI_BASE_URL=… OPENAI_API_KEY=… python support.py ledger.json < tickets
"""

from __future__ import annotations

import asyncio
import json
import operator
import sys
import threading
from collections import Counter
from contextlib import aclosing, closing
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langchain.agents import create_agent
from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import ToolException, tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, RetryPolicy, Send, interrupt
from openai import OpenAIError

LIMIT = 12
DEPARTMENTS = ("shipping", "quality", "law")


class Ticket(TypedDict, total=False):
    number: str
    text: str
    topic: str
    department: str
    docs: list[str]
    score: float
    opinions: Annotated[list[str], operator.add]
    revision: int
    remark: str
    approved: bool
    messages: Annotated[list[AnyMessage], add_messages]


# -- the ledger


class Book:
    """Counts what the program does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered = 0
        self._counts: dict[str, Counter[str]] = {}

    def count(self, subject: str, thing: str) -> None:
        with self._lock:
            self._counts.setdefault(subject, Counter())[thing] += 1

    def write(self, path: Path) -> None:
        """Write it, after a ticket. The file is replaced in one step, so that no reader gets half of it."""
        with self._lock:
            self._answered += 1
            beside = path.with_suffix(".new")
            beside.write_text(json.dumps({"answered": self._answered, "counts": self._counts}), encoding="utf-8")
            beside.replace(path)


BOOK = Book()


class Tasks:
    """The tasks of one run, as LangGraph streams them. Within its block, the program recovers from failures."""

    def __init__(self, graph: str) -> None:
        self._graph = graph
        self._begun: dict[str, tuple[tuple[str, ...], str]] = {}
        self._runs: dict[tuple[str, ...], str] = {(): "ok"}

    @property
    def interrupted(self) -> bool:
        return self._runs[()] == "interrupted"

    def note(self, namespace: tuple[str, ...], event: dict[str, Any]) -> None:
        if "triggers" in event:
            self._begun[event["id"]] = (namespace, event["name"])
            self._runs.setdefault(namespace, "ok")
        elif event["id"] in self._begun:
            self._end(event["id"], "error" if event["error"] else "interrupted" if event["interrupts"] else "ok")

    def left_after(self, event: dict[str, Any]) -> bool:
        """Whether the first node has ended, after which a customer hangs up."""
        if "result" not in event:
            return False
        self._runs[()] = "abandoned"
        return True

    def _end(self, task: str, outcome: str) -> None:
        namespace, node = self._begun.pop(task)
        BOOK.count("nodes", f"{self._name(namespace)} / {node}: {outcome}")
        if outcome != "ok":
            self._runs[namespace] = outcome
        if outcome == "interrupted":
            BOOK.count("interrupts", node)

    def _name(self, namespace: tuple[str, ...]) -> str:
        return GRAPHS[namespace[-1].partition(":")[0]].name if namespace else self._graph

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        for task in list(self._begun):  # LangGraph does not tell how those ended that the exception came from
            self._end(task, "error")
        if error is not None:
            self._runs[()] = "limit" if isinstance(error, GraphRecursionError) else "error"
        for namespace, outcome in self._runs.items():
            BOOK.count("runs", f"{self._name(namespace)}: {outcome}")
        return isinstance(error, (GraphRecursionError, KeyError, ConnectionError, OpenAIError))


# -- where documents are: all but the first have a bug


def delivery() -> dict[str, Any]:
    return {"docs": ["Parcels take three days."], "score": 0.9}


def warranty() -> dict[str, Any]:
    return {"doc": ["Two years."], "score": 0.8}


def invoices() -> dict[str, Any]:
    return {"docs": None, "score": 0.0}


def customs() -> dict[str, Any]:
    return {"docs": "Customs are paid by us.", "score": 0.7}


def points() -> dict[str, Any]:
    return {"docs": ["A point for each coin."], "score": float("nan")}


SHELVES = {
    "delivery": delivery,
    "warranty": warranty,
    "invoices": invoices,
    "customs": customs,
    "points": points,
}


# -- the models, and the tools of one of them

router = ChatOpenAI(model="router-1")
clerk = ChatOpenAI(model="clerk-1")
reviewer = ChatOpenAI(model="reviewer-1")
writer = ChatOpenAI(model="writer-1", stream_usage=True)

ORDERS = {"17": "on its way", "18": "packed"}


@tool
def find_order(number: str) -> str:
    """Find an order by its number."""
    if number not in ORDERS:
        BOOK.count("tool calls", "find_order, failed")
        raise ToolException(f"there is no order {number}")
    BOOK.count("tool calls", "find_order")
    return f"order {number} is {ORDERS[number]}"


@tool
def opening_hours() -> str:
    """Return the opening hours of the support desk."""
    BOOK.count("tool calls", "opening_hours")
    return "from nine to five"


find_order.handle_tool_error = True


# -- the nodes


def sort(state: Ticket) -> Ticket:
    question = [("system", "Name the topic of the ticket in one word."), ("user", state["text"])]
    return {"topic": str(router.invoke(question).content)}


def pick(state: Ticket) -> list[Send] | str:
    topic = state["topic"]
    if topic == "complaint":
        for _ in DEPARTMENTS:
            BOOK.count("routes", "sort → review")
        return [Send("review", {"text": state["text"], "department": each}) for each in DEPARTMENTS]
    target = {
        "order": "clerk",
        "refund": "approve",
        "essay": "draft",
        "poem": "draft",
        "french": "translate",
        "attachment": "archive",
    }.get(topic, "look_up")
    BOOK.count("routes", f"sort → {target}")
    return target


def look_up(state: Ticket) -> dict[str, Any]:
    return SHELVES[state["topic"]]()


def review(state: Ticket) -> Ticket:
    question = [("system", f"You are the department of {state['department']}."), ("user", state["text"])]
    return {"opinions": ["".join(str(chunk.content) for chunk in reviewer.stream(question))]}


def weigh(state: Ticket) -> Ticket:
    return {"docs": sorted(state["opinions"])}


def approve(state: Ticket) -> Ticket:
    return {"approved": interrupt(f"May ticket {state['number']} be refunded?")}


PAYMENTS: Counter[str] = Counter()


def pay(state: Ticket) -> Ticket:
    """Ask a bank, which refuses some attempts."""
    PAYMENTS[state["number"]] += 1
    if "closed bank" in state["text"] or PAYMENTS[state["number"]] == 1:
        BOOK.count("failed attempts", "pay")
        raise ConnectionError("the bank does not answer")
    del PAYMENTS[state["number"]]
    return {"docs": ["It is paid."]}


def draft(state: Ticket) -> Ticket:
    return {"revision": state.get("revision", 0) + 1 if state["topic"] == "essay" else 1}


def criticise(state: Ticket) -> Ticket:
    return {"remark": f"Revision {state['revision']} may be better.", "docs": [f"revision {state['revision']}"]}


def enough(state: Ticket) -> str:
    target = "write" if state["revision"] >= 4 else "draft"
    BOOK.count("routes", f"criticise → {target}")
    return target


def archive(state: Ticket, config: RunnableConfig) -> Ticket:
    """Put an attachment away, and forget to say where."""
    cabinet.invoke({"text": state["text"]}, config)
    return {}


def write(state: Ticket) -> dict[str, Any]:
    docs = state.get("docs")
    if docs is None:
        raise KeyError("docs")
    question = [("system", f"Answer by these documents: {docs}"), ("user", state["text"])]
    answer = None
    for chunk in writer.stream(question):
        answer = chunk if answer is None else answer + chunk
    return {"messages": [answer]}


# -- the graphs


class Translation(TypedDict, total=False):
    text: str
    language: str
    docs: list[str]


def detect(_: Translation) -> Translation:
    return {"language": "French"}


def render(state: Translation) -> Translation:
    return {"docs": [f"{state['language']}: {state['text']}"]}


class Cabinet(TypedDict, total=False):
    text: str
    drawer: str


def open_drawer(state: Cabinet) -> Cabinet:
    return {"drawer": state["text"][:1]}


agent = create_agent(clerk, [find_order, opening_hours], name="clerk")

cabinet = StateGraph(Cabinet).add_node(open_drawer).add_edge(START, "open_drawer").compile(name="cabinet")

translation = StateGraph(Translation).add_sequence([detect, render]).add_edge(START, "detect").compile(name="translate")

GRAPHS: dict[str, Any] = {"clerk": agent, "archive": cabinet, "translate": translation}
"""The graphs in nodes, by the node."""

SAVER = InMemorySaver()


def build() -> Any:
    graph = StateGraph(Ticket)
    for node in (sort, look_up, review, weigh, approve, draft, criticise, archive, write):
        graph.add_node(node)
    again = RetryPolicy(max_attempts=3, initial_interval=0.01, jitter=False, retry_on=ConnectionError)
    graph.add_node("pay", pay, retry_policy=again)
    graph.add_node("clerk", agent)
    graph.add_node("translate", translation)
    graph.add_edge(START, "sort")
    graph.add_conditional_edges(
        "sort", pick, ["look_up", "review", "approve", "draft", "clerk", "translate", "archive"]
    )
    graph.add_conditional_edges("criticise", enough, ["draft", "write"])
    for before, after in (
        ("look_up", "write"),
        ("review", "weigh"),
        ("weigh", "write"),
        ("approve", "pay"),
        ("pay", "write"),
        ("draft", "criticise"),
        ("translate", "write"),
        ("archive", "write"),
        ("clerk", END),
        ("write", END),
    ):
        graph.add_edge(before, after)
    return graph.compile(SAVER, name="support")


support = build()


# -- the tickets


def answer(graph: Any, given: Any, config: RunnableConfig, hangs_up: bool) -> bool:
    """Run a graph in this thread. Return whether it waits for a person."""
    tasks = Tasks(graph.name)
    with tasks, closing(graph.stream(given, config, stream_mode="tasks", subgraphs=True)) as events:
        for namespace, event in events:
            tasks.note(namespace, event)
            if hangs_up and tasks.left_after(event):
                break
    return tasks.interrupted


async def answer_on_loop(graph: Any, given: Any, config: RunnableConfig, hangs_up: bool) -> bool:
    """Do the same on the event loop."""
    tasks = Tasks(graph.name)
    with tasks:
        async with aclosing(graph.astream(given, config, stream_mode="tasks", subgraphs=True)) as events:
            async for namespace, event in events:
                tasks.note(namespace, event)
                if hangs_up and tasks.left_after(event):
                    break
    return tasks.interrupted


async def handle(ticket: dict[str, str], ledger: Path) -> None:
    number, text = ticket["number"], ticket["text"]
    graph = agent if ticket["channel"] == "chat" else support
    given: Any = {"number": number, "text": text, "messages": [("user", text)]}
    if graph is agent:
        given = {"messages": given["messages"]}
    config: RunnableConfig = {"configurable": {"thread_id": number}, "recursion_limit": LIMIT}
    # Before Python 3.11, LangGraph cannot interrupt a graph that runs on an event loop.
    in_thread = int(number) % 2 or sys.version_info < (3, 11)
    hangs_up = ticket["channel"] == "call"
    waits = True
    while waits:
        if in_thread:
            waits = await asyncio.to_thread(answer, graph, given, config, hangs_up)
        else:
            waits = await answer_on_loop(graph, given, config, hangs_up)
        if waits:
            BOOK.count("resumes", graph.name)
            given = Command(resume=True)  # a person says yes
    await SAVER.adelete_thread(number)
    BOOK.write(ledger)


async def main(ledger: Path) -> None:
    tickets: set[asyncio.Task[None]] = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        task = asyncio.create_task(handle(json.loads(line), ledger))
        tickets.add(task)
        task.add_done_callback(tickets.discard)
    await asyncio.gather(*tickets)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
