"""A run as a tree: each node below the one whose graph it is in, in the order in which they began."""

from __future__ import annotations

from collections.abc import Iterator

from argus_otel.sources.graphs.history.results import NodeRun, RunDetail
from argus_otel.terminal.records import text_of

_SIGNS = {"ok": "+", "interrupted": "?", "error": "x", "limit": "x", "cancelled": "-", "abandoned": "-"}


def lines_of(detail: RunDetail) -> list[str]:
    """Return the lines of the tree, the run first."""
    run = detail.run
    head = f"{run.graph}  {run.outcome}  {seconds(run.duration)}  {run.steps} steps"
    return [text_of(head), *_below(detail, -1, "")]


def _below(detail: RunDetail, above: int, indent: str) -> Iterator[str]:
    nodes = [node for node in detail.nodes if node.above == above]
    for place, node in enumerate(nodes):
        last = place == len(nodes) - 1
        yield text_of(f"{indent}{'└─' if last else '├─'} {line_of(node)}")
        yield from _below(detail, node.number, f"{indent}{'   ' if last else '│  '}")


def line_of(node: NodeRun) -> str:
    """Return a node in one line: name, duration, attempts, what it wrote, its tools, where it led."""
    words = [_SIGNS.get(node.outcome, " "), node.node, seconds(node.duration)]
    if node.outcome != "ok":
        words.append(f"{node.outcome} {node.error}".strip())
    if node.attempts > 1:
        words.append(f"{node.attempts} attempts")
    if node.written:
        shapes = (key if length < 0 else f"{key}[{length}]" for key, (_, length) in node.written.items())
        words.append(f"wrote {', '.join(shapes)}")
    if node.tools:
        words.append(f"called {', '.join(node.tools)}")
    if node.routes:
        words.append(f"→ {', '.join(dict.fromkeys(node.routes))}")
    return "  ".join(words)


def seconds(duration: float) -> str:
    """Return a duration for a line."""
    return f"{duration * 1000:.1f} ms" if duration < 1 else f"{duration:.2f} s"
