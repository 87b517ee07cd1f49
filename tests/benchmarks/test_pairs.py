"""Pairs find a known cost, and no cost if there is none."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Iterator
from time import thread_time

import pytest

from benchmarks.pairs import BARE, CONTROL, WARM_UP, WITHOUT_LOOP, Variant, Work, compare
from benchmarks.results import Result


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    # Each round collects garbage, and would look at all that other tests have imported.
    gc.freeze()
    yield loop
    gc.unfreeze()
    loop.close()


def _burn(seconds: float) -> Work:
    async def work() -> int:
        end = thread_time() + seconds
        while thread_time() < end:
            pass
        return 10

    return work


@pytest.mark.skipif(sys.platform == "win32", reason="the clock of a thread ticks every 15 ms")
def test_a_known_cost_is_found_and_the_control_has_none(loop: asyncio.AbstractEventLoop) -> None:
    variants = [Variant(BARE, 0.002), Variant(CONTROL, 0.002), Variant("dearer", 0.003)]
    bare, control, dearer = compare(loop, _burn, variants, rounds=12)
    assert bare.added == 0.0
    assert bare.each == pytest.approx(200, rel=0.2)
    assert control.low <= 10  # µs of a piece: an interpreter in a thread that is interrupted can be late
    assert dearer.added == pytest.approx(100, abs=40)
    assert dearer.ratio == pytest.approx(0.5, abs=0.2)
    assert dearer.low <= dearer.added <= dearer.high


def test_every_variant_runs_as_often_in_changing_order_and_is_left_as_it_was(loop: asyncio.AbstractEventLoop) -> None:
    order: list[str] = []

    def variant(name: str) -> Variant[str]:
        return Variant(name, name, lambda: order.append(name), lambda: order.append(f"/{name}"))

    def prepare(name: str) -> Work:
        async def work() -> int:
            assert order[-1] == name
            return 1

        return work

    names = [BARE, CONTROL, "a", "b"]
    compare(loop, prepare, [variant(name) for name in names], rounds=10)
    entered = [name for name in order if not name.startswith("/")]
    assert {entered.count(name) for name in names} == {10 + 5 + 1}  # with the warm-up, and once to count records
    assert order[1::2] == [f"/{name}" for name in order[::2]]
    rounds = {tuple(entered[start : start + 4]) for start in range(0, 60, 4)}
    assert len(rounds) > 5


def test_what_is_recorded_is_told_for_each_piece(loop: asyncio.AbstractEventLoop) -> None:
    recorded = [0]

    def prepare(step: int) -> Work:
        async def work() -> int:
            recorded[0] += step
            return 4

        return work

    variants = [Variant(BARE, 0), Variant("x", 12, recorded=lambda: float(recorded[0]))]
    assert [result.records for result in compare(loop, prepare, variants, rounds=2)] == [0.0, 3.0]


def test_the_collector_rests_while_something_is_timed_and_goes_on_though_it_fails(
    loop: asyncio.AbstractEventLoop,
) -> None:
    seen: list[bool] = []

    def prepare(_: None) -> Work:
        async def work() -> int:
            seen.append(gc.isenabled())
            if len(seen) == 2:
                raise RuntimeError("a handler never ended")
            return 1

        return work

    with pytest.raises(RuntimeError):
        compare(loop, prepare, [Variant(BARE, None)], rounds=1)
    assert seen == [True, False]
    assert gc.isenabled()


def test_what_is_stopped_early_is_compared_by_the_rounds_that_there_were(loop: asyncio.AbstractEventLoop) -> None:
    def prepare(pieces: int) -> Work:
        async def work() -> int:
            return pieces

        return work

    def compared(rounds: int) -> list[Result]:
        return compare(loop, prepare, [Variant(BARE, 1), Variant("x", 1)], 100, count=lambda _: range(rounds))

    assert compared(WARM_UP) == []
    assert [len(result.differences) for result in compared(WARM_UP + 3)] == [3, 3]


def test_work_without_an_event_loop_is_run_without_one_and_awaits_nothing() -> None:
    def prepare(pause: bool) -> Work:
        async def work() -> int:
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            if pause:
                await asyncio.sleep(0)
            return 1

        return work

    assert len(compare(WITHOUT_LOOP, prepare, [Variant(BARE, False)], rounds=1)) == 1
    with pytest.raises(RuntimeError, match="await nothing"):
        compare(WITHOUT_LOOP, prepare, [Variant(BARE, True)], rounds=1)


def test_another_clock_is_read_around_the_work_alone() -> None:
    ticks = [0]

    def prepare(step: int) -> Work:
        async def work() -> int:
            ticks[0] += step
            return 2

        return work

    def enter() -> None:
        ticks[0] += 1000

    variants = [Variant(BARE, 4), Variant("x", 10, enter)]
    _, dearer = compare(WITHOUT_LOOP, prepare, variants, rounds=2, clock=lambda: float(ticks[0]))
    assert (dearer.each, dearer.added) == (5e6, 3e6)  # microseconds for each of two pieces
