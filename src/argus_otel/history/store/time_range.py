"""Ranges of time and their periods: parses ``--since 30d``, and knows when a week begins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from .errors import StoreError

_PERIODS = {"day": "toDate({})", "week": "toMonday({})", "month": "toStartOfMonth({})"}
_DAY = 86400
_LATEST = 2**32 - 1
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_AGE = re.compile(r"(\d{1,5})([hdw])")


class QueryError(StoreError, ValueError):
    """An argument of a query is invalid. The message names it and the valid values."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The time from one moment up to another, which is excluded.

    Attributes
    ----------
    since, until:
        In seconds since 1970, UTC; whole hours.
    """

    since: int
    until: int

    @property
    def whole_days(self) -> bool:
        """Whether it begins and ends at midnight, or is open."""
        return self.since % _DAY == 0 and (self.until == _LATEST or self.until % _DAY == 0)


def time_range(since: datetime | date | None, until: datetime | date | None) -> TimeRange:
    """Return the range between two moments; ``None`` is open. Both are rounded down to the full hour.

    Raises
    ------
    QueryError
        It ends before it begins.
    """
    begin = 0 if since is None else _hour(since)
    end = _LATEST if until is None else _hour(until)
    if end <= begin:
        raise QueryError(f"until ({until}) has to be later than since ({since})")
    return TimeRange(begin, end)


def parse_moment(text: str, option: str, now: datetime | None = None) -> datetime:
    """Return the moment in ``text``.

    ``2026-03-01`` is the beginning of that day in UTC, ``2026-03-01T18:00`` that hour; ``30d`` and ``4w`` are the
    beginning of the day so long ago, ``12h`` the beginning of that hour.

    Raises
    ------
    QueryError
        The text is not a moment.
    """
    now = now or datetime.now(timezone.utc)
    age = _AGE.fullmatch(text)
    try:
        if age:
            then = now - int(age[1]) * _UNITS[age[2]]
            return then.replace(hour=then.hour if age[2] == "h" else 0, minute=0, second=0, microsecond=0)
        # Python 3.10 does not know the Z.
        found = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
        then = found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)
        _hour(then)
    except (ValueError, OverflowError):
        right = "a date such as 2026-03-01, a time such as 2026-03-01T18:00, or an age such as 30d, 4w or 12h"
        raise QueryError(f"{option} is {text!r}, but it has to be {right}") from None
    return then


def parse_duration(text: str, option: str) -> timedelta:
    """Return the length of time in ``text``, such as ``14d``.

    Raises
    ------
    QueryError
        The text is none.
    """
    age = _AGE.fullmatch(text)
    if not age or int(age[1]) == 0:
        raise QueryError(f"{option} is {text!r}, but it has to be a number with h, d or w, such as 14d")
    return int(age[1]) * _UNITS[age[2]]


def one_of(text: str, known: Iterable[str], argument: str) -> str:
    """Return ``text`` if it is one of those known.

    Raises
    ------
    QueryError
        It is not.
    """
    if text not in known:
        raise QueryError(f"{argument} is {text!r}, but it has to be one of {', '.join(known)}")
    return text


def start_of(period: str, moment: str) -> str:
    """Return the SQL for the first day of the period in which a moment lies; weeks begin on Monday."""
    return _PERIODS[one_of(period, _PERIODS, "the period")].format(moment)


def floor(moment: int, period: str) -> date:
    """Return the first day of the period in which a moment, in seconds since 1970, lies."""
    day = datetime.fromtimestamp(moment, timezone.utc).date()
    if period == "week":
        # 1970 began on a Thursday, so its first week begins before the first date of the engine.
        return max(day - timedelta(days=day.weekday()), date(1970, 1, 1))
    return day.replace(day=1) if period == "month" else day


def between(first: date, last: date, period: str) -> int:
    """Return how many weeks or months one period begins after another."""
    if period == "week":
        return (last - first).days // 7
    return (last.year - first.year) * 12 + last.month - first.month


def _hour(moment: datetime | date) -> int:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    seconds = int(moment.timestamp()) // 3600 * 3600
    if not 0 <= seconds < _LATEST:
        raise QueryError(f"{moment:%Y-%m-%d} has to be from 1970 to 2106")
    return seconds
