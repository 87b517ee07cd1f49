"""More graphs than :mod:`.judged_graphs` has: loops, retries, tools, agents, graphs in nodes, odd but right values."""

from __future__ import annotations

import inspect
import math
import operator
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from itertools import cycle
from typing import Annotated, Any, TypedDict

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Command, RetryPolicy, Send, interrupt
from pydantic import BaseModel, ValidationError

from .judged_graphs import NAME, NOTHING, Declared, Judged, Node, Support, answers_from, in_a_row, writes

AGENTS = "langchain.agents"
ASKED: Mapping[str, Any] = {"messages": [("user", "where is my parcel?")]}


# -- loops, routes and retries


def loop(node: Node, more: Callable[[Any], bool], name: str = "draft", reader: Node | None = None) -> Any:
    """Return a graph of a node that is visited again and again, and of one that reads what it has written."""
    graph: Any = StateGraph(Support)
    graph.add_node(name, node)
    graph.add_node("write", reader or writes(answer="ok"))
    graph.add_edge(START, name)
    if reader is None:
        graph.add_conditional_edges(name, lambda state: name if more(state) else "write", [name, "write"])
    else:
        graph.add_edge(name, "write")
        graph.add_conditional_edges("write", lambda state: name if more(state) else END, [name, END])
    return graph.compile(name=NAME)


def polls() -> Any:
    """Return a graph that asks five times whether something is there."""
    answers = cycle([{"note": "waiting"}] * 4 + [{"note": "there"}])
    return loop(lambda _: next(answers), lambda state: state["note"] == "waiting", "poll")


def without_end(node: Node) -> Callable[[], Any]:
    return lambda: loop(node, lambda _: True, "poll")


def optional_lookup() -> Any:
    graph: Any = StateGraph(Support)
    graph.add_node("look_up", writes(note=None))
    graph.add_node("known", writes(answer="by the note"))
    graph.add_node("unknown", writes(answer="nothing is known"))
    graph.add_edge(START, "look_up")
    graph.add_conditional_edges("look_up", lambda state: "known" if state["note"] else "unknown", ["known", "unknown"])
    return graph.compile(name=NAME)


def retries(failures: int) -> Callable[[], Any]:
    """Return what makes a graph whose node fails so often in each run, and has three attempts."""

    def make() -> Any:
        outcomes = cycle([*[ConnectionError] * failures, *[None] * (failures < 3)])

        def search(_: Any) -> Mapping[str, Any]:
            failure = next(outcomes)
            if failure is not None:
                raise failure("not yet")
            return {"docs": ["a"]}

        times: dict[str, Any] = {"initial_interval": 0.001, "backoff_factor": 1, "jitter": False}
        policy = RetryPolicy(max_attempts=3, retry_on=ConnectionError, **times)
        graph: Any = StateGraph(Support)
        named = "retry_policy" if "retry_policy" in inspect.signature(graph.add_node).parameters else "retry"
        graph.add_node("search", search, **{named: policy})
        graph.add_node("write", answers_from("docs"))
        graph.add_edge(START, "search")
        graph.add_edge("search", "write")
        return graph.compile(name=NAME)

    return make


def asks() -> Any:
    graph: Any = StateGraph(Support)
    graph.add_node("draft", writes(note="a draft"))
    graph.add_node("approve", lambda _: {"answer": interrupt("may it be sent?")})
    graph.add_edge(START, "draft")
    graph.add_edge("draft", "approve")
    return graph.compile(name=NAME, checkpointer=InMemorySaver())


def hands_over() -> Any:
    graph: Any = StateGraph(Support)
    graph.add_node("supervise", lambda _: Command(goto="write"), destinations=("write",))
    graph.add_node("write", writes(answer="ok"))
    graph.add_edge(START, "supervise")
    return graph.compile(name=NAME)


def empties_on_the_second_pass() -> Any:
    passes = cycle([["a"], []])
    times = cycle([True, False])
    return loop(
        lambda _: {"docs": next(passes)},
        lambda _: next(times),
        "search",
        lambda state: {"answer": f"by {len(state['docs'])}"},
    )


# -- values that are odd, and right


class Log(TypedDict, total=False):
    question: str
    log: Annotated[list[str], operator.add]
    answer: str


class Kind(str, Enum):
    PARCEL = "parcel"


class Kept(TypedDict, total=False):
    question: str
    by_number: dict[int, str]
    words: dict[str, int]
    kind: str
    score: float
    number: int
    answer: str


class Coerced(BaseModel):
    question: str = ""
    score: float = 0.0
    answer: str = ""


class Strict(BaseModel):
    question: str = ""
    docs: list[str] = []
    answer: str = ""


def sends() -> Any:
    graph: Any = StateGraph(Log)
    graph.add_node("work", lambda state: {"log": [f"work {state['number']}"]})
    graph.add_conditional_edges(START, lambda _: [Send("work", {"number": each}) for each in range(4)], ["work"])
    return graph.compile(name=NAME)


# -- graphs in nodes


class Inner(TypedDict, total=False):
    found: list[str]


def with_a_graph(state: type, **inner: Node) -> Callable[[], Any]:
    """Return what makes a graph with a graph in a node, and one that writes after it."""

    def make() -> Any:
        graph: Any = StateGraph(Support)
        graph.add_node("prepare", writes(note="x"))
        graph.add_node("find", in_a_row(inner, state, "finder"))
        graph.add_node("write", lambda state: {"answer": f"by {len(state.get('docs') or ())} documents"})
        graph.add_edge(START, "prepare")
        graph.add_edge("prepare", "find")
        graph.add_edge("find", "write")
        return graph.compile(name=NAME)

    return make


# -- tools and agents


class Scripted(BaseChatModel):
    """A chat model that says the next of its messages each time."""

    script: list[Any]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Scripted:
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        said = sum(message.type == "ai" for message in messages)
        return ChatResult(generations=[ChatGeneration(message=self.script[said])])


def calls(name: str, number: int, place: int = 0) -> AIMessage:
    asked: Any = {"name": name, "args": {"number": number}, "id": f"call-{place}", "type": "tool_call"}
    return AIMessage(content="", tool_calls=[asked])


@tool
def look_up(number: int) -> str:
    """Look a parcel up by its number."""
    if number < 0:
        raise ConnectionError("the register does not answer")
    return f"parcel {number} is at the depot"


def with_tools(*script: AIMessage) -> Callable[[], Any]:
    """Return what makes a graph of a model and of tools, whose failures become messages."""

    def make() -> Any:
        model = Scripted(script=list(script))
        graph: Any = StateGraph(MessagesState)
        graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
        graph.add_node("tools", ToolNode([look_up], handle_tool_errors=True))
        graph.add_edge(START, "model")
        graph.add_conditional_edges("model", tools_condition, ["tools", END])
        graph.add_edge("tools", "model")
        return graph.compile(name=NAME)

    return make


def agent(*script: AIMessage) -> Callable[[], Any]:
    """Return what makes an agent of LangChain's."""

    def make() -> Any:
        from langchain.agents import create_agent

        return create_agent(Scripted(script=list(script)), [look_up], name=NAME)

    return make


def _healthy(
    name: str, make: Callable[[], Any], declared: Declared = NOTHING, given: Any = None, needs: str = "langgraph"
) -> Judged:
    return Judged(name, declared=declared, given=given or {"question": "?"}, make=make, needs=needs)


_ANSWERS = Declared(must_write={"write": ["answer"]})
_SEARCHES = Declared({"write": ["docs"]}, {"search": ["docs"], "write": ["answer"]})
_FINDS = Declared({"write": ["docs"]}, {"find": ["docs"]})

HEALTHY = (
    Judged(
        "a loop that polls until something is there",
        make=polls,
        rules=frozenset({"no_progress"}),
        causes=frozenset({"poll"}),
        declared=Declared(ignore=["no_progress"]),
    ),
    _healthy("an optional lookup that finds nothing", optional_lookup, Declared(allow_empty=["note"])),
    _healthy("a node that succeeds by its retry policy", retries(2), _SEARCHES),
    Judged("an interrupt that is resumed", make=asks, then=(Command(resume="yes"),), declared=_ANSWERS),
    _healthy("a supervisor that only routes", hands_over, _ANSWERS),
    _healthy("workers that are sent to", sends),
    _healthy("a graph in a node", with_a_graph(Support, search=writes(docs=["a"])), _FINDS),
    _healthy(
        "a dictionary with ints as keys",
        lambda: in_a_row({"count": writes(by_number={1: "one", 2: "two"}), "write": writes(answer="ok")}, Kept),
        Declared({"write": ["by_number"]}, {"count": ["by_number"]}),
    ),
    _healthy(
        "values of classes that are derived from the schema's",
        lambda: in_a_row(
            {
                "count": writes(words=defaultdict(int, parcel=1), kind=Kind.PARCEL, score=1, number=True),
                "write": writes(answer="ok"),
            },
            Kept,
        ),
        Declared({"write": ["words", "kind", "score", "number"]}),
    ),
    _healthy(
        "a number as a text, which pydantic reads",
        lambda: in_a_row({"rate": writes(score="0.5"), "write": writes(answer="ok")}, Coerced),
        Declared({"write": ["score"]}),
    ),
    _healthy(
        "a reducer that is given nothing",
        lambda: in_a_row({"one": writes(log=["one"]), "two": writes(log=[]), "write": writes(answer="ok")}, Log),
        Declared({"write": ["log"]}),
    ),
    _healthy(
        "a tool that fails, and is called again",
        with_tools(calls("look_up", -1), calls("look_up", 7, 1), AIMessage("It is at the depot.")),
        given=ASKED,
    ),
    _healthy(
        "an agent that asks a tool twice, for different things",
        agent(calls("look_up", 7), calls("look_up", 8, 1), AIMessage("Both are at the depot.")),
        given=ASKED,
        needs=AGENTS,
    ),
)


def _broken(
    name: str,
    make: Callable[[], Any],
    rules: Sequence[str] = (),
    cause: str | None = None,
    declared: Declared = NOTHING,
    **more: Any,
) -> Judged:
    causes = frozenset() if cause is None else frozenset({cause})
    return Judged(name, make=make, healthy=False, rules=frozenset(rules), causes=causes, declared=declared, **more)


def _number() -> Node:
    return lambda state: {"score": state.get("score", 0.0) + 1}


BROKEN = (
    _broken(
        "a loop without a way out",
        without_end(_number()),
        ["limit_reached"],
        raises=GraphRecursionError,
        limit=8,
    ),
    _broken(
        "a loop that changes nothing, and has no way out",
        without_end(writes(note="waiting")),
        ["limit_reached", "no_progress"],
        "poll",
        raises=GraphRecursionError,
        limit=8,
    ),
    _broken(
        "a search that loses what it has found",
        lambda: in_a_row({"search": writes(), "write": lambda state: {"answer": f"by {len(state.get('docs') or ())}"}}),
        declared=_SEARCHES,
    ),
    _broken("a loop whose second pass finds nothing", empties_on_the_second_pass, declared=_SEARCHES),
    _broken("retries that are exhausted", retries(3), ["retry_exhausted"], "search", raises=ConnectionError),
    _broken(
        "a state that is not valid",
        lambda: in_a_row({"search": writes(docs="none"), "write": answers_from("docs")}, Strict),
        ["type_drift"],
        "search",
        raises=ValidationError,
    ),
    _broken(
        "a number that is infinite",
        lambda: in_a_row({"rate": writes(score=math.inf), "write": writes(answer="ok")}),
        ["not_finite"],
        "rate",
        Declared({"write": ["score"]}, validators={"rate": lambda _, update: math.isfinite(update["score"])}),
    ),
    _broken(
        "a graph in a node that shares no key",
        with_a_graph(Inner, search=writes(found=["a"])),
        ["subgraph_barren"],
        "find",
        _FINDS,
        needs=AGENTS,  # before LangGraph 1, which these need, such a graph raises
    ),
    _broken(
        "a tool that failed, and an answer all the same",
        with_tools(calls("look_up", -1), AIMessage("It is at the depot.")),
        ["tool_error_passed_on"],
        "tools",
        given=ASKED,
    ),
    _broken(
        "a tool that there is not",
        with_tools(calls("look_down", 7), AIMessage("It is at the depot.")),
        ["tool_unknown"],
        "tools",
        given=ASKED,
    ),
    _broken(
        "a tool that is called again and again",
        with_tools(*(calls("look_up", 7, place) for place in range(4)), AIMessage("It is at the depot.")),
        ["tool_repeated"],
        "tools",
        given=ASKED,
    ),
    _broken(
        "an answer that is cut",
        agent(AIMessage("It is at the", response_metadata={"finish_reason": "length"})),
        ["answer_cut"],
        "model",
        given=ASKED,
        needs=AGENTS,
    ),
    _broken("an answer without a word", agent(AIMessage("")), ["answer_empty"], "model", given=ASKED, needs=AGENTS),
)
