"""``argus-otel checks explain``: tells all about one check, and no secret."""

from __future__ import annotations

import argparse
import datetime
import sys
import time
import zoneinfo
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from itertools import islice

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.definition import Check, Window
from argus_otel.sources.checks.file.field_types import duration
from argus_otel.sources.checks.file.written import Setting, settings
from argus_otel.sources.checks.slots import phase, slot_after

from . import given_file
from .options import add_file, add_name

_AHEAD = 5
_WINDOWS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_file(parser)
    add_name(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation; return 0."""
    file = given_file.opened(arguments.file, given_file.executors(), secrets_required=False)
    if arguments.name in file.unread:
        given_file.refuse(f"{arguments.name} cannot be explained: it depends on a secret that is not there")
    check = next((check for check in file.checks if check.name == arguments.name), None)
    if check is None:
        given_file.refuse(f"no check is called {arguments.name!r}; there are {', '.join(c.name for c in file.checks)}")
    written = settings(arguments.file.read_bytes(), check.name, check.executor)
    print(f"{check.name}: {check.executor.title}{'' if check.enabled else ', disabled'}")
    _print("Slots", _slots(check, int(time.time() * 1000)))
    _print("Settings", _columns(written))
    _print("Conditions", _conditions(check))
    _print("Parents", _parents(check, {each.name: each for each in file.checks}))
    _print("Children", (each.name for each in file.checks if check.name in each.parents))
    _print("Maintenance", _maintenance(check, file.windows))
    if check.name in file.anchors:
        print("\nIt is an anchor: while all anchors are down, no check is judged.")
    sys.stdout.flush()
    return 0


def _print(title: str, lines: Iterable[str]) -> None:
    found = list(lines)
    if found:
        print(f"\n{title}", *(f"  {line}" for line in found), sep="\n")


def _slots(check: Check, now: int) -> Iterator[str]:
    every, offset = duration().written(check.interval / 1000), phase(check.name, check.interval) / 1000
    yield f"every {every}, {offset:g} s after each multiple of it since 1970 (the same on every agent)"
    slot = now
    for _ in range(_AHEAD):
        slot = slot_after(slot, check.name, check.interval)
        yield _moment(datetime.datetime.fromtimestamp(slot / 1000, datetime.timezone.utc))


def _moment(moment: datetime.datetime) -> str:
    """Format a moment in UTC, and in local time if that is another."""
    local, utc = moment.astimezone(), moment.astimezone(datetime.timezone.utc)
    also = "" if not local.utcoffset() else f", {local:%H:%M:%S} {local.tzname()}"
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC{also}"


def _columns(written: list[Setting]) -> Iterator[str]:
    rows = [(setting.name, setting.value or "none", setting.origin) for setting in written]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, value, origin in rows:
        yield f"{name:<{widths[0]}}  {value:<{min(widths[1], 60)}}  {origin}"


def _conditions(check: Check) -> Iterator[str]:
    for words, conditions in (("fails unless", check.expect), ("is degraded unless", check.warn)):
        for condition in conditions:
            yield f"{words} {_in_words(condition)}"
    yield f"is down after {_runs(check.confirm.down, 'failed')}, up again after {_runs(check.confirm.up, 'good')}"


def _in_words(condition: Condition) -> str:
    return f"{condition.subject}: {condition.written}"


def _runs(number: int, kind: str) -> str:
    return f"1 {kind} run" if number == 1 else f"{number} {kind} runs in a row"


def _parents(check: Check, checks: dict[str, Check], depth: int = 0) -> Iterator[str]:
    for name in check.parents:
        yield f"{'  ' * depth}{name}"
        if name in checks:
            yield from _parents(checks[name], checks, depth + 1)


def _maintenance(check: Check, windows: Iterable[Window]) -> Iterator[str]:
    from cronsim import CronSim

    for window in windows:
        if any(fnmatch(check.name, pattern) for pattern in window.checks):
            yield f"{window.name}: {window.cron} ({window.timezone}), for {duration().written(window.duration)}"
            now = datetime.datetime.now(zoneinfo.ZoneInfo(window.timezone))
            for begin in islice(CronSim(window.cron, now), _WINDOWS):
                yield f"  from {_moment(begin)}"
