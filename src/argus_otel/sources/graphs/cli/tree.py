"""A run as a tree: each node below the one whose graph it is in, with findings and evaluations, by their begin."""

from __future__ import annotations

from collections.abc import Iterator

from argus_otel.sources.graphs.history.baselines import node_name
from argus_otel.sources.graphs.history.results import NodeRun, RecordedEvaluation, RecordedFinding, RunDetail
from argus_otel.terminal.records import text_of

_WIDTH = 9


def lines_of(detail: RunDetail) -> list[str]:
    """Return the lines of the tree: the run first, then each node after its begin and its duration."""
    run = detail.run
    steps = f"{run.steps} step{'' if run.steps == 1 else 's'}"
    words = [run.graph, _outcome(run.outcome, run.error), duration_text(run.duration), steps]
    head = [text_of("  ".join(words)), *(f"  {each}" for each in _said(detail, -1))]
    columns = f"{'begin':>{_WIDTH}} {'duration':>{_WIDTH}}"
    return [*head, columns, *_below(_Tree(detail), -1, "")] if detail.nodes else head


class _Tree:
    """The nodes of a run by the node whose graph they are in. Of a run with very many, that one may not be known."""

    def __init__(self, detail: RunDetail) -> None:
        self.detail = detail
        known = {node.number for node in detail.nodes}
        self.below: dict[int, list[NodeRun]] = {}
        for node in detail.nodes:
            self.below.setdefault(node.above if node.above in known else -1, []).append(node)


def _below(tree: _Tree, above: int, indent: str) -> Iterator[str]:
    nodes = tree.below.get(above, [])
    for place, node in enumerate(nodes):
        last = place == len(nodes) - 1
        times = f"{duration_text(node.began):>{_WIDTH}} {duration_text(node.duration):>{_WIDTH}}"
        words = text_of("  ".join(_words(node, tree.detail.run.graph)))
        yield f"{times}  {indent}{'└─' if last else '├─'} {words}"
        inside = f"{indent}{'   ' if last else '│  '}"
        for line in _said(tree.detail, node.number):
            yield f"{'':{2 * _WIDTH + 1}}  {inside}{line}"
        yield from _below(tree, node.number, inside)


def _words(node: NodeRun, graph: str) -> Iterator[str]:
    """Yield name, outcome, attempts, what it wrote, its tools, where it led."""
    yield node_name(node.graph, node.node, graph)
    if node.outcome != "ok":
        yield _outcome(node.outcome, node.error)
    if node.attempts > 1:
        yield f"{node.attempts} attempts"
    if node.written:
        yield f"wrote {written_text(node)}"
    if node.tools:
        yield f"called {', '.join(node.tools)}"
    if node.routes:
        yield f"→ {', '.join(node.routes)}"


def _said(detail: RunDetail, number: int) -> list[str]:
    """Return how a node was evaluated, and what rules have found there; of the number -1, for the run as a whole."""
    evaluations = [f"* {text_of(_evaluation(each))}" for each in detail.evaluations if each.number == number]
    return evaluations + [f"! {text_of(_finding(each))}" for each in detail.findings if each.number == number]


def _evaluation(evaluation: RecordedEvaluation) -> str:
    if evaluation.error:
        return f"{evaluation.name} failed itself: {evaluation.error}"
    score = "" if evaluation.score is None else f"{evaluation.score:g}"
    said = ", ".join(filter(None, (score, evaluation.label)))
    return f"{evaluation.name}: {said}" + (f" ({evaluation.explanation})" if evaluation.explanation else "")


def _finding(finding: RecordedFinding) -> str:
    words = f"{finding.severity}: {finding.rule} {finding.key}".rstrip()
    return f"{words}, caused by {finding.cause_node}" if finding.cause_node not in ("", finding.node) else words


def written_text(node: NodeRun) -> str:
    """Return what a node wrote: ``docs: list of 3, score: float``."""
    return ", ".join(f"{key}: {shape}" if (shape := node.shape(key)) else key for key in node.written)


def duration_text(seconds: float) -> str:
    """Return a duration, which may be short: ``1.2 ms``."""
    return f"{seconds * 1000:.1f} ms" if seconds < 0.9995 else f"{seconds:.2f} s"


def _outcome(outcome: str, error: str) -> str:
    return f"{outcome} {error}".rstrip()
