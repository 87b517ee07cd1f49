"""The questions, as a typed Python API.

.. code-block:: python

    import os
    from datetime import timedelta

    from argus_otel.history import History

    with History.open(os.environ["ARGUS_HISTORY_STORE"]) as history:
        for guild in history.quiet(quiet_for=timedelta(days=14)):
            print(guild.guild_id, guild.last)

All of them are answered from the rollups, and so also about times whose raw rows are gone. Only the latest happenings
in a guild's story are raw. Every value is bound by the engine.

Common to all: ``since`` and ``until`` are the span that is asked about, up to and without ``until``, in whole hours of
UTC, and open where ``None``. ``service`` is one bot; all of them where it is empty. ``limit`` is the most rows, those
that matter most first. What fails is a :class:`~argus_otel.history.errors.StoreError` whose message says what to do.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from types import TracebackType
from typing import Any, Literal, TypeVar

from .address import Address
from .answers import (
    Active,
    Adoption,
    Busiest,
    Cohort,
    Day,
    Errors,
    Growth,
    Happening,
    Latency,
    Quiet,
    Story,
    Top,
    Volume,
)
from .migrations import ensure
from .periods import QuestionError, between, floor, one_of, span, start_of
from .statements import Scope
from .store import Store, connect

Period = Literal["day", "week", "month"]
Moment = datetime | date | None

A = TypeVar("A")


class History:
    """A store of history that can be asked. Made by :meth:`open`.

    Attributes
    ----------
    store:
        For statements of one's own.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def open(cls, address: str | Address) -> History:
        """Open a store, and see that its tables are those of this release.

        Parameters
        ----------
        address:
            ``clickhouse://user:password@host:8123/database``, ``clickhouses://…`` or ``chdb:DIRECTORY``.

        Raises
        ------
        StoreError
            It cannot be opened, or has not the tables.
        """
        store = connect(address, create=False)
        try:
            ensure(store)
        except BaseException:
            store.close()
            raise
        return cls(store)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> History:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def volume(
        self,
        period: Period = "day",
        *,
        guild: int | None = None,
        each_guild: bool = False,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
        limit: int = 10,
    ) -> list[Volume]:
        """Return how much was done in each period, the first one first.

        Parameters
        ----------
        guild:
            Only this one.
        each_guild:
            One row for each guild and period, of the ``limit`` guilds that did most.
        """
        asked = self._scope(since, until, service, guild, limit=limit)
        which = asked.sql("volume_busiest") if each_guild else "${of_guild}"
        whose = "guild_id" if each_guild else "{guild:UInt64}"
        return self._ask(Volume, "volume", asked, start=asked.start(period), whose=whose, which=which)

    def active(
        self, period: Period = "day", *, since: Moment = None, until: Moment = None, service: str = ""
    ) -> list[Active]:
        """Return how many guilds did something in each period."""
        asked = self._scope(since, until, service)
        words = {"start": asked.start(period), "first_start": asked.first_start(period), "period": period}
        return self._ask(Active, "active", asked, **words)

    def growth(
        self, period: Period = "month", *, since: Moment = None, until: Moment = None, service: str = ""
    ) -> list[Growth]:
        """Return how many guilds joined and left in each period, and how many there were then."""
        asked = self._scope(since, until, service)
        words = {"start": asked.start(period), "start_of_seen": start_of(period, "seen")}
        answers: list[Growth] = []
        guilds = 0
        for start, joined, left, found in self._rows("growth", asked, **words):
            before = guilds + found
            guilds = before + joined - left
            churn = left / (before + joined) if before + joined else None
            answers.append(Growth(start, joined, left, joined - left, guilds, churn))
        begin = floor(asked.since, period)
        return [answer for answer in answers if answer.start >= begin]

    def quiet(
        self,
        quiet_for: timedelta = timedelta(days=14),
        *,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
        limit: int = 20,
    ) -> list[Quiet]:
        """Return the guilds that did something, but nothing for so long, and that have not left; the busiest first.

        Parameters
        ----------
        quiet_for:
            Counted back from ``until``, or else from now.
        """
        now = _now(until)
        deadline = max(0, now - int(quiet_for.total_seconds()))
        return self._ask(Quiet, "quiet", self._scope(since, until, service, limit=limit, now=now, deadline=deadline))

    def top(
        self,
        *,
        guild: int | None = None,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
        limit: int = 20,
    ) -> list[Top]:
        """Return the commands that were used most."""
        return self._ask(Top, "top", self._scope(since, until, service, guild, limit=limit))

    def adoption(
        self,
        command: str,
        *,
        replaces: str = "",
        period: Period = "week",
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[Adoption]:
        """Return how a command spread among guilds, from its first use on.

        Parameters
        ----------
        replaces:
            The command whose place it takes, such as its former name.
        """
        asked = self._scope(since, until, service, new=command, old=replaces)
        return self._ask(
            Adoption,
            "adoption",
            asked,
            start=asked.start(period),
            start_of_new=start_of(period, "new_first"),
            start_of_old=start_of(period, "old_first"),
            is_new="(command = {new:String})",
            is_old="({old:String} != '' and command = {old:String})",
        )

    def errors(
        self,
        by: Literal["command", "guild", "both"] = "command",
        *,
        guild: int | None = None,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
        limit: int = 20,
    ) -> list[Errors]:
        """Return how often commands failed, by command, by guild or by both; what failed most often first."""
        keys = {
            "command": {"command": "command", "type": "type", "guild": "0"},
            "guild": {"command": "''", "type": "''", "guild": "guild_id"},
            "both": {"command": "command", "type": "type", "guild": "guild_id"},
        }
        words = keys[one_of(by, keys, "by")]
        return self._ask(Errors, "errors", self._scope(since, until, service, guild, limit=limit), **words)

    def latency(
        self,
        *,
        guild: int | None = None,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
        limit: int = 20,
    ) -> list[Latency]:
        """Return how long commands took; the slowest (by ``p95``) first."""
        return self._ask(Latency, "latency", self._scope(since, until, service, guild, limit=limit))

    def busiest(
        self,
        by: Literal["day", "week"] = "day",
        *,
        time_zone: str = "UTC",
        guild: int | None = None,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
        limit: int = 24,
    ) -> list[Busiest]:
        """Return the hours of the day, or of the week, in which most was done.

        Parameters
        ----------
        time_zone:
            A name of the IANA's, such as ``Europe/Berlin``.
        """
        weekdays = {"day": "0", "week": "toDayOfWeek(hour, 0, {zone:String})"}
        weekday = weekdays[one_of(by, weekdays, "by")]
        known = self.store.query("select 1 from system.time_zones where time_zone = {zone:String}", {"zone": time_zone})
        if not known:
            raise QuestionError(f"the time zone is {time_zone!r}, but it has to be one such as Europe/Berlin")
        asked = self._scope(since, until, service, guild, hourly=True, limit=limit, zone=time_zone)
        return self._ask(Busiest, "busiest", asked, weekday=weekday)

    def retention(
        self,
        period: Literal["week", "month"] = "week",
        *,
        periods: int = 12,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[Cohort]:
        """Return, of the guilds that joined in each period, how many were active then and in those after.

        Parameters
        ----------
        periods:
            How many periods after that of joining are told at most.
        """
        one_of(period, ("week", "month"), "the period")
        asked = self._scope(since, until, service, periods=periods)
        words = {"first_start": asked.first_start(period), "start_of_joined": start_of(period, "joined")}
        joins = asked.sql("cohort_members", **words)
        sizes = self._rows("cohorts", asked, joins=joins)
        counts = self._rows("retention", asked, joins=joins, start=asked.start(period), period=period)
        active = {(cohort, age): guilds for cohort, age, guilds in counts}
        end = floor(_now(until) - 1, period)
        return [
            Cohort(
                cohort,
                guilds,
                tuple(active.get((cohort, age), 0) for age in range(min(periods, between(cohort, end, period)) + 1)),
            )
            for cohort, guilds in sizes
        ]

    def guild(
        self, guild: int, *, since: Moment = None, until: Moment = None, service: str = "", limit: int = 20
    ) -> Story | None:
        """Return everything about one guild; ``None`` where history knows nothing of it.

        Parameters
        ----------
        limit:
            The most commands, errors and latest happenings. Days are all told.
        """
        asked = self._scope(since, until, service, guild, limit=limit)
        [(count, first, last, has_joined, joined, has_left, left, uses, users)] = self._rows("guild", asked)
        if not count:
            return None
        return Story(
            guild,
            first,
            last,
            joined if has_joined else None,
            left if has_left else None,
            uses,
            users,
            tuple(self._ask(Day, "guild_days", asked)),
            tuple(self._ask(Top, "top", asked)),
            tuple(self.errors("both", guild=guild, since=since, until=until, service=service, limit=limit)),
            tuple(self._ask(Happening, "guild_recent", asked)),
        )

    def _scope(
        self,
        since: Moment,
        until: Moment,
        service: str,
        guild: int | None = None,
        *,
        hourly: bool = False,
        **values: object,
    ) -> Scope:
        return Scope(span(since, until), hourly, {"service": service, "guild": guild or 0, **values})

    def _ask(self, answer: type[A], question: str, asked: Scope, **words: str) -> list[A]:
        return [answer(*row) for row in self._rows(question, asked, **words)]

    def _rows(self, question: str, asked: Scope, **words: str) -> list[tuple[Any, ...]]:
        rows = self.store.query(asked.sql(question, **words), asked.values)
        return [tuple(map(_utc, row)) for row in rows]


def _now(until: Moment) -> int:
    """Return where the span ends, or now where that has not come yet; in seconds since 1970."""
    return min(span(None, until).until, int(datetime.now(timezone.utc).timestamp()))


def _utc(value: Any) -> Any:
    """Return a moment with its time zone, which the client leaves out, and all else as it is."""
    return value.replace(tzinfo=timezone.utc) if isinstance(value, datetime) and value.tzinfo is None else value
