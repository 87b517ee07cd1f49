"""When the monitor is called, and with what."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from argus_otel.heartbeat import Heartbeat
from argus_otel.heartbeat.placeholders import fill
from argus_otel.settings import HEARTBEAT_PLACEHOLDERS, Settings
from argus_otel.sources.discord import heartbeats
from argus_otel.telemetry import Check, Telemetry

from .conftest import Monitor

SECRET = "s3cret-token"


class Beating:
    """A heartbeat of a program with one check, which the test sets."""

    def __init__(self, url: str) -> None:
        self.telemetry = Telemetry()
        self.check = Check("shard 0", True, "up")
        self.telemetry.health.add_readiness(lambda: [self.check])
        self.telemetry.health.add_fact("shards", lambda: "2")
        self.telemetry.health.add_fact("latency", lambda: "48")
        self.heartbeat = Heartbeat(url, self.telemetry)
        self.heartbeat.interval, self.heartbeat.retry = 0.2, 0.05

    @property
    def part(self) -> tuple[str, str]:
        part = self.telemetry.health.parts()["heartbeat"]
        return part.state.value, part.detail


@pytest.fixture
def beating(monitor: Monitor) -> Iterator[Beating]:
    beating = Beating(f"{monitor.url}/{SECRET}?status={{status}}&ping={{latency}}&n={{shards}}&c={{cluster}}")
    yield beating
    beating.heartbeat.stop()


def test_calls_are_made_at_the_interval_with_the_values_of_now(monitor: Monitor, beating: Beating) -> None:
    beating.heartbeat.start()
    beating.heartbeat.start()
    monitor.wait_for(4)
    assert set(monitor.paths) == {f"/{SECRET}?status=up&ping=48&n=2&c="}
    times = [when for when, _ in monitor.calls]
    # On a grid: the mean is the interval, whatever one call took.
    assert (times[3] - times[0]) / 3 == pytest.approx(0.2, rel=0.25)
    assert beating.part[0] == "ok"


def test_no_call_is_made_while_a_check_fails(
    monitor: Monitor, beating: Beating, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    beating.check = Check("shard 0", False, "no session")
    beating.heartbeat.start()
    assert monitor.is_silent_for(0.6)
    assert beating.part == ("off", "withheld: shard 0: no session")
    beating.check = Check("shard 0", True, "up")
    monitor.wait_for(2)
    beating.check = Check("shard 0", False, "no session")
    time.sleep(0.3)
    assert monitor.is_silent_for(0.5)
    assert [record.message for record in caplog.records] == [
        "argus-otel: the heartbeat is withheld: shard 0: no session",
        "argus-otel: every check is ready, and the heartbeat goes on",
        "argus-otel: the heartbeat is withheld: shard 0: no session",
    ]


def test_no_call_is_made_before_anything_has_started_or_when_the_process_ends(monitor: Monitor) -> None:
    telemetry = Telemetry()
    heartbeat = Heartbeat(monitor.url, telemetry)
    heartbeat.interval, heartbeat.retry = 0.1, 0.05
    heartbeat.start()
    assert monitor.is_silent_for(0.3)
    telemetry.health.add_readiness(lambda: [Check("shard 0", True)])
    monitor.wait_for(1)
    telemetry.health.ending = True
    time.sleep(0.2)
    assert monitor.is_silent_for(0.4)
    heartbeat.stop()


def test_no_call_is_made_while_an_event_loop_does_not_respond(
    monitor: Monitor, beating: Beating, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("argus_otel.heartbeat.heartbeat._LOOP_TIMEOUT", 0.2)

    async def main() -> None:
        beating.telemetry.register_loop(asyncio.get_running_loop())
        beating.heartbeat.start()
        while len(monitor.calls) < 2:
            await asyncio.sleep(0.02)
        time.sleep(0.3)  # what was on its way arrives
        before = len(monitor.calls)
        time.sleep(1.0)
        assert len(monitor.calls) == before
        assert "an event loop has not responded" in beating.part[1]
        while len(monitor.calls) < before + 2:
            await asyncio.sleep(0.02)

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_failure_is_warned_of_once_without_the_url_and_tried_again(
    monitor: Monitor, beating: Beating, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monitor.statuses = [503, 503, 503]
    beating.heartbeat.start()
    monitor.wait_for(5)
    warned = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    refused = "the URL in ARGUS_HEARTBEAT_URL cannot be called: the monitor answers 503"
    assert warned == [f"argus-otel: heartbeat failed: {refused}. The program and everything else go on."]
    assert "argus-otel: heartbeat works again" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in str(beating.telemetry.health.describe())
    times = [when for when, _ in monitor.calls]
    assert times[1] - times[0] < 0.19  # sooner than the interval


def test_a_fault_of_a_check_withholds_the_call_and_the_thread_goes_on(monitor: Monitor, beating: Beating) -> None:
    def checks() -> list[Any]:
        raise LookupError

    working = beating.telemetry.health._readiness[:]
    beating.telemetry.health._readiness[:] = [checks]
    beating.heartbeat.start()
    assert monitor.is_silent_for(0.3)
    assert "heartbeat" in beating.telemetry.guard.faults
    beating.telemetry.health._readiness[:] = working
    monitor.wait_for(1)


def test_the_thread_ends_when_it_is_stopped(monitor: Monitor, beating: Beating) -> None:
    beating.heartbeat.start()
    monitor.wait_for(1)
    (thread,) = [each for each in threading.enumerate() if each.name == "argus-otel heartbeat"]
    beating.heartbeat.stop()
    thread.join(5)
    assert not thread.is_alive()
    beating.heartbeat.start()
    monitor.wait_for(1)


# -- a minute, by arithmetic: tests do not wait for it


def test_the_last_call_is_at_most_ninety_seconds_after_a_shard_died() -> None:
    of_discord = 41.25
    silent_after = max(heartbeats._SILENT_AFTER, heartbeats._SILENT_INTERVALS * of_discord)
    # A shard whose connection stays open, but does not answer, passes its check for so long; so a call after that is
    # the last one. One lost acknowledgement is no silence: two intervals would pass without one.
    assert of_discord * 1.5 < silent_after <= 90
    assert Heartbeat.interval <= 90
    assert Heartbeat.retry < Heartbeat.interval


# -- the setting


@pytest.mark.parametrize(
    "url",
    [
        "https://kuma.example/api/push/abc?status={status}&msg={message}&ping={latency}",
        "https://hc-ping.com/key/bot-{cluster}",
        "http://10.0.0.7:3001/api/push/abc",
        "https://cronitor.link/p/key/bot?metric=count:{shards}",
    ],
)
def test_urls_of_monitors_are_taken(url: str) -> None:
    settings = Settings.resolve({"ARGUS_HEARTBEAT_URL": url})
    assert settings.heartbeat_url == url
    assert settings.problems == ()
    assert url not in repr(settings)
    assert settings.origins["heartbeat_url"].shown == "(set)"


@pytest.mark.parametrize(
    "url",
    [
        "hc-ping.com/abc",
        "ftp://hc-ping.com/abc",
        "https://",
        "https://me:secret@kuma.example/x",
        "https://kuma.example:port/x",
        "https://kuma.example/x?ping={ping}",
        "https://kuma.example/a b",
    ],
)
def test_another_text_is_refused_without_being_shown(url: str) -> None:
    settings = Settings.resolve({"ARGUS_HEARTBEAT_URL": url})
    assert settings.heartbeat_url is None
    (problem,) = settings.problems
    assert problem.startswith("ARGUS_HEARTBEAT_URL is '(set)', but it has to be a URL that begins with https://")
    assert problem.endswith("using nothing instead")
    assert all(f"{{{name}}}" in problem for name in HEARTBEAT_PLACEHOLDERS)


def test_values_are_url_encoded() -> None:
    assert fill("http://m/?msg={message}&x={status}", {"message": "2 of 2 & more", "other": "1"}) == (
        "http://m/?msg=2%20of%202%20%26%20more&x="
    )
