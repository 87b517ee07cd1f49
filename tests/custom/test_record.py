"""Custom events: a right call is in history, and a wrong one is warned of once and breaks nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from argus_otel import record
from argus_otel.custom.events import MAX_EVENT_ATTRIBUTES, MAX_EVENTS
from argus_otel.telemetry import AttributeValue, Event
from argus_otel.telemetry.catalogue import HISTORY_DROPPED

from .conftest import Kept

Entries = list["tuple[str, dict[str, AttributeValue], float | None]"]


@pytest.fixture
def entries(kept: Kept) -> Iterator[Entries]:
    found: Entries = []

    def sink(
        event: Event,
        attributes: Mapping[str, AttributeValue],
        duration: float | None,
        event_id: str | None = None,
    ) -> None:
        found.append((event.name, dict(attributes), duration))

    kept.telemetry.history = sink
    yield found
    kept.telemetry.history = None


def test_an_event_has_what_it_was_given(entries: Entries) -> None:
    guild, user = SimpleNamespace(id=1102233445566778899), SimpleNamespace(id=3)
    record("song.played", guild=guild, channel="2", user=user, duration=2, title="So What", live=True, none=None)
    record("song.played")
    assert entries == [
        (
            "song.played",
            {
                "title": "So What",
                "live": True,
                "discord.guild.id": "1102233445566778899",
                "discord.channel.id": "2",
                "discord.user.id": "3",
            },
            2.0,
        ),
        ("song.played", {}, None),
    ]


def test_texts_are_bounded_and_without_secrets(kept: Kept, entries: Entries) -> None:
    kept.telemetry.redact.add_secret("hunter2")
    record("song.played", long="x" * 10_000, secret="it is hunter2", id=1102233445566778899)
    assert entries[0][1] == {"long": "x" * 500, "secret": "it is [redacted]", "id": "1102233445566778899"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (5, "the name has to be a str"),
        ("", "a name begins with a letter"),
        ("a b", "a name begins with a letter"),
        ("discord.command", "names that begin with 'discord.' are reserved"),
        ("argus.x", "names that begin with 'argus.' are reserved"),
        ("x" * 101, "more than 100 characters"),
    ],
)
def test_a_name_that_is_not_the_bots_is_refused_and_told_once(
    entries: Entries, caplog: pytest.LogCaptureFixture, name: Any, expected: str
) -> None:
    for _ in range(2):
        record(name)
    assert entries == []
    (line,) = caplog.records
    assert expected in line.getMessage()
    assert "Nothing is recorded" in line.getMessage()
    assert "test_record.py" in line.getMessage()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"guild": "Jazz lovers"}, "guild is an id"),
        ({"guild": 2**64}, "guild is an id"),
        ({"user": True}, "user is an id"),
        ({"channel": object()}, "channel is an id"),
        ({"duration": -1}, "the duration is a number of seconds"),
        ({"duration": "long"}, "the duration is a number of seconds"),
        ({"duration": float("nan")}, "the duration is a number of seconds"),
        ({"a": object()}, "an attribute is a str, a bool, an int"),
        ({"a": float("inf")}, "an attribute is a str, a bool, an int"),
        ({"discord.guild.id": "5"}, "argus-otel sets discord.guild.id itself"),
        ({"event.name": "x"}, "argus-otel sets event.name itself"),
        ({"a b": 1}, "an attribute's name begins with a letter"),
    ],
)
def test_what_is_wrong_is_left_out_and_the_rest_recorded(
    entries: Entries, caplog: pytest.LogCaptureFixture, given: Any, expected: str
) -> None:
    record("song.played", **{"kept": 1, **given})
    assert entries == [("song.played", {"kept": 1}, None)]
    (line,) = caplog.records
    assert expected in line.getMessage()


def test_there_are_limits(kept: Kept, entries: Entries, caplog: pytest.LogCaptureFixture) -> None:
    record("song.played", **{f"a{number}": number for number in range(MAX_EVENT_ATTRIBUTES + 5)})
    assert len(entries[0][1]) == MAX_EVENT_ATTRIBUTES
    for number in range(MAX_EVENTS + 10):
        record(f"song.number.{number}")
    assert len(entries) == MAX_EVENTS
    assert kept.telemetry.points(HISTORY_DROPPED) == [({"argus.history.drop.reason": "names"}, 11)]
    record("song.played")
    assert len(entries) == MAX_EVENTS + 1
    assert len(caplog.records) <= 20


def test_without_a_history_nothing_happens_and_nothing_is_complained_of(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    record("bad name", guild=object(), duration="x")
    assert caplog.records == []


def test_a_sink_that_fails_breaks_nothing(kept: Kept) -> None:
    def sink(*_: object) -> None:
        raise OSError("by hand")

    kept.telemetry.history = sink
    record("song.played")
    assert "custom telemetry" in kept.telemetry.guard.faults
    kept.telemetry.guard._faults.clear()
