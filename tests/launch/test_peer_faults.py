"""Faults measured in other tools for Discord bots, at the start, in exports and at the end.

Every such fault is a test named ``test_peer_fault_<number>_…``; ``pytest -k peer_fault`` runs them all.
"""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from argus_otel.sources.discord import catalogue
from argus_otel.telemetry.catalogue import EXPORT_LOST, EXPORTER
from discord_simulator import BackgroundSimulator

from .conftest import BARE, EVERY_WAY, INSTRUMENT, RUN, Receiver, Start, until
from .test_failures import TELLING, works


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never says a word: worse than one that is down."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        held: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    held.append(server.accept()[0])

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()
    thread.join(5)


def test_peer_fault_10_a_store_that_is_down_costs_no_metrics_and_is_told(
    simulator: BackgroundSimulator, start: Start
) -> None:
    settings = {"OTEL_EXPORTER_OTLP_TIMEOUT": "1", "OTEL_BSP_SCHEDULE_DELAY": "100"}
    bot = start(RUN, TELLING, settings={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", **settings})
    works(simulator)
    assert "discord_gateway_events_total" in bot.get("/metrics")
    assert json.loads(bot.get("/status"))["parts"]["endpoint"]["state"] == "ok"
    lost = until(lambda: dict(bot.metrics().by(EXPORT_LOST, EXPORTER)).get(("traces otlp_proto_grpc",)), 15)
    # The command, its REST call, and those of the log-in.
    assert lost >= 2


def test_peer_fault_11_a_hung_collector_delays_neither_start_nor_end(
    simulator: BackgroundSimulator, start: Start
) -> None:
    def seconds(command: list[str], settings: dict[str, str]) -> tuple[float, float]:
        with BackgroundSimulator() as fresh:
            own = {"DISCORD_SIMULATOR_URL": fresh.url, "DISCORD_TOKEN": fresh.token}
            began = time.monotonic()
            bot = start(command, TELLING, settings={**settings, **own}, ready=False)
            fresh.run(fresh.ready, None, 30.0)
            started = time.monotonic() - began
            works(fresh)
            began = time.monotonic()
            assert bot.end() == 0
            return started, time.monotonic() - began

    usual, _ = seconds(RUN, {})
    with silent_server() as port:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}", "ARGUS_SHUTDOWN_TIMEOUT": "1"}
        started, ended = seconds(RUN, settings)
    assert started < usual + 2
    assert ended < 4


def test_peer_fault_11_an_open_connection_to_the_endpoint_delays_no_end(
    simulator: BackgroundSimulator, start: Start
) -> None:
    bot = start(RUN, TELLING)
    works(simulator)
    port = int(bot.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as idle, socket.create_connection(("127.0.0.1", port)) as asking:
        idle.sendall(b"GET /metrics HTTP/1.1\r\n")  # and never the rest
        asking.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")  # and never reads the answer
        time.sleep(0.2)
        began = time.monotonic()
        assert bot.end() == 0
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", EVERY_WAY)
def test_peer_fault_11_the_last_of_everything_is_flushed_at_the_end(
    simulator: BackgroundSimulator, start: Start, receiver: Receiver, command: list[str], how: signal.Signals
) -> None:
    later = {
        "OTEL_BSP_SCHEDULE_DELAY": "60000",
        "OTEL_BLRP_SCHEDULE_DELAY": "60000",
        "OTEL_METRIC_EXPORT_INTERVAL": "60000",
    }
    bot = start(command, TELLING, settings={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, **later})
    works(simulator)
    assert not receiver.received.spans
    time.sleep(0.3)  # the answer was seen before the command had ended
    bot.process.send_signal(how)
    assert bot.process.wait(10) == (0 if how is signal.SIGINT else -signal.SIGTERM)
    assert receiver.received.named("command ping")
    assert "discord.gateway.events" in receiver.received.metrics
    assert "discord.gateway.session" in receiver.received.events


def test_peer_fault_12_buckets_parents_exemplars_and_the_service_arrive_over_otlp(
    simulator: BackgroundSimulator, start: Start, receiver: Receiver, tmp_path: Path
) -> None:
    bot = start(
        INSTRUMENT,
        str(querying_bot(tmp_path)),
        settings={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_SERVICE_NAME": "jukebox"},
    )
    simulator.run(simulator.run(simulator.slash, "query").acknowledged)
    simulator.run(simulator.settle)
    assert bot.end() == 0
    received = receiver.received
    (command,) = received.named("command query")
    (database,) = received.named("SELECT songs")
    assert database.parent_span_id == command.span_id
    assert database.trace_id == command.trace_id
    for metric in (catalogue.INTERACTION_DURATION, catalogue.COMMAND_DURATION, catalogue.HTTP_DURATION):
        for point in received.metrics[metric.name].histogram.data_points:
            assert tuple(point.explicit_bounds) == metric.boundaries
    points = received.metrics[catalogue.COMMAND_DURATION.name].histogram.data_points
    exemplars = [exemplar for point in points for exemplar in point.exemplars]
    assert {(one.trace_id, one.span_id) for one in exemplars} == {(command.trace_id, command.span_id)}
    assert {resource["service.name"] for resource in received.resources} == {"jukebox"}


def querying_bot(folder: Path) -> Path:
    """Write a bot that uses a database which somebody else instruments."""
    path = folder / "query_bot.py"
    path.write_text(
        """
import os
import discord
from discord.ext import commands
from opentelemetry import trace

bot = commands.Bot("!", intents=discord.Intents.all())

@bot.tree.command()
async def query(interaction: discord.Interaction) -> None:
    \"\"\"Query.\"\"\"
    with trace.get_tracer("database").start_as_current_span("SELECT songs"):
        pass
    await interaction.response.send_message("done")

@bot.event
async def setup_hook() -> None:
    await bot.tree.sync()

bot.run(os.environ["DISCORD_TOKEN"])
"""
    )
    return path


def test_peer_fault_15_the_standard_launcher_finds_us(simulator: BackgroundSimulator, start: Start) -> None:
    (found,) = entry_points(group="opentelemetry_instrumentor", name="discord")
    assert found.value == "argus_otel.entrypoints:DiscordInstrumentor"
    bot = start(INSTRUMENT, TELLING)
    works(simulator)
    assert "hooks in discord.py" in bot.output
    assert "discord_command_duration_seconds_count" in bot.get("/metrics")
    bare = start(BARE, TELLING, settings={"DISCORD_SIMULATOR_URL": ""}, ready=False)
    until(lambda: bare.process.poll() is not None or "argus" not in bare.output)
    assert "argus-otel" not in bare.output
