from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator

import pytest

from argus_otel.telemetry import Check, Health, State


@pytest.fixture
def health(caplog: pytest.LogCaptureFixture) -> Health:
    caplog.set_level(logging.INFO)
    return Health()


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


# -- parts


@pytest.mark.parametrize("state", [State.FAILED, State.ABSENT])
def test_a_part_that_fails_is_warned_of_once_for_as_long_as_it_does(
    health: Health, caplog: pytest.LogCaptureFixture, state: State
) -> None:
    for attempt in range(3):
        health.report("exporter:traces otlp", state, f"try {attempt}")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "exporter:traces otlp" in caplog.text
    assert "try 0" in caplog.text
    assert health.parts()["exporter:traces otlp"].detail == "try 2"


def test_a_part_that_works_again_and_fails_again_is_warned_of_again(
    health: Health, caplog: pytest.LogCaptureFixture
) -> None:
    for state in (State.OK, State.FAILED, State.OK, State.OK, State.FAILED):
        health.report("part", state)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]


def test_a_part_that_is_off_or_works_from_the_start_is_not_worth_a_word(
    health: Health, caplog: pytest.LogCaptureFixture
) -> None:
    health.report("one", State.OK)
    health.report("two", State.OFF, "not asked for")
    assert caplog.records == []


def test_each_part_is_warned_of_for_itself(health: Health, caplog: pytest.LogCaptureFixture) -> None:
    health.report("one", State.FAILED)
    health.report("two", State.FAILED)
    assert len(caplog.records) == 2


def test_parts_are_found_and_forgotten_by_the_beginning_of_their_names(health: Health) -> None:
    for name in ("hook:rest", "hook:gateway", "endpoint"):
        health.report(name, State.OK)
    assert list(health.parts("hook:")) == ["hook:rest", "hook:gateway"]
    health.forget("hook:")
    assert list(health.parts()) == ["endpoint"]


def test_it_describes_itself_in_json(health: Health) -> None:
    health.report("endpoint", State.OK, "http://127.0.0.1:9464")
    health.add_section("shards", lambda: {"0": "up"})
    assert json.loads(json.dumps(health.describe())) == {
        "parts": {"endpoint": {"state": "ok", "detail": "http://127.0.0.1:9464"}},
        "shards": {"0": "up"},
    }


def test_sections_are_asked_anew_each_time(health: Health) -> None:
    facts = iter([1, 2])
    health.add_section("count", lambda: next(facts))
    assert [health.sections(), health.sections()] == [{"count": 1}, {"count": 2}]


# -- alive


def test_without_a_loop_it_is_alive(health: Health) -> None:
    assert health.alive(0.01)


def test_with_a_loop_that_turns_it_is_alive(health: Health, loop: asyncio.AbstractEventLoop) -> None:
    health.watch_loop(loop)
    assert health.alive(5.0)


def test_with_a_loop_that_is_blocked_it_is_not(health: Health, loop: asyncio.AbstractEventLoop) -> None:
    blocked, release = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        release.wait()

    health.watch_loop(loop)
    loop.call_soon_threadsafe(block)
    blocked.wait()
    began = time.monotonic()
    assert not health.alive(0.2)
    assert 0.2 <= time.monotonic() - began < 2.0
    release.set()
    assert health.alive(5.0)


def test_one_blocked_loop_of_two_is_enough_and_they_share_the_time(
    health: Health, loop: asyncio.AbstractEventLoop
) -> None:
    release = threading.Event()
    other = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: (other.call_soon(release.wait), other.run_forever(), other.close()))
    thread.start()
    health.watch_loop(loop)
    health.watch_loop(other)
    while not other.is_running():
        time.sleep(0.001)
    began = time.monotonic()
    assert not health.alive(0.2)
    assert time.monotonic() - began < 2.0
    release.set()
    other.call_soon_threadsafe(other.stop)
    thread.join()
    assert health.alive(5.0)


def test_a_loop_that_is_closed_is_asked_no_more(health: Health) -> None:
    loop = asyncio.new_event_loop()
    health.watch_loop(loop)
    loop.close()
    assert health.alive(0.01)


def test_a_loop_that_has_stopped_is_not_waited_for(health: Health) -> None:
    loop = asyncio.new_event_loop()
    health.watch_loop(loop)
    assert health.alive(0.01)
    loop.close()


def test_closed_loops_are_let_go(health: Health) -> None:
    for _ in range(100):
        loop = asyncio.new_event_loop()
        health.watch_loop(loop)
        loop.close()
    assert len(health._loops) == 1


def test_watching_a_loop_twice_asks_it_once(health: Health, loop: asyncio.AbstractEventLoop) -> None:
    health.watch_loop(loop)
    health.watch_loop(loop)
    assert health._loops == [loop]


# -- ready


def test_every_check_answers_once(health: Health) -> None:
    def check() -> list[Check]:
        return [Check("shard 0", ready=True), Check("shard 1", ready=False, detail="connecting")]

    health.add_readiness(check)
    health.add_readiness(check)
    assert [(answer.name, answer.ready) for answer in health.checks()] == [("shard 0", True), ("shard 1", False)]


def test_where_nothing_has_started_there_is_nothing_to_ask(health: Health) -> None:
    assert health.checks() == []
