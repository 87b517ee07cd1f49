"""In what two runs of a graph differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .results import Difference, NodeRun, RunDetail

_SLOWER = 1.5
_LEAST = 0.1
"""Durations below this are not compared, in seconds."""


def differences(one: RunDetail, other: RunDetail) -> list[Difference]:
    """Return the differences, those of the runs as a whole first, then by nodes in the order in which they began."""
    return [*_of_runs(one, other), *_of_nodes(one, other)]


def _of_runs(one: RunDetail, other: RunDetail) -> Iterator[Difference]:
    for subject in ("outcome", "error", "steps", "inference_calls", "tool_calls"):
        values = getattr(one.run, subject), getattr(other.run, subject)
        if values[0] != values[1]:
            yield Difference("", subject, str(values[0]), str(values[1]))
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
        if last.outcome != others.outcome:
            yield Difference(name, "outcome", last.outcome, others.outcome)
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
        name = node.node if node.graph == detail.run.graph else f"{node.graph}: {node.node}"
        found.setdefault(name, []).append(node)
    return found


def _shape(node: NodeRun, key: str) -> str:
    if key not in node.written:
        return "nothing"
    kind, length = node.written[key]
    return kind if length < 0 else f"{kind} of {length}"


def _differ(one: float, other: float) -> bool:
    small, large = sorted((one, other))
    return large >= _LEAST and large > _SLOWER * small
