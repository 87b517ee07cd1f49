"""The expansion of the ClickHouse plugin's macros.

Those of its backend, by https://github.com/grafana/clickhouse-datasource/blob/main/pkg/macros/macros.go, and
``$__conditionalAll``, which its frontend replaces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from .filling import Value, referred


class MacroError(Exception):
    """No such macro, or not with these arguments."""


@dataclass(frozen=True)
class TimeRange:
    """The range of a query: its bounds, in seconds since 1970, and its step, in seconds."""

    began: float
    until: float
    interval: float

    @property
    def dates(self) -> tuple[str, str]:
        """The first and the last day, in UTC."""
        return tuple(datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d") for at in (self.began, self.until))  # type: ignore[return-value]


def _between(column: str, lowest: str, highest: str) -> str:
    return f"{column} >= {lowest} AND {column} <= {highest}"


def _time(at: float) -> str:
    return f"toDateTime({int(at)})"


def _time_ms(at: float) -> str:
    return f"fromUnixTimestamp64Milli({int(at * 1000)})"


def _dates(column: str, within: TimeRange) -> str:
    first, last = within.dates
    return _between(column, f"toDate('{first}')", f"toDate('{last}')")


def _seconds(within: TimeRange) -> int:
    return int(max(within.interval, 1))


def _interval_ms(column: str, within: TimeRange) -> str:
    return f"toStartOfInterval(toDateTime64({column}, 3), INTERVAL {int(max(within.interval * 1000, 1))} millisecond)"


_Macro = Callable[..., str]

MACROS: Mapping[str, tuple[int, _Macro]] = {
    "fromTime": (0, lambda within: _time(within.began)),
    "toTime": (0, lambda within: _time(within.until)),
    "fromTime_ms": (0, lambda within: _time_ms(within.began)),
    "toTime_ms": (0, lambda within: _time_ms(within.until)),
    "interval_s": (0, lambda within: str(_seconds(within))),
    "timeFilter": (1, lambda within, at: _between(at, _time(within.began), _time(within.until))),
    "timeFilter_ms": (1, lambda within, at: _between(at, _time_ms(within.began), _time_ms(within.until))),
    "dateFilter": (1, lambda within, day: _dates(day, within)),
    "dateTimeFilter": (
        2,
        lambda within, day, at: (
            f"({_dates(day, within)}) AND ({_between(at, _time(within.began), _time(within.until))})"
        ),
    ),
    "timeInterval": (
        1,
        lambda within, at: f"toStartOfInterval(toDateTime({at}), INTERVAL {_seconds(within)} second)",
    ),
    "timeInterval_ms": (1, lambda within, at: _interval_ms(at, within)),
}
"""By name: the number of arguments, and the function that expands it."""

TIMED = re.compile(r"\$__(fromTime|toTime|timeFilter|dateFilter|dateTimeFilter|dt\b|from\b|to\b)")
"""Any macro by which a query keeps to the dashboard's time range."""


def expand(sql: str, within: TimeRange) -> str:
    """Replace the macros of the backend.

    Raises
    ------
    MacroError
        There is one that the plugin does not have, or with another number of arguments.
    """
    while found := re.search(r"\$__(\w+)", sql):
        name = {"dt": "dateTimeFilter"}.get(found[1], found[1])
        if name not in MACROS:
            raise MacroError(f"the plugin has no macro {found[0]}")
        arguments, end = _arguments(sql, found.end())
        wanted, macro = MACROS[name]
        if not wanted and arguments != [""] and arguments:
            raise MacroError(f"{found[0]} takes no argument")
        if wanted and len(arguments) != wanted:
            raise MacroError(f"{found[0]} takes {wanted}, not {len(arguments)}")
        sql = sql[: found.start()] + macro(within, *(arguments if wanted else ())) + sql[end:]
    return sql


def conditional_all(sql: str, chosen: Mapping[str, Value]) -> str:
    """Replace ``$__conditionalAll(condition, $variable)``: by 1=1 where all is chosen, else by the condition."""
    while (start := sql.rfind("$__conditionalAll(")) >= 0:
        arguments, end = _arguments(sql, start + len("$__conditionalAll"))
        if len(arguments) != 2:
            raise MacroError("$__conditionalAll takes a condition and a variable")
        names = referred(arguments[1])
        if len(names) != 1 or not names <= chosen.keys():
            raise MacroError(f"$__conditionalAll has {arguments[1].strip()!r}, which is no variable")
        value = chosen[names.pop()]
        everything = value.all or value.values == ("",)
        sql = sql[:start] + ("1=1" if everything else arguments[0]) + sql[end:]
    return sql


_SIGNS = re.compile("[(),]")


def _arguments(sql: str, at: int) -> tuple[list[str], int]:
    """Return the text between the parentheses that begin there, split at its outer commas, and where it ends."""
    if sql[at : at + 1] != "(":
        return [], at
    depth, start, found = 0, at + 1, []
    for sign in _SIGNS.finditer(sql, at):
        depth += (sign[0] == "(") - (sign[0] == ")")
        if (sign[0] == "," and depth == 1) or depth == 0:
            found.append(sql[start : sign.start()].strip())
            start = sign.end()
        if depth == 0:
            return found, sign.end()
    raise MacroError(f"no end of the parenthesis at {sql[at : at + 30]!r}")
