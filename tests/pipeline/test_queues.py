"""The queues on disk: data waiting for ClickHouse outlives the Collector, and is stored once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml
from opentelemetry.trace import StatusCode

from lab.clickhouse import ClickHouse
from lab.collector import Collector, kept_environment
from lab.processes import wait_until
from tools.backends import ROOT

from .emitting import Program

LOGS, EVENTS, TRACES = 200, 100, 20


def migrated_by_hand(server: ClickHouse) -> None:
    """As Compose's service `migrate` does it, with its command and its environment."""
    migrate = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["migrate"]
    (address,) = migrate["environment"].values()
    address = re.sub(r"\$\{CLICKHOUSE_PASSWORD[^}]*\}", server.password, address)
    store = address.replace("@clickhouse:8123", f"@127.0.0.1:{server.port}")
    assert store == server.dsn("argus")
    command = [sys.executable, "-m", "argus_otel", *migrate["command"]]
    ended = subprocess.run(
        command,
        env={**kept_environment(), "ARGUS_HISTORY_STORE": store},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_what_waits_is_delivered_once_after_restarts_a_kill_and_a_late_schema(tmp_path: Path):
    """The Collector starts before ClickHouse is there, and the schema comes last of all.

    Then the exporter does not know of the column EventName for as long as it runs: names must be in an attribute too.
    """
    server = ClickHouse(tmp_path / "clickhouse")
    collector = Collector(tmp_path / "collector", clickhouse=server, database="argus")
    try:
        with Program.sending_to(collector.start().endpoint, "patient") as program:
            for number in range(LOGS):
                program.log(f"line {number}", event_name="thing.happened")
            ids = [program.history("shop.purchase", discord__guild__id=str(number)) for number in range(EVENTS)]
            for _ in range(TRACES):
                with program.tracer.start_as_current_span("failed") as span:
                    span.set_status(StatusCode.ERROR)
            program.send()
            waiting = {"logs": LOGS + EVENTS, "traces": TRACES}
            for kind, count in waiting.items():
                collector.wait_until(
                    lambda kind=kind, count=count: (
                        collector.counted("otelcol_exporter_queue_size", data_type=kind) == count
                    ),
                    f"{count} {kind} wait",
                )
            collector.kill()
            collector.start()
            # Sent again, as a bot does that never heard that it was taken.
            for number, identity in enumerate(ids[:10]):
                program.history("shop.purchase", event_id=identity, discord__guild__id=str(number))
            program.send()
            collector.restart()
            assert "schema detection failed" in collector.printed()

            server.start()
            migrated_by_hand(server)

            def stored() -> list[list[str]]:
                return server.rows(
                    """select (select count() from otel_logs), (select count() from discord_events),
                        (select count() from otel_traces), (select sum(count) from discord_hourly)""",
                    "argus",
                )

            whole = [[str(LOGS), str(EVENTS), str(TRACES), str(EVENTS)]]
            wait_until(lambda: stored() == whole or None, "all is stored", 80)
            collector.wait_until(lambda: not collector.counted("otelcol_exporter_queue_size"), "nothing waits")
            assert stored() == whole  # and nothing twice
            names = "select distinct EventName, LogAttributes['event.name'] from otel_logs"
            assert server.rows(names, "argus") == [["", "thing.happened"]]
            assert server.rows("select distinct event from discord_events", "argus") == [["shop.purchase"]]
            assert collector.counted("otelcol_exporter_send_failed_log_records") == 0
    finally:
        collector.kill()
        server.kill()


def test_what_a_full_queue_refuses_is_told_and_counted(tmp_path: Path):
    """The sender is asked to try again, so what is lost is what it gives up, and it can count that."""
    with (
        Collector.running_in(tmp_path, COLLECTOR_QUEUE_ITEMS="5000") as collector,
        Program.sending_to(collector.endpoint, "hasty", timeout=1) as program,
    ):
        for number in range(9000):
            program.log(f"line {number}")
            if number % 500 == 499:
                program._loggers.force_flush(20_000)
        taken = collector.counted("otelcol_receiver_accepted_log_records")
        refused = collector.counted("otelcol_receiver_refused_log_records")
        waiting = collector.counted("otelcol_exporter_queue_size", data_type="logs", exporter="clickhouse")
        assert taken == waiting <= 5000
        assert refused > 0
        assert collector.counted("otelcol_exporter_enqueue_failed_log_records", exporter="clickhouse") == refused


def test_what_the_memory_limit_refuses_is_told_and_counted(tmp_path: Path):
    """Two MiB are fewer than the Collector needs for itself, so it has none for anybody."""
    with (
        Collector.running_in(tmp_path, COLLECTOR_MEMORY_MIB="2", COLLECTOR_MEMORY_SPIKE_MIB="1") as collector,
        Program.sending_to(collector.endpoint, "hungry", timeout=1) as program,
    ):

        def refused() -> float:
            program.tracer.start_span("one").end()
            program._tracers.force_flush(20_000)
            return collector.counted("otelcol_receiver_refused_spans")

        collector.wait_until(refused, "the limiter has looked")
        before, taken = refused(), collector.counted("otelcol_receiver_accepted_spans")
        assert refused() > before
        assert collector.counted("otelcol_receiver_accepted_spans") == taken
