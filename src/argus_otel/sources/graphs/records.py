"""The facts of runs: names, shapes and digests of what nodes write, never values.

The run at the top has one record, which the runs of graphs in its nodes share. It is kept until that run ends.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from argus_otel.detections.facts import AnswerFacts, GraphFacts, NodeFacts, ToolFacts
from argus_otel.detections.findings import Finding
from argus_otel.detections.shapes import Shape, shape_of
from argus_otel.telemetry import SpanRef, type_name

from .kinds import GraphKind, NodeKind
from .levels import led_to
from .outcomes import Outcome
from .writings import Classes, Writing

if TYPE_CHECKING:
    from .runs import NodeRun

MOST_NODES = 1000
"""How many nodes of a run are kept. What they left out is not judged by rules that look at the whole run."""

_MOST_MESSAGES = 50

_MOST_VISITS = 2
"""A node that is visited more often may go round in circles."""

_ANSWERS = ("ai", "AIMessageChunk")
"""The types of messages that models answer. A node that has read a stream returns the sum of its chunks."""

_CLASS = cast("Callable[[Shape], tuple[str, bool]]", itemgetter(0, 3))
_KIND = cast("Callable[[Ended], NodeKind]", itemgetter(1))
_new = cast("Callable[[type[Ended], tuple[Any, ...]], Ended]", tuple.__new__)  # pyright: ignore[reportUnknownMemberType]


class Remarks(NamedTuple):
    """What is not as it is for most nodes; see :class:`argus_otel.detections.facts.NodeFacts`."""

    outcome: str = Outcome.OK.value
    error_type: str = ""
    error_key: str = ""
    unknown: tuple[str, ...] = ()
    attempts: int = 1
    tools: Sequence[ToolFacts] = ()
    answer: AnswerFacts | None = None


_NONE = Remarks()


class Ended(NamedTuple):
    """A node that has ended.

    Attributes
    ----------
    triggers:
        The channels that have led to it.
    writing:
        What its writes mean; ``None`` if it has not ended well.
    shapes:
        That of each of its writes.
    sent:
        The names of the nodes that it has sent something to.
    remarks:
        ``None`` if it is as others are.
    """

    node: NodeRun
    kind: NodeKind
    step: int
    duration: float
    triggers: Sequence[str]
    writing: Writing | None
    shapes: Sequence[Shape]
    sent: Sequence[str]
    remarks: Remarks | None


class Record:
    """What is kept of a run at the top until it ends.

    Attributes
    ----------
    nodes:
        Those that have ended.
    next_number:
        Returns the number of a node that begins; any thread.
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

    # Most runs are like earlier ones, and need no facts. So the facts of nodes are made only when the run has ended,
    # from what is kept of each node.

    __slots__ = (
        "nodes",
        "next_number",
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
        "_facts",
    )

    def __init__(self) -> None:
        self.nodes: list[Ended] = []
        self.next_number = itertools.count().__next__
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
        self._changed: list[tuple[Writing, Classes]] = []
        self._facts: list[NodeFacts] | None = None

    def add(
        self,
        node: NodeRun,
        duration: float,
        writing: Writing | None,
        shapes: Sequence[Shape],
        sent: Sequence[str],
        remarks: Remarks | None,
    ) -> None:
        """Add a node that has ended; see :class:`Ended`. Any thread."""
        kind, run = node.kind, node.run
        if writing is not None:
            classes = list(map(_CLASS, shapes))
            if classes != writing.usual:
                self._changed.append((writing, classes))
                self._remarkable = True
            elif not writing.written:
                self._remarkable = True
        if remarks is not None or duration > kind.long or run.above is not None:
            self._remarkable = True
        if len(self.nodes) < MOST_NODES:
            self.nodes.append(
                _new(Ended, (node, kind, node.step, duration, node.task.triggers, writing, shapes, sent, remarks))
            )

    def is_remarkable(self) -> bool:
        """Whether a rule on what nodes did may find something, if nothing is declared of the graphs.

        It can not if each node did what it has done in an earlier run in which nothing was found: it was reached once
        or twice, succeeded at once, called no tool and gave no answer, took no longer than usual, and wrote keys of the
        same classes.
        """
        if self._remarkable:
            return True
        nodes = self.nodes
        if len(nodes) == len(set(map(_KIND, nodes))):  # nearly always
            return False
        return max(Counter(map(_KIND, nodes)).values()) > _MOST_VISITS

    def nothing_was_found(self) -> None:
        """Take what nodes have written as usual: all rules have looked at it."""
        for writing, classes in self._changed:
            writing.learn(classes)

    def kinds(self) -> set[NodeKind]:
        """Return the nodes that have run."""
        return set(map(_KIND, self.nodes))

    def span_of(self, number: int) -> SpanRef | None:
        """Return the span of a node, if it is sampled."""
        return next((SpanRef.to(each.node.trace) for each in self.nodes if each.node.number == number), None)

    def count_tokens(self, input_tokens: int | None, output_tokens: int | None) -> None:
        """Count a call of a model that has ended, with the tokens that its provider has reported; any thread."""
        self.inference_calls += 1
        if input_tokens is not None:
            self.input_tokens = (self.input_tokens or 0) + input_tokens
        if output_tokens is not None:
            self.output_tokens = (self.output_tokens or 0) + output_tokens

    @property
    def tokens(self) -> int:
        """Those of prompts and answers, as far as providers have said."""
        return (self.input_tokens or 0) + (self.output_tokens or 0)

    def facts(self) -> list[NodeFacts]:
        """Return the facts of the nodes, in the order in which they began, once the run has ended."""
        if self._facts is None:
            nodes = sorted(self.nodes, key=lambda ended: ended.node.number)
            after = led_to(nodes)
            self._facts = [_facts(ended, after[ended.node.number]) for ended in nodes]
        return self._facts


def _facts(ended: Ended, after: tuple[int, ...]) -> NodeFacts:
    node, writing, remarks = ended.node, ended.writing, ended.remarks or _NONE
    above = node.run.above
    return NodeFacts(
        node.number,
        ended.kind.name,
        ended.kind.graph.name,
        ended.step,
        after,
        -1 if above is None else above.number,
        remarks.outcome,
        remarks.error_type,
        remarks.error_key,
        {} if writing is None else writing.by_key(ended.shapes),
        remarks.unknown,
        remarks.attempts,
        remarks.tools,
        remarks.answer,
        () if writing is None else (*writing.routes, *ended.sent),
        ended.duration,
        node.started,
        node.model_failed,
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


def unknown_keys(result: Any, kind: GraphKind) -> tuple[str, ...]:
    """Return the keys that a node has returned, and that the state has not: LangGraph drops them."""
    if not kind.has_schema:
        return ()
    if type(result) is not dict:
        result = getattr(result, "update", None) if type(result).__name__ == "Command" else None
        if type(result) is not dict:
            return ()
    keys = kind.keys
    return tuple([key for key in cast("dict[Any, Any]", result) if type(key) is str and key not in keys])


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
