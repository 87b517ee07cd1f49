"""What rules have found wrong with runs: how bad, by which rule, and which node has caused it."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, stat, table, timeseries
from ...queries import chosen, clickhouse, counted, increase, now, or_zero, per, prom
from ...style import BAD, NEUTRAL, NUMBER, WARNING, board_link, coloured, steps
from .common import IN_GRAPH, RUNS, services

_FOUND = "graph_detections_total"
_SEVERITY = "graph_detection_severity"
_NODES = board_link("Its nodes", "argus-graph-nodes", "job", "graph=${__data.fields.graph_name:percentencode}")
_TRACE = "/d/argus-traces?var-trace=${__value.raw:percentencode}&${__url_time_range}"


def _of(severity: str) -> str:
    found = counted(_FOUND, IN_GRAPH, f'{_SEVERITY}="{severity}"')
    return or_zero(found, counted(RUNS, IN_GRAPH))


_HOW_MUCH = Row(
    "What is wrong with runs?",
    [
        stat(
            "Errors found",
            """Findings of severity error in the time range: something that was declared does not hold, or it led to an
            exception or to the recursion limit. "What was found" names rule and cause.""",
            now(_of("error"), "errors"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, BAD)),
            width=8,
            no_value="0",
        ),
        stat(
            "Warnings found",
            """Findings of severity warn in the time range: most likely something is wrong, and nothing has come of it
            yet.""",
            now(_of("warn"), "warnings"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, WARNING)),
            width=8,
            no_value="0",
        ),
        stat(
            "Remarks",
            """Findings of severity info in the time range: unusual, and perhaps as it should be. Declare what you
            expect, and they become errors or end.""",
            now(_of("info"), "remarks"),
            unit=NUMBER,
            decimals=0,
            width=8,
            no_value="0",
        ),
        table(
            "What was found",
            """Findings in the time range by rule, severity, graph and the node that caused them; without a node,
            the run as a whole. `argus-otel graphs rules` says what each rule means and what to do. A click leads to the
            graph's nodes.""",
            per(
                f"{counted(_FOUND, IN_GRAPH, by=f'graph_name, graph_cause_node, graph_detection_id, {_SEVERITY}')} > 0"
            ),
            columns={
                "graph_detection_id": Column("Rule"),
                _SEVERITY: Column("Severity"),
                "graph_name": Column("Graph", links=[_NODES]),
                "graph_cause_node": Column("Cause"),
                "Value": Column("Times", unit="locale", decimals=0, bar=True),
            },
            sort="Times",
            no_value="nothing",
        ),
        timeseries(
            "Findings, by severity",
            """When rules found something. Errors that begin at one moment: see what was deployed, or which provider
            failed.""",
            prom(increase(_FOUND, IN_GRAPH, by=_SEVERITY), f"{{{{{_SEVERITY}}}}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            overrides=[coloured("error", BAD), coloured("warn", WARNING), coloured("info", NEUTRAL)],
            width=8,
            no_value="nothing",
        ),
        timeseries(
            "Findings, by rule",
            """When rules found something, by rule: one that began at one moment tells what changed.""",
            prom(increase(_FOUND, IN_GRAPH, by="graph_detection_id"), "{{graph_detection_id}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="nothing",
        ),
        timeseries(
            "Findings, by the node that caused them",
            """Errors and warnings by graph and node. One node that causes findings of several rules is where to
            begin.""",
            prom(
                increase(
                    _FOUND, IN_GRAPH, f'{_SEVERITY}!="info"', 'graph_cause_node!=""', by="graph_name, graph_cause_node"
                ),
                "{{graph_name}} {{graph_cause_node}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="nothing",
        ),
    ],
)

_EVALUATED = "graph_evaluations_total"
_LABEL = "gen_ai_evaluation_score_label"
_NAME = "gen_ai_evaluation_name"
_DROPPED = "graph_validations_dropped_total"

_HOW_GOOD = Row(
    "How good is what nodes write?",
    [
        table(
            "Evaluations",
            """Evaluations in the time range by graph, name and label: those of validators and judges, and those that
            the program gives itself. With an exception: the validator has failed itself, and has checked nothing.""",
            per(f"{counted(_EVALUATED, IN_GRAPH, by=f'graph_name, {_NAME}, {_LABEL}, error_type')} > 0"),
            columns={
                "graph_name": Column("Graph", links=[_NODES]),
                _NAME: Column("Evaluation"),
                _LABEL: Column("Label"),
                "error_type": Column("Exception"),
                "Value": Column("Times", unit="locale", decimals=0, bar=True),
            },
            sort="Times",
            width=12,
            no_value="none is declared",
        ),
        timeseries(
            "Evaluations, by label",
            """When evaluations had which label. fail is that of validators; low scores of others become findings
            evaluation_low if a floor is declared.""",
            prom(
                increase(_EVALUATED, IN_GRAPH, 'error_type=""', by=f"{_NAME}, {_LABEL}"),
                f"{{{{{_NAME}}}}} {{{{{_LABEL}}}}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=6,
            no_value="none is declared",
        ),
        timeseries(
            "Unchecked updates",
            """Updates of nodes that no validator or judge has seen, because 100 others were waiting. Make validators
            faster, or let them check fewer nodes.""",
            prom(increase(_DROPPED, IN_GRAPH, by="graph_name"), "{{graph_name}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=6,
            no_value="none",
        ),
    ],
)

_IN_LOGS = " and ".join(
    [
        "$__timeFilter(Timestamp)",
        chosen("ServiceName", "job"),
        chosen("LogAttributes['graph.name']", "graph"),
        "LogAttributes['event.name'] = 'graph.detection'",
    ]
)
# The instance is left out: that of a direct scrape is an address, which log records do not have.

_LATEST = Row(
    "Where, exactly?",
    [
        table(
            "Latest findings",
            """The latest 200 events graph.detection from ClickHouse, of all instances: the key of the state, the node
            at which it shows, the node that caused it, how that is known, and the path between them. A click on the
            trace shows the run. Empty if logs do not go to ClickHouse.""",
            clickhouse(
                f"""
select
    Timestamp as time,
    LogAttributes['graph.name'] as graph,
    LogAttributes['graph.detection.id'] as rule,
    LogAttributes['graph.detection.severity'] as severity,
    LogAttributes['graph.key'] as key,
    LogAttributes['graph.node.name'] as node,
    LogAttributes['graph.step'] as step,
    LogAttributes['graph.cause.node'] as cause,
    LogAttributes['graph.cause.kind'] as kind,
    LogAttributes['graph.path'] as path,
    LogAttributes['graph.confidence'] as confidence,
    TraceId as trace
from otel_logs
where {_IN_LOGS}
order by Timestamp desc
limit 200"""
            ),
            columns={
                "time": Column("When", width=170),
                "graph": Column("Graph"),
                "rule": Column("Rule"),
                "severity": Column("Severity"),
                "key": Column("Key"),
                "node": Column("Shows at"),
                "step": Column("Step"),
                "cause": Column("Cause"),
                "kind": Column("It was"),
                "path": Column("Path"),
                "confidence": Column("Known by"),
                "trace": Column("Trace", links=[{"title": "The run", "url": _TRACE, "targetBlank": False}]),
            },
            height=12,
            no_value="nothing",
        ),
    ],
)

BOARD = Board(
    uid="argus-graph-detections",
    title="Graphs: detections",
    description="What rules have found wrong with runs of agent graphs, how bad it is, and which node has caused it.",
    variables=[*services(), *variables.clickhouse()],
    rows=[_HOW_MUCH, _HOW_GOOD, _LATEST],
)
