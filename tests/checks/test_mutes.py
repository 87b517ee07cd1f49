"""Why checks are muted: windows of maintenance over changes of the clock, and mutes that people set."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from argus_otel.sources.checks.definition import Window
from argus_otel.sources.checks.maintenance import Maintenance, next_windows
from argus_otel.sources.checks.mutes import Mute, MuteError, change_mutes, is_muted, read_mutes

BERLIN = ZoneInfo("Europe/Berlin")
BACKUP = Window("backup", ("db-*",), "0 2 * * *", 1800, "Europe/Berlin")


def at(*moment: int, zone: ZoneInfo | timezone = BERLIN) -> int:
    return round(datetime(*moment, tzinfo=zone).timestamp() * 1000)  # type: ignore[arg-type]


def in_maintenance(window: Window, now: int) -> bool:
    return Maintenance([window], ["db-1", "shop"]).open_at(now) == (True,)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ((2026, 6, 1, 1, 59, 59), False),
        ((2026, 6, 1, 2, 0, 0), True),
        ((2026, 6, 1, 2, 29, 59), True),
        ((2026, 6, 1, 2, 30, 0), False),
    ],
)
def test_a_window_is_open_from_its_beginning_until_its_end(moment: tuple[int, ...], expected: bool) -> None:
    assert in_maintenance(BACKUP, at(*moment)) is expected


def test_a_window_whose_hour_does_not_exist_opens_in_the_next_one() -> None:
    # On 2026-03-29, 02:00 in Berlin is 03:00.
    assert in_maintenance(BACKUP, at(2026, 3, 29, 3, 10))
    assert not in_maintenance(BACKUP, at(2026, 3, 29, 3, 31))


def test_a_window_whose_hour_comes_twice_opens_once() -> None:
    # On 2026-10-25, 02:00 in Berlin comes twice: at 00:00 and at 01:00 UTC.
    begin = datetime(2026, 10, 24, 23, 0, tzinfo=timezone.utc)
    maintenance = Maintenance([BACKUP], ["db-1"])
    minutes = [begin + timedelta(minutes=minute) for minute in range(240)]
    open_ = [moment for moment in minutes if maintenance.open_at(round(moment.timestamp() * 1000)) == (True,)]
    assert len(open_) == 30
    assert open_[-1] - open_[0] == timedelta(minutes=29)


def test_a_window_is_about_the_checks_that_its_patterns_name() -> None:
    maintenance = Maintenance([BACKUP, Window("all", ("*",), "0 3 * * *", 60, "UTC")], ["db-1", "db-2", "shop"])
    assert maintenance.checks_in((True, False)) == {"db-1", "db-2"}
    assert maintenance.checks_in((False, True)) == {"db-1", "db-2", "shop"}
    assert maintenance.checks_in((False, False)) == set()


def test_the_next_windows_are_told_in_order() -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
    noon = Window("noon", ("db-1",), "0 13 * * *", 60, "UTC")
    found = next_windows([BACKUP, noon], "db-1", now)
    assert [window.name for window, _, _ in found] == ["noon", "backup"]
    assert found[1][1] == datetime(2026, 6, 2, 2, tzinfo=BERLIN)
    assert found[1][2] - found[1][1] == timedelta(minutes=30)
    assert next_windows([BACKUP], "shop", now) == []


def test_mutes_are_kept_until_they_end(tmp_path: Path) -> None:
    change_mutes(tmp_path, lambda mutes: mutes.update({"db-*": Mute(2000, "a new disk")}), 1000)
    assert read_mutes(tmp_path) == {"db-*": Mute(2000, "a new disk")}
    assert is_muted("db-1", read_mutes(tmp_path), 1999)
    assert not is_muted("db-1", read_mutes(tmp_path), 2000)
    assert not is_muted("shop", read_mutes(tmp_path), 1999)
    change_mutes(tmp_path, lambda mutes: mutes.update({"shop": Mute(9000)}), 3000)
    assert read_mutes(tmp_path) == {"shop": Mute(9000)}, "what has ended is left out"


def test_mutes_that_are_set_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    def add(number: int) -> None:
        change_mutes(tmp_path, lambda mutes: mutes.update({f"check-{number}": Mute(2000)}), 1000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert len(read_mutes(tmp_path)) == 40


def test_a_file_of_mutes_that_is_none_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "mutes.json").write_text('{"shop": {"untill": 5}}')
    with pytest.raises(MuteError, match=r"mutes\.json cannot be read"):
        read_mutes(tmp_path)
