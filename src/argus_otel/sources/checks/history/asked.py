"""What a query asks for: which checks, and which range of time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone

from argus_otel.history.store.query import QueryContext
from argus_otel.history.store.time_range import TimeRange, time_range

from . import RUN, STATUS
from .states import LONGEST_HOLD

Moment = datetime | date | None

DAY = 86_400_000

NO_DAY = date(1970, 1, 1)
"""The day of rows that are not by day."""


@dataclass(frozen=True, slots=True)
class Asked(QueryContext):
    """The context of a query.

    Attributes
    ----------
    begin, end:
        The range in milliseconds since 1970, which ends now at the latest. ``begin`` is 0 if it is open.
    """

    begin: int
    end: int


def asked(
    checks: Sequence[str],
    since: Moment,
    until: Moment,
    service: str,
    *,
    by_day: bool = False,
    by_location: bool = False,
    **values: object,
) -> Asked:
    """Return the context of a query on a range of whole hours. Of whole days, the daily rollup is read."""
    span = time_range(since, until)
    table, time = ("checks_daily", "day") if span.whole_days else ("checks_hourly", "hour")
    rounded = "toDate" if time == "day" else ""
    first, last = (f"{rounded}(toDateTime({{{bound}:UInt32}}, 'UTC'))" for bound in ("since", "until"))
    words = {
        "table": table,
        "within": f"{time} >= {first} and {time} < {last}",
        "day_of_period": f"toDate({time})" if by_day else "toDate(0)",
        "day_of_slot": "toDate(slot)" if by_day else "toDate(0)",
        "place": "location" if by_location else "''",
        "judged": "(outcome != 'unknown' and muted = '')",
    }
    return _asked(checks, span.since * 1000, end_of(until), service, span, words, values)


def asked_of_window(checks: Sequence[str], begin: int, end: int, **values: object) -> Asked:
    """Return the context of a query on a range in milliseconds, which need not be whole hours."""
    return _asked(checks, begin, end, "", time_range(None, None), {}, values)


def _asked(
    checks: Sequence[str],
    begin: int,
    end: int,
    service: str,
    span: TimeRange,
    words: dict[str, str],
    values: dict[str, object],
) -> Asked:
    names = [name for name in checks if not _is_pattern(name)]
    patterns = [_regex(name) for name in checks if _is_pattern(name)]
    of_name = [
        *(["name in {names:Array(String)}"] if names else []),
        *(["match(name, {pattern:String})"] if patterns else []),
    ]
    of_service = "({service:String} = '' or service = {service:String})"
    fixed = {
        "of_check": f"({' or '.join(of_name)}) and {of_service}" if of_name else of_service,
        "run": RUN,
        "status": STATUS,
        "longest": str(LONGEST_HOLD),
    }
    bound: dict[str, object] = {"names": names, "pattern": f"^(?:{'|'.join(patterns)})$", "service": service}
    return Asked(
        __package__ or "", span, {**fixed, **words}, {**bound, "begin": begin, "end": end, **values}, begin, end
    )


def end_of(until: Moment) -> int:
    """Return the end of a range, but no later than now; in milliseconds since 1970."""
    return min(time_range(None, until).until * 1000, int(datetime.now(timezone.utc).timestamp() * 1000))


def parts(begin: int, end: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of the parts of a range, each of a length but the last one, which may be shorter.

    Parts of a day begin at midnight, whenever the range begins.
    """
    start = begin
    while start < end:
        stop = min((start // DAY + 1) * DAY if length == DAY else start + length, end)
        yield start, stop
        start = stop


def moment_of(milliseconds: int) -> datetime:
    """Return a moment that is given in milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _regex(pattern: str) -> str:
    """Return a pattern as a regular expression of the engine's."""
    return "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
