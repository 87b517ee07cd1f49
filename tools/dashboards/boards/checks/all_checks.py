"""All checks: what is not up and why, how fast services answer, which certificates end, is the agent fit to judge."""

from __future__ import annotations

from ... import variables
from ...board import Board, Row
from ...panels import Column, heatmap, stat, state_timeline, table, timeseries
from ...queries import counted, filled, increase, now, of, or_zero, per, prom, quantile, rate, total
from ...style import BAD, GOOD, MUTED, NEUTRAL, NUMBER, SECONDS, SHARE, WARNING, board_link, coloured, steps, values

_CHECK = "argus_check_name"
_UP = "argus_check_up"
_DURATION = "argus_check_duration_seconds"
_OPEN = board_link("This check", "argus-check", "job", f"check=${{__data.fields.{_CHECK}:percentencode}}")
_STATES = values({"0": ("down", BAD), "1": ("up", GOOD)})


def _in_state(state: str) -> str:
    wanted = f'argus_check_state="{state}"'
    return or_zero(f"count({of('argus_check_state', wanted)} == 1)", f"count({of('argus_check_configured')})")


_SUMMARY = Row(
    "Is everything up?",
    [
        stat(
            "Checks",
            """Checks that the chosen agents run, seen from each location. Fewer than the file has: an agent is gone, or
            the file on disk is not the one in use.""",
            prom(total("argus_check_configured"), "checks"),
            unit=NUMBER,
            links=[board_link("Their objectives", "argus-check-slo", "job")],
            no_value="no agent",
        ),
        stat(
            "Down",
            """Checks that are confirmed down, at any location. "What is not up" names them, with the cause.""",
            prom(_in_state("down"), "down"),
            unit=NUMBER,
            thresholds=steps((1, BAD)),
            no_value="0",
        ),
        stat(
            "Degraded",
            """Checks that work, and break a condition under warn: as a rule too slow, or with a certificate that ends
            soon.""",
            prom(_in_state("degraded"), "degraded"),
            unit=NUMBER,
            thresholds=steps((1, WARNING)),
            no_value="0",
        ),
        stat(
            "Not judged",
            """Checks whose status is unknown: they have not run often enough, or none of the anchors answers, so that
            the agent itself has no network.""",
            prom(_in_state("unknown"), "unknown"),
            unit=NUMBER,
            thresholds=steps((1, MUTED)),
            no_value="0",
        ),
        stat(
            "Muted",
            """Checks on which no alert is sent: a window of maintenance is open, a parent is down, or a person has
            asked for it.""",
            prom(
                or_zero(
                    f"count(group by (job, instance, {_CHECK}) ({of('argus_check_muted')}))",
                    f"count({of('argus_check_configured')})",
                ),
                "muted",
            ),
            unit=NUMBER,
            thresholds=steps((1, NEUTRAL)),
            no_value="0",
        ),
        stat(
            "First certificate to end",
            """How long the first certificate of all is still valid. "Certificates" below lists them.""",
            prom(f"min({of('argus_check_certificate_expiry_seconds')}) - time()", "valid"),
            unit=SECONDS,
            thresholds=steps((3 * 86400, WARNING), (14 * 86400, GOOD), below=BAD),
            no_value="none",
        ),
        table(
            "What is not up",
            """Each check whose last run failed: since when its status holds, and how long the run took. A click leads
            to the check.""",
            per(f"max by (job, {_CHECK}, argus_check_type, service_peer_name) ({of('argus_check_success')} == 0)"),
            per(
                f"max by (job, {_CHECK}, argus_check_type, service_peer_name)"
                f" (time() - {of('argus_check_since_seconds')}) and on (job, {_CHECK}) {of('argus_check_success')} == 0"
            ),
            columns={
                _CHECK: Column("Check", links=[_OPEN]),
                "argus_check_type": Column("Type"),
                "service_peer_name": Column("Service"),
                "job": Column("Agent"),
                "Value #A": Column("Last run", mappings=values({"0": ("failed", BAD)})),
                "Value #B": Column("Status since", unit=SECONDS),
            },
            sort="Status since",
            width=12,
            no_value="all is up",
        ),
        timeseries(
            "Runs that failed, by cause",
            """Failed runs by error.type. Many checks that fail for one cause at one moment have that cause in common:
            a name server, a network, a certificate authority.""",
            prom(increase("argus_check_runs_total", 'argus_check_outcome="failed"', by="error_type"), "{{error_type}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="none failed",
        ),
        state_timeline(
            "Statuses",
            """The confirmed status of each check; gaps are times in which nothing was judged. "Changes" below counts
            how often each came and went.""",
            prom(f"min by ({_CHECK}) ({of(_UP)})", f"{{{{{_CHECK}}}}}"),
            mappings=_STATES,
            height=10,
            no_value="no checks",
        ),
    ],
)

_SPEED = Row(
    "How fast do services answer?",
    [
        timeseries(
            "Duration, p95 by service",
            """From the look-up of the name to the last byte, in the worst of twenty runs.""",
            prom(
                filled(quantile(0.95, _DURATION, by="service_peer_name"), "service_peer_name", "no service"),
                "{{service_peer_name}}",
                exemplar=True,
            ),
            unit=SECONDS,
            width=8,
        ),
        timeseries(
            "Phases",
            """The mean of the last runs by phase. connect or tls high: the network or the server's load; first_byte
            high: the service's own work; dns high: the name server.""",
            prom(f"avg by (argus_check_phase) ({of('argus_check_phase_duration_seconds')})", "{{argus_check_phase}}"),
            unit=SECONDS,
            stacked=True,
            width=8,
        ),
        heatmap(
            "Durations",
            """How many runs took how long. A band that splits in two: some checks, or some servers behind one name, are
            slower than the others.""",
            prom(rate(f"{_DURATION}_bucket", by="le"), "{{le}}", form="heatmap"),
            width=8,
        ),
        table(
            "Slowest checks",
            """Checks by the duration of their last run. A click leads to the check, whose phases say what is slow.""",
            per(f"topk(20, max by (job, {_CHECK}, argus_check_type) ({of('argus_check_last_duration_seconds')}))"),
            columns={
                _CHECK: Column("Check", links=[_OPEN]),
                "argus_check_type": Column("Type"),
                "job": Column("Agent"),
                "Value": Column("Duration", unit=SECONDS, bar=True),
            },
            sort="Duration",
            width=12,
            no_value="no checks",
        ),
        timeseries(
            "Runs",
            """Runs of all agents by outcome, each second. Fewer than the file asks for: see "Slots without a run".""",
            prom(rate("argus_check_runs_total", by="argus_check_outcome"), "{{argus_check_outcome}}"),
            stacked=True,
            overrides=[
                coloured("ok", GOOD),
                coloured("warn", WARNING),
                coloured("failed", BAD),
                coloured("unknown", MUTED),
            ],
        ),
    ],
)

_CHANGES = Row(
    "What changes?",
    [
        timeseries(
            "Changes",
            """Confirmed changes by the status that they led to. A check that changes each hour is unstable, or its
            conditions are too tight: let confirm: ask for more runs.""",
            prom(increase("argus_check_transitions_total", by="argus_check_state"), "{{argus_check_state}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            overrides=[
                coloured("up", GOOD),
                coloured("degraded", WARNING),
                coloured("down", BAD),
                coloured("unknown", MUTED),
            ],
            width=8,
            no_value="none",
        ),
        table(
            "Checks that change most",
            """Confirmed changes in the time range, by check.""",
            per(f"topk(20, {counted('argus_check_transitions_total', by=f'job, {_CHECK}')} > 0)"),
            columns={
                _CHECK: Column("Check", links=[_OPEN]),
                "job": Column("Agent"),
                "Value": Column("Changes", unit="locale", bar=True),
            },
            sort="Changes",
            width=8,
            no_value="none",
        ),
        timeseries(
            "Attempts beyond the first",
            """Attempts that were made because the first of a run had failed. Many without a failed run: packets are
            lost, or a server behind the name is ill.""",
            prom(increase("argus_check_retries_total", by=_CHECK), f"{{{{{_CHECK}}}}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="none",
        ),
    ],
)

_CERTIFICATES = Row(
    "Which certificates end?",
    [
        table(
            "Certificates",
            """How long the first certificate of each chain is valid, the next to end first. One that does not grow when
            it is due for renewal: the renewal fails, or the server was not reloaded.""",
            per(f"min by (job, {_CHECK}, service_peer_name) ({of('argus_check_certificate_expiry_seconds')}) - time()"),
            columns={
                _CHECK: Column("Check", links=[_OPEN]),
                "service_peer_name": Column("Service"),
                "job": Column("Agent"),
                "Value": Column(
                    "Valid for", unit=SECONDS, thresholds=steps((3 * 86400, WARNING), (14 * 86400, GOOD), below=BAD)
                ),
            },
            sort="Valid for",
            ascending=True,
            width=12,
            no_value="none",
        ),
        table(
            "Heartbeats",
            """How long ago each job or bot called in. One that is late is down once its grace is over.""",
            per(f"time() - max by (job, {_CHECK}) ({of('argus_check_last_heartbeat_seconds')})"),
            columns={
                _CHECK: Column("Check", links=[_OPEN]),
                "job": Column("Agent"),
                "Value": Column("Last heartbeat", unit=SECONDS, bar=True),
            },
            sort="Last heartbeat",
            width=12,
            no_value="none is configured",
        ),
        timeseries(
            "Records of names",
            """How many records the last answer to each DNS check had.""",
            prom(f"max by ({_CHECK}) ({of('argus_check_dns_answers')})", f"{{{{{_CHECK}}}}}"),
            unit=NUMBER,
            width=24,
            height=5,
            no_value="none is configured",
        ),
    ],
)

_AGENT = Row(
    "Is the agent fit to judge?",
    [
        timeseries(
            "Lateness",
            """How long after its slot a run began. Above 50 ms: too many checks at the same time for one host or in all
            (limits:), or the agent has not enough processor.""",
            prom(quantile(0.5, "argus_check_lateness_seconds"), "p50"),
            prom(quantile(0.99, "argus_check_lateness_seconds"), "p99"),
            unit=SECONDS,
            width=8,
        ),
        timeseries(
            "Slots without a run",
            """overrun: the run before had not ended, so its timeout and retries are longer than its interval. late: the
            agent was not woken in time. clock: the wall clock was set forward, or the host slept.""",
            prom(increase("argus_check_skipped_total", by="argus_check_skip_reason"), "{{argus_check_skip_reason}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="none",
        ),
        timeseries(
            "Running now",
            """Checks that run at the same time, by type. At the limit of limits: checks wait for each other.""",
            prom(total("argus_check_running", by="argus_check_type"), "{{argus_check_type}}"),
            unit=NUMBER,
            stacked=True,
            width=8,
        ),
        stat(
            "Runs disturbed",
            """Share of the runs in which the agent itself was too slow to measure durations; they are not judged slow.
            Give the agent more processor, or share the checks out by --shard.""",
            now(
                f"{counted('argus_check_disturbed_total')} / ({counted('argus_check_runs_total')} > 0)",
                "of the runs",
            ),
            unit=SHARE,
            thresholds=steps((0.01, WARNING), (0.1, BAD)),
            width=6,
            no_value="0",
        ),
        stat(
            "Files refused",
            """How often in the time range the file was read again and had mistakes. The old one stays in use; the
            agent's log names line and column.""",
            now(counted("argus_check_reloads_total", 'argus_check_reload_outcome="failed"'), "times"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, BAD)),
            width=6,
            no_value="0",
        ),
        stat(
            "Events that subscribers lost",
            """Events that functions of argus_otel.checks.on were too slow for, in the time range.""",
            now(or_zero(counted("argus_check_subscriber_dropped_total"), counted("argus_check_runs_total")), "events"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, WARNING)),
            width=6,
            no_value="0",
        ),
        stat(
            "Last run",
            """How long ago the last run of all began. More than the shortest interval: the agent stands still.""",
            prom(f"time() - max({of('argus_check_last_run_seconds')})", "ago"),
            unit=SECONDS,
            thresholds=steps((60, WARNING), (300, BAD)),
            width=6,
            no_value="no agent",
        ),
    ],
)

BOARD = Board(
    uid="argus-checks",
    title="Checks: all",
    description="What is not up and why, how fast services answer, which certificates end, is the agent fit to judge.",
    variables=variables.prometheus("Agent", having="argus_check_location"),
    rows=[_SUMMARY, _SPEED, _CHANGES, _CERTIFICATES, _AGENT],
)
