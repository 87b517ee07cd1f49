"""Interactions and commands: how many, how they end, how long they take, and which fail."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, Panel, heatmap, stat, table, timeseries
from ...queries import (
    average,
    counted,
    increase,
    now,
    of,
    one_of,
    or_zero,
    per,
    percentiles,
    prom,
    quantile,
    quantile_in_range,
    rate,
    share,
    total,
)
from ...style import (
    BAD,
    FINE,
    GOOD,
    NUMBER,
    PER_SECOND,
    SECONDS,
    SHARE,
    WARNING,
    board_link,
    dashed,
    steps,
)
from . import objective
from .common import bots, of_outcomes

_INTERACTION = "discord_interaction_duration_seconds"
_COMMAND = "discord_command_duration_seconds"
_RESPONSE = objective.RESPONSES
_FAILED = 'discord_outcome="error"'
_OF_THE_BOT = 'discord_outcome!~"rejected|refused"'
_COMPONENTS = 'discord_component_name!=""'

_OBJECTIVES = {"99 %": "0.99", "99.5 %": "0.995", "99.9 %": "0.999", "99.95 %": "0.9995"}
_BUDGET = f"(1 - {one_of(list(_OBJECTIVES.values()), 'objective')})"


def _traces(title: str, name: str) -> dict[str, object]:
    """A link to the traces of the command of a row; the bot is the service's name in traces."""
    return board_link(
        title, "argus-traces", "service=${__data.fields.Bot:percentencode}", f"name=${{{name}:percentencode}}"
    )


_OBJECTIVE = Row(
    "Do users get an answer? Acknowledged within 3 s",
    [
        stat(
            "In time",
            """Share of the interactions in the time range that were acknowledged within Discord's 3 s. Below the
            objective: see "Missed, by command" for which commands, and let those call defer() first; where it is all
            of them, the event loop was blocked ("Runtime").""",
            now(f"1 - {objective.missed_in_range()}", "in time"),
            unit=SHARE,
            decimals=2,
            thresholds=steps((0.99, WARNING), (0.999, GOOD), below=BAD),
            no_value="no interactions",
            height=8,
        ),
        stat(
            "Error budget left",
            """What is left of the misses that the objective allows in the time range: 100 % is none missed, 0 % is all
            used up, and below it the objective is broken. Look at it over 28 days; below 25 %, put off risky
            releases.""",
            now(f"1 - ({objective.missed_in_range()}) / {_BUDGET}", "left"),
            unit=SHARE,
            decimals=0,
            thresholds=steps((0, WARNING), (0.25, GOOD), below=BAD),
            no_value="no interactions",
            height=8,
        ),
        stat(
            "Missed",
            """Interactions in the time range that were not acknowledged in time; each is a user who was told that the
            application did not respond.""",
            now(or_zero(counted(objective.UNACKNOWLEDGED), counted(f"{_RESPONSE}_count")), "missed"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, WARNING)),
            no_value="0",
            height=8,
        ),
        timeseries(
            "How fast the budget burns",
            """Misses, as a multiple of what the objective allows, over short and long windows. At 1 the budget lasts
            just as long as the objective's period. Above 14.4 in the short and the long window, 2 % of a month's
            budget goes in an hour: act at once. Above 6 in both: today.""",
            *[prom(f"({objective.missed(window)}) / {_BUDGET}", window) for window in ("5m", "30m", "1h", "6h")],
            unit=NUMBER,
            width=12,
            height=8,
            calcs=("lastNotNull", "max"),
            thresholds=steps((6, WARNING), (14.4, BAD)),
            no_value="no interactions",
        ),
        timeseries(
            "Time to the acknowledgement",
            """From Discord's creation of an interaction to the bot's first answer, which Discord wants within 3 s. It
            includes the way to the bot and the wait for the event loop. p99 above 2 s: misses are near; open an
            exemplar's trace.""",
            *percentiles(_RESPONSE),
            prom(f"3 + 0 * {rate(f'{_RESPONSE}_count')}", "Discord's limit"),
            unit=SECONDS,
            overrides=[dashed("Discord's limit", BAD)],
            no_value="no interactions",
        ),
        heatmap(
            "Time to the acknowledgement, all of it",
            """How many interactions were acknowledged after how long. A second band above the first is a kind of
            command that does its work before it answers; a column that reaches up is a moment when the event loop was
            blocked.""",
            prom(rate(f"{_RESPONSE}_bucket", by="le"), "{{le}}", form="heatmap", exemplar=True),
        ),
        timeseries(
            "Missed, by command",
            """Interactions that were not acknowledged in time, by command; those without a name are clicks and modals.
            A command that is always here works for more than 3 s before it answers: have it call defer() first.""",
            prom(
                increase(objective.UNACKNOWLEDGED, by="discord_interaction_type, discord_command_name"),
                "{{discord_interaction_type}} {{discord_command_name}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="none missed",
        ),
        timeseries(
            "Late, missing or refused, by reason",
            """Why users saw interactions fail. "slow_handler": have it call defer() first. "blocked_loop": see
            "Runtime". "arrived_late": the network, or too few shards for the load. "unanswered": the handler ended,
            often by an exception. "already_acknowledged": two processes run the bot.""",
            prom(
                increase("discord_interaction_late_total", by="discord_interaction_late_reason"),
                "{{discord_interaction_late_reason}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="none",
        ),
        timeseries(
            "The machine's clock",
            """How far the clock of each bot's machine is ahead of Discord's, or behind where it is negative. The times
            above are corrected for it; those of spans, logs and history are not. Above 1 s: let NTP keep the clock.""",
            prom(f"max by (job, instance) ({of('discord_clock_offset_seconds')})", "{{job}} {{instance}}"),
            unit=SECONDS,
            no_value="not known",
        ),
    ],
)

_TRAFFIC = Row(
    "How much is done, and how does it end?",
    [
        stat(
            "Interactions",
            """Slash commands, context menus, clicks, autocompletes and modals in the time range. Far from what is
            usual at this hour, either way, look at what changed.""",
            now(counted(f"{_INTERACTION}_count"), "interactions"),
            decimals=0,
            thresholds=FINE,
            no_value="0",
        ),
        stat(
            "Commands that failed",
            """Share of the commands in the time range that ended in an error of the bot's. The table "Failing
            commands" names them, and what was raised.""",
            now(share(counted(f"{_COMMAND}_count", _FAILED), counted(f"{_COMMAND}_count", _OF_THE_BOT)), "failed"),
            unit=SHARE,
            decimals=2,
            thresholds=steps((0.01, WARNING), (0.05, BAD)),
            no_value="no commands",
        ),
        stat(
            "Commands turned down",
            """Share of the commands in the time range that a check, a cooldown or bad input turned down. It is the
            users' doing; much of it says that a command is hard to understand, or a cooldown too long.""",
            now(
                share(counted(f"{_COMMAND}_count", 'discord_outcome="rejected"'), counted(f"{_COMMAND}_count")),
                "rejected",
            ),
            unit=SHARE,
            decimals=2,
            thresholds=steps((0.2, WARNING)),
            no_value="no commands",
        ),
        stat(
            "Running now",
            """Interactions whose handler runs at this moment. A number that only ever grows is handlers that wait for
            something that never comes; their traces are open, so look for what they all call.""",
            prom(total("discord_interaction_active"), "running"),
            unit=NUMBER,
            thresholds=FINE,
        ),
        stat(
            "Clicks without a view",
            """Clicks and modals in the time range that no view of the bot handled: the user saw them fail. They belong
            to messages from before a restart, or whose view has timed out. Make such views persistent.""",
            now(counted("discord_component_unhandled_total"), "unhandled"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, WARNING)),
            no_value="0",
        ),
        stat(
            "Views waiting",
            """Views and modals that discord.py keeps waiting for clicks, persistent ones included. Growth without end
            is views with timeout=None that are made anew for each message: they are never given up.""",
            prom(total("discord_view_active"), "views"),
            unit=NUMBER,
            thresholds=FINE,
        ),
        timeseries(
            "Interactions, by type",
            """Interactions whose handler ended, each second. All types falling at once is the bot, or Discord. Many
            autocompletes for each command are ordinary: there is one for each key that a user presses.""",
            prom(rate(f"{_INTERACTION}_count", by="discord_interaction_type"), "{{discord_interaction_type}}"),
            unit=PER_SECOND,
            stacked=True,
            no_value="no interactions",
        ),
        timeseries(
            "Commands, by outcome",
            """Commands of all kinds, prefix ones included, each counted once. "rejected" is the users' doing, "error"
            the bot's. Errors that begin at a release belong to it: roll back, then read "Failing commands".""",
            prom(rate(f"{_COMMAND}_count", by="discord_outcome"), "{{discord_outcome}}"),
            unit=PER_SECOND,
            stacked=True,
            overrides=of_outcomes(),
            no_value="no commands",
        ),
        timeseries(
            "Interactions, by install and place",
            """Where users are when they use the bot: in a guild that has installed it, or anywhere else by an install
            of their own, which reaches places that the bot is not in. What only works in guilds should say so
            there.""",
            prom(
                rate("discord_interaction_origins_total", by="discord_integration_type, discord_context"),
                "{{discord_integration_type}} {{discord_context}}",
            ),
            unit=PER_SECOND,
            stacked=True,
            no_value="no interactions",
        ),
        timeseries(
            "Commands, by how they are called",
            """Slash commands, the user and message context menus, and prefix commands. Prefix commands that stop while
            others go on have lost the message content intent.""",
            prom(rate(f"{_COMMAND}_count", by="discord_command_type"), "{{discord_command_type}}"),
            unit=PER_SECOND,
            stacked=True,
            width=8,
            no_value="no commands",
        ),
        timeseries(
            "Interactions running, by type",
            """Interactions whose handler runs, by type. A plateau that does not go down when the bot is not used is
            handlers that hang.""",
            prom(total("discord_interaction_active", by="discord_interaction_type"), "{{discord_interaction_type}}"),
            unit=NUMBER,
            stacked=True,
            width=8,
        ),
        timeseries(
            "Views: timed out, and unhandled clicks",
            """Views and modals that timed out, which is ordinary, and clicks on what the bot does not wait for any
            more, which users see fail. Where the second follows the first, timeouts are too short.""",
            prom(increase("discord_view_timeouts_total"), "timed out"),
            prom(increase("discord_component_unhandled_total"), "not handled"),
            unit=NUMBER,
            bars=True,
            width=8,
            calcs=("sum",),
        ),
    ],
)

_BY_COMMAND = "job, discord_command_name, discord_command_type"


def _commands() -> Panel:
    used = counted(f"{_COMMAND}_count", by=_BY_COMMAND)
    quantiles = [per(quantile_in_range(one, _COMMAND, by=_BY_COMMAND)) for one in (0.5, 0.95, 0.99)]
    return table(
        "Slowest commands",
        """Each command in the time range: from its arrival to the end of its handler. Those with the greatest p95 come
        first; a click on a name leads to its traces, which show where the time goes. A slow command that has deferred
        is no fault by itself. Times above 900 s are shown as 900 s.""",
        per(used),
        *quantiles,
        per(share(counted(f"{_COMMAND}_count", _FAILED, by=_BY_COMMAND), used)),
        per(share(counted(f"{_COMMAND}_count", 'discord_outcome="rejected"', by=_BY_COMMAND), used)),
        columns={
            "job": Column("Bot"),
            "discord_command_name": Column("Command", links=[_traces("Its traces", "__value.raw")]),
            "discord_command_type": Column("Type"),
            "Value #A": Column("Uses", unit="locale"),
            "Value #B": Column("p50", unit=SECONDS),
            "Value #C": Column("p95", unit=SECONDS, bar=True),
            "Value #D": Column("p99", unit=SECONDS),
            "Value #E": Column("Failed", unit=SHARE, thresholds=steps((0.01, WARNING), (0.05, BAD), below="text")),
            "Value #F": Column("Turned down", unit=SHARE),
        },
        sort="p95",
        height=10,
        no_value="no commands",
    )


_LATENCY = Row(
    "How long does it take?",
    [
        timeseries(
            "Commands, from arrival to end",
            """How long commands take, all kinds together. For which, see "Slowest commands"; for why, open the trace
            of an exemplar: what the handler awaits is nested in it.""",
            *percentiles(_COMMAND),
            unit=SECONDS,
            width=8,
            no_value="no commands",
        ),
        timeseries(
            "Interactions, from arrival to end, p95 by type",
            """How long handlers run. Autocompletes above 1 s come too late for the user who types: cache what they look
            up.""",
            prom(
                quantile(0.95, _INTERACTION, by="discord_interaction_type"),
                "{{discord_interaction_type}}",
                exemplar=True,
            ),
            unit=SECONDS,
            width=8,
            no_value="no interactions",
        ),
        timeseries(
            "Commands, mean by outcome",
            """How long commands take on average, by how they end. Errors that take much longer than the rest are
            timeouts of something that the bot calls; errors at once are faults in the code, or lacking
            permissions.""",
            prom(average(_COMMAND, by="discord_outcome"), "{{discord_outcome}}"),
            unit=SECONDS,
            width=8,
            overrides=of_outcomes(),
            no_value="no commands",
        ),
        _commands(),
    ],
)

_FAILING = Row(
    "What fails?",
    [
        table(
            "Failing commands",
            """Commands that ended in an error of the bot's in the time range, by what was raised (discord.py's
            wrappers removed). A click on a name leads to the traces, which have the stack. Begin with the first: it
            is the one that most users saw.""",
            per(
                counted(f"{_COMMAND}_count", _FAILED, by=f"{_BY_COMMAND}, error_type") + " > 0",
            ),
            columns={
                "job": Column("Bot"),
                "discord_command_name": Column("Command", links=[_traces("Its traces", "__value.raw")]),
                "discord_command_type": Column("Type"),
                "error_type": Column("Raised"),
                "Value": Column("Times", unit="locale", bar=True),
            },
            sort="Times",
            width=12,
            no_value="none failed",
        ),
        timeseries(
            "Errors of commands, by what was raised",
            """How often commands raise what. A class that is new since a release is that release's; one that comes in
            waves is most likely something that the bot depends on.""",
            prom(increase(f"{_COMMAND}_count", _FAILED, by="error_type"), "{{error_type}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="none failed",
        ),
        table(
            "Buttons, menus and modals",
            """Clicks and modals in the time range, by the view's class and callback. Those that fail most come first;
            a click on a name leads to their traces.""",
            per(counted(f"{_INTERACTION}_count", _COMPONENTS, by="job, discord_component_name")),
            per(
                or_zero(
                    counted(f"{_INTERACTION}_count", _COMPONENTS, _FAILED, by="job, discord_component_name"),
                    counted(f"{_INTERACTION}_count", _COMPONENTS, by="job, discord_component_name"),
                )
            ),
            per(quantile_in_range(0.95, _INTERACTION, _COMPONENTS, by="job, discord_component_name")),
            columns={
                "job": Column("Bot"),
                "discord_component_name": Column("View and callback", links=[_traces("Its traces", "__value.raw")]),
                "Value #A": Column("Uses", unit="locale"),
                "Value #B": Column("Failed", unit="locale", thresholds=steps((1, WARNING), below="text")),
                "Value #C": Column("p95", unit=SECONDS),
            },
            sort="Failed",
            width=12,
            no_value="no clicks",
        ),
        timeseries(
            "Errors of interactions, by type and what was raised",
            """As above, with clicks, modals and autocompletes. What fails here and not among the commands fails in a
            view's callback or in an autocomplete, whose errors users do not see.""",
            prom(
                increase(f"{_INTERACTION}_count", _FAILED, by="discord_interaction_type, error_type"),
                "{{discord_interaction_type}}: {{error_type}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="none failed",
        ),
    ],
)

BOARD = Board(
    uid="argus-interactions",
    title="Discord bot: interactions and commands",
    description="How much users do with the bots, whether they are answered in time, how long it takes, what fails.",
    variables=[
        *bots(),
        variables.choice(
            "objective",
            "Objective",
            "The share of interactions that is to be acknowledged within 3 s.",
            _OBJECTIVES,
            "99.9 %",  # which is what the rules hold the bots to
        ),
    ],
    rows=[_OBJECTIVE, _TRAFFIC, _LATENCY, _FAILING],
)
