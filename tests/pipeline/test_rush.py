"""single.yaml under load, and at a sudden end: failed traces are kept, whichever others are dropped."""

from __future__ import annotations

from pathlib import Path

from opentelemetry.trace import StatusCode, set_span_in_context

from lab.clickhouse import ClickHouse
from lab.collector import Collector
from lab.processes import wait_until

from .conftest import Migrated
from .emitting import Program

TRACES, WAITING = 4000, 200
TAIL = "otelcol_processor_tail_sampling_"


def stored(server: ClickHouse, database: str) -> dict[str, int]:
    """How many spans of each name there are."""
    rows = server.rows("select SpanName, count() from otel_traces group by SpanName order by SpanName", database)
    return {name: int(count) for name, count in rows}


def made_way(collector: Collector) -> float:
    """How many traces made way for others; as the alert CollectorCutsTracesShort counts it.

    "Too early" are those that the Collector no longer finds when their wait is over: what is kept is among them.
    """
    early = collector.counted(TAIL + "sampling_trace_dropped_too_early")
    return early - collector.counted(TAIL + "global_count_traces_sampled", sampled="true")


def test_failed_traces_survive_a_rush_and_what_made_way_is_counted(
    tmp_path: Path, clickhouse: ClickHouse, migrated: Migrated
):
    """Twenty times as many traces come at once as may wait."""
    database = migrated(clickhouse, "rush")
    limits = {"TRACES_WAITING": str(WAITING), "TRACES_WAIT": "4s", "TRACES_SHARE": "0"}
    with (
        Collector.running_in(tmp_path, clickhouse=clickhouse, database=database, **limits) as collector,
        Program.sending_to(collector.endpoint, "busy") as program,
    ):
        for number in range(TRACES):
            span = program.tracer.start_span("failed" if number % 10 == 0 else "well")
            if number % 10 == 0:
                span.set_status(StatusCode.ERROR)
            span.end()
        program.send()
        wait_until(lambda: stored(clickhouse, database) == {"failed": TRACES // 10}, "each failed trace, and no other")
        collector.wait_until(lambda: made_way(collector) > WAITING, "what made way is counted")
        assert made_way(collector) <= TRACES - TRACES // 10
        assert collector.counted("otelcol_receiver_accepted_spans") == TRACES


def test_what_fails_in_time_is_kept_whole_and_what_fails_late_from_there_on(
    tmp_path: Path, clickhouse: ClickHouse, migrated: Migrated
):
    database = migrated(clickhouse, "late")
    with (
        Collector.running_in(
            tmp_path, clickhouse=clickhouse, database=database, TRACES_WAIT="3s", TRACES_SHARE="0"
        ) as collector,
        Program.sending_to(collector.endpoint, "slow to fail") as program,
    ):

        def fail(name: str, context: object) -> None:
            span = program.tracer.start_span(name, context)  # type: ignore[arg-type]
            span.set_status(StatusCode.ERROR)
            span.end()
            program.send()

        root = program.tracer.start_span("root in time")
        root.end()
        program.send()
        fail("in time", set_span_in_context(root))
        wait_until(lambda: stored(clickhouse, database) == {"in time": 1, "root in time": 1}, "both spans")

        root = program.tracer.start_span("root too early")
        root.end()
        program.send()
        decided = {"decision": "not_sampled"}
        collector.wait_until(
            lambda: collector.counted(TAIL + "global_count_traces_sampled", **decided) == 1, "is let go of"
        )
        fail("late", set_span_in_context(root))
        whole = {"in time": 1, "root in time": 1, "late": 1}
        wait_until(lambda: stored(clickhouse, database) == whole, "the late one by itself")


def test_a_failed_trace_outlives_a_collector_that_is_killed(tmp_path: Path, clickhouse: ClickHouse, migrated: Migrated):
    """Long before the wait is over: it is on disk as soon as it was judged."""
    database = migrated(clickhouse, "killed")
    collector = Collector(tmp_path, database=database, TRACES_WAIT="60s", TRACES_SHARE="0")  # ClickHouse is away
    try:
        with Program.sending_to(collector.start().endpoint, "unlucky") as program:
            for name, status in (("failed", StatusCode.ERROR), ("well", StatusCode.OK)):
                with program.tracer.start_as_current_span(name) as span:
                    span.set_status(status)
            program.send()
            collector.wait_until(
                lambda: collector.counted("otelcol_exporter_queue_size", data_type="traces") == 1, "one waits on disk"
            )
            collector.kill()
            collector.variables |= {
                "CLICKHOUSE_ENDPOINT": clickhouse.url,
                "CLICKHOUSE_USER": clickhouse.user,
                "CLICKHOUSE_PASSWORD": clickhouse.password,
            }
            collector.start()
            wait_until(lambda: stored(clickhouse, database) == {"failed": 1}, "it is stored")
    finally:
        collector.kill()
