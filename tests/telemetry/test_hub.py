from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from argus_otel.telemetry import Attribute, Event, InstrumentKind, Metric, PartError, SpanRef, State, Telemetry
from argus_otel.telemetry.catalogue import ATTRIBUTE_OVERFLOW, HOOK_ERRORS

COMMAND = Attribute("command", "m", cardinality_limit=5)
EVENT = Attribute("event", "m", cardinality_limit=10_000)
COUNTS = Metric("counts", InstrumentKind.COUNTER, "1", "m", (EVENT,))
CAPPED = Metric("capped", InstrumentKind.COUNTER, "1", "m", (COMMAND,))
TIMES = Metric("times", InstrumentKind.HISTOGRAM, "s", "m", (EVENT,), (0.5, 1.0))


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


def test_overflow_is_counted_by_attribute(telemetry: Telemetry) -> None:
    cells = telemetry.counter(CAPPED)
    for number in range(12):
        cells[f"c{number}"].value += 1
    assert telemetry.points(ATTRIBUTE_OVERFLOW) == [({"argus.attribute": "command"}, 7)]


def test_the_overflow_counters_own_overflow_is_an_end_of_it(telemetry: Telemetry) -> None:
    for number in range(300):
        attribute = Attribute(f"a{number}", "m", values=("x",))
        telemetry.counter(Metric(f"m{number}", InstrumentKind.COUNTER, "1", "m", (attribute,)))["y"].value += 1
    points = telemetry.points(ATTRIBUTE_OVERFLOW)
    assert len(points) == 101
    assert sum(value for _, value in points) == 300


def test_faults_of_more_hooks_than_can_be_told_apart_are_counted_all_the_same(telemetry: Telemetry) -> None:
    for number in range(300):
        telemetry.guard.record_fault(f"hook {number}", ValueError())
    points = telemetry.points(HOOK_ERRORS)
    assert len(points) == 101
    assert sum(value for _, value in points) == 300


def test_every_sink_is_told_of_an_event_once(telemetry: Telemetry) -> None:
    told: list[tuple[object, ...]] = []

    def sink(*event: object) -> None:
        told.append(event)

    telemetry.add_event_sink(sink)
    telemetry.add_event_sink(sink)
    joined = Event("guild.joined", "A guild was joined.")
    telemetry.emit(joined, {"guild": 1})
    assert told == [(joined, {"guild": 1}, None)]
    span = SpanRef(1, 2)
    telemetry.emit(joined, {"guild": 2}, span)
    assert told[1:] == [(joined, {"guild": 2}, span)]


def test_without_a_sink_an_event_goes_nowhere(telemetry: Telemetry) -> None:
    telemetry.emit(Event("e", "m"), {})


def test_nothing_is_traced_before_a_bridge_comes(telemetry: Telemetry) -> None:
    assert telemetry.tracing is None
    assert telemetry.suppress_http_instrumentation is None
    telemetry.on_program_start()


def test_a_part_that_cannot_start_is_reported_and_nothing_is_raised(telemetry: Telemetry) -> None:
    telemetry.redact.add_secret("hunter2")

    def start() -> None:
        raise PartError("cannot log in with hunter2")

    assert telemetry.attempt("endpoint", start) is None
    part = telemetry.health.parts()["endpoint"]
    assert (part.state, part.detail) == (State.FAILED, "cannot log in with [redacted]")


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads switch as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hurried")
def test_one_thread_writes_new_keys_while_another_collects_and_nothing_is_lost(telemetry: Telemetry) -> None:
    counts, times = telemetry.counter(COUNTS), telemetry.histogram(TIMES)
    writes = 30_000
    failures: list[BaseException] = []
    written = threading.Event()

    def write() -> None:
        try:
            for number in range(writes):
                key = f"E{number % 1000}"
                counts[key].value += 1
                times[key].record(0.75)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            written.set()

    thread = threading.Thread(target=write)
    thread.start()
    seen = 0.0
    collections = 0
    while collections < 1000 or not written.is_set():
        total = sum(value for _, value in telemetry.points(COUNTS))
        assert total >= seen
        seen = total
        assert sum(sum(cell.counts) for _, cell in times.rows()) <= writes
        collections += 1
    thread.join()
    assert not failures
    assert sum(value for _, value in telemetry.points(COUNTS)) == writes
    assert sum(sum(cell.counts) for _, cell in times.rows()) == writes
    assert sum(cell.sum for _, cell in times.rows()) == writes * 0.75


@pytest.mark.usefixtures("hurried")
def test_threads_that_meet_at_a_new_key_get_one_cell(telemetry: Telemetry) -> None:
    counts = telemetry.counter(COUNTS)
    got: list[set[int]] = []
    for number in range(50):
        cells: set[int] = set()
        together = threading.Barrier(4)

        def ask(key: str = f"E{number}", cells: set[int] = cells, together: threading.Barrier = together) -> None:
            together.wait()
            cells.add(id(counts[key]))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        got.append(cells)
    assert all(len(cells) == 1 for cells in got)
    assert len(telemetry.points(COUNTS)) == 50
