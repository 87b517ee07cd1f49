"""The bot's log lines: printed as before, and exported once, with their trace and without secrets."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from argus_otel.scrape.exposition import parse
from discord_simulator import BackgroundSimulator

from .conftest import BARE, EVERY_WAY, INSTRUMENT, RUN, Bot, Receiver, Start, until

LOGGING = str(Path(__file__).with_name("logging_bot.py"))

EVERY_SETUP = ["bare", "basic", "dict", "discord"]


def bodies(receiver: Receiver, logger: str | None = None) -> list[str]:
    return [
        record.body.string_value
        for name, record in receiver.received.records
        if (logger is None or name == logger) and not record.event_name
    ]


def attributes(record: Any) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in record.attributes}


def command(simulator: BackgroundSimulator, text: str) -> None:
    simulator.run(simulator.run(simulator.say, text).reply)


def printed(bot: Bot) -> list[str]:
    assert bot.process.wait(30) == 0
    bot.end()
    return [line for line in bot.output.splitlines() if not line.startswith(("argus-otel 0", "discord-simulator: "))]


@pytest.mark.parametrize("launcher", EVERY_WAY)
@pytest.mark.parametrize("setup", EVERY_SETUP)
def test_a_bot_prints_what_it_would_print_without_us(
    start: Start, receiver: Receiver, launcher: list[str], setup: str
) -> None:
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_PYTHON_DISTRO": "argus"}
    theirs = start(BARE, LOGGING, setup, ready=False)
    ours = start(launcher, LOGGING, setup, settings=settings, ready=False)
    expected = printed(theirs)
    assert printed(ours) == expected
    assert sum("a warning of the bot's" in line for line in expected) == 1
    # And each of them is exported, once.
    assert bodies(receiver, "music").count("a warning of the bot's") == 1
    assert bodies(receiver, "root") == ["a warning of nobody's"]
    assert bodies(receiver, "music").count("an info of the bot's") == (setup != "bare")


@pytest.mark.parametrize("launcher", EVERY_WAY)
def test_records_arrive_with_the_trace_of_their_command(
    simulator: BackgroundSimulator, start: Start, receiver: Receiver, launcher: list[str]
) -> None:
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    bot = start(launcher, LOGGING, "basic", "run", settings=settings)
    simulator.run(simulator.run(simulator.slash, "play").response)
    simulator.run(simulator.settle)
    counted = parse(bot.get("/metrics")).numbers["log_records_total"]
    assert (
        sum(
            value
            for labels, value in counted.items()
            if {("log_logger", "music"), ("log_severity", "warning")} <= set(labels)
        )
        == 3
    )
    assert bot.end() == 0
    (span,) = receiver.received.named("command play")
    records = {record.body.string_value: record for _, record in receiver.received.records}
    assert (records["plays a song"].trace_id, records["plays a song"].span_id) == (span.trace_id, span.span_id)
    assert records["plays a song"].severity_text == "WARN"
    assert attributes(records["plays a song"])["song"] == "So What"
    assert records["failed"].trace_id == span.trace_id
    assert attributes(records["failed"])["exception.type"] == "ValueError"
    assert not records["a warning of the bot's"].trace_id


@pytest.mark.parametrize("launcher", EVERY_WAY)
def test_no_secret_and_no_message_is_in_any_record_at_debug(
    start: Start, receiver: Receiver, launcher: list[str]
) -> None:
    token = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
    with BackgroundSimulator(token=token) as simulator:
        settings = {
            "DISCORD_SIMULATOR_URL": simulator.url,
            "DISCORD_TOKEN": token,
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "LEVEL": "DEBUG",
        }
        bot = start(launcher, LOGGING, "basic", "run", settings=settings, ready=False)
        simulator.run(simulator.ready, None, 20.0)
        played = simulator.run(simulator.slash, "play")
        simulator.run(played.response)
        simulator.run(simulator.say, "a confession of mine")
        simulator.run(simulator.say, "!say confession")  # BadArgument, which discord.py logs
        simulator.run(simulator.say, "!confession")  # CommandNotFound
        simulator.run(simulator.say, "!hook")
        until(lambda: "made " in bot.output)
        simulator.run(simulator.settle)
        time.sleep(0.5)
        webhooks = [webhook.token for webhook in simulator.state.webhooks.values()]
        assert bot.end() == 0
    sent = "\n".join(f"{name} {record}" for name, record in receiver.received.records)
    secrets = [token, played.interaction.token, *webhooks]
    assert len(secrets) == 3
    for secret in (*secrets, "confession"):
        assert secret in bot.output  # they were there to be seen
        assert secret not in sent
    assert "[redacted]" in sent
    rejections = [
        attributes(record).get("exception.type")
        for name, record in receiver.received.records
        if name == "discord.ext.commands.bot" and record.severity_text == "ERROR"
    ]
    assert sorted(map(str, rejections)) == ["BadArgument", "CommandNotFound"]
    assert not [
        record for name, record in receiver.received.records if name[:7] == "discord" and record.severity_number < 9
    ]
    assert "PRINTED discord.gateway DEBUG" in bot.output


def test_a_collector_that_is_down_is_not_written_to_about_itself(simulator: BackgroundSimulator, start: Start) -> None:
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        "ARGUS_SHUTDOWN_TIMEOUT": "2",
        "LEVEL": "DEBUG",
    }
    bot = start(RUN, LOGGING, "basic", "run", settings=settings)
    command(simulator, "!say 1")
    until(lambda: "exporter:logs otlp_proto_grpc failed" in bot.output, 15)
    time.sleep(3)  # more exports fail meanwhile
    started = time.monotonic()
    command(simulator, "!ping")
    assert time.monotonic() - started < 1
    assert bot.output.count("exporter:logs otlp_proto_grpc failed") == 1
    assert "recursive" not in bot.output
    counted = parse(bot.get("/metrics")).numbers["log_records_total"]
    about_exports = sum(
        value for labels, value in counted.items() if "opentelemetry" in str(dict(labels)["log_logger"])
    )
    assert about_exports < 50
    assert parse(bot.get("/metrics")).numbers.get("argus_hook_errors_total", {}) == {}
    assert bot.end() == 0


@pytest.mark.parametrize("setup", ["bare", "dict"])
def test_another_distros_handler_exports_alone_and_our_warnings_are_printed_all_the_same(
    simulator: BackgroundSimulator, start: Start, receiver: Receiver, tmp_path: Path, setup: str
) -> None:
    site = tmp_path / "site"
    information = site / "another-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: another\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[opentelemetry_distro]\nanother = another:Distro\n")
    (site / "another.py").write_text(
        "from opentelemetry.instrumentation.distro import BaseDistro\n"
        "class Distro(BaseDistro):\n    def _configure(self, **kwargs): pass\n"
    )
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_PYTHON_DISTRO": "another",
        "OTEL_PYTHON_CONFIGURATOR": "argus",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "system_metrics",
        "OTEL_TRACES_EXPORTER": "typo",
        "PYTHONPATH": str(site),
    }
    bot = start(INSTRUMENT, LOGGING, setup, "run", settings=settings)
    command(simulator, "!say 1")
    part = bot.get("/status")
    assert "OpenTelemetry's handler on the logger root exports them" in part
    assert bot.end() == 0
    assert bodies(receiver, "music").count("asked for a number") == 1
    assert bot.output.count("OTEL_TRACES_EXPORTER asks for 'typo'") == 1


@pytest.mark.parametrize("launcher", EVERY_WAY)
def test_the_logging_instrumentation_can_be_switched_off(start: Start, receiver: Receiver, launcher: list[str]) -> None:
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "logging",
    }
    printed(start(launcher, LOGGING, "basic", settings=settings, ready=False))
    assert bodies(receiver) == []


def test_trace_ids_can_be_put_into_what_is_printed(start: Start, receiver: Receiver) -> None:
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_PYTHON_LOG_CORRELATION": "true"}
    lines = printed(start(INSTRUMENT, LOGGING, "bare", settings=settings, ready=False))
    (line,) = (line for line in lines if "a warning of the bot's" in line)
    assert "trace_id=0" in line
    assert bodies(receiver, "music").count("a warning of the bot's") == 1


@pytest.mark.parametrize("launcher", EVERY_WAY)
def test_a_blocked_loop_is_told_of_while_the_bot_stands_still(
    simulator: BackgroundSimulator, start: Start, receiver: Receiver, launcher: list[str]
) -> None:
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    bot = start(launcher, LOGGING, "basic", "run", settings=settings)
    command(simulator, "!block")
    time.sleep(2)
    command(simulator, "!ping")
    assert "asyncio_loop_blockings_total" in bot.get("/metrics")
    assert bot.end() == 0
    (event,) = (record for _, record in receiver.received.records if record.event_name == "asyncio.loop.blocked")
    assert attributes(event)["code.stacktrace"].splitlines()[-2].endswith("in block")
    assert attributes(event)["thread.name"] == "MainThread"
    assert bot.output.count("is blocked") == 1
