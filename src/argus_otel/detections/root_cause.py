"""Walks back from a symptom to the node that caused it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from .facts import NodeFacts, RunFacts
from .findings import Cause, Confidence
from .lineage import ancestors, graph_of
from .rule import NO_HABITS, Habits
from .structural import misnamed


def cause_of(run: RunFacts, symptom: NodeFacts, key: str, habits: Habits = NO_HABITS) -> Cause:
    """Return which node caused that a key was missing, empty or of a wrong type where another node needed it.

    The last node that wrote the key as it should be clears all before it. After it, the first one is the cause that
    wrote the key empty or of a wrong type. If nobody wrote it as it should be, the cause is the first node that wrote
    it empty, or under another name, or should have written it and did not, or went on after a tool or a model had
    failed. Of a graph in a node, it is the node in that graph. Else the symptom is its own cause.

    Parameters
    ----------
    symptom:
        The node that failed, or that a finding is about.
    key:
        The key that it needed; empty if that is not known.
    """
    before = ancestors(run, symptom)
    graph = graph_of(run, symptom)
    declared = key in graph.promises.reads.get(symptom.node, ())
    confidence = Confidence.DECLARED if declared else Confidence.OBSERVED
    if not key:
        return _cause(run, symptom, symptom, "own", confidence)
    # What a graph in a node has not written to the graph above, it has kept to itself.
    writers = list(_with_those_within(run, before, lambda node: key in node.written))
    good = _last_good(run, writers, key)
    there = good >= 0 or _is_given(run, key)
    for node in writers[good + 1 :]:
        kind = _wrote_badly(run, node, key)
        if kind and not (kind == "empty" and there and key in graph_of(run, node).reduced):
            return _cause(run, node, symptom, kind, confidence)
    if there:
        return _cause(run, symptom, symptom, "own", confidence)
    silent = [node for node in _with_those_within(run, before, lambda _: True) if key not in node.written]
    return _cause_of_lack(run, silent, symptom, key, habits, confidence)


def _with_those_within(
    run: RunFacts, nodes: Iterable[NodeFacts], enters: Callable[[NodeFacts], bool]
) -> Iterator[NodeFacts]:
    """Yield nodes, and before each the nodes of the graph in it, if ``enters`` says so of it."""
    inner: dict[int, list[NodeFacts]] = {}
    for node in run.nodes:
        inner.setdefault(node.above, []).append(node)

    def each_of(some: Iterable[NodeFacts]) -> Iterator[NodeFacts]:
        for node in some:
            if node.number in inner and enters(node):
                yield from each_of(inner[node.number])
            yield node

    return each_of(nodes)


def _cause_of_lack(
    run: RunFacts, silent: list[NodeFacts], symptom: NodeFacts, key: str, habits: Habits, confidence: Confidence
) -> Cause:
    """Return which node should have written a key that nobody has written."""
    tests: tuple[tuple[str, Confidence, Callable[[NodeFacts], bool]], ...] = (
        ("misnamed", confidence, lambda node: key in misnamed(run, node).values()),
        ("missing", Confidence.DECLARED, lambda node: key in _promised(run, node)),
        ("missing", Confidence.INFERRED, lambda node: node.node in habits.writers.get(key, ())),
        ("swallowed", Confidence.INFERRED, lambda node: node.model_failed or any(tool.failed for tool in node.tools)),
        ("missing", Confidence.INFERRED, lambda node: not node.written and node.outcome == "ok"),
    )
    for kind, sure, holds in tests:
        for node in silent:
            if holds(node):
                return _cause(run, node, symptom, kind, sure)
    return _cause(run, symptom, symptom, "own", confidence)


def _promised(run: RunFacts, node: NodeFacts) -> Sequence[str]:
    return graph_of(run, node).promises.must_write.get(node.node, ())


def _is_given(run: RunFacts, key: str) -> bool:
    shape = run.given.get(key)
    return shape is not None and not shape.empty


def _last_good(run: RunFacts, nodes: list[NodeFacts], key: str) -> int:
    """Return the place of the last node that wrote a key as it should be; -1 for none."""
    for place in range(len(nodes) - 1, -1, -1):
        if key in nodes[place].written and not _wrote_badly(run, nodes[place], key):
            return place
    return -1


def _wrote_badly(run: RunFacts, node: NodeFacts, key: str) -> str:
    shape = node.written.get(key)
    if shape is None:
        return ""
    graph = graph_of(run, node)
    if shape.empty and key not in graph.promises.allow_empty:
        return "empty"
    allowed = graph.types.get(key)
    return "mistyped" if allowed is not None and shape.type not in allowed else ""


def _cause(run: RunFacts, node: NodeFacts, symptom: NodeFacts, kind: str, confidence: Confidence) -> Cause:
    return Cause(node.node, node.step, kind, _path(run, node, symptom), confidence)


def _path(run: RunFacts, start: NodeFacts, end: NodeFacts) -> tuple[str, ...]:
    """Return the names of the nodes on the shortest way from one node to another, out of the graphs that it is in."""
    if start.number == end.number:
        return (start.node,)
    by_number = {node.number: node for node in run.nodes}
    came_from: dict[int, int] = {end.number: -1}
    waiting = [end.number]
    while waiting:
        number = waiting.pop(0)
        if number == start.number:
            break
        current = by_number[number]
        for before in (*current.after, *([current.above] if current.above >= 0 else [])):
            if before in by_number and before not in came_from:
                came_from[before] = number
                waiting.append(before)
    path: list[str] = []
    number = start.number
    while number in by_number and number not in came_from:
        path.append(by_number[number].node)
        number = by_number[number].above
    while number >= 0 and number in came_from:
        path.append(by_number[number].node)
        number = came_from[number]
    return tuple(path) if len(path) > 1 else (start.node, end.node)
