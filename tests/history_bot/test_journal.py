"""Events become rows, off the event loop; of users there is what the settings say."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid

import pytest

from argus_otel.history.journal import BATCH, LIMIT, Journal, users
from argus_otel.history.tally import Tally
from argus_otel.sources.discord.catalogue import COMMAND_EVENT
from argus_otel.telemetry import Event, Telemetry
from argus_otel.telemetry.catalogue import HISTORY_EVENTS

from .conftest import dropped

PLAYED = Event("song.played", "Recorded by the bot's own code.")


def journal(tally: Tally, policy: str = "plain", key: str | None = None) -> Journal:
    return Journal("bot", "2", users(policy, key), tally)


def test_an_event_becomes_a_row(telemetry: Telemetry, tally: Tally) -> None:
    made = journal(tally)
    before = time.time_ns() // 1000
    attributes = {
        "discord.guild.id": "1102233445566778899",
        "discord.channel.id": "7",
        "discord.user.id": "8",
        "discord.shard.id": 3,
        "discord.command.name": "play song",
        "discord.command.type": "slash",
        "discord.outcome": "error",
        "error.type": "KeyError",
        "stars": 5,
        "live": True,
        "ratio": 0.5,
    }
    made(COMMAND_EVENT, attributes, 2.0)
    (row,) = made.take()
    assert row.time == pytest.approx(before - 2_000_000, abs=500_000)
    assert (row.event, row.service, row.cluster, row.shard) == ("discord.command", "bot", "2", 3)
    assert (row.guild_id, row.channel_id, row.user) == (1102233445566778899, 7, "8")
    assert (row.command, row.type, row.outcome, row.error) == ("play song", "slash", "error", "KeyError")
    assert (row.duration, row.attributes) == (2.0, {"stars": "5", "live": "true", "ratio": "0.5"})
    assert uuid.UUID(row.event_id).version == 4
    assert telemetry.points(HISTORY_EVENTS) == [({"argus.history.event": "discord.command"}, 1)]


def test_what_is_no_id_is_none_and_what_is_no_text_is_made_one(tally: Tally) -> None:
    made = journal(tally)
    made(
        PLAYED,
        {"discord.guild.id": str(1 << 64), "discord.channel.id": "x", "discord.shard.id": -7, "a": "\ud800"},
        None,
    )
    (row,) = made.take()
    assert (row.guild_id, row.channel_id, row.shard, row.attributes) == (0, 0, -1, {"a": "?"})


@pytest.mark.parametrize(
    ("policy", "key", "kept"),
    [
        ("off", None, ""),
        ("off", "secret", ""),
        ("plain", None, "42"),
        ("hashed", "secret", hmac.new(b"secret", b"42", hashlib.sha256).hexdigest()[:32]),
        ("hashed", None, ""),
    ],
)
def test_of_a_user_there_is_what_the_settings_say(tally: Tally, policy: str, key: str | None, kept: str) -> None:
    made = journal(tally, policy, key)
    made(PLAYED, {"discord.user.id": "42"}, None)
    made(PLAYED, {}, None)
    assert [row.user for row in made.take()] == [kept, ""]


def test_what_has_no_room_in_memory_is_counted(telemetry: Telemetry, tally: Tally) -> None:
    made = journal(tally)
    for _ in range(LIMIT + 7):
        made(PLAYED, {}, None)
    assert len(made) == LIMIT
    assert made.filled.is_set()
    assert dropped(telemetry) == {"buffer_full": 7}
    taken = 0
    while len(made):
        batch = made.take()
        assert len(batch) <= BATCH
        taken += len(batch)
    assert taken == LIMIT


def test_a_batch_is_bounded_in_bytes_too(tally: Tally) -> None:
    made = journal(tally)
    for _ in range(BATCH):
        made(PLAYED, {f"attribute{each}": "x" * 500 for each in range(20)}, None)
    assert len(made.take()) == pytest.approx(100, rel=0.1)
