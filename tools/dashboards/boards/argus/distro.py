"""argus-otel itself: are all hooks active, does anything fail inside, and does all telemetry arrive."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, stat, table, timeseries
from ...queries import SELECTED, counted, increase, now, of, or_zero, per, prom, rate, total
from ...style import BAD, BYTES, FINE, GOOD, NUMBER, PER_SECOND, SHARE, WARNING, steps

_NO_COLLECTOR = "no Collector is scraped"
_VERSIONS = ", ".join(
    [
        "job, instance, service_version, telemetry_distro_version, telemetry_sdk_version, process_runtime_version",
    ]
)
_SIGNALS = {"spans": "spans", "log_records": "log records", "metric_points": "metric points"}


# The chosen services do not select Collectors: all are shown. A counter of losses has no series before the first loss.


def _collector(name: str, by: str) -> str:
    """The rate of one of the Collectors' counters."""
    return f"sum by ({by}) (rate(otelcol_{name}[$__rate_interval]))"


_HOOKS = Row(
    "Are all hooks active?",
    [
        stat(
            "Hook errors",
            """Errors inside hooks of argus-otel in the time range. The program never sees them, but its telemetry has
            gaps. The first one of each hook is in the program's log with its stack: please report it.""",
            now(counted("argus_hook_errors_total"), "errors"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, BAD)),
            no_value="0",
        ),
        stat(
            "Active hooks",
            """Hooks that are active, over all processes. If there are fewer for each process than before an upgrade of
            a library, the table names those whose patch target is missing.""",
            prom(total("argus_hook_active"), "active"),
            unit=NUMBER,
            thresholds=FINE,
        ),
        stat(
            "Inactive hooks",
            """Hooks whose patch target is missing in the installed version: their signals are missing on the other
            dashboards. The table names them, /status of the process tells why, and docs/hooks.md which version of which
            library has which hook. (Hooks of libraries that are not installed do not count.)""",
            prom(f"count({of('argus_hook_active')} == 0) or 0 * count({of('argus_hook_active')})", "missing"),
            unit=NUMBER,
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Values over the limit",
            """Attribute values that were replaced by _OTHER in the time range, since the attribute had reached its
            cardinality limit. Sums on the other dashboards still include them, without telling them apart. "Values over
            the limit, by attribute" names the attribute.""",
            now(counted("argus_attribute_overflow_total"), "values"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, WARNING)),
            no_value="0",
        ),
        stat(
            "Lost in export",
            """Spans, log records and metric points that processes gave up in the time range. "Lost by processes" tells
            which and why. Most often the Collector was unreachable for longer than their queues last.""",
            now(counted("argus_export_lost_total"), "lost"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, WARNING), (10_000, BAD)),
            no_value="0",
        ),
        stat(
            "History dropped",
            """Events that were dropped and are in no history, in the time range. There should be none; "History
            dropped, by reason" tells what to do.""",
            now(counted("argus_history_dropped_total"), "dropped"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, BAD)),
            no_value="history is off",
        ),
        timeseries(
            "Hook errors, by hook",
            """Errors inside hooks, by hook. If they begin with the upgrade of a library, it has changed something that
            the hook relies on. Go back a version, or do without that signal until argus-otel supports the new one.""",
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
            """Every hook of each service, and in how many of its processes it is active. Inactive ones come first.""",
            per(f"min by (job, argus_hook) ({of('argus_hook_active')})"),
            per(f"count by (job, argus_hook) ({of('argus_hook_active')} == 1)"),
            columns={
                "job": Column("Service"),
                "argus_hook": Column("Hook"),
                "Value #A": Column("Active", unit="bool_yes_no", thresholds=steps((1, GOOD), below=BAD)),
                "Value #B": Column("Processes", unit=NUMBER),
            },
            sort="Active",
            ascending=True,
            width=16,
        ),
        table(
            "Versions",
            """Versions by process. If the processes of one service differ, a deployment has not finished.""",
            per(f"max by ({_VERSIONS}) (argus_process_info{{{SELECTED}}})"),
            columns={
                "job": Column("Service"),
                "instance": Column("Instance"),
                "service_version": Column("Its version"),
                "telemetry_distro_version": Column("argus-otel"),
                "telemetry_sdk_version": Column("OpenTelemetry"),
                "process_runtime_version": Column("Python"),
            },
            width=16,
            height=6,
        ),
        timeseries(
            "Values over the limit, by attribute",
            """Attributes that have reached their cardinality limit: further values are counted as _OTHER. The usual
            cause is a name that is made anew for each use, such as a command's or a route's.""",
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

_PROCESSES = Row(
    "Does the telemetry of processes arrive?",
    [
        timeseries(
            "Lost by processes",
            """Telemetry that processes gave up, by exporter and reason. "queue_full" and "failed": the Collector is
            unreachable, slow or refuses; look at it below. "ended": the process was killed before its last export; give
            it some seconds to end.""",
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
            "History recorded",
            """Events that processes recorded into history, each second. None, although the program is used:
            ARGUS_HISTORY is not on in that process.""",
            prom(rate("argus_history_events_total", by="argus_history_event"), "{{argus_history_event}}"),
            unit=PER_SECOND,
            stacked=True,
            no_value="history is off",
        ),
        timeseries(
            "History waiting",
            """Events that still have to be delivered, in memory and on disk. What waits on disk survives a restart. A
            slope that does not turn: the store is unreachable, or refuses; the program's log says which. Processes that
            share a directory each count all of it: the greatest is shown.""",
            prom(
                f"max by (job, argus_history_where) ({of('argus_history_waiting')})", "{{job}}, {{argus_history_where}}"
            ),
            unit=NUMBER,
            no_value="history is off",
        ),
        timeseries(
            "History dropped, by reason",
            """buffer_full: the disk is too slow. spool_full: the store was unreachable for too long; raise the spool's
            limit. refused: the store rejects them, see the log. names: events of too many names. torn and shutdown: the
            process was killed.""",
            prom(
                increase("argus_history_dropped_total", by="argus_history_drop_reason"), "{{argus_history_drop_reason}}"
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="history is off",
        ),
        timeseries(
            "Daily files that expired",
            """Events in daily files of history that were deleted, since the files had reached their age or size. Import
            them into a store before that, or raise the limit.""",
            prom(
                increase("argus_history_expired_total", by="argus_history_expire_reason"),
                "{{argus_history_expire_reason}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="history has no files",
        ),
    ],
)

_PIPELINE = Row(
    "Does the Collector keep up?",
    [
        timeseries(
            "The Collector's queues",
            """How full the queues to each destination are. Above a half: the destination is unreachable or slow. They
            are on disk and survive a restart, but when one is full the Collector refuses, and processes begin to lose.
            Bring the destination back, or raise COLLECTOR_QUEUE_ITEMS.""",
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
            "Accepted and sent",
            """Spans, log records and points that Collectors accepted from processes and sent to their destinations,
            each second. Fewer spans are sent than accepted, since only a share of the traces is kept (TRACES_SHARE). If
            none are accepted while processes run, these do not reach the Collector; see "Lost by processes".""",
            *[
                prom(_collector(f"receiver_accepted_{name}", "receiver"), f"{shown} accepted")
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
            """Spans, log records and points that Collectors refused, each second, since their memory or their queues
            are full. Processes try again for a while and then lose them: bring the destination back at once, or give
            the Collector more memory (COLLECTOR_MEMORY_MIB).""",
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
            """Spans, log records and points that Collectors accepted and then lost, each second: a destination refused
            them for good, or its queue was full. The Collector's log says why. A table that lacks a column is the usual
            reason: argus-otel store migrate.""",
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
    title="argus-otel itself",
    description="Are all hooks active, does anything fail inside argus-otel, and does all telemetry arrive.",
    variables=variables.prometheus(),
    rows=[_HOOKS, _PROCESSES, _PIPELINE],
)
