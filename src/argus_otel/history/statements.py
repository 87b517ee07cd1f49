"""The statements behind the questions: files of SQL, with our own words put in and everybody else's bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from .periods import Span, start_of
from .rows import COMMAND, GUILD_JOIN, GUILD_LEAVE

_FOLDER = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question is about, as its statement has it: our own words put in, everybody else's bound.

    Attributes
    ----------
    hourly:
        Whether only the hourly rollup will do.
    values:
        What the engine binds.
    """

    asked: Span
    hourly: bool
    given: Mapping[str, object]

    @property
    def values(self) -> dict[str, object]:
        """What the engine binds to the statement's ``{name:Type}``."""
        return {"since": self.asked.since, "until": self.asked.until, **self.given}

    @property
    def since(self) -> int:
        """Where it begins, in seconds since 1970."""
        return self.asked.since

    def start(self, period: str) -> str:
        """Return the SQL for the first day of a row's period."""
        return start_of(period, self._time)

    def first_start(self, period: str) -> str:
        """Return the SQL for the first day of the period in which the span begins."""
        return start_of(period, "toDateTime({since:UInt32}, 'UTC')")

    def sql(self, name: str, **words: str) -> str:
        """Return a statement of the folder ``sql``, or a part of one, with our words in their places."""
        rounded = "toDate" if self._time == "day" else ""
        begin, end = (f"{rounded}(toDateTime({{{bound}:UInt32}}, 'UTC'))" for bound in ("since", "until"))
        of_service = "({service:String} = '' or service = {service:String})"
        ours = {
            "table": "history_daily" if self._time == "day" else "history_hourly",
            "time": self._time,
            "end": end,
            "of_service": of_service,
            "of_guild": "({guild:UInt64} = 0 or guild_id = {guild:UInt64})",
            "within": f"{self._time} >= {begin} and {self._time} < {end} and {of_service}",
            "is_use": f"event not in ('{GUILD_JOIN}', '{GUILD_LEAVE}')",
            "is_command": f"event = '{COMMAND}'",
            "is_join": f"event = '{GUILD_JOIN}'",
            "is_leave": f"event = '{GUILD_LEAVE}'",
            "is_error": "outcome = 'error'",
            "is_rejected": "outcome = 'rejected'",
        }
        text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
        return Template(Template(text).safe_substitute(words)).substitute(ours)

    @property
    def _time(self) -> str:
        """The column of time of the smallest rollup that can tell."""
        return "day" if self.asked.whole_days and not self.hourly else "hour"
