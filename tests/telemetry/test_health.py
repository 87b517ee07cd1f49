from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest

from argus_otel.telemetry import Check, Health, State


@pytest.fixture
def health(caplog: pytest.LogCaptureFixture) -> Health:
    caplog.set_level(logging.INFO)
    return Health()


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


# -- liveness


def test_without_a_source_it_is_alive(health: Health) -> None:
    assert health.alive(0.01)


def test_every_source_has_a_say_and_the_time_to_find_out(health: Health) -> None:
    asked: list[float] = []
    answers = [[Check("graph", True)], [Check("fit", True), Check("fit", False, "no step for 60 s")]]

    def source(answer: list[Check]) -> Callable[[float], list[Check]]:
        def check(timeout: float) -> list[Check]:
            asked.append(timeout)
            return answer

        return check

    for answer in answers:
        health.add_liveness(source(answer))
    assert not health.alive(0.5)
    assert asked == [0.5, 0.5]
    answers[1].pop()
    assert health.alive(0.5)


def test_a_check_that_is_added_twice_is_asked_once(health: Health) -> None:
    asked: list[float] = []

    def check(timeout: float) -> list[Check]:
        asked.append(timeout)
        return []

    health.add_liveness(check)
    health.add_liveness(check)
    assert health.alive(1.0)
    assert asked == [1.0]


def test_a_process_that_ends_is_alive(health: Health) -> None:
    health.add_liveness(lambda _: [Check("loop", False)])
    assert not health.alive(0.01)
    health.ending = True
    assert health.alive(0.01)


# -- readiness


def test_every_check_answers_once(health: Health) -> None:
    def check() -> list[Check]:
        return [Check("shard 0", ready=True), Check("shard 1", ready=False, detail="connecting")]

    health.add_readiness(check)
    health.add_readiness(check)
    assert [(answer.name, answer.ready) for answer in health.checks()] == [("shard 0", True), ("shard 1", False)]


def test_where_nothing_has_started_there_is_nothing_to_ask(health: Health) -> None:
    assert health.checks() == []
