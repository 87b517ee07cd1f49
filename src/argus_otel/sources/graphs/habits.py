"""What the runs of a graph in this process have done: who writes which key of which class, and how long it takes."""

from __future__ import annotations

from collections import OrderedDict

from argus_otel.detections.facts import NodeFacts, RunFacts
from argus_otel.detections.percentile import Percentile95
from argus_otel.detections.rule import NO_HABITS, Habits

_MOST_GRAPHS = 1000
_MOST_NAMES = 1000
"""How many nodes of a graph are known, and how many keys of each kind: those of the functional API have any name."""

_MOST_TYPES = 4
"""A key of more classes than this is of any class."""

_SURE = 5
"""After how many runs that ended well something is a habit."""

_ENOUGH, _EACH = 200, 8
"""After how many runs each run is one of how many that are learnt from: what is usual is known by then."""


class _Known:
    __slots__ = ("runs", "writers", "types", "durations", "percentiles", "duration", "tokens")

    def __init__(self) -> None:
        self.runs = 0
        self.writers: dict[str, frozenset[str]] = {}
        self.types: dict[tuple[str, str], frozenset[str]] = {}
        self.durations: dict[tuple[str, str], Percentile95] = {}
        self.percentiles: dict[tuple[str, str], float] = {}
        self.duration = Percentile95()
        self.tokens = Percentile95()


class GraphHabits:
    """The habits of all graphs, by their names; those that have not run for long are forgotten."""

    def __init__(self) -> None:
        self._graphs: OrderedDict[str, _Known] = OrderedDict()

    def of(self, graph: str) -> Habits:
        """Return the habits of a graph; none before it has run a few times."""
        known = self._graphs.get(graph)
        if known is None or known.runs < _SURE:
            return NO_HABITS
        return Habits(known.writers, known.types, known.percentiles, known.duration.value, known.tokens.value)

    def learn(self, run: RunFacts) -> None:
        """Learn from a run that ended well."""
        known = self._graphs.setdefault(run.graph.name, _Known())
        self._graphs.move_to_end(run.graph.name)
        if len(self._graphs) > _MOST_GRAPHS:
            self._graphs.popitem(last=False)
        known.runs += 1
        known.duration.add(run.duration)
        if run.tokens:
            known.tokens.add(run.tokens)
        if known.runs > _ENOUGH and known.runs % _EACH:
            return
        for node in run.nodes:
            _learn_duration(known, node)
            if run.remarkable:
                _learn_writes(known, node)


def _learn_duration(known: _Known, node: NodeFacts) -> None:
    key = (node.graph, node.node)
    durations = known.durations.get(key)
    if durations is None:
        if len(known.durations) >= _MOST_NAMES:
            return
        durations = known.durations[key] = Percentile95()
    if durations.add(node.duration) and durations.value is not None:
        known.percentiles[key] = durations.value


def _learn_writes(known: _Known, node: NodeFacts) -> None:
    for key, shape in node.written.items():
        if shape.empty:
            continue
        writers = known.writers.get(key, frozenset())
        if node.node not in writers and len(writers) < _MOST_NAMES and len(known.writers) < _MOST_NAMES:
            known.writers = {**known.writers, key: writers | {node.node}}  # replaced: another thread may be reading
        types = known.types.get((node.node, key), frozenset())
        if shape.type not in types and len(types) <= _MOST_TYPES and len(known.types) < _MOST_NAMES:
            known.types = {**known.types, (node.node, key): types | {shape.type}}
