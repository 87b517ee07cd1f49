"""A forked child is not a second bot, until a bot starts in it."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from discord_simulator import BackgroundSimulator
from tests.otel.receivers import Received, attributes, grpc_receiver, http_receiver

from .conftest import RUN, Bot, Start, until

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

FORKING = str(Path(__file__).with_name("forking_bot.py"))
EXITS = {"returns": 0, "exits": 7, "ends at once": 7, "raises": 1}
FROM_A_THREAD = {**EXITS, "exits": 0, "raises": 0}  # as Python has it: what a thread raises ends no process

PROTOCOLS = {"grpc": grpc_receiver, "http/protobuf": http_receiver}


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def otlp(protocol: str) -> Iterator[Received]:
    yield from PROTOCOLS[protocol]()


def settings(otlp: Received, protocol: str, tmp_path: Path) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_METRIC_EXPORT_INTERVAL": "200",
        "OTEL_BSP_SCHEDULE_DELAY": "700",  # so that there is something in the queue at the fork
        "OTEL_BLRP_SCHEDULE_DELAY": "200",
        "ARGUS_HISTORY": "otlp",
        "ARGUS_HISTORY_SPOOL": str(tmp_path / "spool"),
    }


def exits_of(bot: Bot) -> dict[str, int]:
    line = until(lambda: [line for line in bot.output.splitlines() if line.startswith("EXITS ")], 60)
    return json.loads(line[0].removeprefix("EXITS "))


def ping(simulator: BackgroundSimulator, times: int, guild: Any = None) -> None:
    for _ in range(times):
        simulator.run(simulator.run(simulator.say, "!ping", guild=guild).reply)


EXPECTED = {
    **{f"main {end}": code for end, code in EXITS.items()},
    **{f"multiprocessing {end}": code for end, code in EXITS.items()},
    **{f"thread {end}": code for end, code in FROM_A_THREAD.items()},
    "pool": 0,
}


def test_children_end_as_they_would_without_otlp(simulator: BackgroundSimulator, start: Start) -> None:
    bot = start(RUN, FORKING)
    simulator.run(simulator.say, "!fork")
    assert exits_of(bot) == EXPECTED
    assert bot.process.wait(40) == 0


def test_children_export_nothing_and_end_as_they_would(
    simulator: BackgroundSimulator, start: Start, otlp: Received, protocol: str, tmp_path: Path
) -> None:
    bot = start(RUN, FORKING, settings=settings(otlp, protocol, tmp_path))
    ping(simulator, 5)
    until(lambda: otlp.named("pings"))
    ping(simulator, 5)
    simulator.run(simulator.say, "!fork")
    assert exits_of(bot) == EXPECTED
    assert bot.process.wait(40) == 0
    assert len(otlp.instances()) == 1
    assert not [name for name in ("child.counts", "child.times") if otlp.named(name)]
    assert "child" not in [attributes(point.attributes)["by"] for point in otlp.named("made")[-1].sum.data_points]
    assert "logged by the child" not in [record.body.string_value for record in otlp.records()]
    assert "child.recorded" not in [record.event_name for record in otlp.records()]
    spans = Counter(span.span_id for span in otlp.spans())
    assert set(spans.values()) == {1}
    names = [span.name for span in otlp.spans()]
    assert (names.count("command ping"), names.count("child's span"), names.count("child.times")) == (10, 0, 0)
    assert otlp.named("pings")[-1].sum.data_points[0].as_int == 10


def last(received: Received, name: str, attribute: str) -> dict[object, float]:
    """Return a metric's last points, by an attribute."""
    metric = received.named(name)[-1]
    points = metric.gauge.data_points or metric.sum.data_points
    return {attributes(point.attributes)[attribute]: point.as_double or point.as_int for point in points}


def test_a_bot_that_starts_in_a_child_is_a_bot_of_its_own(
    simulator: BackgroundSimulator, start: Start, otlp: Received, protocol: str, tmp_path: Path
) -> None:
    first, second = (
        next(guild for guild in simulator.state.world.guilds.values() if (guild.id >> 22) % 2 == shard)
        for shard in (0, 1)
    )
    bot = start(RUN, FORKING, "bot", settings=settings(otlp, protocol, tmp_path), ready=False)
    until(lambda: "has connected to Gateway" in bot.output, 60)
    ping(simulator, 5, first)
    until(lambda: otlp.named("pings"))
    simulator.run(simulator.say, "!another", guild=first)
    until(lambda: bot.output.count("hooks in discord.py") == 2, 30)
    until(lambda: len(otlp.instances()) == 2, 30)
    simulator.run(simulator.ready, 2, 30.0)
    ping(simulator, 2, second)
    (parent,) = otlp.senders[next(iter(otlp.senders))]
    (child,) = otlp.instances() - {parent}
    until(lambda: otlp.of(child).named("pings") and "command ping" in [s.name for s in otlp.of(child).spans()])
    ping(simulator, 1, first)
    simulator.run(simulator.settle)
    assert bot.end() == 0
    theirs, ours = otlp.of(parent), otlp.of(child)
    # Nobody writes on another's connection.
    assert all(len(instances) == 1 for instances in otlp.senders.values())
    for received, pings, shard in ((theirs, 6, 0), (ours, 2, 1)):
        assert received.named("pings")[-1].sum.data_points[0].as_int == pings
        assert received.named("pinging")[-1].histogram.data_points[0].count == pings
        assert received.named("made")[-1].sum.data_points[0].as_int == pings
        assert [span.name for span in received.spans()].count("command ping") == pings
        assert last(received, "discord.shard.up", "discord.shard.id").keys() == {shard}
        assert last(received, "discord.gateway.events", "discord.event.type")["READY"] == 1
        rows = [record for record in received.records() if record.event_name == "discord.command"]
        assert [attributes(row.attributes)["discord.command.name"] for row in rows].count("ping") == pings
    assert ours.named("process.uptime")[-1].gauge.data_points[0].as_double < (
        theirs.named("process.uptime")[-1].gauge.data_points[0].as_double
    )
    assert "endpoint failed" in bot.output  # one port cannot be had twice
