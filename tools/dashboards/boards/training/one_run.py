"""One training run: its curves with their bands, over steps, epochs or time, and all that is known of it."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, table, timeseries, trend
from ...queries import CLICKHOUSE, clickhouse, given
from ...style import BAD, GOOD, MUTED, NEUTRAL, NUMBER, SECONDS, Json, band, coloured
from .common import RUNS_OF_HISTORY, metric, of_metric, stored

_PARTS = 400
"""How many parts a curve is drawn in, at most."""

# The run that is asked for, by its id or the first letters of it, or else the latest that has logged the value.
_WANTED = f"""with (
    select if({given("run")} != '', (select min(run_id) from training_runs where startsWith(run_id, {given("run")})), (
        select argMax(run_id, began) from training_curves
        where metric = {of_metric()} and run_id in (select run_id from training_runs where {RUNS_OF_HISTORY})
    ))
) as wanted"""

_OVER = f"if({given('over')} = 'epoch', epoch_of, toFloat64(step))"

# At a step that was trained again after a resume, the greatest attempt counts.
_CURVE = f"""{_WANTED},
logged as (
    select
        phase,
        step,
        tupleElement(argMax(tuple(value, epoch), tuple(attempt, time)) as found, 1) as number,
        tupleElement(found, 2) as epoch_of
    from training_points
    where run_id = wanted and metric = {of_metric()} and rank = 0
    group by phase, step
),
(select tuple(min({_OVER}), greatest((max({_OVER}) - min({_OVER})) / {_PARTS}, 1e-9)) from logged) as extent,
parts as (
    select
        min({_OVER}) as place,
        avgOrNullIf(number, phase = 'train' and isFinite(number)) as mean,
        minOrNullIf(number, phase = 'train' and isFinite(number)) as low,
        maxOrNullIf(number, phase = 'train' and isFinite(number)) as high,
        avgOrNullIf(number, phase = 'validation' and isFinite(number)) as validated
    from logged
    group by floor(({_OVER} - tupleElement(extent, 1)) / tupleElement(extent, 2))
),
(select arraySort(groupArray(tuple(place, mean))) from parts where mean is not null) as means
select
    place,
    low,
    high,
    mean,
    if(mean is null, null, arrayAvg(arrayMap(
        each -> assumeNotNull(tupleElement(each, 2)),
        arraySlice(arrayFilter(each -> tupleElement(each, 1) <= place, means), -toInt32OrZero({given("smooth")}))
    ))) as smoothed,
    validated as validation
from parts
order by place"""

_CURVES = Row(
    "One run: that of the field Run, or the latest that has logged the value",
    [
        trend(
            "Curve",
            """What the run has logged under the name in the field Value, over steps or epochs, in at most 400 parts.
            The band goes from the least to the greatest value of each part; the smoothed line is the mean of as many
            parts as the field Smooth says. Values that are not finite are gaps: the table below counts them.""",
            clickhouse(_CURVE),
            x="place",
            unit=NUMBER,
            width=24,
            height=12,
            overrides=[
                *band("low", "high"),
                coloured("mean", MUTED),
                coloured("smoothed", NEUTRAL),
                coloured("validation", GOOD),
            ],
            no_value="It has not logged that value",
        ),
        timeseries(
            "Over time, by attempt",
            """The same over time: each attempt of a run that was resumed is a line of its own, and vertical lines mark
            where it began again.""",
            clickhouse(
                f"""{_WANTED}
select
    $__timeInterval(time) as time, concat(phase, ', attempt ', toString(attempt)) as part,
    avgIf(value, isFinite(value)) as value
from training_points
where run_id = wanted and metric = {of_metric()} and $__timeFilter(time)
group by time, part
having isFinite(value)
order by time""",
                "timeseries",
            ),
            unit=NUMBER,
            minimum=None,
            calcs=("min", "lastNotNull"),
            width=24,
            no_value="It has not logged that value",
        ),
    ],
)

_FACTS = Row(
    "What is known of it?",
    [
        table(
            "Attempts",
            """Each attempt: when it began, how it ended, how far it came, and what it was given, without secrets.""",
            clickhouse(
                f"""{_WANTED}
select
    attempt,
    min(time - toIntervalMicrosecond(toInt64(duration * 1000000))) as began,
    argMaxIf(name, time, name != '') as named,
    argMaxIf(if(event = 'training.run.lost', 'lost', outcome), time, event in ('training.run.end', 'training.run.lost'))
        as state,
    argMaxIf(error, time, event = 'training.run.end') as failed,
    max(step) as reached,
    max(epoch) as epochs,
    max(if(event = 'training.run.end', duration, 0)) as took,
    argMaxIf(host, time, host != '') as on_host,
    argMaxIf(instance, time, instance != '') as in_instance,
    argMaxIf(config, time, config != '') as given_config,
    argMaxIf(argv, time, argv != '') as given_argv,
    argMaxIf(commit, time, commit != '') as at_commit
from training_runs
where run_id = wanted
group by attempt
order by attempt"""
            ),
            columns={
                "attempt": Column("#", width=50),
                "began": Column("Began", width=170),
                "named": Column("Name"),
                "state": Column("Ended"),
                "failed": Column("Error"),
                "reached": Column("Steps", unit="locale", decimals=0),
                "epochs": Column("Epochs"),
                "took": Column("Duration", unit=SECONDS),
                "on_host": Column("Host"),
                "in_instance": Column("Instance"),
                "given_config": Column("Configuration"),
                "given_argv": Column("Arguments"),
                "at_commit": Column("Commit"),
            },
            height=6,
            no_value="History has no such run",
        ),
        table(
            "Logged values",
            """Everything that the run has logged: the last value, the least and the greatest finite ones, and how many
            are infinite or not a number.""",
            clickhouse(
                f"""{_WANTED}
select
    metric, phase, sum(count) as logged, tupleElement(tupleElement(max(tuple(attempt, last)), 2), 1) as at_step,
    tupleElement(tupleElement(max(tuple(attempt, last)), 2), 2) as last_value, min(low) as least, max(high) as most,
    sum(nonfinite) as not_finite
from training_curves
where run_id = wanted
group by metric, phase
order by metric, phase"""
            ),
            columns={
                "metric": Column("Value"),
                "phase": Column("Phase"),
                "logged": Column("Times", unit="locale", decimals=0),
                "at_step": Column("At step", unit="locale", decimals=0),
                "last_value": Column("Last"),
                "least": Column("Least"),
                "most": Column("Greatest"),
                "not_finite": Column("Not finite"),
            },
            width=14,
            no_value="It has logged nothing",
        ),
        table(
            "Validations, checkpoints and artifacts",
            """What was validated and written at which step. Files stay where they are: this is their path and size.""",
            clickhouse(
                f"""{_WANTED}
select time, event, attempt, step, duration, path, size
from training_runs
where run_id = wanted and event in ('training.validation', 'training.checkpoint')
order by time desc
limit 500"""
            ),
            columns={
                "time": Column("When", width=170),
                "event": Column("What"),
                "step": Column("Step", unit="locale", decimals=0),
                "duration": Column("Took", unit=SECONDS),
                "path": Column("Path"),
                "size": Column("Size", unit="bytes"),
            },
            width=10,
            no_value="none",
        ),
    ],
)


def _resumes() -> Json:
    """Return the annotation that marks where a run was resumed."""
    return {
        "name": "Resumes",
        "datasource": CLICKHOUSE,
        "enable": True,
        "hide": False,
        "iconColor": BAD,
        "target": {
            **clickhouse(
                f"""{_WANTED}
select time, concat('attempt ', toString(attempt), ' begins at step ', toString(step)) as text
from training_runs
where run_id = wanted and event = 'training.run.resume' and $__timeFilter(time)"""
            ),
            "refId": "Anno",
        },
    }


BOARD = Board(
    uid="argus-training-run",
    title="Training: one run",
    description="One training run: its curves with bands, over steps, epochs or time, and all that is known of it.",
    since="now-7d",
    refresh="1m",
    variables=[
        *stored(),
        variables.textbox("run", "Run", "A run's id, or its first letters; empty for the latest."),
        metric(),
        variables.choice(
            "over", "Over", "What the curve is drawn over.", {"steps": "step", "epochs": "epoch"}, "steps"
        ),
        variables.choice(
            "smooth", "Smooth", "Over how many parts the smoothed line is the mean.",
            {"no": "1", "5 parts": "5", "20 parts": "20", "50 parts": "50"}, "5 parts",
        ),
    ],
    annotations=[_resumes()],
    rows=[_CURVES, _FACTS],
)  # fmt: skip
