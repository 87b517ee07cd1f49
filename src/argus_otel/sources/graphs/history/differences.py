"""In what two runs of a graph differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from argus_otel.detections.cross_run import slower

from .baselines import node_name
from .results import Difference, NodeRun, RunDetail


def differences(one: RunDetail, other: RunDetail) -> list[Difference]:
    """Return the differences, those of the runs as a whole first, then by nodes in the order in which they began."""
    return [*_of_runs(one, other), *_of_nodes(one, other)]


def _of_runs(one: RunDetail, other: RunDetail) -> Iterator[Difference]:
    for subject in ("graph", "outcome", "error", "steps", "inference_calls", "tool_calls"):
        values = getattr(one.run, subject), getattr(other.run, subject)
        if values[0] != values[1]:
            yield Difference("", subject.replace("_", " "), *map(str, values))
    if _differ(one.run.duration, other.run.duration):
        yield Difference("", "duration", f"{one.run.duration:.3g} s", f"{other.run.duration:.3g} s")


def _of_nodes(one: RunDetail, other: RunDetail) -> Iterator[Difference]:
    first, second = _by_node(one), _by_node(other)
    for name in {**first, **second}:
        here, there = first.get(name, []), second.get(name, [])
        if len(here) != len(there):
            yield Difference(name, "visits", str(len(here)), str(len(there)))
        if not here or not there:
            continue
        last, others = here[-1], there[-1]
        if (last.outcome, last.error) != (others.outcome, others.error):
            yield Difference(name, "outcome", *(f"{each.outcome} {each.error}".strip() for each in (last, others)))
        for key in {**last.written, **others.written}:
            texts = _shape(last, key), _shape(others, key)
            if texts[0] != texts[1]:
                yield Difference(name, f"wrote {key}", *texts)
        if last.routes != others.routes:
            yield Difference(name, "routes", ", ".join(last.routes), ", ".join(others.routes))
        if _differ(sum(each.duration for each in here), sum(each.duration for each in there)):
            times = (f"{sum(each.duration for each in nodes):.3g} s" for nodes in (here, there))
            yield Difference(name, "duration", *times)


def _by_node(detail: RunDetail) -> dict[str, list[NodeRun]]:
    found: dict[str, list[NodeRun]] = {}
    for node in detail.nodes:
        found.setdefault(node_name(node.graph, node.node, detail.run.graph), []).append(node)
    return found


def _shape(node: NodeRun, key: str) -> str:
    return node.shape(key) if key in node.written else "nothing"


def _differ(one: float, other: float) -> bool:
    return slower(min(one, other), max(one, other))
