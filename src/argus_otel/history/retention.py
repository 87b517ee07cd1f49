"""How long each kind of data is kept: ``traces=14d,logs=30d,history=400d,hourly=3y,daily=forever``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .errors import StoreError

FOREVER = "forever"

_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "y": 365 * 24}
_RIGHT = "a number with h, d, w or y, such as 30d, or forever"


class KeepError(StoreError, ValueError):
    """A length of time to keep something for cannot be read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of data.

    Attributes
    ----------
    subject:
        What it is called in ``--keep``.
    tables:
        Each table of it, and the moment in a row that its age counts from.
    default:
        In hours; ``None`` is forever.
    """

    subject: str
    tables: Mapping[str, str]
    default: int | None


SUBJECTS = (
    Kept("traces", {"otel_traces": "toDateTime(Timestamp)", "otel_traces_trace_id_ts": "Start"}, 14 * 24),
    Kept("logs", {"otel_logs": "toDateTime(Timestamp)"}, 30 * 24),
    Kept("history", {"history": "toDateTime(time)"}, 400 * 24),
    Kept("hourly", {"history_hourly": "hour"}, 3 * 365 * 24),
    Kept("daily", {"history_daily": "day"}, None),
)

DEFAULTS: Mapping[str, int | None] = MappingProxyType({kept.subject: kept.default for kept in SUBJECTS})


def parse(text: str) -> dict[str, int | None]:
    """Return the hours of each subject that ``text`` names; ``None`` is forever.

    Raises
    ------
    KeepError
        The text is not such a list. The message says what is right.
    """
    found: dict[str, int | None] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        subject, equals, age = (part.strip() for part in pair.partition("="))
        if not equals or subject not in DEFAULTS:
            known = ", ".join(DEFAULTS)
            raise KeepError(f"--keep has {pair!r}, but each part has to be NAME=AGE, where NAME is one of {known}")
        found[subject] = _hours(subject, age)
    return found


def shown(hours: int | None) -> str:
    """Return an age as :func:`parse` takes it."""
    if hours is None:
        return FOREVER
    unit = next(unit for unit in ("y", "d", "h") if hours % _HOURS[unit] == 0)
    return f"{hours // _HOURS[unit]}{unit}"


def clause(moment: str, hours: int | None) -> str:
    """Return the TTL of a table; empty for forever."""
    return "" if hours is None else f"{moment} + interval {hours} hour"


def found(definition: str) -> int | None:
    """Return the hours in the TTL of a table's definition, as the engine prints it; ``None`` where it has none."""
    told = re.search(r"\bTTL\b.*?toInterval(Hour|Day)\((\d+)\)", definition, re.DOTALL)
    return None if told is None else int(told[2]) * (24 if told[1] == "Day" else 1)


def _hours(subject: str, age: str) -> int | None:
    if age == FOREVER:
        return None
    number = re.fullmatch(r"(\d{1,6})([hdwy])", age)
    hours = int(number[1]) * _HOURS[number[2]] if number else 0
    # A date in the engine ends in 2106, and one that goes beyond begins anew.
    if not 0 < hours <= 50 * _HOURS["y"]:
        raise KeepError(f"--keep has {subject}={age}, but it has to be {_RIGHT}, of 50y at most")
    return hours
