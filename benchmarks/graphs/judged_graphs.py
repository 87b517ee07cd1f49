"""Small graphs, healthy and broken, with what is declared of them: what a watcher of graphs has to tell apart.

The tests of the source, and the benchmark, run these. More of them are in :mod:`.more_judged_graphs`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from langgraph.graph import START, StateGraph

from argus_otel import graphs

Node = Callable[[Any], Mapping[str, Any]]


class Support(TypedDict, total=False):
    question: str
    docs: list[str]
    score: float
    note: str
    answer: str


Validate = Callable[[str, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Declared:
    """What the author of a graph declares of it; see :func:`argus_otel.graphs.graph`."""

    reads: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    must_write: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    allow_empty: Sequence[str] = ()
    ignore: Sequence[str] = ()
    validators: Mapping[str, Validate] = field(default_factory=dict[str, Validate])


NOTHING = Declared()


@dataclass(frozen=True)
class Judged:
    """A graph, and what is to be found in its runs.

    Attributes
    ----------
    nodes:
        The nodes, which are in a row.
    healthy:
        Whether nothing is wrong with it.
    rules:
        The rules that find something above ``info``, without any declaration; in a healthy one, they only warn.
    causes:
        The nodes that they name.
    raises:
        What the last of its runs ends with.
    declared:
        What its author declares.
    given, then:
        The inputs of its first run, and of those that follow on the same thread.
    make:
        Makes the graph if its nodes are not in a row.
    limit:
        The recursion limit.
    needs:
        A module that it needs besides LangGraph.
    """

    name: str
    nodes: Mapping[str, Node] = field(default_factory=dict[str, Node])
    healthy: bool = True
    rules: frozenset[str] = frozenset()
    causes: frozenset[str] = frozenset()
    raises: type[BaseException] | None = None
    declared: Declared = NOTHING
    given: Mapping[str, Any] = field(default_factory=lambda: {"question": "where is my parcel?"})
    then: tuple[Any, ...] = ()
    make: Callable[[], Any] | None = None
    limit: int = 25
    needs: str = "langgraph"

    def __str__(self) -> str:
        return self.name

    def build(self) -> Any:
        return in_a_row(self.nodes) if self.make is None else self.make()

    @property
    def config(self) -> dict[str, Any]:
        return {"recursion_limit": self.limit, "configurable": {"thread_id": self.name}}

    def run(self, graph: Any) -> None:
        """Run it, or what watches it; raise what its last run raises."""
        for given in (self.given, *self.then):
            graph.invoke(given, self.config)

    async def arun(self, graph: Any) -> None:
        """Do the same on the running event loop."""
        for given in (self.given, *self.then):
            await graph.ainvoke(given, self.config)


NAME = "judged"
"""Of every one of these graphs."""


def declare(it: Declared) -> None:
    """Declare it to argus-otel."""
    graphs.graph(
        NAME,
        reads=it.reads,
        must_write=it.must_write,
        allow_empty=it.allow_empty,
        ignore=it.ignore,
        validators=it.validators,
    )


def in_a_row(nodes: Mapping[str, Node], state: type = Support, name: str = NAME) -> Any:
    """Return a graph of nodes in a row."""
    graph: Any = StateGraph(state)
    before = START
    for node, function in nodes.items():
        graph.add_node(node, function)
        graph.add_edge(before, node)
        before = node
    return graph.compile(name=name)


def writes(**update: Any) -> Node:
    return lambda _: update


def answers_from(key: str) -> Node:
    def write(state: Any) -> Mapping[str, Any]:
        return {"answer": f"by {len(state[key])} documents"}

    return write


# What authors of such graphs promise: who needs the documents, who writes them, and that there is an answer.
_READS: Mapping[str, Sequence[str]] = {"write": ["docs"]}
_SEARCHES: Mapping[str, Sequence[str]] = {"search": ["docs"], "write": ["answer"]}
_ANSWERS = Declared(must_write={"write": ["answer"]})
_QUOTES = Declared({"write": ["note"]}, {"read": ["note"], "write": ["answer"]})


def quotes(note: str) -> dict[str, Node]:
    """Return nodes, the first of which writes a text that it has read somewhere."""
    return {"read": writes(note=note), "write": writes(answer="ok")}


HEALTHY = (
    Judged("a gate that changes nothing", {"gate": writes(), "write": writes(answer="soon")}, declared=_ANSWERS),
    Judged(
        "a search whose answer is: nothing",
        {"search": writes(docs=[]), "write": writes(answer="none was found")},
        declared=Declared(_READS, _SEARCHES, allow_empty=["docs"]),
    ),
    Judged(
        "an optional key that is None",
        {"search": writes(docs=["a"], note=None), "write": answers_from("docs")},
        declared=Declared({"write": ["docs", "note"]}, _SEARCHES, allow_empty=["note"]),
    ),
    Judged("a refusal that is quoted", quotes("I cannot help with that"), declared=_QUOTES),
    Judged("a status that is data", quotes("status_code: 404"), declared=_QUOTES),
    Judged("a template in prose", quotes("write {{name}} there"), declared=_QUOTES),
    Judged("an error that is quoted", quotes("Error: connection refused"), declared=_QUOTES),
    Judged("a word that means later", quotes("TODO: fill in"), declared=_QUOTES),
    Judged(
        "two nodes that write the same",
        {"one": writes(note="x"), "two": writes(note="x", answer="ok")},
        declared=Declared({"two": ["note"]}, {"two": ["answer"]}),
    ),
)


def is_not_an_error(_: str, update: Mapping[str, Any]) -> bool:
    return not any(document.startswith("Error: ") for document in update["docs"])


def is_filled_in(_: str, update: Mapping[str, Any]) -> None:
    assert "TODO" not in update["note"]


def is_json(_: str, update: Mapping[str, Any]) -> bool:
    try:
        json.loads(update["note"])
    except ValueError:
        return False
    return True


def is_a_share(_: str, update: Mapping[str, Any]) -> bool:
    return 0 <= update["score"] <= 1


def _broken(
    name: str,
    nodes: Mapping[str, Node],
    rules: Sequence[str] = (),
    cause: str | None = None,
    raises: type[BaseException] | None = None,
    declared: Declared = _ANSWERS,
) -> Judged:
    causes = frozenset() if cause is None else frozenset({cause})
    return Judged(name, nodes, healthy=False, rules=frozenset(rules), causes=causes, raises=raises, declared=declared)


BROKEN = (
    _broken(
        "a key that no node writes",
        {"search": writes(), "write": answers_from("docs")},
        ["key_missing"],
        "search",
        KeyError,
        Declared(_READS, _SEARCHES),
    ),
    _broken(
        "a key under another name",
        {"search": writes(doc=["a"]), "write": answers_from("docs")},
        ["unknown_key", "key_missing"],
        "search",
        KeyError,
        Declared(_READS, _SEARCHES),
    ),
    _broken(
        "a key under another name, unread",
        {"search": writes(docs=["a"]), "write": writes(awnser="lost")},
        ["unknown_key"],
        "write",
        declared=Declared(_READS, _SEARCHES),
    ),
    _broken(
        "a number that is none",
        {"rate": writes(score=math.nan), "write": writes(answer="ok")},
        ["not_finite"],
        "rate",
        declared=Declared({"write": ["score"]}, validators={"rate": is_a_share}),
    ),
    _broken(
        "a text where the schema has a list",
        {"search": writes(docs="Error: connection refused"), "write": answers_from("docs")},
        ["type_drift"],
        "search",
        declared=Declared(_READS, _SEARCHES),
    ),
    _broken(
        "an error among the documents",
        {"search": writes(docs=["Error: connection refused"]), "write": answers_from("docs")},
        declared=Declared(_READS, _SEARCHES, validators={"search": is_not_an_error}),
    ),
    _broken(
        "a text that was never filled in",
        {"draft": writes(note="TODO: fill in"), "write": writes(answer="ok")},
        declared=Declared({"write": ["note"]}, validators={"draft": is_filled_in}),
    ),
    _broken(
        "JSON that is cut",
        {"read": writes(note='{"price": 4'), "write": writes(answer="ok")},
        declared=Declared({"write": ["note"]}, validators={"read": is_json}),
    ),
)
"""What is wrong with the last three no rule can find by names and shapes, but only a validator."""

UNNAMED = Judged(
    "an empty key that leads to an error which names no key",
    {"search": writes(docs=None), "write": answers_from("docs")},
    healthy=False,
    raises=TypeError,
)
"""It is told by its exception alone: no rule may guess which key a TypeError is about."""
