"""Real bots with a history: every way that it can take, what is away and comes back, and a bot that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from argus_otel.history.models import installed_schema
from argus_otel.history.record.delivery import DestinationUnavailable
from argus_otel.history.record.exporters.store import StoreExporter
from argus_otel.history.record.pseudonyms import hashed
from argus_otel.history.store.address import parse
from argus_otel.telemetry.catalogue import DROP_REASON, HISTORY_DROPPED, HISTORY_EVENT, HISTORY_EVENTS
from discord_simulator import BackgroundSimulator
from lab.clickhouse import ClickHouse
from tests.launch.conftest import INSTRUMENT, RUN, Start, free_port

from .conftest import BOT, DRIVEN, Collector, drive, driven, row, status, until

embedded = pytest.mark.skipif(find_spec("chdb") is None, reason="needs ClickHouse's engine: pip install chdb-core-lite")

SECRET = "tell-nobody"

QUERY = """
import json, sys
from argus_otel.history.store.client import connect
with connect(sys.argv[1]) as store:
    print(json.dumps(store.query(sys.argv[2]), default=str))
"""

MIGRATE = """
import sys
from argus_otel.history.models import installed_schema
from argus_otel.history.store import client, migrations
migrations.migrate(client.connect(sys.argv[1]), installed_schema())
"""


def ask(address: str, statement: str) -> list[Any]:
    """Ask a store, in a process of its own: the engine opens one directory in each."""
    command = [sys.executable, "-c", QUERY, address, statement]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


def stored(address: str) -> Counter[str]:
    """Return how many rows of each event are stored, once it is clear that none is there twice."""
    rows = ask(address, "select event, count(), uniqExact(event_id) from discord_events group by event")
    assert all(number == different for _, number, different in rows)
    return Counter({event: int(number) for event, number, _ in rows})


def by_otlp(collector: Collector, tmp_path: Path, **more: str) -> dict[str, str]:
    return {
        "ARGUS_HISTORY": "true",
        "ARGUS_HISTORY_SPOOL": str(tmp_path / "spool"),
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": collector.endpoint,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        "OTEL_SERVICE_NAME": "jukebox",
        "ARGUS_DISCORD_CLUSTER_ID": "4",
        **more,
    }


def test_history_goes_where_logs_go_and_waits_while_that_is_away(
    simulator: BackgroundSimulator, start: Start, collector: Collector, tmp_path: Path
) -> None:
    settings = by_otlp(collector, tmp_path, ARGUS_HISTORY_USERS="hashed", ARGUS_HISTORY_USER_KEY="a key")
    bot = start(RUN, BOT, settings=settings)
    assert "history otlp" in until(lambda: bot.output)
    drive(simulator, 3)
    until(lambda: collector.events == driven(3))
    collector.stop()
    drive(simulator)
    until(lambda: status(bot)["waiting"]["disk"] == sum(DRIVEN.values()), 20)
    until(lambda: "UNAVAILABLE" in status(bot)["last_error"], 20)  # they are on the disk before the export has failed
    told = status(bot)
    assert told["mode"] == "otlp"
    assert told["users"] == "hashed"
    assert told["where"].endswith(f"127.0.0.1:{collector.port}")
    assert "a key" not in json.dumps(told)
    collector.start()
    until(lambda: collector.events == driven(4), 20)
    until(lambda: status(bot)["waiting"] == {"memory": 0, "disk": 0})
    metrics = bot.metrics()
    counted = {event: number for (event,), number in metrics.by(HISTORY_EVENTS, HISTORY_EVENT).items()}
    assert counted == driven(4)
    assert not any(metrics.by(HISTORY_DROPPED, DROP_REASON).values())
    drive(simulator)
    assert bot.end() == 0  # and what was in memory arrives
    assert collector.events == driven(5)
    assert set(collector.ids.values()) == {1}
    members = {user.id for guild in simulator.world.guilds.values() for user in (guild.people[0].user,)}
    told_of = {sent.attributes["discord.user.id"] for sent in collector.history if "discord.user.id" in sent.attributes}
    assert told_of <= {hashed(str(user), "a key") for user in members}
    assert {sent.resource["discord.cluster.id"] for sent in collector.history} == {"4"}
    slash = [sent for sent in collector.history if sent.attributes.get("discord.command.type") == "slash"]
    assert len(slash) + 5 == len(simulator.ledger.interactions_now())  # five clicks
    guilds = {sent.attributes["discord.guild.id"] for sent in slash}
    assert guilds <= {str(guild) for guild in simulator.world.guilds}
    changes = simulator.ledger.guild_counts()
    assert (changes["join"], changes["leave"]) == (5, 5)
    assert not (tmp_path / "spool").exists()


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is for POSIX")
def test_what_a_killed_bot_had_written_arrives_with_the_next_one_once(
    simulator: BackgroundSimulator, start: Start, collector: Collector, tmp_path: Path
) -> None:
    collector.stop()
    settings = by_otlp(collector, tmp_path)
    bot = start(INSTRUMENT, BOT, settings=settings)
    drive(simulator, 2)
    until(lambda: status(bot)["waiting"] == {"memory": 0, "disk": 2 * sum(DRIVEN.values())}, 20)
    bot.process.send_signal(signal.SIGKILL)
    bot.process.wait(10)
    simulator.run(simulator.disconnected)
    collector.start()
    again = start(INSTRUMENT, BOT, settings=settings)
    until(lambda: collector.events == driven(2), 20)
    drive(simulator)
    again.process.send_signal(signal.SIGTERM)  # as a container's end
    again.process.wait(20)
    assert collector.events == driven(3)
    assert set(collector.ids.values()) == {1}


def test_a_full_spool_is_counted_to_the_event(
    simulator: BackgroundSimulator, collector: Collector, start: Start, tmp_path: Path
) -> None:
    collector.stop()
    settings = by_otlp(collector, tmp_path, ARGUS_HISTORY_SPOOL_LIMIT="0.05")
    bot = start(RUN, BOT, settings=settings)
    for _ in range(3):
        simulator.run(simulator.run(simulator.slash, "many", options={"number": 200}).acknowledged)
    simulator.run(simulator.settle)
    until(lambda: status(bot)["recorded"] == 603 and not status(bot)["waiting"]["memory"], 20)
    told = status(bot)
    assert told["dropped"]["spool_full"] > 100
    assert told["waiting"]["disk"] + told["dropped"]["spool_full"] == 603
    assert "(ARGUS_HISTORY_SPOOL_LIMIT): new events are lost" in bot.output
    collector.start()
    until(lambda: len(collector.ids) + told["dropped"]["spool_full"] == 603, 20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with ClickHouse.running_in(tmp_path_factory.mktemp("clickhouse") / "data") as server:
        yield server


@embedded
def test_history_goes_straight_to_a_server_that_comes_and_goes(
    simulator: BackgroundSimulator, start: Start, server: ClickHouse, tmp_path: Path
) -> None:
    address = server.dsn()
    settings = {
        "ARGUS_HISTORY": "store",
        "ARGUS_HISTORY_STORE": address,
        "ARGUS_HISTORY_SPOOL": str(tmp_path / "spool"),
        "ARGUS_HISTORY_USERS": "plain",
    }
    bot = start(RUN, BOT, settings=settings)
    drive(simulator)
    until(lambda: "argus-otel store migrate" in status(bot)["last_error"], 20)
    assert server.password not in bot.get("/status") + bot.output
    subprocess.run([sys.executable, "-c", MIGRATE, address], check=True, timeout=60)
    until(lambda: status(bot)["waiting"] == {"memory": 0, "disk": 0}, 30)
    assert stored(address) == driven()
    server.stop()
    drive(simulator)
    until(lambda: status(bot)["waiting"]["disk"] == sum(DRIVEN.values()), 20)
    server.start()
    until(lambda: status(bot)["waiting"] == {"memory": 0, "disk": 0}, 60)
    drive(simulator)
    assert bot.end() == 0
    assert stored(address) == driven(3)
    users = {row[0] for row in ask(address, "select distinct user from discord_events where user != ''")}
    assert users <= {str(user) for user in simulator.world.users}


@embedded
def test_a_server_that_cannot_be_used_is_away_and_says_what_to_do(server: ClickHouse) -> None:
    wrong = {
        server.dsn(password=SECRET): "the password was not accepted",
        server.dsn().replace(str(server.port), str(free_port())): "does not answer as ClickHouse does",
        server.dsn("elsewhere"): "argus-otel store migrate",
    }
    for address, told in wrong.items():
        with pytest.raises(DestinationUnavailable, match=told) as raised:
            StoreExporter(parse(address), installed_schema()).export([row(1)])
        assert SECRET not in str(raised.value)


@embedded
def test_history_without_a_server_is_taken_in_when_the_bot_ends(
    simulator: BackgroundSimulator, start: Start, tmp_path: Path
) -> None:
    address = f"chdb:{tmp_path / 'history'}"
    settings = {
        "ARGUS_HISTORY": "true",
        "ARGUS_HISTORY_STORE": address,
        "ARGUS_HISTORY_SPOOL": str(tmp_path / "spool"),
        "ARGUS_SHUTDOWN_TIMEOUT": "20",
    }
    bot = start(INSTRUMENT, BOT, settings=settings)
    drive(simulator)
    assert bot.end() == 0
    assert stored(address) == driven()
    # While somebody asks the store something, what happens waits.
    holder = subprocess.Popen(
        [sys.executable, "-c", QUERY.replace("print(", "print(sys.stdin.readline(), "), address, "select 1"],
        stdin=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: (tmp_path / "history" / "status").exists())
        again = start(INSTRUMENT, BOT, settings={**settings, "ARGUS_SHUTDOWN_TIMEOUT": "5"})
        drive(simulator)
        assert again.end() == 0
    finally:
        holder.communicate("\n", timeout=30)
    assert stored(address) == driven()
    third = start(INSTRUMENT, BOT, settings=settings)
    until(lambda: status(third)["waiting"]["disk"] == 0, 20)  # taken in at its start
    assert third.end() == 0
    assert stored(address) == driven(2)
    assert not (tmp_path / "spool").exists()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"ARGUS_HISTORY": "maybe"}, "ARGUS_HISTORY is 'maybe', but it has to be true, false, otlp or store"),
        ({"ARGUS_HISTORY": "otlp"}, "ARGUS_HISTORY is 'otlp', but logs are not exported by OTLP"),
        (
            {"ARGUS_HISTORY": "store", "ARGUS_HISTORY_STORE": f"http://me:{SECRET}@host"},
            "ARGUS_HISTORY_STORE is not the address of a store: it begins with http:, and it has to begin with clickhouse://",
        ),
        (
            {"ARGUS_HISTORY": "store", "ARGUS_HISTORY_SPOOL": __file__},
            "is not a directory",
        ),
        (
            {"ARGUS_HISTORY": "store", "ARGUS_HISTORY_USERS": "hashed"},
            "ARGUS_HISTORY_USERS is 'hashed', but ARGUS_HISTORY_USER_KEY is not set",
        ),
        (
            {"ARGUS_HISTORY": "store", "ARGUS_HISTORY_SPOOL_LIMIT": "0"},
            "ARGUS_HISTORY_SPOOL_LIMIT is '0', but it has to be a number of MiB above 0",
        ),
    ],
)
def test_what_is_set_wrong_is_said_and_the_bot_goes_on(settings: dict[str, str], told: str, tmp_path: Path) -> None:
    program = """
import asyncio, discord, argus_otel
argus_otel.instrument(endpoint=False)
discord.Client(intents=discord.Intents.default())
argus_otel.record("song.played")
print("goes on")
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**environment, **settings, "ARGUS_SHUTDOWN_TIMEOUT": "0"},
        timeout=60,
    )
    assert done.stdout == "goes on\n"
    assert told in done.stderr
    assert SECRET not in done.stderr
