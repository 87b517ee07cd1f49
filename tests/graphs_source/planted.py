"""A program with a secret in everything that graphs, tools and models are given and give: started by the tests.

In its directory it leaves what its endpoint shows, all log records from DEBUG on, and the places that secrets were in.
"""

from __future__ import annotations

import contextlib
import json
import logging
import operator
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.globals import set_debug, set_verbose
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import Command, RetryPolicy, Send, interrupt

from argus_otel import graphs
from argus_otel.demo.graphs.model_service import ModelService
from argus_otel.demo.graphs.replies import Asked, Reply
from tests.graphs_source.test_calls import Model

CARD = "4111111111111111"
PLACES: set[str] = set()


def secret(place: str) -> str:
    """Return a text with all kinds of secrets, which says where it was."""
    PLACES.add(place)
    return f"planted-{place}: sk-planted{place.replace(' ', '')}0123456789abcdef {CARD} planted@example.com"


class PlantedError(Exception):
    """An exception whose message is secret."""


class _Records(logging.Handler):
    """Keeps every record, as a program with a handler of its own does."""

    def __init__(self) -> None:
        super().__init__()
        self._path = Path("records.jsonl")

    def emit(self, record: logging.LogRecord) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps([record.name, self.format(record)]) + "\n")


logging.basicConfig(level=logging.DEBUG, handlers=[_Records()])
if os.environ.get("LANGCHAINS_OWN_DEBUG"):
    set_debug(True)
    set_verbose(True)


class State(TypedDict, total=False):
    question: str
    docs: dict[str, Any]
    answer: str
    parts: Annotated[list[str], operator.add]


class Hostile:
    """An object of the program's, of which nothing may be asked."""

    def _refuse(self, *_: object) -> Any:
        raise PlantedError(secret("hostile object"))

    __len__ = __bool__ = __eq__ = __hash__ = __repr__ = __str__ = __iter__ = __contains__ = _refuse  # type: ignore[assignment]


failures: Iterator[str] = iter(["retry"])


def search(_: State) -> Any:
    found = {secret("key in a value"): secret("value"), "n": float("nan")}
    return {"docs": found, secret("unknown key"): 1, "anwser": secret("misspelt key")}


def flaky(_: State) -> State:
    for place in failures:
        raise ConnectionError(secret(place))
    return {"parts": [secret("part")]}


def fan_out(_: State) -> list[Send]:
    return [Send("work", {"question": secret("sent")})]


def work(_: State) -> State:
    return {"parts": [secret("part")]}


def ask(_: State) -> State:
    return {"answer": interrupt({"asked": secret("interrupt")})}


def write(state: State) -> State:
    graphs.evaluate("grounded", score=0.1, explanation=secret("explanation"))
    if "raise" in state["question"]:
        raise PlantedError(secret("exception"))
    if "lack" in state["question"]:
        raise KeyError(secret("missing key"))
    return {"answer": secret("answer")}


def fails(*_: object) -> None:
    raise RuntimeError(secret("validator"))


def refuses(*_: object) -> None:
    raise AssertionError(secret("assertion"))


@graphs.detector("broken")
def broken(_: graphs.RunFacts) -> None:
    raise RuntimeError(secret("detector"))


class Handler(BaseCallbackHandler):
    def on_chain_start(self, *_: object, **__: object) -> None:
        raise PlantedError(secret("handler"))


def a_graph() -> None:
    graph = StateGraph(State)
    policy = RetryPolicy(max_attempts=2, initial_interval=0.001, jitter=False, retry_on=ConnectionError)
    graph.add_node("search", search)
    graph.add_node("flaky", flaky, retry_policy=policy)
    for node in (work, ask, write):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "search")
    graph.add_edge("search", "flaky")
    graph.add_conditional_edges("flaky", fan_out, ["work"])
    graph.add_edge("work", "ask")
    graph.add_edge("ask", "write")
    graphs.graph("planted", reads={"write": ["docs"]}, validators={"write": [fails, refuses]}, floor=0.7)
    compiled = graph.compile(name="planted", checkpointer=InMemorySaver())
    for end in ("", "raise", "lack"):
        config: Any = {
            "configurable": {"thread_id": f"thread {end}"},
            "metadata": {secret("key of metadata"): 1, "user": secret("metadata")},
            "tags": [secret("tag")],
            "run_name": secret("run name"),
            "callbacks": [Handler()],
        }
        with contextlib.suppress(PlantedError, KeyError):
            compiled.invoke({"question": secret("question") + end, secret("key of the input"): 1}, config)
            compiled.invoke(Command(resume=secret("resume")), config)


@tool
def find(number: str) -> str:
    """Find."""
    return secret("result of a tool")


@tool
def fail(number: str) -> str:
    """Fail."""
    raise PlantedError(secret("exception of a tool"))


def an_agent() -> None:
    for names in (["find", "find", "find"], ["fail"], ["no_such_tool"]):
        asked: Any = [{"name": name, "args": {"number": secret("argument")}, "id": f"call-{name}"} for name in names]
        said = [AIMessage(secret("thought"), tool_calls=[each]) for each in asked]
        cut = AIMessage(secret("reply"), response_metadata={"finish_reason": "length"})
        agent = create_agent(Model(messages=iter([*said, cut])), [find, fail], system_prompt=secret("system prompt"))
        with contextlib.suppress(PlantedError):
            agent.invoke({"messages": [("user", secret("prompt"))]})
    with contextlib.suppress(Exception):
        find.invoke({"number": Hostile()})
    with contextlib.suppress(Exception):
        Model(messages=iter([AIMessage("x")])).invoke([(secret("role"), "x")])


def a_client() -> None:
    replies = iter([Reply(secret("reply over HTTP")), Reply(refusals=[400])])

    def answer(_: Asked) -> Reply:
        return next(replies)

    with ModelService(answer) as service:
        key: Any = "sk-plantedkey0123456789abcdef"
        model = ChatOpenAI(model="small-1", base_url=service.url, api_key=key, max_retries=0)
        for _ in range(2):
            with contextlib.suppress(Exception):
                model.invoke(secret("prompt over HTTP"))


def an_object_in_the_state() -> None:
    graph = StateGraph(State)
    graph.add_node("make", lambda _: {"docs": {"found": Hostile()}, "answer": Hostile()})
    graph.add_edge(START, "make")
    graph.compile(name="hostile").invoke({"question": secret("question")})


def the_functional_api() -> None:
    @task
    def twice(_: str) -> str:
        return secret("result of a task")

    @entrypoint()
    def flow(given: str) -> str:
        return twice(given).result()

    flow.invoke(secret("input of an entrypoint"))


a_graph()
an_agent()
a_client()
an_object_in_the_state()
the_functional_api()
logging.getLogger("program").info("a line of the program")
for name in ("metrics", "status", ""):
    address = f"http://127.0.0.1:{os.environ['ARGUS_ENDPOINT_PORT']}/{name}"
    with urllib.request.urlopen(address) as page:
        Path(f"shown-{name}.txt").write_bytes(page.read())
Path("places.json").write_text(json.dumps(sorted(PLACES)))
