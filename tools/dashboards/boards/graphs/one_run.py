"""One run of a graph: its nodes in their order, its way, and what rules have found; from history in ClickHouse."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, node_graph, table, timeseries
from ...queries import chosen, clickhouse, given
from ...style import FAULTS, NUMBER, SECONDS, board_link
from .common import of_outcomes

_CHOSEN = f"$__timeFilter(time) and {chosen('service', 'service')}"
_RUNS = (
    f"{_CHOSEN} and event = 'graph.run' and {chosen('graph', 'graph')}"
    f" and ({given('thread')} = '' or thread = {given('thread')})"
)

# The run that is asked for, or else the one with the most errors, or else the latest that failed: one that has ended in
# the time range, or its nodes would be beyond it.
_WANTED = f"""with (
    select if({given("run")} != '', {given("run")}, (
        select toString(run_id) from graphs_events
        where {_RUNS} and time + toIntervalMicrosecond(toInt64(duration * 1000000)) <= $__toTime
        order by errors desc, outcome in ('error', 'limit') desc, time desc limit 1
    ))
) as wanted
"""
_OF_IT = f"{_CHOSEN} and toString(run_id) = wanted"

_RUN = board_link("This run", "argus-graph-run", "service", "graph", "run=${__value.raw:percentencode}")
_TRACE = board_link("Its trace", "argus-traces", "trace=${__value.raw:percentencode}")
_NODES = board_link("Its nodes over time", "argus-graph-nodes", "graph=${__value.raw:percentencode}")

_FIELDS = """time, graph, outcome, error, duration, steps, nodes, inference_calls, tool_calls,
    input_tokens + output_tokens as tokens, findings, errors, thread, toString(run_id) as run, trace_id"""
_COLUMNS = {
    "time": Column("Began", width=170),
    "graph": Column("Graph", links=[_NODES]),
    "outcome": Column("Outcome"),
    "error": Column("Error"),
    "duration": Column("Duration", unit=SECONDS, bar=True),
    "steps": Column("Steps"),
    "nodes": Column("Nodes"),
    "inference_calls": Column("Models"),
    "tool_calls": Column("Tools"),
    "tokens": Column("Tokens", unit="short"),
    "findings": Column("Findings", thresholds=FAULTS),
    "errors": Column("Errors", thresholds=FAULTS),
    "thread": Column("Thread"),
    "run": Column("Run", links=[_RUN]),
    "trace_id": Column("Trace", links=[_TRACE]),
}

_WHICH = Row(
    "Which runs were there?",
    [
        table(
            "Runs in history",
            """The latest 200 runs, each with the number of its findings, and of those that are errors. Click on a run
            to see it below, or on its trace.""",
            clickhouse(f"select {_FIELDS} from graphs_events where {_RUNS} order by time desc limit 200"),
            columns=_COLUMNS,
            height=9,
            no_value="History has none",
        ),
        timeseries(
            "Runs in history, by outcome",
            """Runs of the chosen graphs that history has, by how they ended.""",
            clickhouse(
                "select $__timeInterval(time) as time, outcome, count() as runs"
                f" from graphs_events where {_RUNS} group by time, outcome order by time",
                "timeseries",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            overrides=of_outcomes(),
            width=24,
            height=6,
            no_value="History has none",
        ),
    ],
)

_ONE = Row(
    "One run: that of the field Run, or the one with the most errors",
    [
        table(
            "The run and its thread",
            """The run, and others of its thread: an interrupted run goes on as another one of the same thread.""",
            clickhouse(
                f"""{_WANTED}
select if(toString(run_id) = wanted, 'this run', 'of its thread') as which, {_FIELDS}
from graphs_events
where {_CHOSEN} and event = 'graph.run' and (toString(run_id) = wanted or (thread != '' and thread in (
    select thread from graphs_events where {_OF_IT} and event = 'graph.run'
)))
order by time
limit 50"""
            ),
            columns={"which": Column("Is"), **_COLUMNS},
            height=5,
            no_value="History has no such run",
        ),
        table(
            "What rules found in it",
            """Each finding: the node at which it shows, the node that caused it, and how that is known. `argus-otel
            graphs rules` says what each rule means.""",
            clickhouse(
                f"""{_WANTED}
select
    severity, rule, node, if(node = '', null, step) as at, key,
    if(cause_node = '', node, cause_node) as cause, cause_kind, path, confidence
from graphs_events
where {_OF_IT} and event = 'graph.finding'
order by severity = 'error' desc, severity = 'warn' desc, number
limit 100"""
            ),
            columns={
                "severity": Column("Severity"),
                "rule": Column("Rule"),
                "node": Column("Shows at"),
                "at": Column("Step"),
                "key": Column("Key"),
                "cause": Column("Cause"),
                "cause_kind": Column("It was"),
                "path": Column("Path"),
                "confidence": Column("Known by"),
            },
            height=6,
            no_value="Nothing was found",
        ),
        table(
            "Its nodes",
            """The nodes in the order in which they began: when that was, how long they took, what they wrote (key,
            class and length, never a value), which tools they called (! after one that failed) and where they led.""",
            clickhouse(
                f"""{_WANTED}
select
    number, graph, node, step, began, duration, outcome, error, attempts,
    arrayStringConcat(arrayMap(
        (key, type, length) -> concat(key, ': ', type, if(length < 0, '', concat(' of ', toString(length)))),
        keys, types, lengths
    ), ', ') as wrote,
    arrayStringConcat(tools, ', ') as called,
    arrayStringConcat(routes, ', ') as led
from graphs_events
where {_OF_IT} and event = 'graph.node'
order by number
limit 1000"""
            ),
            columns={
                "number": Column("#", width=50),
                "graph": Column("Graph"),
                "node": Column("Node"),
                "step": Column("Step"),
                "began": Column("Began after", unit=SECONDS),
                "duration": Column("Duration", unit=SECONDS, bar=True),
                "outcome": Column("Outcome"),
                "error": Column("Error"),
                "attempts": Column("Attempts"),
                "wrote": Column("Wrote"),
                "called": Column("Called"),
                "led": Column("Led to"),
            },
            height=11,
            no_value="History has no such run",
        ),
        node_graph(
            "Its way",
            """Which node led to which, each with its place in the run. The number is how long the node took that the
            edge leads to. Empty for a run of a single node.""",
            clickhouse(
                f"""{_WANTED}
select
    concat(toString(before.number), ' ', toString(ended.number)) as id,
    concat(toString(before.number), ' ', before.node) as source,
    concat(toString(ended.number), ' ', ended.node) as target,
    ended.duration as mainstat
from (
    select number, node, duration, arrayJoin(after) as place from graphs_events where {_OF_IT} and event = 'graph.node'
) as ended
join (
    select number, node from graphs_events where {_OF_IT} and event = 'graph.node'
) as before on before.number = ended.place
order by ended.number, before.number
limit 500"""
            ),
            unit=SECONDS,
            height=9,
            no_value="It has a single node",
        ),
    ],
)

BOARD = Board(
    uid="argus-graph-run",
    title="Graphs: one run",
    description="One run of an agent graph: its nodes, what they wrote and called, its way, and what rules have found.",
    since="now-6h",
    refresh="1m",
    variables=[
        *variables.clickhouse(
            service="select distinct service from graphs_events where $__timeFilter(time)",
            graph="select distinct graph from graphs_events where $__timeFilter(time) and event = 'graph.run'",
        ),
        variables.textbox("run", "Run", "A run's id; empty for the one with the most errors."),
        variables.textbox("thread", "Thread", "The thread_id of runs; empty for all."),
    ],
    rows=[_WHICH, _ONE],
)
