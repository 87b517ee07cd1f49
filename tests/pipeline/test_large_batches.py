"""Batches that are too large for one request are split, and a text that is too large costs no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lab.collector import Collector, kept_environment

BOT = Path(__file__).with_name("large_bot.py")


def ran(collector: Collector, *words: int) -> str:
    environment = {
        **kept_environment(),
        "ARGUS_ENDPOINT": "false",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "ARGUS_SHUTDOWN_TIMEOUT": "40",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "argus_otel", "run", str(BOT), *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


def test_a_batch_of_more_than_a_collector_takes_at_once_arrives_whole(collector: Collector) -> None:
    printed = ran(collector, 250, 20_000, 250)
    assert "failed" not in printed
    assert collector.counted("otelcol_receiver_accepted_log_records") >= 250
    assert collector.counted("otelcol_receiver_accepted_spans") >= 250


def test_a_text_of_megabytes_is_cut_and_costs_no_other(collector: Collector) -> None:
    before = collector.counted("otelcol_receiver_accepted_log_records")
    printed = ran(collector, 3, 5_000_000, 3)
    assert "failed" not in printed
    assert collector.counted("otelcol_receiver_accepted_log_records") >= before + 3
