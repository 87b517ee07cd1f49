"""Which nodes led to a node, what the state was when it began, and what it needs."""

from __future__ import annotations

from .facts import GraphFacts, NodeFacts, RunFacts
from .shapes import Shape


def ancestors(run: RunFacts, node: NodeFacts) -> list[NodeFacts]:
    """Return the nodes that led to a node, those in graphs above it too, in the order in which they began."""
    by_number = {each.number: each for each in run.nodes}
    found: set[int] = set()
    waiting = [node.number]
    while waiting:
        current = by_number.get(waiting.pop())
        if current is None:
            continue
        before = [*current.after, *([current.above] if current.above >= 0 else [])]
        for number in before:
            if number not in found and number != node.number:
                found.add(number)
                waiting.append(number)
    return [each for each in run.nodes if each.number in found and each.number != node.above]


def graph_of(run: RunFacts, node: NodeFacts) -> GraphFacts:
    """Return the graph that a node is a node of."""
    return run.graphs.get(node.graph, run.graph)


def with_graphs(run: RunFacts) -> frozenset[int]:
    """Return the numbers of the nodes in which a graph ran."""
    return frozenset(node.above for node in run.nodes if node.above >= 0)


def state_before(run: RunFacts, node: NodeFacts) -> dict[str, Shape]:
    """Return the last shape of each key that was given or written before a node began.

    A reducer that was given nothing has left what was there.
    """
    state = dict(run.given)
    for each in ancestors(run, node):
        reduced = graph_of(run, each).reduced
        for key, shape in each.written.items():
            if not (shape.empty and key in reduced and key in state):
                state[key] = shape
    return state


def needed_keys(graph: GraphFacts, node: NodeFacts) -> dict[str, bool]:
    """Return the keys that a node needs, and whether that is declared; otherwise its exception says so."""
    found = dict.fromkeys(graph.promises.reads.get(node.node, ()), True)
    if node.error_key and node.error_key in graph.keys:
        found.setdefault(node.error_key, False)
    return found
