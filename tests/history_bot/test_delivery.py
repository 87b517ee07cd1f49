"""Rows on their way to carriers that are away, refuse, hang and come back: each arrives once, or is counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import grpc
import pytest
from opentelemetry.sdk.resources import Resource

from argus_otel.history import delivery
from argus_otel.history.carriers.otlp import OtlpCarrier, attributes_of
from argus_otel.history.delivery import AwayError, Direct, RefusedError, Writer
from argus_otel.history.journal import LIMIT, Journal, users
from argus_otel.history.rows import COLUMNS, Row
from argus_otel.history.spool import Spool, encoded
from argus_otel.history.tally import Tally
from argus_otel.telemetry import Event, State, Telemetry
from argus_otel.telemetry.catalogue import HISTORY_EVENTS

from .conftest import Collector, dropped, hand_over, row, until

ROOM = 1 << 30
PLAYED = Event("song.played", "Recorded by the bot's own code.")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(delivery, "LONGEST_PAUSE", 0.2)


class Carrier:
    """A way of which the test says whether it is open."""

    where = "by hand"

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.away = False
        self.refuses: Callable[[Row], bool] = lambda _: False
        self.stuck: threading.Event | None = None
        self.calls = 0

    def carry(self, rows: Sequence[Row]) -> None:
        self.calls += 1
        if self.stuck is not None:
            self.stuck.wait(30)
        if self.away:
            raise AwayError("away by hand")
        if any(map(self.refuses, rows)):
            raise RefusedError("refused by hand")
        self.rows += rows

    def close(self) -> None:
        pass


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


def direct(carrier: Carrier, tmp_path: Path, tally: Tally, telemetry: Telemetry, limit: int = ROOM) -> Direct:
    return Direct(carrier, Spool(tmp_path / "spool", limit), tally, telemetry.guard)


def turned(made: Direct, condition: Callable[[], object]) -> None:
    """Take turns until something holds."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        made.turn()
        time.sleep(0.01)


def test_rows_go_at_once_while_the_carrier_takes_them(
    carrier: Carrier, tmp_path: Path, tally: Tally, telemetry: Telemetry
) -> None:
    made = direct(carrier, tmp_path, tally, telemetry)
    made.turn()
    hand_over(made, [row(1), row(2)])
    assert carrier.rows == [row(1), row(2)]
    assert not (tmp_path / "spool").exists()


def test_rows_wait_on_disk_while_it_is_away_and_go_in_order_when_it_is_back(
    carrier: Carrier, tmp_path: Path, tally: Tally, telemetry: Telemetry
) -> None:
    made = direct(carrier, tmp_path, tally, telemetry)
    made.turn()
    carrier.away = True
    for number in range(10):
        hand_over(made, [row(number)])
    assert carrier.calls == 1  # not once for each
    assert tally.describe()["last_error"] == "away by hand"
    assert telemetry.health.parts()["exporter:history test"].state is State.FAILED
    carrier.away = False
    hand_over(made, [row(10)])
    turned(made, lambda: len(carrier.rows) == 11)
    assert carrier.rows == [row(number) for number in range(11)]
    hand_over(made, [row(11)])
    assert carrier.rows[-1] == row(11)
    assert dropped(telemetry) == {}
    assert telemetry.health.parts()["exporter:history test"].state is State.OK
    assert not (tmp_path / "spool").exists()


def test_what_another_process_left_goes_first(
    carrier: Carrier, tmp_path: Path, tally: Tally, telemetry: Telemetry
) -> None:
    before = Spool(tmp_path / "spool", ROOM)
    before.append([row(1), row(2)])
    before.close()
    made = direct(carrier, tmp_path, tally, telemetry)
    made.turn()
    hand_over(made, [row(3)])
    assert carrier.rows == [row(1), row(2), row(3)]


def test_a_row_that_is_refused_costs_no_other(
    carrier: Carrier, tmp_path: Path, tally: Tally, telemetry: Telemetry
) -> None:
    made = direct(carrier, tmp_path, tally, telemetry)
    made.turn()
    carrier.refuses = lambda each: each.event == "bad"
    hand_over(made, [row(number, event="bad" if number in (3, 900) else "good") for number in range(1000)])
    assert carrier.rows == [row(number, event="good") for number in range(1000) if number not in (3, 900)]
    assert dropped(telemetry) == {"refused": 2}


def test_what_a_full_disk_has_no_room_for_is_counted_exactly(
    carrier: Carrier, tmp_path: Path, tally: Tally, telemetry: Telemetry
) -> None:
    size = len(encoded(row(100)))
    made = direct(carrier, tmp_path, tally, telemetry, limit=50 * size)
    made.turn()
    carrier.away = True
    for start in range(100, 180, 20):
        hand_over(made, [row(number) for number in range(start, start + 20)])
    assert dropped(telemetry) == {"spool_full": 30}
    assert "ARGUS_HISTORY_SPOOL_LIMIT" in str(tally.describe()["last_error"])
    carrier.away = False
    turned(made, lambda: len(carrier.rows) == 50)
    assert carrier.rows == [row(number) for number in range(100, 150)]


def test_without_a_disk_rows_wait_in_memory(carrier: Carrier, tally: Tally, telemetry: Telemetry) -> None:
    made = Direct(carrier, None, tally, telemetry.guard)
    carrier.away = True
    hand_over(made, [row(1)])
    assert (made.ready, made.waiting()) == (False, 1)
    carrier.away = False
    turned(made, lambda: carrier.rows == [row(1)])
    assert made.ready
    carrier.away = True
    hand_over(made, [row(2)])
    made.finish(time.monotonic())
    assert dropped(telemetry) == {"shutdown": 1}


def test_what_is_in_memory_at_the_end_is_delivered_in_batches(
    carrier: Carrier, tally: Tally, telemetry: Telemetry
) -> None:
    """As a Collector takes 4 MiB at once, and without a disk 10,000 events may wait in memory."""
    made = Direct(carrier, None, tally, telemetry.guard)
    made.accept([row(number) for number in range(2500)])
    made.finish(time.monotonic() + 60)
    assert carrier.calls == 3
    assert carrier.rows == [row(number) for number in range(2500)]
    assert dropped(telemetry) == {}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc, where nobody can make a directory")
def test_a_disk_that_fails_leaves_rows_in_memory(carrier: Carrier, tally: Tally, telemetry: Telemetry) -> None:
    made = direct(carrier, Path("/proc/argus-otel"), tally, telemetry)
    made.turn()
    carrier.away = True
    hand_over(made, [row(1)])
    assert (made.ready, made.waiting()) == (False, 1)
    carrier.away = False
    turned(made, lambda: carrier.rows == [row(1)])


def test_a_disk_that_turns_out_to_be_none_leaves_rows_in_memory(
    carrier: Carrier, tmp_path: Path, tally: Tally, telemetry: Telemetry
) -> None:
    made = direct(carrier, tmp_path, tally, telemetry)
    made.turn()
    carrier.away = True
    (tmp_path / "spool").write_text("no directory")
    hand_over(made, [row(1)])
    assert (made.ready, made.waiting()) == (False, 1)
    carrier.away = False
    turned(made, lambda: carrier.rows == [row(1)])
    assert made.ready


def test_an_end_while_the_carrier_hangs_leaves_everything_on_disk(
    carrier: Carrier, tmp_path: Path, tally: Tally, telemetry: Telemetry
) -> None:
    journal = Journal("bot", "", users("off", None), tally)
    made = direct(carrier, tmp_path, tally, telemetry)
    writer = Writer(journal, made, telemetry.guard, interval=0.01)
    carrier.stuck = threading.Event()
    writer.start()
    journal(PLAYED, {}, None)
    until(lambda: carrier.calls)
    journal(PLAYED, {}, None)
    began = time.monotonic()
    writer.end(0.5)
    assert time.monotonic() - began < 1
    left = [each for segment in Spool(tmp_path / "spool", ROOM).claim() for each in segment.rows]
    assert len(left) == 2
    assert dropped(telemetry) == {}
    carrier.stuck.set()


def test_the_writer_delivers_within_a_moment_and_at_the_end(
    carrier: Carrier, tmp_path: Path, tally: Tally, telemetry: Telemetry
) -> None:
    journal = Journal("bot", "", users("off", None), tally)
    writer = Writer(journal, direct(carrier, tmp_path, tally, telemetry), telemetry.guard, interval=0.05)
    writer.start()
    for _ in range(3000):
        journal(PLAYED, {}, None)
    until(lambda: len(carrier.rows) == 3000)
    assert carrier.calls < 20
    for _ in range(LIMIT // 2):
        journal(PLAYED, {}, None)
    writer.end(5)
    assert len(carrier.rows) == 3000 + LIMIT // 2
    assert len({each.event_id for each in carrier.rows}) == len(carrier.rows)
    assert telemetry.points(HISTORY_EVENTS) == [({"argus.history.event": "song.played"}, 3000 + LIMIT // 2)]
    assert not (tmp_path / "spool").exists()


# -- OTLP


@pytest.fixture
def otlp(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> OtlpCarrier:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    resource = Resource({"service.name": "bot", "discord.cluster.id": "1", "a": "b"})
    return OtlpCarrier("otlp_proto_grpc", resource)


def test_a_row_is_a_log_record_by_the_names_of_the_columns(otlp: OtlpCarrier, collector: Collector) -> None:
    full = Row(
        time=1_700_000_000_123_456,
        event="discord.command",
        event_id=row(1).event_id,
        service="bot",
        cluster="1",
        shard=0,
        guild_id=2**64 - 1,
        channel_id=5,
        user="u",
        command="play",
        type="slash",
        outcome="error",
        error="KeyError",
        duration=0.25,
        attributes={"title": "So What"},
    )
    otlp.carry([full, row(2, cluster="1")])
    first, second = collector.sent
    assert first.event == "discord.command"
    assert first.time == full.time * 1000
    assert first.scope == "argus_otel"
    assert first.resource == {"service.name": "bot", "discord.cluster.id": "1", "a": "b"}
    assert first.attributes == {
        "title": "So What",
        "event.name": "discord.command",
        "argus.history.id": full.event_id,
        "discord.shard.id": 0,
        "discord.guild.id": str(2**64 - 1),
        "discord.channel.id": "5",
        "discord.user.id": "u",
        "discord.command.name": "play",
        "discord.command.type": "slash",
        "discord.outcome": "error",
        "error.type": "KeyError",
        "argus.history.duration": 0.25,
    }
    assert second.attributes.keys() == {"event.name", "argus.history.id"}
    names = {column.attribute for column in COLUMNS if column.attribute} - {"service.name", "discord.cluster.id"}
    assert attributes_of(full).keys() == {*names, "title"}


def test_what_another_process_left_keeps_its_name(otlp: OtlpCarrier, collector: Collector) -> None:
    otlp.carry([row(1, cluster="1"), row(2, service="other"), row(3, cluster="7")])
    said = [(sent.resource["service.name"], sent.resource["discord.cluster.id"]) for sent in collector.sent]
    assert sorted(said) == [("bot", "1"), ("bot", "7"), ("other", "1")]


def test_a_collector_that_is_away_or_will_not_is_told_apart(
    otlp: OtlpCarrier, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.answer = grpc.StatusCode.PERMISSION_DENIED
    with pytest.raises(AwayError, match="PERMISSION_DENIED"):
        otlp.carry([row(1)])
    collector.answer = grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(RefusedError):
        otlp.carry([row(1)])
    collector.stop()
    with pytest.raises(AwayError, match=r"otlp_proto_grpc 127\.0\.0\.1:\d+ does not take events: .*UNAVAILABLE"):
        otlp.carry([row(1)])
    assert caplog.records == []  # the exporter's own lines would come at each attempt


def test_nothing_is_lost_or_doubled_while_a_collector_comes_and_goes(
    otlp: OtlpCarrier, collector: Collector, tmp_path: Path, tally: Tally, telemetry: Telemetry
) -> None:
    journal = Journal("bot", "1", users("off", None), tally)
    made = Direct(otlp, Spool(tmp_path / "spool", ROOM), tally, telemetry.guard)
    writer = Writer(journal, made, telemetry.guard, interval=0.02)
    writer.start()
    for number in range(6):
        for _ in range(200):
            journal(PLAYED, {}, None)
        until(lambda: not len(journal))
        if number % 2:
            collector.start()
        else:
            collector.stop()
    collector.refuses_event = "bad"
    journal(Event("bad", ""), {}, None)
    until(lambda: len(collector.ids) == 1200, 20)
    writer.end(5)
    assert len(collector.ids) == 1200
    assert dropped(telemetry) == {"refused": 1}
