"""What the runs of a graph in this process have done: which node writes which key, and of which class."""

from __future__ import annotations

from collections import OrderedDict

from argus_otel.detections.facts import RunFacts
from argus_otel.detections.rule import NO_HABITS, Habits

_MOST_GRAPHS = 1000
_MOST_TYPES = 4
"""A key of more classes than this is of any class."""

_SURE = 5
"""After how many runs that ended well something is a habit."""


class _Known:
    __slots__ = ("runs", "writers", "types")

    def __init__(self) -> None:
        self.runs = 0
        self.writers: dict[str, frozenset[str]] = {}
        self.types: dict[tuple[str, str], frozenset[str]] = {}


class GraphHabits:
    """The habits of all graphs, by their names; those that have not run for long are forgotten."""

    def __init__(self) -> None:
        self._graphs: OrderedDict[str, _Known] = OrderedDict()

    def of(self, graph: str) -> Habits:
        """Return the habits of a graph; none before it has run a few times."""
        known = self._graphs.get(graph)
        if known is None or known.runs < _SURE:
            return NO_HABITS
        return Habits(known.writers, known.types)

    def learn(self, run: RunFacts) -> None:
        """Learn from a run that ended well."""
        known = self._graphs.setdefault(run.graph.name, _Known())
        self._graphs.move_to_end(run.graph.name)
        if len(self._graphs) > _MOST_GRAPHS:
            self._graphs.popitem(last=False)
        known.runs += 1
        for node in run.nodes:
            for key, shape in node.written.items():
                if shape.empty:
                    continue
                writers = known.writers.get(key, frozenset())
                if node.node not in writers:  # replaced, not changed: another thread may be reading
                    known.writers = {**known.writers, key: writers | {node.node}}
                types = known.types.get((node.node, key), frozenset())
                if shape.type not in types and len(types) <= _MOST_TYPES:
                    known.types = {**known.types, (node.node, key): types | {shape.type}}
