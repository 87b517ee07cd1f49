"""The runs that history has: their states, how long they took, their last and best values."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, table, timeseries
from ...queries import clickhouse, given
from ...style import BAD, GOOD, MUTED, NEUTRAL, NUMBER, SECONDS, WARNING, board_link, values
from .common import RUNS_OF_HISTORY, metric, of_metric, of_outcomes, stored

_RUN = board_link("This run", "argus-training-run", "service", "run=${__value.raw:percentencode}", "metric")
_GROUP = board_link(
    "Compare its runs", "argus-training-compare", "service", "group=${__value.raw:percentencode}", "metric"
)

_STATES = values(
    {
        "running": ("running", NEUTRAL),
        "ok": ("ok", GOOD),
        "stopped": ("stopped", NEUTRAL),
        "interrupted": ("interrupted", MUTED),
        "guarded": ("guarded", WARNING),
        "error": ("error", BAD),
        "lost": ("lost", "purple"),
        "silent": ("silent", WARNING),
    }
)

# What came last of a run's latest attempt decides; one of which nothing was heard for an hour is silent.
_STATE = """multiIf(
        last_event = 'training.run.end', last_outcome,
        last_event = 'training.run.lost', 'lost',
        greatest(heard, logged) < now() - toIntervalHour(1), 'silent',
        'running'
    )"""

_ALL = f"""select
    run_id as run,
    min(time - toIntervalMicrosecond(toInt64(duration * 1000000))) as began,
    argMaxIf(name, time, name != '') as named,
    argMaxIf(run_group, time, run_group != '') as of_group,
    argMaxIf(framework, time, framework != '') as with_framework,
    argMaxIf(model, time, model != '') as of_model,
    argMax(event, tuple(attempt, time, event = 'training.run.end')) as last_event,
    argMax(outcome, tuple(attempt, time, event = 'training.run.end')) as last_outcome,
    argMaxIf(error, time, event = 'training.run.end') as last_error,
    max(attempt) as attempts,
    max(step) as reached,
    max(total_steps) as total,
    max(time) as heard
from training_runs
where {RUNS_OF_HISTORY} and run_id in (
    select run_id from training_runs where {given("group")} = '' or run_group = {given("group")}
)
group by run_id"""

_LOGGED = f"""select
    run_id as run,
    tupleElement(tupleElement(max(tuple(attempt, last)), 2), 2) as last_value,
    min(low) as least,
    max(high) as greatest_value,
    sum(nonfinite) as not_finite,
    max(ended) as logged
from training_curves
where metric = {of_metric()}
group by run_id"""

_TABLE = Row(
    "Which runs were there?",
    [
        table(
            "Runs",
            """The latest 500 runs, each once, however often it was resumed. The field Value at the top names what Last,
            Least and Greatest are of. Silent: history has neither an end nor a sign of life for an hour. A click
            leads to the run, or to the runs of its group.""",
            clickhouse(
                f"""select
    began, named, of_group, {_STATE} as state, last_error, with_framework, of_model, attempts, reached,
    if(total > 0, reached / total, null) as done,
    dateDiff('millisecond', began, greatest(heard, logged)) / 1000 as took,
    last_value, least, greatest_value, not_finite, run
from ({_ALL}) as known
left join ({_LOGGED}) as found on found.run = known.run
order by began desc
limit 500"""
            ),
            columns={
                "began": Column("Began", width=170),
                "named": Column("Name"),
                "of_group": Column("Group", links=[_GROUP]),
                "state": Column("State", mappings=_STATES),
                "last_error": Column("Error"),
                "with_framework": Column("Framework"),
                "of_model": Column("Model"),
                "attempts": Column("Attempts"),
                "reached": Column("Steps", unit="locale", decimals=0),
                "done": Column("Done", unit="percentunit", bar=True, maximum=1),
                "took": Column("Duration", unit=SECONDS),
                "last_value": Column("Last"),
                "least": Column("Least"),
                "greatest_value": Column("Greatest"),
                "not_finite": Column("Not finite"),
                "run": Column("Run", links=[_RUN]),
            },
            height=14,
            no_value="History has none",
        ),
    ],
)

_TIMES = Row(
    "When?",
    [
        timeseries(
            "Ended runs in history, by outcome",
            """Runs of the chosen services by how they ended, when they did; lost: their process ended without a
            word.""",
            clickhouse(
                f"""select
    $__timeInterval(time) as time, if(event = 'training.run.lost', 'lost', outcome) as how, count() as runs
from training_runs
where {RUNS_OF_HISTORY} and event in ('training.run.end', 'training.run.lost')
group by time, how
order by time""",
                "timeseries",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            overrides=of_outcomes(),
            no_value="none has ended",
        ),
        timeseries(
            "Steps in history, by model",
            """How many steps runs have had, by the class of the model, when they ended.""",
            clickhouse(
                f"""select $__timeInterval(time) as time, model, sum(step) as steps
from training_runs
where {RUNS_OF_HISTORY} and event = 'training.run.end'
group by time, model
order by time""",
                "timeseries",
            ),
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="none has ended",
        ),
    ],
)

BOARD = Board(
    uid="argus-training-runs",
    title="Training: runs",
    description="The training runs that history has: their states, how long they took, their last and best values.",
    since="now-7d",
    refresh="1m",
    variables=[
        *stored(),
        variables.textbox("group", "Group", "What runs belong to, such as a sweep; empty for all."),
        metric(),
    ],
    rows=[_TABLE, _TIMES],
)
