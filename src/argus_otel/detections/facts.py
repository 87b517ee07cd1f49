"""What is known of a run of a graph: names and shapes. A source makes these; rules and root cause read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .shapes import Shape

CUT = "…"
"""In a list of names: the others were left out."""


@dataclass(frozen=True, slots=True)
class Promises:
    """What the author of a graph has declared about it. Everything may be missing.

    Attributes
    ----------
    reads:
        Which keys a node needs, by its name.
    must_write:
        Which keys a node has to write, by its name.
    allow_empty:
        The keys that may be empty.
    ignore:
        The ids of rules that are not applied.
    """

    reads: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    must_write: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    allow_empty: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """What is known of a graph before it runs.

    Attributes
    ----------
    keys:
        The keys of its state.
    types:
        The names of the classes that the schema allows, by key; keys that may be of any class are missing.
    agent:
        Whether it is an agent, whose last message is an answer.
    reduced:
        The keys whose updates are combined with what is there: an empty one takes nothing away.
    converts:
        Whether the schema converts what a node has written to the class that it has, as pydantic's do.
    nodes:
        The names of its nodes; empty if not all of them are known, as in the functional API.
    """

    name: str
    keys: frozenset[str] = frozenset()
    types: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    agent: bool = False
    promises: Promises = field(default_factory=Promises)
    reduced: frozenset[str] = frozenset()
    converts: bool = False
    nodes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """A call of a tool.

    Attributes
    ----------
    arguments:
        A digest of its arguments.
    failed:
        Whether it raised, or answered with an error.
    known:
        False if the model asked for a tool that there is not.
    """

    name: str
    arguments: int
    failed: bool = False
    known: bool = True


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """A message of a model.

    Attributes
    ----------
    length:
        Of its text.
    calls:
        How many tools it asks for.
    finish_reason:
        Why the model stopped; empty if it has not said.
    """

    length: int
    calls: int = 0
    finish_reason: str = ""


@dataclass(slots=True)
class NodeFacts:
    """A run of a node.

    Attributes
    ----------
    number:
        Its place among the nodes of the run, in the order in which they began.
    after:
        The numbers of the nodes that led to it.
    above:
        The number of the node whose graph it is in; -1 at the top.
    outcome:
        As ``graph.outcome`` has it.
    error_key:
        The key that the exception names: of a ``KeyError``, or where validation failed. Empty for none.
    written:
        The shape of each key of the state that it wrote.
    unknown:
        The keys that it returned, and that the state does not have.
    attempts:
        How many attempts were made.
    routes:
        The nodes that it led to.
    duration:
        With all attempts, in seconds.
    started:
        When it began, by :func:`time.perf_counter`, in seconds.
    model_failed:
        Whether its last call of a model has failed.
    """

    number: int
    node: str
    graph: str
    step: int
    after: tuple[int, ...] = ()
    above: int = -1
    outcome: str = "ok"
    error_type: str = ""
    error_key: str = ""
    written: Mapping[str, Shape] = field(default_factory=dict[str, Shape])
    unknown: tuple[str, ...] = ()
    attempts: int = 1
    tools: Sequence[ToolFacts] = ()
    answer: AnswerFacts | None = None
    routes: tuple[str, ...] = ()
    duration: float = 0.0
    started: float = 0.0
    model_failed: bool = False


@dataclass(slots=True)
class RunFacts:
    """A run of a graph, with those of the graphs in its nodes.

    Attributes
    ----------
    graphs:
        The graph itself and those in its nodes, by name.
    given:
        The shape of each key that the run was given.
    steps, limit:
        How many steps it had, and how many it may have.
    outcome:
        As ``graph.outcome`` has it.
    complete:
        False if it had more nodes than are kept.
    duration:
        In seconds.
    tokens:
        Of prompts and answers of all models, as far as their providers have said.
    """

    graph: GraphFacts
    graphs: Mapping[str, GraphFacts]
    nodes: list[NodeFacts]
    given: Mapping[str, Shape] = field(default_factory=dict[str, Shape])
    steps: int = 0
    limit: int = 0
    outcome: str = "ok"
    complete: bool = True
    duration: float = 0.0
    tokens: int = 0
