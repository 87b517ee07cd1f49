"""What is found in graphs that are healthy, and in graphs that are broken, without and with declarations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.progress import Progress
from benchmarks.tables import Statements

from . import judged_graphs
from .children import lines, present
from .detections_process import GRAPHS
from .recorders import ARGUS_AGENTS, OURS

PART = "detections"
MODULE = "benchmarks.graphs.detections_process"
MODES = ("without", "with")
LEVELS = ("none", "info", "warn", "error")
ABOUT = """\
The first 9 healthy and 8 broken graphs are those of fault 7. *none*, *info*, *warn*, *error*: the highest severity of
what was found in a run. Of argus-agents, *error* is a run that its gate, `argus check`, fails, and *warn* one that
the gate fails with `strict="warn_as_fail"`, or that has a finding which is not only for information. *with*: with what
the graph's author declares: which keys nodes read, which may be empty, and validators, to both; which keys nodes must
write, and rules to ignore, to argus-otel, because argus-agents has no such declaration. In bold: `error` in a healthy
graph, or neither `warn` nor `error` in a broken one, or that the program gets what it does not get bare."""


def measure(names: Sequence[str], progress: Progress) -> tuple[list[Statements], list[str]]:
    """Run all graphs with the watchers of these names that find anything; return the tables, and what is missing."""
    chosen, missing = present([name for name in names if name == ARGUS_AGENTS])
    watchers = chosen[1:]
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for number in progress.counting("judged graphs")(len(watchers)):
        found[watchers[number]] = {line["graph"]: line for line in lines(MODULE, watchers[number])}
    return ([each(found), totals(found)] if found else [], missing)


def each(found: dict[str, dict[str, dict[str, Any]]]) -> Statements:
    """Return the table of all graphs."""
    rows: list[list[str]] = []
    for graph in GRAPHS:
        cells = [_cell(lines[graph.name][mode], graph.healthy) for lines in found.values() for mode in MODES]
        rows.append([f"{'healthy' if graph.healthy else 'broken'}: {graph.name}", *cells])
    columns = ["", *(f"{watcher}, {mode}" for watcher in found for mode in MODES)]
    return Statements(PART, "graphs", "what is found in each graph", ABOUT, columns, rows)


def _cell(said: dict[str, Any], healthy: bool) -> str:
    level = said["level"]
    bad = level == "error" if healthy else level in ("none", "info")
    words = ", ".join(dict.fromkeys(str(each).partition(" ")[0] for each in said["found"]))
    if said["changed"]:
        return f"**{said['changed']}**"
    return f"{f'**{level}**' if bad else level}{f': {words}' if words else ''}"


def totals(found: dict[str, dict[str, dict[str, Any]]]) -> Statements:
    """Return how many are rightly and wrongly found, at each level: of the graphs of fault 7, and of all."""
    of_fault_7 = {graph.name for graph in (*judged_graphs.HEALTHY, *judged_graphs.BROKEN)}
    rows: list[list[str]] = []
    for title, graphs in (
        ("those of fault 7", [graph for graph in GRAPHS if graph.name in of_fault_7]),
        ("all of them", GRAPHS),
    ):
        for level in ("error", "warn"):
            for watcher in (name for name in (OURS, ARGUS_AGENTS) if name in found):
                for mode in MODES:
                    positive = {
                        name
                        for name, line in found[watcher].items()
                        if LEVELS.index(line[mode]["level"]) >= LEVELS.index(level)
                    }
                    healthy = [graph.name in positive for graph in graphs if graph.healthy]
                    broken = [graph.name in positive for graph in graphs if not graph.healthy]
                    counts = [sum(broken), broken.count(False), sum(healthy), healthy.count(False)]
                    rows.append([f"{title}, {level}", f"{watcher}, {mode}", *map(str, counts)])
    columns = ["graphs, and from which level on", "found by", *_COUNTED]
    return Statements(PART, "totals", "true and false positives and negatives", _TOTALS, columns, rows)


_COUNTED = ("true positives", "false negatives", "false positives", "true negatives")
_TOTALS = """\
A positive is a graph in which something of at least the level was found; it is true if the graph is broken. A run that
a watcher has ended, and recorded nothing of, counts as one in which nothing was found. The graphs besides those of
fault 7 were written beside the rules of argus-otel, and some of them led to changes of it."""
