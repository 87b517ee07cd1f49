"""The distro itself: is everything hooked, does anything go wrong inside, and does all that is measured arrive."""

from __future__ import annotations

from .. import variables
from ..board import Board, Row
from ..panels import Column, stat, table, timeseries
from ..queries import BOT, counted, increase, now, of, or_zero, per, prom, rate, total
from ..style import BAD, BYTES, FINE, GOOD, NUMBER, PER_SECOND, SHARE, WARNING, steps

_NO_COLLECTOR = "no Collector is scraped"
_VERSIONS = ", ".join(
    [
        "job, instance, discord_cluster_id, service_version, telemetry_distro_version, telemetry_sdk_version",
        "discord_library_name, discord_library_version, process_runtime_version",
    ]
)
_SIGNALS = {"spans": "spans", "log_records": "log records", "metric_points": "metric points"}


# Collectors are no bots: whichever bots are chosen, all Collectors are shown. A loss has no series before the first.


def _collector(name: str, by: str) -> str:
    """The rate of one of the Collectors' counters."""
    return f"sum by ({by}) (rate(otelcol_{name}[$__rate_interval]))"


_HOOKS = Row(
    "Is everything hooked, and well?",
    [
        stat(
            "Hook errors",
            """Faults inside a hook of argus-otel in the time range. The bot never saw them, but something was not
            measured. Each hook's first one is in the bot's log with its stack: please report it.""",
            now(counted("argus_hook_errors_total"), "errors"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, BAD)),
            no_value="0",
        ),
        stat(
            "Hooks in place",
            """Hooks that are in place, over all processes. Fewer for each process than before an upgrade of the
            library: the table names those that found no place.""",
            prom(total("argus_hook_active"), "in place"),
            unit=NUMBER,
            thresholds=FINE,
        ),
        stat(
            "Hooks missing",
            """Hooks that did not find their place: what they measure is missing on the other dashboards. The table
            names them; /status of the bot tells why, and docs/hooks.md which version of which library has what. (Those
            of other libraries do not count.)""",
            prom(f"count({of('argus_hook_active')} == 0) or 0 * count({of('argus_hook_active')})", "missing"),
            unit=NUMBER,
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Values cut off",
            """Values of attributes that became _OTHER in the time range, since the attribute had as many as it may.
            Figures of them add up on the other dashboards, but are not told apart. The table further down names the
            attribute.""",
            now(counted("argus_attribute_overflow_total"), "values"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, WARNING)),
            no_value="0",
        ),
        stat(
            "Lost on the way",
            """Spans, log records and points of metrics that a bot gave up in the time range. "Lost by the bots"
            tells which and why. Most often the Collector was away for longer than the bot's queues last.""",
            now(counted("argus_export_lost_total"), "lost"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, WARNING), (10_000, BAD)),
            no_value="0",
        ),
        stat(
            "History dropped",
            """Events that are in no history, in the time range. None should be; "History dropped, by reason" tells
            what to do.""",
            now(counted("argus_history_dropped_total"), "dropped"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, BAD)),
            no_value="history is off",
        ),
        timeseries(
            "Hook errors, by hook",
            """Faults inside hooks, by hook. After the upgrade of a library: it has changed something that the hook
            relies on. Go back a version, or live without what it measures until argus-otel knows that version.""",
            prom(increase("argus_hook_errors_total", by="argus_hook"), "{{argus_hook}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="none",
        ),
        table(
            "Hooks, by process",
            """Every hook of each bot, and in how many of its processes it is in place. Those that are not come
            first.""",
            per(f"min by (job, argus_hook) ({of('argus_hook_active')})"),
            per(f"count by (job, argus_hook) ({of('argus_hook_active')} == 1)"),
            columns={
                "job": Column("Bot"),
                "argus_hook": Column("Hook"),
                "Value #A": Column("In place", unit="bool_yes_no", thresholds=steps((1, GOOD), below=BAD)),
                "Value #B": Column("Processes", unit=NUMBER),
            },
            sort="In place",
            ascending=True,
            width=16,
        ),
        table(
            "Versions",
            """What runs where. Processes of one bot that differ are a deploy that did not finish.""",
            per(f"max by ({_VERSIONS}) (target_info{{{BOT}}})"),
            columns={
                "job": Column("Bot"),
                "discord_cluster_id": Column("Cluster"),
                "instance": Column("Instance"),
                "service_version": Column("Its version"),
                "telemetry_distro_version": Column("argus-otel"),
                "telemetry_sdk_version": Column("OpenTelemetry"),
                "discord_library_name": Column("Library"),
                "discord_library_version": Column("Version"),
                "process_runtime_version": Column("Python"),
            },
            width=16,
            height=6,
        ),
        timeseries(
            "Values cut off, by attribute",
            """Which attribute has more values than it may. Of discord.command.name or url.template: a library makes
            names of its own for each use. What goes on top of the cap is counted as _OTHER; a cap is the same in every
            release.""",
            prom(increase("argus_attribute_overflow_total", by="argus_attribute"), "{{argus_attribute}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            height=6,
            no_value="none",
        ),
    ],
)

_BOTS = Row(
    "Does what the bots send arrive?",
    [
        timeseries(
            "Lost by the bots",
            """What bots gave up, by exporter and reason. "queue_full" and "failed": the Collector is away, slow or
            refuses; look at it below. "ended": the bot was killed before its last export; give it some seconds to
            end.""",
            prom(
                increase("argus_export_lost_total", by="argus_exporter, argus_export_loss_reason"),
                "{{argus_exporter}}: {{argus_export_loss_reason}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="nothing is exported",
        ),
        timeseries(
            "History taken in",
            """Events that bots took into history, each second. Nothing, while users use the bot: ARGUS_HISTORY is not
            on in that process.""",
            prom(rate("argus_history_events_total", by="argus_history_event"), "{{argus_history_event}}"),
            unit=PER_SECOND,
            stacked=True,
            no_value="history is off",
        ),
        timeseries(
            "History waiting",
            """Events that still have to be delivered, in memory and on disk. What waits on disk survives a restart. A
            slope that does not turn: the store is away, or refuses; the bot's log says which. Processes that share a
            directory each see all of it: the greatest counts.""",
            prom(
                f"max by (job, argus_history_where) ({of('argus_history_waiting')})", "{{job}}, {{argus_history_where}}"
            ),
            unit=NUMBER,
            no_value="history is off",
        ),
        timeseries(
            "History dropped, by reason",
            """buffer_full: the disk is too slow. spool_full: the store has been away for too long; raise the spool's
            limit. refused: the store will not take them, see the log. names: events of too many names. torn and
            shutdown: the process was killed.""",
            prom(
                increase("argus_history_dropped_total", by="argus_history_drop_reason"), "{{argus_history_drop_reason}}"
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="history is off",
        ),
    ],
)

_PIPELINE = Row(
    "Does the Collector keep up?",
    [
        timeseries(
            "The Collector's queues",
            """How full the queues to each destination are. Above a half: the destination is away or slow. They are on
            disk and survive a restart, but when one is full the Collector refuses, and bots begin to lose. Bring the
            destination back, or raise COLLECTOR_QUEUE_ITEMS.""",
            prom(
                "max by (instance, exporter, data_type) (otelcol_exporter_queue_size"
                " / otelcol_exporter_queue_capacity)",
                "{{exporter}}, {{data_type}}",
            ),
            unit=SHARE,
            maximum=1,
            thresholds=steps((0.5, WARNING), (0.9, BAD)),
            no_value=_NO_COLLECTOR,
        ),
        timeseries(
            "Taken in, and sent on",
            """What Collectors took from bots and sent to their destinations, each second. Spans sent are fewer than
            spans taken, since only a share of the traces is kept (TRACES_SHARE). Nothing taken, while bots run: they
            do not reach the Collector; see "Lost by the bots".""",
            *[
                prom(_collector(f"receiver_accepted_{name}", "receiver"), f"{shown} taken")
                for name, shown in _SIGNALS.items()
            ],
            *[
                prom(_collector(f"exporter_sent_{name}", "exporter"), f"{shown} to {{{{exporter}}}}")
                for name, shown in _SIGNALS.items()
            ],
            unit=PER_SECOND,
            no_value=_NO_COLLECTOR,
        ),
        timeseries(
            "Refused",
            """What Collectors did not take from bots, each second, since their memory or their queues are full. Bots
            try again for a while and then lose it: make room at once (the destination), or give the Collector more
            memory (COLLECTOR_MEMORY_MIB).""",
            *[
                prom(_collector(f"receiver_refused_{name}", "instance, receiver"), f"{shown}, {{{{instance}}}}")
                for name, shown in _SIGNALS.items()
            ],
            unit=PER_SECOND,
            width=8,
            no_value=_NO_COLLECTOR,
        ),
        timeseries(
            "Given up",
            """What Collectors took and then lost, each second: a destination refused it for good, or its queue was
            full. The Collector's log says why. A table that lacks a column is the usual reason: argus-otel store
            migrate.""",
            *[
                prom(
                    or_zero(
                        _collector(f"exporter_{how}_failed_{name}", "exporter"),
                        _collector(f"exporter_sent_{name}", "exporter"),
                    ),
                    f"{shown} to {{{{exporter}}}}, {how}",
                )
                for name, shown in _SIGNALS.items()
                for how in ("send", "enqueue")
            ],
            unit=PER_SECOND,
            width=8,
            no_value=_NO_COLLECTOR,
        ),
        timeseries(
            "The Collector's memory",
            """Physical memory of each Collector. Near COLLECTOR_MEMORY_MIB it refuses: lower TRACES_WAITING or
            TRACES_WAIT, or give it more.""",
            prom("max by (instance) (otelcol_process_memory_rss)", "{{instance}}"),
            unit=BYTES,
            width=8,
            no_value=_NO_COLLECTOR,
        ),
    ],
)

BOARD = Board(
    uid="argus-distro",
    title="Discord bot: the distro itself",
    description="Is everything hooked, does anything go wrong inside argus-otel, and does all that is measured arrive.",
    variables=variables.prometheus(),
    rows=[_HOOKS, _BOTS, _PIPELINE],
)
