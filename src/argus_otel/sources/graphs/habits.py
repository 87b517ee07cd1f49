"""What the runs of a graph in this process have done: who writes which key of which class, and how long it takes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from argus_otel.detections.facts import NodeFacts
from argus_otel.detections.percentile import FEWEST, Percentile95
from argus_otel.detections.rule import NO_HABITS, Habits

_MOST_GRAPHS = 1000
_MOST_NAMES = 1000
"""How many nodes of a graph are known, and how many keys of each kind: those of the functional API have any name."""

_MOST_TYPES = 4
"""A key of more classes than this is of any class."""

_SURE = 5
"""After how many runs that ended well something is a habit."""


class _Known:
    __slots__ = ("runs", "next_durations", "habits", "duration", "tokens")

    def __init__(self) -> None:
        self.runs = 0
        self.next_durations = FEWEST
        self.habits = Habits()
        self.duration = Percentile95()
        self.tokens = Percentile95()


class GraphHabits:
    """The habits of all graphs, by their names; those that have not run for long are forgotten."""

    def __init__(self) -> None:
        self._graphs: OrderedDict[str, _Known] = OrderedDict()

    def of(self, graph: str) -> Habits:
        """Return the habits of a graph; none before it has run a few times."""
        known = self._graphs.get(graph)
        return NO_HABITS if known is None or known.runs < _SURE else known.habits

    def count(self, graph: str, duration: float, tokens: int) -> bool:
        """Count a run that ended well, with its duration in seconds.

        Returns
        -------
        bool
            Whether the durations of its nodes are to be learnt again: so seldom that it costs nothing.
        """
        known = self._graphs.get(graph)
        if known is None:
            known = self._graphs[graph] = _Known()
            if len(self._graphs) > _MOST_GRAPHS:
                self._graphs.popitem(last=False)
        else:
            self._graphs.move_to_end(graph)
        known.runs += 1
        if known.duration.add(duration):
            known.habits = replace(known.habits, duration=known.duration.value)
        if tokens and known.tokens.add(tokens):
            known.habits = replace(known.habits, tokens=known.tokens.value)
        if known.runs < known.next_durations:
            return False
        known.next_durations = known.runs + max(1, known.runs // 16)
        return True

    def learn_writes(self, graph: str, nodes: Iterable[NodeFacts]) -> None:
        """Learn which nodes write which keys, and of which classes."""
        known = self._graphs.get(graph)
        if known is not None:
            for node in nodes:
                _learn_writes(known, node)

    def learn_durations(self, graph: str, durations: Mapping[tuple[str, str], float]) -> None:
        """Take durations of nodes in seconds, by graph and node, for what is usual in the runs of ``graph``."""
        known = self._graphs.get(graph)
        if known is not None:
            merged = {**known.habits.durations, **durations}
            while len(merged) > _MOST_NAMES:
                del merged[next(iter(merged))]
            known.habits = replace(known.habits, durations=merged)


def _learn_writes(known: _Known, node: NodeFacts) -> None:
    # What is known is replaced, not changed: another thread may be reading.
    for key, shape in node.written.items():
        if shape.empty:
            continue
        writers, types = known.habits.writers, known.habits.types
        by = writers.get(key, frozenset())
        if node.node not in by and len(by) < _MOST_NAMES and len(writers) < _MOST_NAMES:
            known.habits = replace(known.habits, writers={**writers, key: by | {node.node}})
        classes = types.get((node.node, key), frozenset())
        if shape.type not in classes and len(classes) <= _MOST_TYPES and len(types) < _MOST_NAMES:
            known.habits = replace(known.habits, types={**types, (node.node, key): classes | {shape.type}})
