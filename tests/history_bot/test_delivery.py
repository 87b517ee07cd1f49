"""Rows on their way to carriers that are away, refuse, hang and come back: each arrives once, or is counted."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import grpc
import pytest
from opentelemetry.sdk.resources import Resource

from argus_otel.history.record import backoff
from argus_otel.history.record.buffer import LIMIT, EventBuffer
from argus_otel.history.record.codec import encoded
from argus_otel.history.record.delivery import DestinationUnavailable, DirectDelivery, RowsRejected
from argus_otel.history.record.exporters.otlp import OtlpExporter
from argus_otel.history.record.flush_thread import FlushThread
from argus_otel.history.record.spool import Spool
from argus_otel.history.record.stats import Stats
from argus_otel.history.row import Row
from argus_otel.otel.event_logs import EventLogSender
from argus_otel.telemetry import Event, State, Telemetry
from argus_otel.telemetry.catalogue import HISTORY_EVENTS

from .conftest import Collector, dropped, hand_over, row, until

ROOM = 1 << 30
PLAYED = Event("song.played", "Recorded by the bot's own code.")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_DELAY", 0.05)
    monkeypatch.setattr(backoff, "LONGEST_DELAY", 0.2)


class Destination:
    """An exporter whose destination the test makes unavailable, slow or choosy."""

    destination = "by hand"

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.away = False
        self.refuses: Callable[[Row], bool] = lambda _: False
        self.stuck: threading.Event | None = None
        self.calls = 0

    def export(self, rows: Sequence[Row]) -> None:
        self.calls += 1
        if self.stuck is not None:
            self.stuck.wait(30)
        if self.away:
            raise DestinationUnavailable("away by hand")
        if any(map(self.refuses, rows)):
            raise RowsRejected("refused by hand")
        self.rows += rows

    def close(self) -> None:
        pass


@pytest.fixture
def destination() -> Destination:
    return Destination()


def direct(
    destination: Destination, tmp_path: Path, stats: Stats, telemetry: Telemetry, limit: int = ROOM
) -> DirectDelivery:
    return DirectDelivery(destination, Spool(tmp_path / "spool", limit), stats, telemetry.guard)


def turned(made: DirectDelivery, condition: Callable[[], object]) -> None:
    """Take turns until something holds."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        made.tick()
        time.sleep(0.01)


def test_rows_go_at_once_while_the_carrier_takes_them(
    destination: Destination, tmp_path: Path, stats: Stats, telemetry: Telemetry
) -> None:
    made = direct(destination, tmp_path, stats, telemetry)
    made.tick()
    hand_over(made, [row(1), row(2)])
    assert destination.rows == [row(1), row(2)]
    assert not (tmp_path / "spool").exists()


def test_rows_wait_on_disk_while_it_is_away_and_go_in_order_when_it_is_back(
    destination: Destination, tmp_path: Path, stats: Stats, telemetry: Telemetry
) -> None:
    made = direct(destination, tmp_path, stats, telemetry)
    made.tick()
    destination.away = True
    for number in range(10):
        hand_over(made, [row(number)])
    assert destination.calls == 1  # not once for each
    assert stats.describe()["last_error"] == "away by hand"
    assert telemetry.health.parts()["exporter:history test"].state is State.FAILED
    destination.away = False
    hand_over(made, [row(10)])
    turned(made, lambda: len(destination.rows) == 11)
    assert destination.rows == [row(number) for number in range(11)]
    hand_over(made, [row(11)])
    assert destination.rows[-1] == row(11)
    assert dropped(telemetry) == {}
    assert telemetry.health.parts()["exporter:history test"].state is State.OK
    assert not (tmp_path / "spool").exists()


def test_what_another_process_left_goes_first(
    destination: Destination, tmp_path: Path, stats: Stats, telemetry: Telemetry
) -> None:
    before = Spool(tmp_path / "spool", ROOM)
    before.append([row(1), row(2)])
    before.close()
    made = direct(destination, tmp_path, stats, telemetry)
    made.tick()
    hand_over(made, [row(3)])
    assert destination.rows == [row(1), row(2), row(3)]


def test_a_row_that_is_refused_costs_no_other(
    destination: Destination, tmp_path: Path, stats: Stats, telemetry: Telemetry
) -> None:
    made = direct(destination, tmp_path, stats, telemetry)
    made.tick()
    destination.refuses = lambda each: each.event == "bad"
    hand_over(made, [row(number, event="bad" if number in (3, 900) else "good") for number in range(1000)])
    assert destination.rows == [row(number, event="good") for number in range(1000) if number not in (3, 900)]
    assert dropped(telemetry) == {"refused": 2}


def test_what_a_full_disk_has_no_room_for_is_counted_exactly(
    destination: Destination, tmp_path: Path, stats: Stats, telemetry: Telemetry
) -> None:
    size = len(encoded(row(100)))
    made = direct(destination, tmp_path, stats, telemetry, limit=50 * size)
    made.tick()
    destination.away = True
    for start in range(100, 180, 20):
        hand_over(made, [row(number) for number in range(start, start + 20)])
    assert dropped(telemetry) == {"spool_full": 30}
    assert "ARGUS_HISTORY_SPOOL_LIMIT" in str(stats.describe()["last_error"])
    destination.away = False
    turned(made, lambda: len(destination.rows) == 50)
    assert destination.rows == [row(number) for number in range(100, 150)]


def test_without_a_disk_rows_wait_in_memory(destination: Destination, stats: Stats, telemetry: Telemetry) -> None:
    made = DirectDelivery(destination, None, stats, telemetry.guard)
    destination.away = True
    hand_over(made, [row(1)])
    assert (made.ready, made.pending()) == (False, 1)
    destination.away = False
    turned(made, lambda: destination.rows == [row(1)])
    assert made.ready
    destination.away = True
    hand_over(made, [row(2)])
    made.finish(time.monotonic())
    assert dropped(telemetry) == {"shutdown": 1}


def test_what_is_in_memory_at_the_end_is_delivered_in_batches(
    destination: Destination, stats: Stats, telemetry: Telemetry
) -> None:
    """As a Collector takes 4 MiB at once, and without a disk 10,000 events may wait in memory."""
    made = DirectDelivery(destination, None, stats, telemetry.guard)
    made.accept([row(number) for number in range(2500)])
    made.finish(time.monotonic() + 60)
    assert destination.calls == 3
    assert destination.rows == [row(number) for number in range(2500)]
    assert dropped(telemetry) == {}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc, where nobody can make a directory")
def test_a_disk_that_fails_leaves_rows_in_memory(destination: Destination, stats: Stats, telemetry: Telemetry) -> None:
    made = direct(destination, Path("/proc/argus-otel"), stats, telemetry)
    made.tick()
    destination.away = True
    hand_over(made, [row(1)])
    assert (made.ready, made.pending()) == (False, 1)
    destination.away = False
    turned(made, lambda: destination.rows == [row(1)])


def test_a_disk_that_turns_out_to_be_none_leaves_rows_in_memory(
    destination: Destination, tmp_path: Path, stats: Stats, telemetry: Telemetry
) -> None:
    made = direct(destination, tmp_path, stats, telemetry)
    made.tick()
    destination.away = True
    (tmp_path / "spool").write_text("no directory")
    hand_over(made, [row(1)])
    assert (made.ready, made.pending()) == (False, 1)
    destination.away = False
    turned(made, lambda: destination.rows == [row(1)])
    assert made.ready


def test_an_end_while_the_carrier_hangs_leaves_everything_on_disk(
    destination: Destination, tmp_path: Path, stats: Stats, telemetry: Telemetry
) -> None:
    buffer = EventBuffer("bot", {}, (), str, stats)
    made = direct(destination, tmp_path, stats, telemetry)
    thread = FlushThread(buffer, made, telemetry.guard, interval=0.01)
    destination.stuck = threading.Event()
    thread.start()
    buffer(PLAYED, {}, None)
    until(lambda: destination.calls)
    buffer(PLAYED, {}, None)
    began = time.monotonic()
    thread.end(0.5)
    assert time.monotonic() - began < 1
    left = [each for segment in Spool(tmp_path / "spool", ROOM).claim() for each in segment.rows]
    assert len(left) == 2
    assert dropped(telemetry) == {}
    destination.stuck.set()


def test_while_the_carrier_hangs_rows_are_saved_on_disk_and_go_once_it_answers(
    destination: Destination, tmp_path: Path, stats: Stats, telemetry: Telemetry
) -> None:
    buffer = EventBuffer("bot", {}, (), str, stats)
    made = direct(destination, tmp_path, stats, telemetry)
    thread = FlushThread(buffer, made, telemetry.guard, interval=0.1)
    destination.stuck = threading.Event()
    thread.start()
    buffer(PLAYED, {}, None)
    until(lambda: destination.calls)
    for _ in range(LIMIT + 500):  # more than there is room for in memory
        buffer(PLAYED, {}, None)
        if len(buffer) == LIMIT // 2:
            until(lambda: len(buffer) == 0)
    until(lambda: len(buffer) == 0 and made.pending() == 1)  # what is on its way, of which there is a copy
    assert Spool(tmp_path / "spool", ROOM).waiting() == LIMIT + 501
    destination.stuck.set()
    destination.stuck = None
    until(lambda: len({each.event_id for each in destination.rows}) == LIMIT + 501)
    until(lambda: not (tmp_path / "spool").exists())
    buffer(PLAYED, {}, None)
    thread.end(5)
    assert len({each.event_id for each in destination.rows}) == len(destination.rows) == LIMIT + 502
    assert dropped(telemetry) == {}


@pytest.mark.parametrize("takes", [60.0, 0.4, 0.25], ids=["hangs", "is slow", "is slower than usual"])
def test_a_process_that_is_killed_while_the_carrier_delivers_loses_nothing_older_than_a_second(
    tmp_path: Path, takes: float
) -> None:
    program = """
import sys, threading, time
from pathlib import Path
from argus_otel.history.record.buffer import EventBuffer
from argus_otel.history.record.delivery import DirectDelivery
from argus_otel.history.record.flush_thread import FlushThread
from argus_otel.history.record.spool import Spool
from argus_otel.history.record.stats import Stats
from argus_otel.telemetry import Event, Telemetry

class Slow:
    destination = "nowhere"
    def export(self, rows):
        time.sleep(float(sys.argv[2]))
        with open(sys.argv[3], "a") as file:
            file.writelines(f"{row.attributes['number']}\\n" for row in rows)
    def close(self):
        pass

telemetry = Telemetry()
stats = Stats(telemetry, "exporter:history test")
buffer = EventBuffer("train", {}, (), str, stats)
delivery = DirectDelivery(Slow(), Spool(Path(sys.argv[1]), 1 << 30), stats, telemetry.guard)
FlushThread(buffer, delivery, telemetry.guard).start()
event = Event("training.points", "Values.")
for number in range(10**6):
    print(number, time.monotonic(), flush=True)
    buffer(event, {"number": number}, None)
    time.sleep(0.01)
"""
    arrived = tmp_path / "arrived"
    arrived.touch()
    command = [sys.executable, "-c", program, str(tmp_path / "spool"), str(takes), str(arrived)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        time.sleep(3.5)
        killed = time.monotonic()
        process.kill()
        assert process.stdout is not None
        told = dict(map(str.split, process.stdout.read().splitlines()[:-1]))
    kept = {each.attributes["number"] for segment in Spool(tmp_path / "spool", ROOM).claim() for each in segment.rows}
    kept |= {int(number) for number in arrived.read_text().splitlines()}
    older = {int(number) for number, at in told.items() if float(at) < killed - 1}
    assert len(older) > 100
    assert older <= kept


def test_the_flush_thread_delivers_within_a_moment_and_at_the_end(
    destination: Destination, tmp_path: Path, stats: Stats, telemetry: Telemetry
) -> None:
    buffer = EventBuffer("bot", {}, (), str, stats)
    thread = FlushThread(buffer, direct(destination, tmp_path, stats, telemetry), telemetry.guard, interval=0.05)
    thread.start()
    for _ in range(3000):
        buffer(PLAYED, {}, None)
    until(lambda: len(destination.rows) == 3000)
    assert destination.calls < 20
    for _ in range(LIMIT // 2):
        buffer(PLAYED, {}, None)
    thread.end(5)
    assert len(destination.rows) == 3000 + LIMIT // 2
    assert len({each.event_id for each in destination.rows}) == len(destination.rows)
    assert telemetry.points(HISTORY_EVENTS) == [({"argus.history.event": "song.played"}, 3000 + LIMIT // 2)]
    assert not (tmp_path / "spool").exists()


# -- OTLP


@pytest.fixture
def otlp(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> OtlpExporter:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    resource = Resource({"service.name": "bot", "discord.cluster.id": "1", "a": "b"})
    return OtlpExporter(EventLogSender("otlp_proto_grpc", resource))


def test_a_row_is_a_log_record_with_its_attributes(otlp: OtlpExporter, collector: Collector) -> None:
    attributes = {"discord.shard.id": 0, "discord.guild.id": str(2**64 - 1), "title": "So What", "live": True}
    full = Row(
        time=1_700_000_000_123_456,
        event="discord.command",
        event_id=row(1).event_id,
        service="bot",
        resource={"discord.cluster.id": "1"},
        duration=0.25,
        attributes=attributes,
    )
    otlp.export([full, row(2, resource={"discord.cluster.id": "1"})])
    first, second = collector.sent
    assert first.event == "discord.command"
    assert first.time == full.time * 1000
    assert first.scope == "argus_otel"
    assert first.resource == {"service.name": "bot", "discord.cluster.id": "1", "a": "b"}
    assert first.attributes == {
        **attributes,
        "event.name": "discord.command",
        "argus.history.id": full.event_id,
        "argus.history.duration": 0.25,
    }
    assert second.attributes.keys() == {"event.name", "argus.history.id"}


def test_what_another_process_left_keeps_its_name(otlp: OtlpExporter, collector: Collector) -> None:
    otlp.export(
        [
            row(1, resource={"discord.cluster.id": "1"}),
            row(2, service="other"),
            row(3, resource={"discord.cluster.id": "7"}),
        ]
    )
    said = [(sent.resource["service.name"], sent.resource["discord.cluster.id"]) for sent in collector.sent]
    assert sorted(said) == [("bot", "1"), ("bot", "7"), ("other", "1")]


def test_a_collector_that_is_away_or_will_not_is_told_apart(
    otlp: OtlpExporter, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.answer = grpc.StatusCode.PERMISSION_DENIED
    with pytest.raises(DestinationUnavailable, match="PERMISSION_DENIED"):
        otlp.export([row(1)])
    collector.answer = grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(RowsRejected):
        otlp.export([row(1)])
    collector.stop()
    with pytest.raises(
        DestinationUnavailable, match=r"otlp_proto_grpc 127\.0\.0\.1:\d+ does not accept events: .*UNAVAILABLE"
    ):
        otlp.export([row(1)])
    assert caplog.records == []  # the exporter's own lines would come at each attempt


def test_nothing_is_lost_or_doubled_while_a_collector_comes_and_goes(
    otlp: OtlpExporter, collector: Collector, tmp_path: Path, stats: Stats, telemetry: Telemetry
) -> None:
    buffer = EventBuffer("bot", {"discord.cluster.id": "1"}, (), str, stats)
    made = DirectDelivery(otlp, Spool(tmp_path / "spool", ROOM), stats, telemetry.guard)
    thread = FlushThread(buffer, made, telemetry.guard, interval=0.02)
    thread.start()
    for number in range(6):
        for _ in range(200):
            buffer(PLAYED, {}, None)
        until(lambda: not len(buffer))
        if number % 2:
            collector.start()
        else:
            collector.stop()
    collector.refuses_event = "bad"
    buffer(Event("bad", ""), {}, None)
    until(lambda: len(collector.ids) == 1200, 20)
    thread.end(5)
    assert len(collector.ids) == 1200
    assert dropped(telemetry) == {"refused": 1}
