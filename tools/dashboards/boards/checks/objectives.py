"""The objectives of checks: what is promised, whether it is kept, and what is left of the error budgets.

Everything is asked of what the agents export, so that no recorded rule is needed. The time range of the dashboard takes
the place of the objective's window.
"""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, stat, state_timeline, table, timeseries
from ...queries import now, of, or_zero, per, prom
from ...style import (
    BAD,
    GOOD,
    MUTED,
    NUMBER,
    SECONDS,
    SHARE,
    WARNING,
    Json,
    board_link,
    dashed,
    steps,
    values,
)

_THIS = 'argus_check_name=~"$check"'
_CHECK = "argus_check_name"
_EACH = f"job, {_CHECK}, service_peer_name, argus_check_slo, argus_check_slo_window"
_LEGEND = f"{{{{{_CHECK}}}}} {{{{argus_check_slo}}}}"
_OPEN = board_link("This check", "argus-check", "job", f"check=${{__data.fields.{_CHECK}:percentencode}}")
_STATES = values({"0": ("broken", BAD), "1": ("kept", GOOD)})

_OBJECTIVE = f"max by ({_EACH}) ({of('argus_check_slo_objective', _THIS)})"

# As the recorded rules have it: one location that keeps the promise is enough, and a mute by hand or by maintenance
# counts for all agents of the job. A location where the check is muted or unknown has no series.
_MUTED = of("argus_check_muted", _THIS, 'argus_check_mute_reason!="parent"')
_NOT_MUTED = f"unless on (job, {_CHECK}) group by (job, {_CHECK}) ({_MUTED})"
_NOW = f"(max by ({_EACH}) ({of('argus_check_slo_kept', _THIS)}) {_NOT_MUTED})"


def _over(function: str, window: str) -> str:
    """Return a function of the shares of each step in which promises were kept, over a window.

    The steps of a long range are long. So each location's share of a step is taken of all of its samples.
    """
    of_step = f"max by ({_EACH}) (avg_over_time({of('argus_check_slo_kept', _THIS)}[$__rate_interval]))"
    return f"{function}(({of_step} {_NOT_MUTED})[{window}:$__interval])"


def _left(window: str) -> str:
    """Return what is left of budgets: 1 for all, below 0 where more was used up than there was."""
    return f"1 - (1 - {_over('avg_over_time', window)}) / (1 - {_OBJECTIVE})"


def _burn(window: str) -> str:
    """Return how fast budgets are used up: at 1, one lasts exactly as long as its window."""
    return f"(1 - {_over('avg_over_time', window)}) / (1 - {_OBJECTIVE})"


_SECONDS_LEFT = (
    f"({_over('sum_over_time', '$__range')} - {_OBJECTIVE} * {_over('count_over_time', '$__range')})"
    " * $__interval_ms / 1000"
)

_BUDGET = steps((0, WARNING), (0.25, GOOD), below=BAD)
_BURNS = steps((1, WARNING), (6, BAD))


def _promise(value: str, column: Column, **more: Column) -> dict[str, Column]:
    """Return the columns of a table of promises."""
    return {
        _CHECK: Column("Check", links=[_OPEN]),
        "argus_check_slo": Column("Promise"),
        "service_peer_name": Column("Service"),
        "job": Column("Agent"),
        value: column,
        **more,
    }


def _count(condition: str) -> Json:
    return now(or_zero(f"count({condition})", f"count({_OBJECTIVE})"), "promises")


_SUMMARY = Row(
    "Are promises kept?",
    [
        stat(
            "Promises",
            """Availability and latency that the chosen checks promise under slo:, each counted once for all
            locations.""",
            now(f"count({_OBJECTIVE})", "promises"),
            unit=NUMBER,
            width=6,
            no_value="no check has slo:",
        ),
        stat(
            "Broken now",
            """Promises that no location sees kept: the check is down, or its last run was too slow. "Promises over
            time" names them.""",
            _count(f"{_NOW} == 0"),
            unit=NUMBER,
            thresholds=steps((1, BAD)),
            width=6,
            no_value="0",
        ),
        stat(
            "Not judged now",
            """Promises that count neither as kept nor as broken: the check is muted, or its status is unknown.""",
            _count(f"{_OBJECTIVE} unless on (job, {_CHECK}, argus_check_slo) {_NOW}"),
            unit=NUMBER,
            thresholds=steps((1, MUTED)),
            width=6,
            no_value="0",
        ),
        stat(
            "Budgets used up",
            """Promises that were broken for longer in the time range than they allow. Choose the window of the
            objective as the time range, as a rule 30 days, and the promise itself is broken.""",
            _count(f"{_left('$__range')} < 0"),
            unit=NUMBER,
            thresholds=steps((1, BAD)),
            width=6,
            no_value="0",
        ),
        table(
            "Objectives",
            """What was promised and what was kept in the time range, as if it were the window of the objective. Time
            left: how much longer the promise may be broken; below 0, it was broken for that much too long. Time in
            which nothing was judged is left out. A click leads to the check.""",
            per(_OBJECTIVE),
            per(_over("avg_over_time", "$__range")),
            per(_left("$__range")),
            per(_SECONDS_LEFT),
            columns=_promise(
                "argus_check_slo_window",
                Column("Window"),
                **{
                    "Value #A": Column("Promised", unit=SHARE, decimals=3),
                    "Value #B": Column("Kept", unit=SHARE, decimals=3),
                    "Value #C": Column("Budget left", unit=SHARE, bar=True, maximum=1, decimals=1, thresholds=_BUDGET),
                    "Value #D": Column("Time left", unit=SECONDS, thresholds=steps((0, "text"), below=BAD)),
                },
            ),
            sort="Budget left",
            ascending=True,
            height=10,
            no_value="no check has slo:",
        ),
    ],
)

_SPEED = Row(
    "How fast are budgets used up?",
    [
        table(
            "Burn rates",
            """How many times as fast as allowed the budget was used up, over the last hour and the last six. The alert
            CheckBudgetBurnsFast waits for 14.4 over an hour, or 6 over six hours.""",
            per(_burn("1h")),
            per(_burn("6h")),
            columns=_promise(
                "Value #A",
                Column("Over 1 h", unit=NUMBER, decimals=1, thresholds=_BURNS),
                **{"Value #B": Column("Over 6 h", unit=NUMBER, decimals=1, thresholds=_BURNS)},
            ),
            sort="Over 1 h",
            width=12,
            no_value="no check has slo:",
        ),
        timeseries(
            "Burn rate over an hour",
            """How many times as fast as allowed the budget was used up, in the hour before each point. Peaks: short
            failures. Long above 1: the objective will not be kept.""",
            prom(_burn("1h"), _LEGEND),
            unit=NUMBER,
            thresholds=steps((1, WARNING), (14.4, BAD)),
            calcs=("max", "lastNotNull"),
            no_value="no check has slo:",
        ),
    ],
)

_WHEN = Row(
    "When, and why?",
    [
        state_timeline(
            "Promises over time",
            """When each promise was kept, and when it was broken at every location. Gaps are times in which nothing
            was judged.""",
            prom(_NOW, _LEGEND),
            mappings=_STATES,
            width=12,
            height=10,
            no_value="no check has slo:",
        ),
        timeseries(
            "Budget left over time",
            """What was left of the budget at each point, over as long before it as the time range is. It falls while
            the promise is broken, and rises once that is longer ago.""",
            prom(_left("$__range"), _LEGEND),
            unit=SHARE,
            minimum=None,
            maximum=1,
            thresholds=steps((0, WARNING), (0.25, GOOD), below=BAD),
            calcs=("min", "lastNotNull"),
            height=10,
            no_value="no check has slo:",
        ),
        timeseries(
            "Durations and what is promised",
            """The last run of each check that promises a latency, at its slowest location, and how long it may take.
            Which phase it is that takes so long: see the check.""",
            prom(
                f"max by ({_CHECK}) ({of('argus_check_last_duration_seconds', _THIS)}"
                f" and on (job, instance, {_CHECK}) {of('argus_check_slo_latency_seconds', _THIS)})",
                f"{{{{{_CHECK}}}}}",
            ),
            prom(f"max by ({_CHECK}) ({of('argus_check_slo_latency_seconds', _THIS)})", f"{{{{{_CHECK}}}}} promised"),
            unit=SECONDS,
            overrides=[dashed(".+ promised")],
            width=24,
            no_value="no check promises a latency",
        ),
    ],
)

BOARD = Board(
    uid="argus-check-slo",
    title="Checks: objectives",
    description="What checks promise, whether it is kept, what is left of error budgets, and when they were used up.",
    variables=[
        *variables.prometheus("Agent", having="argus_check_location"),
        variables.labels(
            "check",
            "Check",
            'label_values(argus_check_slo_objective{job=~"$job",instance=~"$instance"}, argus_check_name)',
            everything=".*",
        ),
    ],
    rows=[_SUMMARY, _SPEED, _WHEN],
    since="now-12h",
    refresh="1m",
)
