"""Each thread that counts has a cell."""

from __future__ import annotations

import threading

from argus_otel.telemetry import THREAD, CounterCell, InstrumentKind, Metric, Telemetry, ThreadCells

PACKETS = Metric("test.packets", InstrumentKind.COUNTER, "{packet}", "Packets.")


def in_threads(number: int, work: object) -> None:
    threads = [threading.Thread(target=work) for _ in range(number)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_that_count_at_once_lose_nothing_and_share_no_cell() -> None:
    telemetry = Telemetry()
    cells = ThreadCells(telemetry.counter(PACKETS, key=(THREAD,)))
    together = threading.Barrier(8)
    had: list[CounterCell] = []

    def work() -> None:
        had.append(cells.current)
        together.wait()
        for _ in range(10_000):
            cells.current.value += 1
        together.wait()

    in_threads(8, work)
    assert len({id(cell) for cell in had}) == 8
    assert telemetry.points(PACKETS) == [({}, 80_000)]


def test_a_thread_has_one_cell_for_as_long_as_it_lives() -> None:
    cells = ThreadCells(Telemetry().counter(PACKETS, key=(THREAD,)))
    assert cells.current is cells.current


def test_threads_that_come_one_after_another_need_one_cell() -> None:
    telemetry = Telemetry()
    counter = telemetry.counter(PACKETS, key=(THREAD,))
    cells = ThreadCells(counter)

    def work() -> None:
        cells.current.value += 1

    for _ in range(100):
        in_threads(1, work)
    # One is this thread's own. A thread's locals are freed after join() may have returned.
    assert len(counter) <= 4
    assert telemetry.points(PACKETS) == [({}, 100)]
