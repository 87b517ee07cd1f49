"""What some runs of a graph did, as rules that compare runs have it, from the rows of queries. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from argus_otel.detections.cross_run import Behaviour, NodeBehaviour
from argus_otel.history.store.buckets import percentile

from .results import Run

Rows = Iterable[tuple[Any, ...]]


def behaviour(
    graph: str, runs: Sequence[Run], visits: Rows, keys: Rows, routes: Rows, errors: Iterable[str] = ()
) -> Behaviour:
    """Return what some runs of a graph did.

    Parameters
    ----------
    visits:
        Of each node: graph, node, visits, visits that led on, durations in buckets, the longest duration.
    keys:
        Graph, node, key, class, and in how many visits.
    routes:
        Graph, node, route, and in how many visits.
    errors:
        The classes of exceptions that are known besides those of the runs.
    """
    ended = [run for run in runs if run.outcome == "ok"]
    found = Behaviour(
        len(runs),
        Counter([*errors, *(run.error for run in runs if run.error)]),
        [run.duration for run in ended],
        [float(tokens) for run in ended if (tokens := run.tokens) is not None],
    )
    for of, node, count, led, buckets, longest in visits:
        duration = percentile(_numbers(buckets), 0.5, longest)
        found.nodes[node_name(of, node, graph)] = NodeBehaviour(count, led, duration=duration)
    for of, node, key, kind, count in keys:
        found.nodes[node_name(of, node, graph)].written.setdefault(key, Counter())[kind] = count
    for of, node, route, count in routes:
        found.nodes[node_name(of, node, graph)].routes[route] = count
    return found


def node_name(of: str, node: str, graph: str) -> str:
    """Return the name of a node in a run of a graph: that of a graph in a node begins with that graph's."""
    return node if of == graph else f"{of}: {node}"


def _numbers(buckets: Mapping[Any, Any]) -> dict[int, int]:
    return {int(bucket): int(count) for bucket, count in buckets.items()}
