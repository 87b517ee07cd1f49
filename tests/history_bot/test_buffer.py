"""Events become rows on the flush thread; of users, rows have what the settings say."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid

import pytest

from argus_otel.history.record.buffer import BATCH, LIMIT, EventBuffer
from argus_otel.history.record.pseudonyms import pseudonymizer
from argus_otel.history.record.stats import Stats
from argus_otel.sources.discord.catalogue import COMMAND_EVENT
from argus_otel.sources.discord.history import MODEL
from argus_otel.telemetry import Event, Telemetry
from argus_otel.telemetry.catalogue import HISTORY_EVENTS

from .conftest import dropped

PLAYED = Event("song.played", "Recorded by the bot's own code.")


RESOURCE = {"discord.cluster.id": "2"}


def buffer(stats: Stats, policy: str = "plain", key: str | None = None) -> EventBuffer:
    return EventBuffer("bot", RESOURCE, MODEL.personal_attributes, pseudonymizer(policy, key), stats)


def test_an_event_becomes_a_row_with_its_attributes_as_they_are(telemetry: Telemetry, stats: Stats) -> None:
    made = buffer(stats)
    before = time.time_ns() // 1000
    attributes = {
        "discord.guild.id": "1102233445566778899",
        "discord.user.id": "8",
        "discord.shard.id": 3,
        "discord.command.name": "play song",
        "stars": 5,
        "live": True,
        "ratio": 0.5,
    }
    made(COMMAND_EVENT, attributes, 2.0)
    (row,) = made.take()
    assert row.time == pytest.approx(before - 2_000_000, abs=500_000)
    assert (row.event, row.service, row.resource, row.duration) == ("discord.command", "bot", RESOURCE, 2.0)
    assert repr(row.attributes) == repr(attributes)
    assert uuid.UUID(row.event_id).version == 4
    assert telemetry.points(HISTORY_EVENTS) == [({"argus.history.event": "discord.command"}, 1)]


def test_a_value_that_cannot_be_exported_is_made_one_that_can(stats: Stats) -> None:
    made = buffer(stats)
    made(PLAYED, {"half": "\ud800", "long": "x" * 501, "wide": 1 << 64, "low": -(1 << 63)}, None)
    (row,) = made.take()
    assert row.attributes == {"half": "?", "long": "x" * 500, "wide": str(1 << 64), "low": -(1 << 63)}


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
def test_of_a_user_there_is_what_the_settings_say(stats: Stats, policy: str, key: str | None, kept: str) -> None:
    made = buffer(stats, policy, key)
    made(PLAYED, {"discord.user.id": "42"}, None)
    made(PLAYED, {}, None)
    first, second = (row.attributes for row in made.take())
    assert (first, second) == ({"discord.user.id": kept} if kept else {}, {})


def test_what_has_no_room_in_memory_is_counted(telemetry: Telemetry, stats: Stats) -> None:
    made = buffer(stats)
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


def test_a_batch_is_bounded_in_bytes_too(stats: Stats) -> None:
    made = buffer(stats)
    for _ in range(BATCH):
        made(PLAYED, {f"attribute{each}": "x" * 500 for each in range(20)}, None)
    assert len(made.take()) == pytest.approx(100, rel=0.1)
