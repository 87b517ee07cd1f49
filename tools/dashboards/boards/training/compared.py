"""Training runs compared: one value of several runs, and the best value of each against a parameter."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, table, trend
from ...queries import clickhouse, given
from ...style import NEUTRAL, NUMBER, board_link, coloured
from .common import RUNS_OF_HISTORY, metric, of_metric, stored

_LETTERS = "ABCDEFGH"
_PARTS = 300
"""How many parts a curve is drawn in, at most."""

_RUN = board_link("This run", "argus-training-run", "service", "run=${__value.raw:percentencode}", "metric")

_OF_GROUP = f"""select run_id
from training_runs
where {RUNS_OF_HISTORY}
group by run_id
having {given("group")} = '' or argMaxIf(run_group, time, run_group != '') = {given("group")}"""

# The runs with the best of the value, the best first.
_BEST = f"if({given('best')} = 'greatest', -max(high), min(low))"
_CHOSEN = f"""select run_id, {_BEST} as rank_by, min(low) as least, max(high) as most
from training_curves
where metric = {of_metric()} and run_id in ({_OF_GROUP})
group by run_id
having isFinite(rank_by)
order by rank_by, run_id"""

_COLUMNS = ",\n    ".join(
    f"avgOrNullIf(number, run_id = arrayElement(chosen, {place})) as {letter}"
    for place, letter in enumerate(_LETTERS, 1)
)

_CURVES = f"""with (
    select groupArray(run_id) from ({_CHOSEN} limit {len(_LETTERS)})
) as chosen,
logged as (
    select run_id, step, argMax(value, tuple(attempt, time)) as number
    from training_points
    where metric = {of_metric()} and rank = 0 and has(chosen, run_id) and phase = {given("phase")}
    group by run_id, step
    having isFinite(number)
),
(select greatest(1, ceil(max(step) / {_PARTS})) from logged) as width
select
    min(step) as at_step,
    {_COLUMNS}
from logged
group by floor(step / width)
order by at_step"""

_COMPARED = Row(
    "Which run is better?",
    [
        trend(
            "The best runs",
            """The value of the eight best runs of the group over their steps, each in at most 300 parts. The table
            tells which letter is which run.""",
            clickhouse(_CURVES),
            x="at_step",
            unit=NUMBER,
            width=24,
            height=12,
            no_value="No run has logged that value",
        ),
        table(
            "Runs, the best first",
            """The runs of the group by the best finite value that they have logged, with what they were given.""",
            clickhouse(
                f"""with best as ({_CHOSEN})
select
    if(place <= {len(_LETTERS)}, substring('{_LETTERS}', place, 1), '') as letter,
    argMaxIf(name, time, name != '') as named,
    any(least_of) as least,
    any(most_of) as most,
    max(step) as reached,
    argMaxIf(config, time, config != '') as given_config,
    run_id as run
from training_runs
join (
    select run_id, least as least_of, most as most_of, row_number() over (order by rank_by, run_id) as place from best
) as of_best using run_id
group by run_id, place
order by place
limit 200"""
            ),
            columns={
                "letter": Column("Letter", width=60),
                "named": Column("Name"),
                "least": Column("Least"),
                "most": Column("Greatest"),
                "reached": Column("Steps", unit="locale", decimals=0),
                "given_config": Column("Configuration"),
                "run": Column("Run", links=[_RUN]),
            },
            no_value="No run has logged that value",
        ),
    ],
)

_SWEPT = Row(
    "What does a parameter do?",
    [
        trend(
            "Best value against the parameter",
            """A point for each run of the group: the parameter of its configuration that the field Parameter names, and
            the best value that it has logged.""",
            clickhouse(
                f"""with best as ({_CHOSEN})
select
    JSONExtractFloat(argMaxIf(config, time, config != ''), {given("parameter")}) as parameter,
    any(if({given("best")} = 'greatest', most_of, least_of)) as best_value
from training_runs
join (select run_id, least as least_of, most as most_of from best) as of_best using run_id
group by run_id
having JSONHas(argMaxIf(config, time, config != ''), {given("parameter")})
order by parameter, best_value
limit 5000"""
            ),
            x="parameter",
            unit=NUMBER,
            width=24,
            points=True,
            overrides=[coloured("best_value", NEUTRAL)],
            no_value="No run was given that parameter",
        ),
    ],
)

BOARD = Board(
    uid="argus-training-compare",
    title="Training: compare",
    description="Training runs compared: one value of several runs, and the best of each against a parameter.",
    since="now-7d",
    refresh="1m",
    variables=[
        *stored(),
        variables.textbox("group", "Group", "What runs belong to, such as a sweep; empty for all."),
        metric(),
        variables.choice(
            "best", "Best", "Which value is the best.", {"least": "least", "greatest": "greatest"}, "least"
        ),
        variables.choice(
            "phase", "Phase", "In which phase it was logged.",
            {"training": "train", "validation": "validation"}, "training",
        ),
        variables.textbox("parameter", "Parameter", "A name of the runs' configurations.", "lr"),
    ],
    rows=[_COMPARED, _SWEPT],
)  # fmt: skip
