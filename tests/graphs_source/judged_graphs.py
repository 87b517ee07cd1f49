"""Small graphs, healthy and broken, with what is declared of them: what a watcher of graphs has to tell apart."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from langgraph.graph import START, StateGraph

Node = Callable[[Any], Mapping[str, Any]]


class Support(TypedDict, total=False):
    question: str
    docs: list[str]
    score: float
    note: str
    answer: str


@dataclass(frozen=True)
class Judged:
    """A graph of nodes in a row.

    Attributes
    ----------
    healthy:
        Whether nothing is wrong with it.
    rules:
        The rules that find what is wrong, without any declaration.
    causes:
        The nodes that they name.
    validate:
        For what no rule can find by names and shapes: a validator of its first node that finds it.
    """

    name: str
    nodes: dict[str, Node]
    healthy: bool = True
    rules: frozenset[str] = frozenset()
    causes: frozenset[str] = frozenset()
    raises: type[BaseException] | None = None
    validate: Callable[[str, Mapping[str, Any]], Any] | None = None
    given: dict[str, Any] = field(default_factory=lambda: {"question": "where is my parcel?"})

    def __str__(self) -> str:
        return self.name

    def build(self) -> Any:
        graph = StateGraph(Support)
        before = START
        for name, node in self.nodes.items():
            graph.add_node(name, node)  # type: ignore[arg-type]
            graph.add_edge(before, name)
            before = name
        return graph.compile(name="judged")


def writes(**update: Any) -> Node:
    return lambda _: update


def answers_from(key: str) -> Node:
    def write(state: Any) -> Mapping[str, Any]:
        return {"answer": f"by {len(state[key])} documents"}

    return write


HEALTHY = (
    Judged("a gate that changes nothing", {"gate": writes(), "write": writes(answer="soon")}),
    Judged("a search whose answer is: nothing", {"search": writes(docs=[]), "write": writes(answer="none was found")}),
    Judged("an optional key that is None", {"search": writes(docs=["a"], note=None), "write": answers_from("docs")}),
    Judged("a refusal that is quoted", {"read": writes(note="I cannot help with that"), "write": writes(answer="ok")}),
    Judged("a status that is data", {"read": writes(note="status_code: 404"), "write": writes(answer="ok")}),
    Judged("a template in prose", {"read": writes(note="write {{name}} there"), "write": writes(answer="ok")}),
    Judged("an error that is quoted", {"read": writes(note="Error: connection refused"), "write": writes(answer="ok")}),
    Judged("a word that means later", {"read": writes(note="TODO: fill in"), "write": writes(answer="ok")}),
    Judged("two nodes that write the same", {"one": writes(note="x"), "two": writes(note="x", answer="ok")}),
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


BROKEN = (
    Judged(
        "a key that nobody writes",
        {"search": writes(), "write": answers_from("docs")},
        healthy=False,
        rules=frozenset({"key_missing"}),
        causes=frozenset({"search"}),
        raises=KeyError,
    ),
    Judged(
        "a key under another name",
        {"search": writes(doc=["a"]), "write": answers_from("docs")},
        healthy=False,
        rules=frozenset({"unknown_key", "key_missing"}),
        causes=frozenset({"search"}),
        raises=KeyError,
    ),
    Judged(
        "a key under another name, unread",
        {"search": writes(docs=["a"]), "write": writes(awnser="lost")},
        healthy=False,
        rules=frozenset({"unknown_key"}),
        causes=frozenset({"write"}),
    ),
    Judged(
        "a number that is none",
        {"rate": writes(score=math.nan), "write": writes(answer="ok")},
        healthy=False,
        rules=frozenset({"not_finite"}),
        causes=frozenset({"rate"}),
    ),
    Judged(
        "a text where the schema has a list",
        {"search": writes(docs="Error: connection refused"), "write": answers_from("docs")},
        healthy=False,
        rules=frozenset({"type_drift"}),
        causes=frozenset({"search"}),
    ),
    Judged(
        "an error among the documents, which only a validator can find",
        {"search": writes(docs=["Error: connection refused"]), "write": answers_from("docs")},
        healthy=False,
        validate=is_not_an_error,
    ),
    Judged(
        "a text that was never filled in, which only a validator can find",
        {"draft": writes(note="TODO: fill in"), "write": writes(answer="ok")},
        healthy=False,
        validate=is_filled_in,
    ),
    Judged(
        "JSON that is cut, which only a validator can find",
        {"read": writes(note='{"price": 4'), "write": writes(answer="ok")},
        healthy=False,
        validate=is_json,
    ),
)

UNNAMED = Judged(
    "an empty key that leads to an error which names no key",
    {"search": writes(docs=None), "write": answers_from("docs")},
    healthy=False,
    raises=TypeError,
)
"""It is told by its exception alone: no rule may guess which key a TypeError is about."""
