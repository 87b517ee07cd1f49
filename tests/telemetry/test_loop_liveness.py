from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from argus_otel.telemetry.loop_liveness import LoopLiveness


@pytest.fixture
def liveness() -> LoopLiveness:
    return LoopLiveness()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    while not loop.is_running():
        time.sleep(0.001)
    yield loop
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def alive(liveness: LoopLiveness, timeout: float) -> bool:
    return all(answer.ready for answer in liveness.check(timeout))


def test_without_a_loop_it_is_alive(liveness: LoopLiveness) -> None:
    assert alive(liveness, 0.01)


def test_with_a_loop_that_turns_it_is_alive(liveness: LoopLiveness, loop: asyncio.AbstractEventLoop) -> None:
    liveness.register(loop)
    assert alive(liveness, 5.0)


def test_with_a_loop_that_is_blocked_it_is_not(liveness: LoopLiveness, loop: asyncio.AbstractEventLoop) -> None:
    blocked, release = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        release.wait()

    liveness.register(loop)
    loop.call_soon_threadsafe(block)
    blocked.wait()
    began = time.monotonic()
    assert not alive(liveness, 0.2)
    assert 0.2 <= time.monotonic() - began < 2.0
    release.set()
    assert alive(liveness, 5.0)


def test_one_blocked_loop_of_two_is_enough_and_they_share_the_time(
    liveness: LoopLiveness, loop: asyncio.AbstractEventLoop
) -> None:
    release = threading.Event()
    other = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: (other.call_soon(release.wait), other.run_forever(), other.close()))
    thread.start()
    liveness.register(loop)
    liveness.register(other)
    while not other.is_running():
        time.sleep(0.001)
    began = time.monotonic()
    assert not alive(liveness, 0.2)
    assert time.monotonic() - began < 2.0
    release.set()
    other.call_soon_threadsafe(other.stop)
    thread.join()
    assert alive(liveness, 5.0)


def test_a_loop_that_is_closed_is_asked_no_more(liveness: LoopLiveness) -> None:
    loop = asyncio.new_event_loop()
    liveness.register(loop)
    loop.close()
    assert alive(liveness, 0.01)


def test_a_loop_that_has_stopped_is_not_waited_for(liveness: LoopLiveness) -> None:
    loop = asyncio.new_event_loop()
    liveness.register(loop)
    assert alive(liveness, 0.01)
    loop.close()


def test_closed_loops_are_let_go(liveness: LoopLiveness) -> None:
    for _ in range(100):
        loop = asyncio.new_event_loop()
        liveness.register(loop)
        loop.close()
    assert len(liveness._loops) == 1


def test_watching_a_loop_twice_asks_it_once(liveness: LoopLiveness, loop: asyncio.AbstractEventLoop) -> None:
    liveness.register(loop)
    liveness.register(loop)
    assert liveness._loops == [loop]
