"""The estimate of Discord's clock, from any mixture of responses and snowflakes: its bounds always hold."""

from __future__ import annotations

import logging
import random
import re
import time
from email.utils import formatdate
from typing import Any

import pytest

from argus_otel.sources.discord.clock import DiscordClock, _seconds
from argus_otel.telemetry import Telemetry

EPOCH = 1_420_070_400.0


class World:
    """Both clocks. This machine's clock is ``ahead`` of Discord's, in seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ahead: float = 0.0) -> None:
        self.ahead = ahead
        self.telemetry = Telemetry()
        self.now = 1000.0  # by time.perf_counter
        self.origin = 1_790_000_000.25  # Discord's clock when that was zero
        monkeypatch.setattr("argus_otel.sources.discord.clock.perf_counter", lambda: self.now)
        monkeypatch.setattr("argus_otel.sources.discord.clock.wall_clock", lambda: self.discord + self.ahead)
        self.clock = DiscordClock(self.telemetry)

    @property
    def discord(self) -> float:
        return self.origin + self.now

    def snowflake(self) -> int:
        return int((self.discord - EPOCH) * 1000) << 22

    def answer(self, there: float = 0.02, back: float = 0.02) -> None:
        """Ask for something, whose answer takes so long."""
        sent = self.now
        self.now += there
        date = formatdate(self.discord, usegmt=True)
        self.now += back
        self.clock.answered(sent, self.now, date)

    def interaction(self, delay: float = 0.03) -> int:
        """Let an interaction arrive so long after it was made."""
        made = self.snowflake()
        self.now += delay
        self.clock.arrived(made, self.now)
        return made

    def delay(self, snowflake: int) -> float:
        """Return how long a snowflake took that arrives now."""
        return self.now - self.clock.created(snowflake, self.now)

    def offset(self) -> float | None:
        (points,) = [list(self.telemetry._gauges["discord.clock.offset"].points())]
        return points[0][1] if points else None

    def status(self) -> Any:
        return self.telemetry.health.sections()["clock"]

    def apart(self) -> float:
        told = self.status()
        return told["at_most"] - told["at_least"]


AHEAD = [0.0, 0.05, -0.4, 1.3, 5.0, -5.0, 86_400.0, -86_400.0]


@pytest.mark.parametrize("ahead", AHEAD)
def test_what_is_told_is_never_further_off_than_it_says(monkeypatch: pytest.MonkeyPatch, ahead: float) -> None:
    draw = random.Random(ahead)  # noqa: S311 - no secret
    for _ in range(50):
        world = World(monkeypatch, ahead)
        for _ in range(40):
            world.now += draw.expovariate(1.0)
            if draw.random() < 0.5:
                world.answer(draw.uniform(0.005, 0.4), draw.uniform(0.005, 0.4))
            else:
                world.interaction(draw.uniform(0.01, 3.0))
            told = world.status()
            if None in told.values():
                continue
            assert told["at_least"] - 0.002 <= ahead <= told["at_most"] + 0.002  # a snowflake has whole milliseconds
            assert told["at_least"] - 1e-6 <= told["offset"] <= told["at_most"] + 1e-6
            delay = draw.uniform(0, 5)
            snowflake = world.snowflake()
            world.now += delay
            assert world.delay(snowflake) - delay <= ahead - told["at_least"] + 0.01
            assert delay - world.delay(snowflake) <= told["at_most"] - ahead + 0.01


@pytest.mark.parametrize("ahead", AHEAD)
def test_one_answer_tells_discords_time_to_a_second_and_many_to_a_round_trip(
    monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    world = World(monkeypatch, ahead)
    assert world.offset() is None
    world.answer()
    assert world.offset() == pytest.approx(ahead, abs=0.53)
    for _ in range(100):
        world.now += 0.618
        world.answer()
    assert world.offset() == pytest.approx(ahead, abs=0.05)
    assert 0.04 < world.apart() < 0.08


def test_a_clock_that_is_right_is_corrected_by_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(1)  # noqa: S311 - no secret
    world = World(monkeypatch)
    for _ in range(200):
        world.now += draw.uniform(0, 2)
        world.answer(draw.uniform(0.005, 0.2), draw.uniform(0.005, 0.2))
        world.interaction(draw.uniform(0.01, 0.2))
        assert world.offset() == pytest.approx(0, abs=0.002)  # a snowflake has whole milliseconds


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_delay_that_is_always_there_shows(monkeypatch: pytest.MonkeyPatch, ahead: float) -> None:
    world = World(monkeypatch, ahead)
    for _ in range(100):
        world.now += 0.7
        world.answer()
        made = world.interaction(delay=4.0)
    assert world.delay(made) == pytest.approx(4, abs=0.1)


def test_the_promptest_interaction_narrows_it_down(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, 5.0)
    world.answer()
    before = world.apart()
    world.interaction(delay=0.01)
    assert world.apart() < before


def test_without_an_answer_nothing_is_known_and_times_count_from_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, 5.0)
    for _ in range(5):
        made = world.interaction()
        assert world.delay(made) == 0
    assert world.offset() is None
    assert world.status() == {"offset": None, "at_least": None, "at_most": None}


def test_an_answer_that_took_long_tells_nothing_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, 5.0)
    world.answer(there=2.0, back=2.0)
    assert world.offset() is None
    assert world.delay(world.interaction()) == 0


def test_what_was_known_long_ago_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, 5.0)
    world.answer()
    world.now += 600
    assert world.offset() == pytest.approx(5, abs=0.6)
    world.now += 20_000
    assert world.offset() is None
    world.answer()
    assert world.offset() == pytest.approx(5, abs=0.6)


@pytest.mark.parametrize("rate", [1 + 5e-5, 1 - 5e-5])
def test_clocks_that_drift_apart_are_followed(monkeypatch: pytest.MonkeyPatch, rate: float) -> None:
    world = World(monkeypatch, 5.0)
    for _ in range(3600):
        world.now += 1
        world.origin += rate - 1
        world.answer()
    assert world.offset() == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize("step", [0.5, -0.5, 3.0, -3.0, 86_400.0, -86_400.0])
def test_a_step_of_this_machines_clock_is_seen_at_once_and_moves_no_age(
    monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    world = World(monkeypatch)
    for _ in range(50):
        world.now += 0.618
        world.answer()
    world.ahead += step
    made = world.interaction(delay=0.2)
    assert world.delay(made) == pytest.approx(0.2, abs=0.05)
    assert world.offset() == pytest.approx(step, abs=0.05)
    for _ in range(50):
        world.now += 0.618
        world.answer()
        made = world.interaction(delay=0.2)
        assert world.delay(made) == pytest.approx(0.2, abs=0.05)
    world.ahead -= step
    assert world.delay(world.interaction(delay=0.2)) == pytest.approx(0.2, abs=0.05)
    assert world.offset() == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("jump", [3.0, 600.0, -3.0, -600.0])
def test_bounds_that_are_contradicted_are_dropped(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    world = World(monkeypatch)
    for _ in range(50):
        world.now += 0.618
        world.answer()
    world.origin += jump  # this machine was suspended, or what stands between it and Discord has changed
    world.ahead -= jump
    made = world.interaction()
    world.answer()
    assert world.offset() == pytest.approx(-jump, abs=0.6)
    assert world.delay(made) < 1


@pytest.mark.parametrize("ahead", [5.0, -5.0, 1.3])
def test_a_clock_that_is_off_by_more_than_a_second_is_warned_of_once(
    monkeypatch: pytest.MonkeyPatch, ahead: float, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(monkeypatch, ahead)
    world.answer()
    assert caplog.records == []  # a single response might be an old one from a cache
    for _ in range(50):
        world.now += 0.618
        world.answer()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    said = re.search(r"([\d.]+) s", record.getMessage())
    assert said
    assert float(said[1]) == pytest.approx(abs(ahead), abs=0.6)
    assert ("ahead of" if ahead > 0 else "behind") in record.getMessage()


@pytest.mark.parametrize("ahead", [0.0, 0.9, -0.9])
def test_a_clock_that_is_off_by_less_is_not_warned_of(
    monkeypatch: pytest.MonkeyPatch, ahead: float, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(monkeypatch, ahead)
    for _ in range(50):
        world.now += 0.618
        world.answer()
    assert caplog.records == []


def test_a_date_is_read_as_seconds_since_the_epoch() -> None:
    now = int(time.time())
    for at in (0, now, now + 1, now + 86_400, 951_782_399):
        assert _seconds(formatdate(at, usegmt=True)) == at
    assert _seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777


@pytest.mark.parametrize(
    "date",
    [
        "",
        "now",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 xx:49:37 GMT",
        "Sun, 66 Nov 1994 08:49:37 GMT",
        "1 Jan 99999999999 08:49:37 GMT",
        "\ud800" * 29,
    ],
)
def test_a_date_of_another_form_tells_nothing(monkeypatch: pytest.MonkeyPatch, date: str) -> None:
    world = World(monkeypatch, 5.0)
    world.clock.answered(1.0, 1.1, date)
    world.clock.answered(1.0, 1.1, None)
    assert world.offset() is None
