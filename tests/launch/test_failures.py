"""If a part of argus-otel fails, the bot runs on, with one warning and an entry in `/status`."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from discord_simulator import BackgroundSimulator

from .conftest import EVERY_WAY, RUN, Bot, Start, exports_at_the_end, until

TELLING = str(Path(__file__).with_name("telling_bot.py"))


def works(simulator: BackgroundSimulator) -> None:
    """Assert that the bot answers, fast."""
    started = time.monotonic()
    reply = simulator.run(simulator.run(simulator.say, "!ping").reply)
    assert reply.content == "pong"
    assert time.monotonic() - started < 1


def status_of(simulator: BackgroundSimulator, bot: Bot) -> dict[str, Any]:
    """Return what `/status` would say, from the bot's own mouth."""
    told = bot.output.count("STATUS ")
    simulator.run(simulator.run(simulator.say, "!status").reply)
    until(lambda: bot.output.count("STATUS ") > told)
    line = [line for line in bot.output.splitlines() if line.startswith("STATUS ")][-1]
    return json.loads(line.removeprefix("STATUS "))


def warnings(bot: Bot, part: str) -> list[str]:
    """Return the warnings that name a part."""
    return [line for line in bot.output.splitlines() if "argus-otel:" in line and f"argus-otel: {part}" in line]


@pytest.mark.parametrize("command", EVERY_WAY)
def test_the_port_is_taken(simulator: BackgroundSimulator, start: Start, command: list[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        bot = start(command, TELLING, settings={"ARGUS_ENDPOINT_PORT": port})
        works(simulator)
        part = status_of(simulator, bot)["parts"]["endpoint"]
        assert part["state"] == "failed"
        assert port in part["detail"]
        assert "ARGUS_ENDPOINT_PORT" in part["detail"]
        assert len(warnings(bot, "endpoint failed")) == 1
        assert bot.end() == 0


def test_the_collector_refuses_connections(simulator: BackgroundSimulator, start: Start) -> None:
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        "ARGUS_SHUTDOWN_TIMEOUT": "2",
    }
    bot = start(RUN, TELLING, settings=settings)
    works(simulator)
    until(lambda: warnings(bot, "exporter:metrics otlp_proto_grpc failed"), 15)
    until(lambda: warnings(bot, "exporter:traces otlp_proto_grpc failed"), 15)
    time.sleep(3)  # more exports fail meanwhile
    works(simulator)
    status = json.loads(bot.get("/status"))
    assert status["parts"]["exporter:metrics otlp_proto_grpc"]["state"] == "failed"
    assert status["parts"]["exporter:traces otlp_proto_grpc"]["state"] == "failed"
    assert "discord_gateway_events_total" in bot.get("/metrics")
    for signal in ("metrics", "traces"):
        assert len(warnings(bot, f"exporter:{signal} otlp_proto_grpc failed")) == 1
    assert "Failed to export" not in bot.output  # the exporter's own line at each attempt
    assert all(line.startswith("argus-otel:") for line in bot.output.splitlines() if "UNAVAILABLE" in line)
    started = time.monotonic()
    assert bot.end() == 0
    assert time.monotonic() - started < 6


@pytest.mark.parametrize("command", EVERY_WAY)
def test_an_exporter_is_missing(simulator: BackgroundSimulator, start: Start, command: list[str]) -> None:
    bot = start(
        command, TELLING, settings={"OTEL_TRACES_EXPORTER": "zipkin_json", "OTEL_METRICS_EXPORTER": "prometheus,typo"}
    )
    works(simulator)
    parts = json.loads(bot.get("/status"))["parts"]
    for part in ("exporter:traces zipkin_json", "exporter:metrics typo"):
        assert parts[part]["state"] == "failed"
        assert "not installed" in parts[part]["detail"]
        assert len(warnings(bot, f"{part} failed")) == 1
    assert parts["exporter:metrics prometheus"]["state"] == "ok"
    assert "discord_gateway_events_total" in bot.get("/metrics")
    assert bot.end() == 0


def test_a_setting_is_wrong(simulator: BackgroundSimulator, start: Start) -> None:
    settings = {
        "ARGUS_SHUTDOWN_TIMEOUT": "soon",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "carrier-pigeon",
        "OTEL_TRACES_EXPORTER": "otlp",
    }
    bot = start(RUN, TELLING, settings=settings)
    works(simulator)
    parts = json.loads(bot.get("/status"))["parts"]
    wrong = {name: part["detail"] for name, part in parts.items() if name.startswith("setting:")}
    assert "'soon'" in wrong["setting:ARGUS_SHUTDOWN_TIMEOUT"]
    assert "'carrier-pigeon'" in wrong["setting:OTEL_EXPORTER_OTLP_PROTOCOL"]
    for name in wrong:
        assert len(warnings(bot, name)) == 1
    assert bot.end() == 0


@pytest.mark.parametrize("command", EVERY_WAY)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "discord"),
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "requests, *"),
    ],
)
def test_switched_off_is_off(start: Start, command: list[str], name: str, value: str) -> None:
    code = (
        "import discord, threading; print(hasattr(discord.http.HTTPClient.request, '__wrapped__'), "
        "[thread.name for thread in threading.enumerate() if 'argus-otel endpoint' in thread.name])"
    )
    script = Path(__file__).with_name("_off.py")
    script.write_text(code)
    try:
        bot = start(command, str(script), settings={name: value, "DISCORD_SIMULATOR_URL": ""}, ready=False)
        assert bot.process.wait(20) == 0
        bot.end()
    finally:
        script.unlink()
    assert bot.output.splitlines()[-1] == "False []"


@exports_at_the_end
def test_secrets_reach_nothing_that_leaves(start: Start, receiver: Any) -> None:
    token = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
    with BackgroundSimulator(token=token) as simulator:
        settings = {
            "DISCORD_SIMULATOR_URL": simulator.url,
            "DISCORD_TOKEN": token,
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        }
        bot = start(RUN, TELLING, settings=settings, ready=False)
        simulator.run(simulator.ready, None, 20.0)
        spilt = simulator.run(simulator.slash, "spill")
        simulator.run(spilt.response)
        simulator.run(simulator.say, "!leak")
        until(
            lambda: (
                sum(
                    request.template == "/webhooks/{webhook_id}/{webhook_token}"
                    for request in simulator.ledger.rest_now()
                )
                >= 2
            )
        )
        simulator.run(simulator.settle)
        time.sleep(0.5)
        served = bot.get("/metrics") + bot.get("/status")
        webhook_tokens = [webhook.token for webhook in simulator.state.webhooks.values()]
        assert bot.end() == 0
    sent = "\n".join(str(span) for span in receiver.received.spans)
    sent += "\n".join(str(metric) for metric in receiver.received.metrics.values())
    ours = "\n".join(line for line in bot.output.splitlines() if "argus" in line)
    secrets = [token, spilt.interaction.token, *webhook_tokens]
    assert len(secrets) == 3
    assert all(secrets)
    for secret in secrets:
        for where in (served, sent, ours):
            assert secret not in where
    # They were there to be seen: what stands around them came through.
    assert "cannot reach" in sent
    assert "[redacted]" in sent
