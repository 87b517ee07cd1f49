"""Rules on how a run went: limits, loops, tools, retries, answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from .facts import NodeFacts, RunFacts
from .findings import Finding, Layer, Severity
from .lineage import with_graphs
from .rule import Habits, Rule, at, whole

_NEAR = 0.8
_LARGE_LIMIT = 1000
_REPEATS = 3
_BURST = 3


def is_near_limit(steps: int, limit: int) -> bool:
    """Whether a run has had nearly as many steps as it may have; a limit of 0 is none."""
    return 0 < limit <= _LARGE_LIMIT and steps >= _NEAR * limit


def _limit_reached(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    if run.outcome == "limit":
        yield whole(rule, Severity.ERROR)


def _limit_near(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    if run.outcome == "ok" and is_near_limit(run.steps, run.limit):
        yield whole(rule, Severity.WARN)


def _tool_repeated(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    calls: Counter[tuple[str, int]] = Counter()
    for node in run.nodes:
        for tool in node.tools:
            calls[tool.name, tool.arguments] += 1
            if calls[tool.name, tool.arguments] == _REPEATS:
                yield at(rule, node, Severity.WARN, tool.name)


def _no_progress(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    """Find a node that was visited in three steps in a row, and wrote the same each time."""
    visits: dict[tuple[int, str], list[NodeFacts]] = {}
    for node in run.nodes:
        same = visits.setdefault((node.above, node.node), [])
        if not same or same[-1].step < node.step:  # of those that something was sent to in one step, the first
            same.append(node)
    for same in visits.values():
        equal = 1
        for before, after in pairwise(same):
            equal = equal + 1 if _wrote(before) and _wrote(before) == _wrote(after) else 1
            if equal == _REPEATS:
                severity = Severity.ERROR if run.outcome == "limit" else Severity.WARN
                yield at(rule, after, severity)
                break


def _wrote(node: NodeFacts) -> frozenset[tuple[str, int]]:
    return frozenset((key, shape.digest) for key, shape in node.written.items())


def _retry_exhausted(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    for node in run.nodes:
        if node.outcome == "error" and node.attempts > 1:
            yield at(rule, node, Severity.ERROR)


def _retry_burst(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    for node in run.nodes:
        if node.outcome == "ok" and node.attempts >= _BURST:
            yield at(rule, node, Severity.INFO)


def _tool_unknown(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    """Find tools that there are not. What a graph in a node said, the node says again: it is not found twice."""
    graphs = with_graphs(run)
    for node in run.nodes:
        for tool in node.tools:
            if not tool.known and node.number not in graphs:
                yield at(rule, node, Severity.WARN)  # without its name, which the model has made up


def _tool_error_passed_on(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    if run.outcome != "ok":
        return
    for node in run.nodes:
        for tool in node.tools:
            if tool.failed and tool.known and not _succeeded_later(run, node, tool.name):
                yield at(rule, node, Severity.WARN, tool.name)


def _succeeded_later(run: RunFacts, node: NodeFacts, name: str) -> bool:
    later = (each for each in run.nodes if each.number >= node.number)
    return any(tool.name == name and not tool.failed for each in later for tool in each.tools)


def _answer_empty(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    last = _last_answer(run) if run.graph.agent else None
    if last is not None and last.answer is not None and not last.answer.length and not last.answer.calls:
        yield at(rule, last, Severity.ERROR)


def _answer_cut(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    last = _last_answer(run)
    if last is not None and last.answer is not None and last.answer.finish_reason in ("length", "max_tokens"):
        yield at(rule, last, Severity.WARN)


def _last_answer(run: RunFacts) -> NodeFacts | None:
    if run.outcome != "ok":
        return None
    return next((node for node in reversed(run.nodes) if node.answer is not None and node.above < 0), None)


RULES = (
    Rule(
        "limit_reached",
        Layer.BEHAVIOURAL,
        Severity.ERROR,
        "the recursion limit was reached, even where the caller has caught the exception",
        "The graph did not come to an end by itself: a loop has no way out, or the limit is too low.",
        "Look at the routes; no_progress names the loop. Raise recursion_limit only if each round makes progress.",
        _limit_reached,
    ),
    Rule(
        "limit_near",
        Layer.BEHAVIOURAL,
        Severity.WARN,
        "a run took 80 % or more of the steps that it may take; limits above 1000 do not count",
        "Some other input will reach the limit.",
        "See which node is visited most.",
        _limit_near,
    ),
    Rule(
        "tool_repeated",
        Layer.BEHAVIOURAL,
        Severity.WARN,
        "a tool is called three times with the same arguments in a run",
        "The model does not see, or does not believe, the answer.",
        "Look at what the tool answers, and whether the message reaches the model.",
        _tool_repeated,
    ),
    Rule(
        "no_progress",
        Layer.BEHAVIOURAL,
        Severity.ERROR,
        "a node is visited three times in a row and writes the same each time; an error if that led to the limit",
        "The loop goes on without a change. Where a node waits for something, that is as it should be.",
        "Let the route depend on something that changes.",
        _no_progress,
    ),
    Rule(
        "retry_exhausted",
        Layer.BEHAVIOURAL,
        Severity.ERROR,
        "each attempt that a retry policy allows has failed",
        "The failure is not a passing one.",
        "See error.type; allow more attempts only if it passes by itself.",
        _retry_exhausted,
    ),
    Rule(
        "retry_burst",
        Layer.BEHAVIOURAL,
        Severity.INFO,
        "a node needed three attempts or more, and ended well",
        "What it calls is close to failing.",
        "See graph.node.failed_attempts by error.type.",
        _retry_burst,
    ),
    Rule(
        "tool_unknown",
        Layer.BEHAVIOURAL,
        Severity.WARN,
        "a model asks for a tool that there is not",
        "The model was given another list of tools than the graph has, or it invented a tool.",
        "Bind the tools to the model that the graph runs.",
        _tool_unknown,
    ),
    Rule(
        "tool_error_passed_on",
        Layer.BEHAVIOURAL,
        Severity.WARN,
        "a tool failed, was not called again with success, and the run ended well",
        "The answer was made without what the tool should have found.",
        "Let the model, or the graph, say so in its answer, or fail.",
        _tool_error_passed_on,
    ),
    Rule(
        "answer_empty",
        Layer.BEHAVIOURAL,
        Severity.ERROR,
        "the last message of an agent has no text and asks for no tool",
        "The user gets no answer.",
        "See the finish reason and the prompt.",
        _answer_empty,
    ),
    Rule(
        "answer_cut",
        Layer.BEHAVIOURAL,
        Severity.WARN,
        "the last message ends because it reached the limit of tokens",
        "The answer is not whole.",
        "Raise the limit of tokens, or ask for a shorter answer.",
        _answer_cut,
    ),
)
