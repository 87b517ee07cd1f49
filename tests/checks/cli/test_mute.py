"""``argus-otel checks mute`` and ``unmute``: what the agent reads of them."""

from __future__ import annotations

import time
from pathlib import Path

from argus_otel.sources.checks.mutes import is_muted, read_mutes
from tests.typed import Typed


def test_a_mute_lasts_as_long_as_it_is_set_for(checks: Typed, tmp_path: Path) -> None:
    ended = checks("mute", "db-*", "--for", "2h", "--reason", "new disks", "--state", tmp_path)
    assert ended.code == 0
    assert ended.out.startswith("db-* is muted until ")
    mutes, now = read_mutes(tmp_path), int(time.time() * 1000)
    assert mutes["db-*"].reason == "new disks"
    assert is_muted("db-1", mutes, now)
    assert not is_muted("db-1", mutes, now + 2 * 3_600_000)
    assert not is_muted("shop", mutes, now)


def test_a_mute_is_ended(checks: Typed, tmp_path: Path) -> None:
    checks("mute", "shop", "--for", "1h", "--state", tmp_path)
    assert checks("unmute", "db", "--state", tmp_path) == (1, "db was not muted; muted are shop\n", "")
    assert checks("unmute", "shop", "--state", tmp_path).code == 0
    assert read_mutes(tmp_path) == {}


def test_a_directory_that_cannot_be_used_is_told(checks: Typed, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = checks("mute", "shop", "--for", "1h", "--state", tmp_path / "file")
    assert ended.code == 2
    assert "cannot be written" in ended.err
