"""The facts of runs: names, shapes and digests of what nodes write, never values.

The run at the top has one record, which the runs of graphs in its nodes share. It is kept until that run ends.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from argus_otel.detections.facts import AnswerFacts, GraphFacts, NodeFacts, RunFacts, ToolFacts
from argus_otel.detections.findings import Finding
from argus_otel.detections.shapes import Shape, shape_of
from argus_otel.telemetry import SpanRef, type_name

from .kinds import GraphKind
from .outcomes import Outcome
from .writings import Writing

MOST_NODES = 1000
"""How many nodes of a run are kept. What they left out is not judged by rules that look at the whole run."""

_MOST_MESSAGES = 50

_MOST_VISITS = 2
"""A node that is visited more often may go round in circles."""

_ANSWERS = ("ai", "AIMessageChunk")
"""The types of messages that models answer. A node that has read a stream returns the sum of its chunks."""


class Level:
    """Who wrote what in one graph of a run: by that, a task knows the nodes that led to it."""

    __slots__ = ("_writers",)

    def __init__(self) -> None:
        self._writers: dict[str, tuple[int, list[int]]] = {}

    def before(self, triggers: Iterable[str]) -> tuple[int, ...]:
        """Return the numbers of the nodes that wrote to channels last."""
        writers = self._writers
        found = [number for trigger in triggers if trigger in writers for number in writers[trigger][1]]
        return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)

    def wrote(self, number: int, step: int, channels: Iterable[str]) -> None:
        """Note to which channels a node has written. Nodes of one step, on several threads, lead on together."""
        writers = self._writers
        for channel in channels:
            known = writers.get(channel)
            if known is not None and known[0] == step:
                known[1].append(number)
            else:
                writers[channel] = (step, [number])


class Record:
    """The facts of a run at the top.

    Attributes
    ----------
    nodes:
        Those that have ended.
    spans:
        The sampled spans of nodes, by their numbers.
    given:
        The shapes of the state when the run began.
    inference_calls, tool_calls:
        How many calls of models have ended, and how many of tools have begun, those of graphs in nodes too.
    input_tokens, output_tokens:
        Of these models; ``None`` as long as no provider has said.
    found:
        What was found: while the run is open, at its end, and by validators later.
    closed:
        Whether the run has been judged: what is found from then on has a row of its own.
    stuck:
        Whether it was found to be open for too long.
    """

    # What follows is about ``RunFacts.remarkable``: nearly every run is as others were, and is judged in no time.

    __slots__ = (
        "nodes",
        "spans",
        "given",
        "graphs",
        "inference_calls",
        "tool_calls",
        "input_tokens",
        "output_tokens",
        "found",
        "closed",
        "stuck",
        "_remarkable",
        "_changed",
        "_visits",
        "_numbers",
    )

    def __init__(self) -> None:
        self.nodes: list[NodeFacts] = []
        self.spans: dict[int, SpanRef] = {}
        self.given: dict[str, Shape] = {}
        self.graphs: dict[str, GraphFacts] = {}
        self.inference_calls = 0
        self.tool_calls = 0
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.found: list[Finding] = []
        self.closed = False
        self.stuck = False
        self._remarkable = False
        self._changed: list[tuple[Writing, list[str]]] = []
        self._visits: dict[str, int] = {}
        self._numbers = itertools.count()

    def number(self) -> int:
        """Return the number of a node that begins; any thread."""
        return next(self._numbers)

    def add(self, node: NodeFacts, writing: Writing | None, span: SpanRef | None) -> None:
        """Add a node that has ended; any thread. ``writing`` is ``None`` if it has not ended well."""
        if len(self.nodes) < MOST_NODES:
            self.nodes.append(node)
            if span is not None:
                self.spans[node.number] = span
        if writing is None or self._is_remarkable(node, writing):
            self._remarkable = True

    def _is_remarkable(self, node: NodeFacts, writing: Writing) -> bool:
        visits = self._visits[node.node] = self._visits.get(node.node, 0) + 1
        classes = [shape.type if shape.finite else "" for shape in node.written.values()]
        changed = classes != writing.usual
        if changed:
            self._changed.append((writing, classes))
        return (
            changed
            or visits > _MOST_VISITS
            or not classes
            or node.attempts > 1
            or node.above >= 0
            or node.answer is not None
            or node.model_failed
            or bool(node.tools or node.unknown)
        )

    def nothing_was_found(self) -> None:
        """Take what nodes have written as usual: all rules have looked at it."""
        for writing, classes in self._changed:
            writing.usual = classes

    def count_tokens(self, input_tokens: int | None, output_tokens: int | None) -> None:
        """Count a call of a model that has ended, with the tokens that its provider has reported; any thread."""
        self.inference_calls += 1
        if input_tokens is not None:
            self.input_tokens = (self.input_tokens or 0) + input_tokens
        if output_tokens is not None:
            self.output_tokens = (self.output_tokens or 0) + output_tokens

    def facts(self, graph: GraphFacts, outcome: str, steps: int, limit: int, duration: float) -> RunFacts:
        """Return the facts of the run, which has ended. The duration is in seconds."""
        nodes = sorted(self.nodes, key=lambda node: node.number)
        return RunFacts(
            graph,
            self.graphs,
            nodes,
            self.given,
            steps,
            limit,
            outcome,
            complete=len(nodes) < MOST_NODES,
            duration=duration,
            tokens=(self.input_tokens or 0) + (self.output_tokens or 0),
            remarkable=(
                self._remarkable
                or outcome != Outcome.OK.value
                or any(each.is_declared for each in self.graphs.values())
            ),
        )


def state_shapes(channels: Mapping[str, Any], kind: GraphKind) -> dict[str, Shape]:
    """Return the shapes of the state that a run begins with: that of its thread."""
    from langgraph.errors import EmptyChannelError

    found: dict[str, Shape] = {}
    for name, channel in channels.items():
        if name in kind.keys:
            try:
                found[name] = shape_of(channel.get())
            except EmptyChannelError:
                continue
    return found


def given_shapes(given: Any, kind: GraphKind) -> dict[str, Shape]:
    """Return the shapes of a run's input."""
    if type(given) is not dict:
        return {}
    return {key: shape_of(value) for key, value in cast("dict[Any, Any]", given).items() if key in kind.keys}


def unknown_keys(result: Any, kind: GraphKind, written: int) -> tuple[str, ...]:
    """Return the keys that a node has returned, and that the state has not: LangGraph drops them.

    Parameters
    ----------
    written:
        How many keys of the state the node has written: if it has returned as many, all are known.
    """
    if not kind.has_schema:
        return ()
    if type(result) is not dict:
        result = getattr(result, "update", None) if type(result).__name__ == "Command" else None
        if type(result) is not dict:
            return ()
    returned, keys = cast("dict[Any, Any]", result), kind.keys
    if len(returned) == written:
        return ()
    return tuple([key for key in returned if type(key) is str and key not in keys])


def key_of(error: BaseException, kind: GraphKind) -> str:
    """Return the key of the state that an exception names; empty if it names none."""
    name: Any = ""
    if isinstance(error, KeyError):
        name = error.args[0] if error.args else ""
    elif type_name(error).rpartition(".")[2] == "ValidationError":
        problems: list[Any] = getattr(error, "errors", list[Any])()
        location = problems[0].get("loc") if problems else ()
        name = location[0] if location else ""
    return name if isinstance(name, str) and name in kind.keys else ""


def messages_in(writes: Iterable[tuple[str, Any]]) -> list[Any]:
    """Return the messages among what a node has written, the last ones of a long list."""
    found: list[Any] = []
    for _, value in writes:
        if type(value) is list and value:
            items = cast("list[Any]", value)
            if hasattr(items[-1], "response_metadata"):
                found += items[-_MOST_MESSAGES:]
    return found


def answer_of(messages: Iterable[Any]) -> AnswerFacts | None:
    """Return the facts of the last message of a model among those that a node wrote."""
    for message in reversed(list(messages)):
        if getattr(message, "type", "") in _ANSWERS:
            content: Any = message.content
            metadata: Mapping[str, Any] = getattr(message, "response_metadata", None) or {}
            reason = metadata.get("finish_reason") or metadata.get("stop_reason") or ""
            calls = getattr(message, "tool_calls", None) or ()
            return AnswerFacts(len(content), len(calls), reason if isinstance(reason, str) else "")
    return None


def refused_tools(messages: Iterable[Any], called: Iterable[str], given: Any) -> list[ToolFacts]:
    """Return the tools that a model asked for and that there are not: they are answered without being called.

    Parameters
    ----------
    called:
        The ids of the calls that were made.
    given:
        What the node was given. A node may return all messages of its thread: what it has from there, it has not
        written.
    """
    known = set(called)
    refused = [each for each in messages if _is_error_of_tool(each) and each.tool_call_id not in known]
    if refused:
        earlier = {each for message in _errors_given(given) for each in _identities(message)}
        refused = [each for each in refused if earlier.isdisjoint(_identities(each))]
    return [ToolFacts("", 0, failed=True, known=False) for _ in refused]


def _identities(message: Any) -> tuple[object, ...]:
    """Return by what a message is the same as another one: the object, and the id that LangGraph has given it."""
    known = getattr(message, "id", None)
    return (id(message), known) if isinstance(known, str) else (id(message),)


def _is_error_of_tool(message: Any) -> bool:
    return getattr(message, "type", "") == "tool" and getattr(message, "status", "") == "error"


def _errors_given(given: Any) -> Iterator[Any]:
    """Yield the errors of tools in the lists of a state: of a mapping, of an object, or of a list itself."""
    state = cast("dict[Any, Any]", given if isinstance(given, dict) else getattr(given, "__dict__", {}))
    for value in (cast("Any", given), *dict[Any, Any].values(state)):
        if type(value) is list:
            yield from filter(_is_error_of_tool, cast("list[Any]", value))
