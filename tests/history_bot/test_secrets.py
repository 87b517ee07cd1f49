"""What is secret in an address or a header is in no message of history, and a running bot shows none of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource

from argus_otel.cli.doctor import examine
from argus_otel.history.record.delivery import DirectDelivery
from argus_otel.history.record.exporters.otlp import OtlpExporter
from argus_otel.history.record.stats import Stats
from argus_otel.otel.event_logs import EventLogSender
from argus_otel.telemetry import Telemetry
from discord_simulator import BackgroundSimulator
from tests.launch.conftest import RUN, Start, free_port

from .conftest import BOT, drive, hand_over, row, until

SECRET = "s3cret"


@pytest.mark.parametrize("exporter", ["otlp_proto_grpc", "otlp_proto_http"])
@pytest.mark.parametrize(
    "shape", ["http://me:{}@127.0.0.1:1", "http://me:{}", "http://me:1/{}@127.0.0.1:1", "http://{}@127.0.0.1:1"]
)
def test_an_exporter_says_where_it_sends_and_what_fails_without_what_is_secret(
    monkeypatch: pytest.MonkeyPatch, stats: Stats, telemetry: Telemetry, exporter: str, shape: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", shape.format(SECRET))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    sender = OtlpExporter(EventLogSender(exporter, Resource({})))
    made = DirectDelivery(sender, None, stats, telemetry.guard)
    hand_over(made, [row(1)])
    assert made.pending() == 1
    assert stats.last_error
    assert SECRET not in f"{sender.destination} {stats.last_error} {telemetry.health.describe()}"
    sender.close()


def test_a_running_bot_shows_no_address_and_no_header_that_it_cannot_read(
    simulator: BackgroundSimulator, start: Start, tmp_path: Path
) -> None:
    settings = {
        "ARGUS_HISTORY": "store",
        "ARGUS_HISTORY_STORE": f"http://db:8123/?user=me&password={SECRET}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://me:{SECRET}@127.0.0.1:{free_port()}",
        "OTEL_EXPORTER_OTLP_HEADERS": f"Bearer {SECRET}",
    }
    bot = start(RUN, BOT, settings=settings)
    drive(simulator)
    status = until(lambda: bot.get("/status"))
    told = examine({**settings, "ARGUS_ENDPOINT_PORT": bot.url.rpartition(":")[2]}, network=True)
    bot.end()
    for text in (status, bot.output, str(told)):
        assert SECRET not in text
    for text in (status, bot.output):
        assert "ARGUS_HISTORY_STORE is not the address of a store: it begins with http:" in text
        assert "OTEL_EXPORTER_OTLP_HEADERS has an entry that is no header" in text
    assert "Header format invalid" not in bot.output


def test_a_bot_says_what_is_wrong_with_the_address_of_its_simulator_and_does_not_show_it(
    start: Start, tmp_path: Path
) -> None:
    program = tmp_path / "idle.py"
    program.write_text("import discord, time\ntime.sleep(1)\n")
    bot = start(RUN, str(program), settings={"DISCORD_SIMULATOR_URL": f"http://me:{SECRET}@127.0.0.1:1"}, ready=False)
    assert bot.process.wait(60) == 1
    bot.end()
    assert SECRET not in bot.output
    assert "discord is not imported, so that this bot cannot reach Discord" in bot.output
    assert "DISCORD_SIMULATOR_URL is set, but expected something like http://127.0.0.1:8080" in bot.output
