"""For each metric, span and event of agent graphs: the number that is true, which graphs wrote down, and ours."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

pytest.importorskip("langchain.agents", reason="install langchain>=1: uv sync")

from argus_otel.sources.graphs import attributes as a
from argus_otel.sources.graphs import catalogue, promises
from argus_otel.sources.graphs import conventions as genai
from argus_otel.sources.graphs.catalogue import CATALOGUE
from argus_otel.telemetry import Event, Metric
from argus_otel.testing import observe
from lab.receptionist.graphs import ANSWER, DIGEST, MERGE, PARTS, RECEPTION
from lab.receptionist.ledger import Ledger
from lab.receptionist.models import TOKENS
from lab.receptionist.visits import Visits

from ..attribute_types import catalogued_types, mistyped
from ..truths import DataPoints, Truths, data_points

if TYPE_CHECKING:
    from argus_otel.sources.graphs.source import LangGraphSource

# Durations are compared.
pytestmark = pytest.mark.alone

ROUNDS = 3
TRIES = 5
STUCK = 0.02
"""After how many seconds an open run counts as stuck. They are looked for only while metrics are collected."""


@dataclass
class Evidence:
    """What the graphs wrote down, and what was told of them.

    Attributes
    ----------
    active:
        The runs and nodes that were active while one visitor was greeted, once in each round, and how many were stuck.
    """

    ledger: Ledger
    points: DataPoints
    active: list[tuple[dict[Any, float], dict[Any, float], float]]
    spans: tuple[ReadableSpan, ...]
    events: list[tuple[str, dict[str, Any]]]
    rows: list[tuple[str, Mapping[str, Any], float | None]]

    def ours(self, metric: Metric, *names: str) -> dict[Any, float]:
        """Return a counter, or the number of records of a histogram, by some attributes; by one as it is."""
        return self._added(metric, names, lambda point: point.count if hasattr(point, "count") else point.value)

    def sums(self, metric: Metric, *names: str) -> dict[Any, float]:
        """Return what a histogram has added up, by some attributes."""
        return self._added(metric, names, lambda point: point.sum)

    def _added(self, metric: Metric, names: tuple[str, ...], value: Callable[[Any], float]) -> dict[Any, float]:
        found: Counter[Any] = Counter()
        for attributes, point in self.points.get(metric.name, ()):
            key = tuple(attributes.get(name, "") for name in names)
            found[key[0] if len(key) == 1 else key] += value(point)  # type: ignore[assignment]
        return dict(found)

    def named(self, work: str) -> Counter[str]:
        """Return how many spans of a kind of work there are, by the rest of their names."""
        split = (each.name.partition(" ") for each in self.spans)
        return Counter(rest for first, _, rest in split if first == work)

    def told(self, event: Event) -> list[dict[str, Any]]:
        """Return the attributes of events."""
        return [attributes for name, attributes in self.events if name == event.name]

    def kept(self, event: Event) -> list[Mapping[str, Any]]:
        """Return the attributes of rows of history."""
        return [attributes for name, attributes, _ in self.rows if name == event.name]

    @property
    def nodes(self) -> dict[tuple[str, str], int]:
        """How often each node ran, those without code of ours by what is known of a round."""
        return {
            **self.ledger.nodes,
            (DIGEST, "merge"): self.ledger.nodes[MERGE, "sort"],
            (RECEPTION, "model"): 4 * ROUNDS,
            (RECEPTION, "tools"): 2 * ROUNDS,
        }

    @property
    def runs(self) -> dict[tuple[str, str], int]:
        """How often runs ended how, those of the graph in a node too."""
        return {**self.ledger.runs, (MERGE, "ok"): self.ledger.nodes[MERGE, "bind"]}


class Observed:
    """Evidence, and more of it where durations differ: what work waits for a processor is in one side's time only."""

    def __init__(self) -> None:
        self._seen: list[Evidence] = []

    def __getitem__(self, number: int) -> Evidence:
        while len(self._seen) <= number:
            self._seen.append(observed_rounds())
        return self._seen[number]


@pytest.fixture(scope="module")
def observed_graphs() -> Observed:
    return Observed()


@pytest.fixture
def evidence(observed_graphs: Observed) -> Evidence:
    return observed_graphs[0]


def observed_rounds() -> Evidence:
    """Return what is told of some rounds of visits."""
    settings = {"graphs_conventions": "both", "graphs_stuck_after": STUCK}
    with observe("graphs", settings=settings) as observed:
        ledger = Ledger()
        active: list[tuple[dict[Any, float], dict[Any, float], float]] = []

        def look() -> None:
            time.sleep(2 * STUCK)  # the visitor is greeted for as long
            runs, nodes = (observed.points()[each.name] for each in (catalogue.RUNS_ACTIVE, catalogue.NODES_ACTIVE))
            active.append(
                (
                    {attributes["graph.name"]: value for attributes, value in runs if value},
                    {attributes["graph.node.name"]: value for attributes, value in nodes if value},
                    observed.value(catalogue.RUNS_STUCK.name),
                )
            )

        visits = Visits(ledger, look)
        for _ in range(ROUNDS):
            visits.round()
        assert cast("LangGraphSource", observed.handle.source).settle(10)
        promises.forget()
        assert not observed.telemetry.guard.faults
        rows = [(name, dict(attributes), seconds) for name, attributes, seconds in observed.rows]
        return Evidence(ledger, data_points(observed), active, observed.spans(), list(observed.events), rows)


TRUTHS = Truths[Evidence](CATALOGUE)


def last(name: str) -> str:
    """Return the class of an ``error.type`` without its module, as the ledger has it."""
    return name.rpartition(".")[2]


def by_class(counts: Mapping[Any, float]) -> Counter[Any]:
    """Return counts whose last key is an ``error.type``, by the class alone."""
    found: Counter[Any] = Counter()
    for (*key, error_type), value in counts.items():
        found[(*key, last(error_type))] += value  # type: ignore[assignment]
    return found


class TooFarError(AssertionError):
    """Two durations differ by more than what is between the two measurements takes."""


def contains(longer: float, shorter: float, times: float) -> None:
    """Assert that one time includes the other one, and is at most 5 ms each, or 5 %, longer."""
    assert longer >= shorter
    if longer - shorter > max(0.005 * times, 0.05 * longer):
        raise TooFarError((longer, shorter, times))


# -- graphs


@TRUTHS.of(catalogue.NODE_DURATION)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.NODE_DURATION, "graph.name", "graph.node.name") == evidence.nodes
    ended = evidence.ours(catalogue.NODE_DURATION, "graph.node.name", "graph.outcome", "error.type")
    in_vain = evidence.ledger.failed
    assert by_class({key: value for key, value in ended.items() if key[1] == "error"}) == {
        ("classify", "error", "RateLimitError"): in_vain[ANSWER, "classify", "RateLimitError"],
        ("search", "error", "TimeoutError"): ROUNDS,  # of the outage; the other attempts were followed by others
        ("write", "error", "KeyError"): in_vain[ANSWER, "write", "KeyError"],
    }
    assert ended["greet", "cancelled", ""] == evidence.ledger.runs[ANSWER, "cancelled"]
    assert ended["approve", "interrupted", ""] == evidence.ledger.interrupts[ANSWER, "approve"]
    seconds = evidence.sums(catalogue.NODE_DURATION, "graph.name", "graph.node.name")
    for key, true in evidence.ledger.node_seconds.items():
        contains(seconds[key], true, evidence.ledger.attempts[key])


@TRUTHS.of(catalogue.NODES_ACTIVE, catalogue.RUNS_ACTIVE, catalogue.RUNS_STUCK)
def _(evidence: Evidence) -> None:
    assert evidence.active == [({ANSWER: 1}, {"greet": 1}, 1)] * ROUNDS
    assert evidence.ours(catalogue.RUNS_STUCK) == {(): 0}
    for metric in (catalogue.NODES_ACTIVE, catalogue.RUNS_ACTIVE):
        assert set(evidence.ours(metric, "graph.name").values()) == {0}


@TRUTHS.of(catalogue.RUN_STEPS)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.RUN_STEPS, "graph.name", "graph.outcome") == evidence.runs
    nodes: Counter[str] = Counter()
    for (graph, _), number in evidence.nodes.items():
        nodes[graph] += number
    # Nodes follow one another, but the parts of a digest, which are summed up at the same time.
    nodes[DIGEST] -= (PARTS - 1) * ROUNDS
    assert evidence.sums(catalogue.RUN_STEPS, "graph.name") == nodes


@TRUTHS.of(catalogue.FAILED_ATTEMPTS)
def _(evidence: Evidence) -> None:
    failed = evidence.ours(catalogue.FAILED_ATTEMPTS, "graph.name", "graph.node.name", "error.type")
    key = (ANSWER, "search", "TimeoutError")
    assert failed == {key: evidence.ledger.failed[key]}


@TRUTHS.of(catalogue.ROUTES)
def _(evidence: Evidence) -> None:
    nodes, ledger = evidence.nodes, evidence.ledger
    cancelled, refused = ledger.runs[ANSWER, "cancelled"], ledger.failed[ANSWER, "classify", "RateLimitError"]
    assert evidence.ours(catalogue.ROUTES, "graph.name", "graph.node.name", "graph.route") == {
        **ledger.routes,
        (ANSWER, "greet", "classify"): nodes[ANSWER, "greet"] - cancelled,
        (ANSWER, "classify", "search"): nodes[ANSWER, "classify"] - refused,
        (ANSWER, "write", "__end__"): nodes[ANSWER, "write"] - ledger.failed[ANSWER, "write", "KeyError"],
        (ANSWER, "decline", "__end__"): nodes[ANSWER, "decline"],
        (DIGEST, "summarise", "merge"): nodes[DIGEST, "summarise"],
        (DIGEST, "merge", "__end__"): nodes[DIGEST, "merge"],
        (MERGE, "sort", "bind"): nodes[MERGE, "sort"],
        (MERGE, "bind", "__end__"): nodes[MERGE, "bind"],
        (RECEPTION, "model", "tools"): nodes[RECEPTION, "tools"],
        (RECEPTION, "tools", "model"): nodes[RECEPTION, "tools"],
        (RECEPTION, "model", "__end__"): ledger.runs[RECEPTION, "ok"],
    }


@TRUTHS.of(catalogue.INTERRUPTS)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.INTERRUPTS, "graph.name", "graph.node.name") == evidence.ledger.interrupts


@TRUTHS.of(catalogue.RESUMES)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.RESUMES, "graph.name") == evidence.ledger.resumes


# By graph, rule, severity and cause: what is wrong with the visits of a round.
WRONG = {
    (ANSWER, "retry_burst", "info", "search"),
    (ANSWER, "retry_exhausted", "error", "search"),
    (ANSWER, "unknown_key", "error", "search"),
    (ANSWER, "key_missing", "error", "search"),
    (ANSWER, "no_update", "info", "search"),
    (ANSWER, "limit_reached", "error", ""),
    (ANSWER, "no_progress", "error", "search"),
    (ANSWER, "tool_repeated", "warn", "search"),
    (ANSWER, "run_stuck", "warn", "greet"),
    (ANSWER, "evaluation_low", "warn", "search"),
    (ANSWER, "evaluation_low", "warn", "write"),
    (DIGEST, "not_finite", "warn", "collect"),
    (RECEPTION, "tool_unknown", "warn", "tools"),
    (RECEPTION, "answer_empty", "error", "model"),
    (RECEPTION, "answer_cut", "warn", "model"),
}
PASSED_ON = {(DIGEST, "not_finite", "warn", "merge")}
"""Found where the graph in a node writes the same number again."""


@TRUTHS.of(catalogue.DETECTIONS, catalogue.DETECTION, catalogue.DETECTION_ROW)
def _(evidence: Evidence) -> None:
    names = ("graph.name", "graph.detection.id", "graph.detection.severity", "graph.cause.node")
    counted = evidence.ours(catalogue.DETECTIONS, *names)
    assert {key for key in counted if key not in PASSED_ON} == WRONG
    judged = counted[ANSWER, "evaluation_low", "warn", "write"]
    assert judged == evidence.ledger.checked["helpfulness"]
    assert set(counted.values()) == {ROUNDS, judged}
    for told in (evidence.told(catalogue.DETECTION), evidence.kept(catalogue.DETECTION_ROW)):
        found = Counter(
            (*(each[name] for name in names[:3]), each.get("graph.cause.node", each.get("graph.node.name", "")))
            for each in told
        )
        assert found == counted
    (path,) = {each["graph.path"] for each in evidence.told(catalogue.DETECTION) if "graph.path" in each}
    assert path == "search → write"


@TRUTHS.of(catalogue.EVALUATIONS, catalogue.EVALUATION, catalogue.EVALUATION_ROW)
def _(evidence: Evidence) -> None:
    counted = evidence.ours(catalogue.EVALUATIONS, "gen_ai.evaluation.name")
    assert counted == evidence.ledger.checked
    told = evidence.told(catalogue.EVALUATION)
    assert Counter(each["gen_ai.evaluation.name"] for each in told) == counted
    kept = evidence.kept(catalogue.EVALUATION_ROW)
    of_history = {"graph.run.id", "gen_ai.conversation.id", "graph.node.number"}
    assert [{name: row[name] for name in row if name not in of_history} for row in kept] == told
    runs = {row["graph.run.id"] for row in evidence.kept(catalogue.RUN_ROW)}
    assert {row["graph.run.id"] for row in kept} <= runs
    labels = evidence.ours(
        catalogue.EVALUATIONS, "gen_ai.evaluation.name", "gen_ai.evaluation.score.label", "error.type"
    )
    wrong = evidence.ledger.failed[ANSWER, "write", "KeyError"]  # the searches that lost what they had found
    assert labels == {
        ("has_documents", "pass", ""): counted["has_documents"] - wrong,
        ("has_documents", "fail", ""): wrong,
        ("is_misused", "", "ZeroDivisionError"): counted["is_misused"],
        ("helpfulness", "poor", ""): counted["helpfulness"],
        ("grounded", "yes", ""): counted["grounded"],
    }
    scores = {(each["gen_ai.evaluation.name"], each.get("gen_ai.evaluation.score.value")) for each in told}
    assert scores == {
        ("has_documents", 1.0), ("has_documents", 0.0), ("is_misused", None), ("helpfulness", 0.4), ("grounded", 0.9),
    }  # fmt: skip


@TRUTHS.of(catalogue.VALIDATIONS_DROPPED)
def _(evidence: Evidence) -> None:
    exhausted = ROUNDS  # searches that have found nothing, in any attempt
    found = evidence.nodes[ANSWER, "search"] - exhausted
    dropped = evidence.ours(catalogue.VALIDATIONS_DROPPED, "graph.name")
    assert dropped == {ANSWER: found - evidence.ledger.checked["has_documents"]}
    assert dropped[ANSWER] >= ROUNDS


# -- runs


@TRUTHS.of(genai.AGENT_DURATION, genai.OLDER_WORKFLOW_DURATION)
def _(evidence: Evidence) -> None:
    runs: Counter[str] = Counter()
    for (graph, _), number in evidence.runs.items():
        runs[graph] += number
    assert evidence.ours(genai.AGENT_DURATION, "gen_ai.agent.name") == runs
    workflows = {graph: number for graph, number in runs.items() if graph != RECEPTION}
    assert evidence.ours(genai.OLDER_WORKFLOW_DURATION, "gen_ai.workflow.name") == workflows
    operations = evidence.ours(genai.AGENT_DURATION, "gen_ai.operation.name")
    assert operations == {"invoke_agent": runs[RECEPTION], "invoke_workflow": sum(workflows.values())}
    failed = by_class(evidence.ours(genai.AGENT_DURATION, "gen_ai.agent.name", "error.type"))
    assert {key[1]: number for key, number in failed.items() if key[1]} == dict.fromkeys(
        ("RateLimitError", "TimeoutError", "KeyError", "GraphRecursionError"), ROUNDS
    )
    seconds = evidence.sums(genai.AGENT_DURATION, "gen_ai.agent.name")
    for graph, true in evidence.ledger.run_seconds.items():
        contains(true, seconds[graph], runs[graph])
    older = evidence.sums(genai.OLDER_WORKFLOW_DURATION, "gen_ai.workflow.name")
    assert older == {graph: pytest.approx(seconds[graph]) for graph in older}


@TRUTHS.of(genai.INFERENCE_CALLS, genai.TOOL_CALLS)
def _(evidence: Evidence) -> None:
    calls, tools = (evidence.sums(each, "gen_ai.agent.name") for each in (genai.INFERENCE_CALLS, genai.TOOL_CALLS))
    assert sum(calls.values()) == sum(evidence.ledger.calls.values())
    assert sum(tools.values()) == sum(evidence.ledger.tools.values())
    assert (calls[RECEPTION], tools[RECEPTION]) == (4 * ROUNDS, ROUNDS)
    assert calls[DIGEST] == tools[DIGEST] == calls[MERGE] == 0


# -- models and tools


@TRUTHS.of(genai.TOOL_DURATION)
def _(evidence: Evidence) -> None:
    tools = by_class(evidence.ours(genai.TOOL_DURATION, "gen_ai.tool.name", "error.type"))
    assert tools == evidence.ledger.tools
    seconds, counts = (each(genai.TOOL_DURATION, "gen_ai.tool.name") for each in (evidence.sums, evidence.ours))
    for name, true in evidence.ledger.tool_seconds.items():
        contains(seconds[name], true, counts[name])


MODEL = "gen_ai.request.model"


@TRUTHS.of(genai.INFERENCE_DURATION, genai.OLDER[genai.INFERENCE_DURATION])
def _(evidence: Evidence) -> None:
    for metric in (genai.INFERENCE_DURATION, genai.OLDER[genai.INFERENCE_DURATION]):
        assert by_class(evidence.ours(metric, MODEL, "error.type")) == evidence.ledger.calls
    answered = evidence.ours(genai.INFERENCE_DURATION, MODEL, "gen_ai.response.model")
    assert answered["clerk-1", "clerk-1-2026"] == evidence.ledger.calls["clerk-1", ""]
    assert ("scribe-1", "") in answered
    seconds = evidence.sums(genai.INFERENCE_DURATION, MODEL)
    streamed = sum(evidence.ledger.firsts["scribe-1"]) + sum(evidence.ledger.gaps["scribe-1"])
    contains(seconds["scribe-1"], streamed, evidence.ledger.calls["scribe-1", ""])


def _chunks(evidence: Evidence, latest: Metric, true: dict[str, list[float]]) -> None:
    for metric in (latest, genai.OLDER[latest]):
        counts, sums = evidence.ours(metric, MODEL), evidence.sums(metric, MODEL)
        assert counts == {model: len(times) for model, times in true.items()}
        for model, times in true.items():
            # A chunk is seen a moment after it was made, so that a gap may be longer or shorter.
            if sums[model] != pytest.approx(sum(times), rel=0.05, abs=0.005 * len(times)):
                raise TooFarError((sums[model], sum(times), len(times)))


@TRUTHS.of(genai.TIME_TO_FIRST_CHUNK, genai.OLDER[genai.TIME_TO_FIRST_CHUNK])
def _(evidence: Evidence) -> None:
    _chunks(evidence, genai.TIME_TO_FIRST_CHUNK, evidence.ledger.firsts)


@TRUTHS.of(genai.TIME_PER_OUTPUT_CHUNK, genai.OLDER[genai.TIME_PER_OUTPUT_CHUNK])
def _(evidence: Evidence) -> None:
    _chunks(evidence, genai.TIME_PER_OUTPUT_CHUNK, evidence.ledger.gaps)


@TRUTHS.of(*(metric for metric, _ in genai.USAGE), genai.OLDER_TOKEN_USAGE)
def _(evidence: Evidence) -> None:
    true = evidence.ledger.tokens
    for kind, (metric, _) in zip(TOKENS, genai.USAGE, strict=True):
        assert evidence.ours(metric, MODEL) == {"clerk-1": true[kind]}, kind
    assert evidence.sums(genai.OLDER_TOKEN_USAGE, "gen_ai.token.type") == {
        "input": true["input"], "output": true["output"],
    }  # fmt: skip
    calls = true["input"] / TOKENS["input"]
    assert set(evidence.ours(genai.OLDER_TOKEN_USAGE, "gen_ai.token.type").values()) == {calls}


@TRUTHS.of(catalogue.USAGE_UNREPORTED)
def _(evidence: Evidence) -> None:
    assert evidence.ours(catalogue.USAGE_UNREPORTED, MODEL) == evidence.ledger.unreported


# -- spans


@TRUTHS.of(catalogue.NODE_SPAN)
def _(evidence: Evidence) -> None:
    true: Counter[str] = Counter()
    for (_, node), number in evidence.nodes.items():
        true[node] += number
    assert evidence.named("invoke_node") == true


@TRUTHS.of(catalogue.WORKFLOW_SPAN, catalogue.AGENT_SPAN)
def _(evidence: Evidence) -> None:
    outcomes = Counter(
        (each.name.partition(" ")[2], (each.attributes or {})["graph.outcome"])
        for each in evidence.spans
        if each.name.startswith(("invoke_workflow ", "invoke_agent "))
    )
    assert outcomes == evidence.runs
    assert set(evidence.named("invoke_agent")) == {RECEPTION}
    # A run that is resumed is linked to the one that was interrupted.
    linked = [each for each in evidence.spans if each.name == f"invoke_workflow {ANSWER}" and each.links]
    assert len(linked) == evidence.ledger.resumes[ANSWER]
    failed = sum(each.status.status_code is StatusCode.ERROR for each in evidence.spans if each.parent is None)
    assert failed == evidence.ledger.runs[ANSWER, "error"] + evidence.ledger.runs[ANSWER, "limit"]


@TRUTHS.of(catalogue.TOOL_SPAN)
def _(evidence: Evidence) -> None:
    true: Counter[str] = Counter()
    for (name, _), number in evidence.ledger.tools.items():
        true[name] += number
    assert evidence.named("execute_tool") == true


@TRUTHS.of(catalogue.CHAT_SPAN)
def _(evidence: Evidence) -> None:
    true: Counter[str] = Counter()
    for (name, _), number in evidence.ledger.calls.items():
        true[name] += number
    assert evidence.named("chat") == true
    tokens = sum((each.attributes or {}).get("gen_ai.usage.input_tokens", 0) for each in evidence.spans)  # type: ignore[misc]
    assert tokens == evidence.ledger.tokens["input"]


# -- history


@TRUTHS.of(catalogue.RUN_ROW)
def _(evidence: Evidence) -> None:
    rows = evidence.kept(catalogue.RUN_ROW)
    assert Counter((row["graph.name"], row["graph.outcome"]) for row in rows) == evidence.ledger.runs
    assert sum(row["graph.run.nodes"] for row in rows) == sum(evidence.nodes.values())
    assert sum(row["graph.run.inference_calls"] for row in rows) == sum(evidence.ledger.calls.values())
    assert sum(row["graph.run.tool_calls"] for row in rows) == sum(evidence.ledger.tools.values())
    traces = {f"{each.context.trace_id:032x}" for each in evidence.spans}
    assert {row["graph.run.trace_id"] for row in rows} == traces
    assert len({row["graph.run.id"] for row in rows}) == len(rows)


@TRUTHS.of(catalogue.NODE_ROW)
def _(evidence: Evidence) -> None:
    rows = evidence.kept(catalogue.NODE_ROW)
    assert Counter((row["graph.name"], row["graph.node.name"]) for row in rows) == evidence.nodes
    attempts = Counter[str]()
    for row in rows:
        attempts[row["graph.node.name"]] += row["graph.attempts"]
    assert attempts["search"] == evidence.ledger.attempts[ANSWER, "search"]


def test_there_is_a_truth_for_everything() -> None:
    assert TRUTHS.unmatched() == set()


def agrees(name: str, evidence: Evidence) -> bool:
    """Whether both sides say the same; false where only a duration differs too much."""
    try:
        TRUTHS.all[name](evidence)
    except TooFarError as error:
        print(error)
        return False
    return True


@pytest.mark.parametrize("name", TRUTHS.all)
def test_it_is_true(observed_graphs: Observed, name: str) -> None:
    assert any(agrees(name, observed_graphs[number]) for number in range(TRIES))


# -- attributes

NOT_SEEN = {
    "invoke_agent {gen_ai.agent.name}": {a.ERROR_TYPE.name},  # of the agent, none fails
    "execute_tool {gen_ai.tool.name}": {genai.ARGUMENTS.name, genai.RESULT.name},  # nobody asks for content
    "chat {gen_ai.request.model}": {genai.INPUT_MESSAGES.name, genai.OUTPUT_MESSAGES.name},
    "graph.run": {genai.INPUT.name, genai.OUTPUT.name},
    "gen_ai.evaluation.result": {genai.EXPLANATION.name},
    "graph.evaluation": {genai.EXPLANATION.name},
}
"""Attributes of what does not happen here."""

NOT_LISTED = {"graph.run": {genai.AGENT.name}}
"""Attributes that the catalogue leaves out: the graph's name by another name."""


def test_metrics_and_events_have_the_attributes_of_the_catalogue_and_no_other(evidence: Evidence) -> None:
    for metric in CATALOGUE.metrics:
        seen = set().union(*(attributes for attributes, _ in evidence.points[metric.name]))
        assert seen == {each.name for each in metric.attributes}, metric.name
    for event in CATALOGUE.events:
        told = [*evidence.told(event), *evidence.kept(event)]
        seen = set().union(*told)
        assert seen <= set(event.attributes) | NOT_LISTED.get(event.name, set()), event.name
        assert set(event.attributes) - NOT_SEEN.get(event.name, set()) <= seen, event.name


def test_spans_have_the_attributes_of_the_catalogue_and_no_other(evidence: Evidence) -> None:
    for span in CATALOGUE.spans:
        seen = set().union(*(each.attributes or {} for each in evidence.spans if each.name.startswith(f"{span.work} ")))
        assert seen | NOT_SEEN.get(span.name, set()) == set(span.attributes), span.name


def test_every_attribute_has_the_type_that_the_catalogue_says(evidence: Evidence) -> None:
    pairs: list[Mapping[str, Any]] = [attributes for some in evidence.points.values() for attributes, _ in some]
    pairs += [attributes for _, attributes in evidence.events]
    for span in evidence.spans:  # of a list, each item
        for name, value in (span.attributes or {}).items():
            items = value if isinstance(value, tuple) else (value,)
            pairs += [{name: item} for item in items]
    assert mistyped(catalogued_types(CATALOGUE), pairs) == {}
