from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref

import pytest

from argus_otel.sources.process.catalogue import LOOP_LAG, TASKS, UPTIME
from argus_otel.sources.process.loops import PERIOD
from argus_otel.telemetry import HistogramCell
from argus_otel.testing import until_async

from .conftest import Observe, Observed


def lag(observed: Observed) -> HistogramCell:
    return observed.telemetry.histogram(LOOP_LAG)[()]


def ticks(observed: Observed) -> int:
    return sum(lag(observed).counts)


def find(observed: Observed) -> None:
    observed.telemetry.register_loop(asyncio.get_running_loop())


@pytest.mark.alone
def test_a_loop_ticks_four_times_a_second_however_often_it_is_found(observe: Observe) -> None:
    observed = observe()

    async def main() -> None:
        for _ in range(5):
            find(observed)
        await asyncio.sleep(6 * PERIOD)

    asyncio.run(main())
    assert 3 <= ticks(observed) <= 6


@pytest.mark.alone
def test_a_blocked_loop_is_late_by_as_much(observe: Observe) -> None:
    observed = observe()

    async def main() -> None:
        find(observed)
        await until_async(lambda: ticks(observed))
        before = lag(observed).sum
        time.sleep(2)
        await asyncio.sleep(0)
        await until_async(lambda: lag(observed).sum > before + 1)
        assert 2 - PERIOD - 0.05 <= lag(observed).sum - before <= 3
        long = sum(lag(observed).counts[lag(observed).boundaries.index(1.0) + 1 :])
        assert long == 1

    asyncio.run(main())


def test_tasks_are_counted_over_all_loops(observe: Observe) -> None:
    observed = observe()
    release, counted = threading.Event(), threading.Barrier(3)

    async def main(tasks: int) -> None:
        find(observed)
        sleeping = [asyncio.create_task(asyncio.sleep(60)) for _ in range(tasks)]
        await asyncio.sleep(1.5)
        await asyncio.to_thread(counted.wait, 10)
        while not release.is_set():
            await asyncio.sleep(0.01)
        for task in sleeping:
            task.cancel()

    threads = [threading.Thread(target=lambda n=n: asyncio.run(main(n))) for n in (4, 7)]
    for thread in threads:
        thread.start()
    counted.wait(10)
    assert observed.values(TASKS) == {(): 4 + 7 + 2}
    release.set()
    for thread in threads:
        thread.join(10)
    assert observed.values(TASKS) == {}


def test_ended_tasks_are_not_counted(observe: Observe) -> None:
    observed = observe()

    async def main() -> None:
        find(observed)
        ended = [asyncio.create_task(asyncio.sleep(0)) for _ in range(9)]
        await asyncio.gather(*ended)
        await asyncio.sleep(1.5)
        assert observed.values(TASKS) == {(): 1}

    asyncio.run(main())


@pytest.mark.alone
def test_a_loop_is_neither_kept_running_nor_alive(observe: Observe) -> None:
    observed = observe()
    loop = asyncio.new_event_loop()

    async def main() -> None:
        # Not through the hub, whose liveness keeps the latest loop.
        observed.source._loops._registered(asyncio.get_running_loop())

    started = time.monotonic()
    loop.run_until_complete(main())
    loop.close()
    assert time.monotonic() - started < PERIOD
    gone = weakref.ref(loop)
    del loop
    gc.collect()
    assert gone() is None
    assert observed.source._loops.watches() == []


def test_programs_may_run_one_after_another(observe: Observe) -> None:
    observed = observe()

    async def main() -> None:
        before = ticks(observed)
        find(observed)
        await until_async(lambda: ticks(observed) >= before + 2)

    for _ in range(3):
        asyncio.run(main())
    assert len(observed.source._loops._watches) == 1


@pytest.mark.alone
def test_time_in_which_a_loop_does_not_run_is_no_lag(observe: Observe) -> None:
    observed = observe(10.0)
    loop = asyncio.new_event_loop()

    async def main() -> None:
        find(observed)
        await asyncio.sleep(2 * PERIOD)

    try:
        loop.run_until_complete(main())
        time.sleep(1.5)
        loop.run_until_complete(main())
    finally:
        loop.close()
    assert lag(observed).sum < 0.75


@pytest.mark.alone
def test_nothing_ticks_after_uninstalling_and_it_goes_on_after_installing_again(observe: Observe) -> None:
    observed = observe()

    async def main() -> None:
        find(observed)
        await until_async(lambda: ticks(observed) >= 1)
        observed.source.uninstall()
        before = ticks(observed)
        await asyncio.sleep(3 * PERIOD)
        assert ticks(observed) == before
        assert observed.values(TASKS) == {}
        assert observed.values(UPTIME) == {}
        observed.source.start()  # the loop is not registered again
        observed.source.install()
        observed.source.start()
        await asyncio.sleep(0)
        await asyncio.sleep(4.5 * PERIOD)
        assert 3 <= ticks(observed) - before <= 4

    asyncio.run(main())


def test_a_loop_that_is_found_while_nobody_observes_is_watched_later(observe: Observe) -> None:
    observed = observe()
    observed.source.uninstall()

    async def main() -> None:
        find(observed)
        await asyncio.sleep(2 * PERIOD)
        assert ticks(observed) == 0
        await asyncio.to_thread(observed.source.start)
        await until_async(lambda: ticks(observed) >= 2)

    asyncio.run(main())


def test_a_fault_in_a_tick_does_not_end_the_ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    observed = Observed(0.0)
    try:

        async def main() -> None:
            find(observed)
            with monkeypatch.context() as patched:
                patched.setattr(asyncio, "all_tasks", lambda _: 1 / 0)
                await until_async(lambda: observed.telemetry.guard.faults)
            before = ticks(observed)
            await until_async(lambda: ticks(observed) >= before + 2)

        asyncio.run(main())
        assert observed.telemetry.guard.faults == {"event loops": "ZeroDivisionError: division by zero"}
    finally:
        observed.source.uninstall()


@pytest.mark.alone
def test_the_process_has_an_age(observe: Observe) -> None:
    observed = observe()
    before = observed.values(UPTIME)[()]
    time.sleep(0.1)
    assert 0.1 <= observed.values(UPTIME)[()] - before < 1
