"""Real bots that lose events: what is told of it while they run, and in one line at their end."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from pathlib import Path

import pytest

from argus_otel.history.record.stats import SPOOL
from argus_otel.telemetry import Telemetry
from discord_simulator import BackgroundSimulator
from tests.launch.conftest import RUN, Bot, Start, free_port

from .conftest import BOT, DRIVEN, drive, status, until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no process can be told to end there")


def ended(bot: Bot) -> int:
    """Have a bot end as containers do; return its exit code."""
    bot.process.send_signal(signal.SIGTERM)
    code = bot.process.wait(30)
    bot._reader.join(5)
    return code


def part(bot: Bot) -> dict[str, str]:
    """Return what `/status` has of the spool."""
    return json.loads(bot.get("/status"))["parts"].get(SPOOL, {"state": "ok", "detail": ""})


def warnings(bot: Bot, about: str) -> list[str]:
    return [line for line in bot.output.splitlines() if about in line]


def away(tmp_path: Path, **more: str) -> dict[str, str]:
    """Settings of a bot whose store does not answer."""
    return {
        "ARGUS_HISTORY": "store",
        "ARGUS_HISTORY_STORE": f"clickhouse://127.0.0.1:{free_port()}",
        "ARGUS_HISTORY_SPOOL": str(tmp_path / "spool"),
        **more,
    }


def test_what_is_lost_at_the_end_is_told_in_one_line_with_its_number(
    simulator: BackgroundSimulator, start: Start, tmp_path: Path
) -> None:
    bot = start(RUN, BOT, settings=away(tmp_path))
    drive(simulator)
    events = sum(DRIVEN.values())
    until(lambda: status(bot)["waiting"] == {"memory": 0, "disk": events}, 20)
    shutil.rmtree(tmp_path / "spool")
    (tmp_path / "spool").write_text("no directory")
    drive(simulator, 2)
    until(lambda: part(bot)["state"] == "failed", 20)
    until(lambda: status(bot)["waiting"]["memory"] == 2 * events, 20)
    assert part(bot)["detail"].startswith(f"{tmp_path / 'spool'} (ARGUS_HISTORY_SPOOL) cannot be ")
    assert str(tmp_path / "spool") in status(bot)["last_error"] or "does not answer" in status(bot)["last_error"]
    assert ended(bot) == -signal.SIGTERM
    assert len(warnings(bot, f"argus-otel: {SPOOL} failed")) == 1
    (told,) = warnings(bot, "lost as the process ends")
    assert re.match(
        rf"argus-otel: {2 * events} events of history in memory, lost as the process ends: clickhouse://", told
    )
    assert "does not answer as ClickHouse does" in told
    assert f"{tmp_path / 'spool'} (ARGUS_HISTORY_SPOOL) cannot be " in told


def test_a_spool_that_can_be_used_again_takes_what_waits_and_nothing_is_lost(
    simulator: BackgroundSimulator, start: Start, tmp_path: Path
) -> None:
    bot = start(RUN, BOT, settings=away(tmp_path))
    (tmp_path / "spool").write_text("no directory")
    drive(simulator)
    until(lambda: part(bot)["state"] == "failed", 20)
    (tmp_path / "spool").unlink()
    until(lambda: part(bot)["state"] == "ok", 20)
    until(lambda: status(bot)["waiting"] == {"memory": 0, "disk": sum(DRIVEN.values())}, 20)
    ended(bot)
    assert warnings(bot, "lost as the process ends") == []


def test_a_spool_that_never_could_be_used_is_told_of_at_the_start_and_at_the_end(
    simulator: BackgroundSimulator, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    bot = start(RUN, BOT, settings=away(tmp_path, ARGUS_HISTORY_SPOOL=str(tmp_path / "file" / "spool")))
    drive(simulator)
    until(lambda: status(bot)["waiting"]["memory"] == sum(DRIVEN.values()), 20)
    ended(bot)
    (first,) = warnings(bot, f"argus-otel: {SPOOL} failed")
    (last,) = warnings(bot, "lost as the process ends")
    for told in (first, last):
        assert f"but {tmp_path / 'file'} is not a directory" in told
    assert f"{sum(DRIVEN.values())} events" in last


def test_a_directory_that_is_removed_while_a_bot_runs_is_made_again(
    simulator: BackgroundSimulator, start: Start, tmp_path: Path
) -> None:
    bot = start(RUN, BOT, settings=away(tmp_path))
    drive(simulator)
    events = sum(DRIVEN.values())
    until(lambda: status(bot)["waiting"] == {"memory": 0, "disk": events}, 20)
    shutil.rmtree(tmp_path / "spool")
    drive(simulator, 2)
    until(lambda: status(bot)["waiting"] == {"memory": 0, "disk": 2 * events}, 20)
    ended(bot)
    assert warnings(bot, "lost as the process ends") == []
    (segment,) = (tmp_path / "spool").iterdir()
    assert segment.read_bytes().count(b"\n") == 2 * events
    assert segment.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700


def test_a_state_of_the_spool_is_the_latest(telemetry: Telemetry) -> None:
    from argus_otel.history.record.stats import Stats

    stats = Stats(telemetry, "exporter:history test")
    for why in ("first", "second"):
        stats.spool_failed(why)
        assert telemetry.health.parts()[SPOOL].detail == stats.last_error == why
    stats.spool_works()
    assert telemetry.health.parts()[SPOOL].state.value == "ok"
