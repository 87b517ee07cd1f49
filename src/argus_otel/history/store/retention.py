"""How long each kind of data is kept: ``--keep traces=14d,logs=30d,unclaimed=1y``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .errors import StoreError
from .model import Retention

FOREVER = "forever"

_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "y": 365 * 24}
_RIGHT = "a number with h, d, w or y, such as 30d, or forever"

ENGINE = (
    Retention("traces", {"otel_traces": "toDateTime(Timestamp)", "otel_traces_trace_id_ts": "Start"}, 14 * 24),
    Retention("logs", {"otel_logs": "toDateTime(Timestamp)"}, 30 * 24),
    Retention("unclaimed", {"history_unclaimed": "toDateTime(time)"}, 400 * 24),
)
"""The engine's own tables."""


class KeepError(StoreError, ValueError):
    """``--keep`` cannot be read."""


def parse(text: str, known: Sequence[Retention]) -> dict[str, int | None]:
    """Return the hours of each subject that ``text`` names; ``None`` is forever.

    Raises
    ------
    KeepError
        The text is not such a list. The message names the valid form.
    """
    subjects = [kept.subject for kept in known]
    ages: dict[str, int | None] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        subject, equals, age = (part.strip() for part in pair.partition("="))
        if not equals or subject not in subjects:
            names = ", ".join(subjects)
            raise KeepError(f"--keep has {pair!r}, but each part has to be NAME=AGE, where NAME is one of {names}")
        ages[subject] = _hours(subject, age)
    return ages


def age_text(hours: int | None) -> str:
    """Return an age as :func:`parse` reads it."""
    if hours is None:
        return FOREVER
    unit = next(unit for unit in ("y", "d", "h") if hours % _HOURS[unit] == 0)
    return f"{hours // _HOURS[unit]}{unit}"


def clause(moment: str, hours: int | None) -> str:
    """Return the TTL expression of a table; empty for forever."""
    return "" if hours is None else f"{moment} + interval {hours} hour"


def hours_in(definition: str) -> int | None:
    """Return the hours in the TTL of a table's definition, as the engine prints it; ``None`` if it has none."""
    ttl = re.search(r"\bTTL\b.*?toInterval(Hour|Day)\((\d+)\)", definition, re.DOTALL)
    return None if ttl is None else int(ttl[2]) * (24 if ttl[1] == "Day" else 1)


def _hours(subject: str, age: str) -> int | None:
    if age == FOREVER:
        return None
    number = re.fullmatch(r"(\d{1,6})([hdwy])", age)
    hours = int(number[1]) * _HOURS[number[2]] if number else 0
    # The engine's dates end in 2106, and overflow beyond.
    if not 0 < hours <= 50 * _HOURS["y"]:
        raise KeepError(f"--keep has {subject}={age}, but it has to be {_RIGHT}, of 50y at most")
    return hours
