"""Queries on the history of Discord bots, as a typed Python API.

.. code-block:: python

    import os
    from datetime import timedelta

    from argus_otel.sources.discord.history import History

    with History.open(os.environ["ARGUS_HISTORY_STORE"]) as history:
        for guild in history.quiet(quiet_for=timedelta(days=14)):
            print(guild.guild_id, guild.last)

All of them read the rollups, and so also cover times whose events have expired. Only the latest events in a guild's
story are single rows. Every value is bound by the engine.

Common parameters: ``since`` and ``until`` limit the range, ``until`` excluded, in whole hours of UTC; ``None`` leaves
it open. ``service`` is one bot, and all of them if it is empty. ``limit`` is the most rows, the most important first.
Failures are a :class:`~argus_otel.history.store.errors.StoreError` whose message says what to do.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Literal

from argus_otel.history.store.query import Queries, QueryContext
from argus_otel.history.store.time_range import (
    QueryError,
    between,
    floor,
    one_of,
    start_of,
    time_range,
)

from . import COMMAND, GUILD_JOIN, GUILD_LEAVE
from .results import (
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

Period = Literal["day", "week", "month"]
Moment = datetime | date | None


class History(Queries):
    """The history of Discord bots in one store. Made by :meth:`open`."""

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
        """Return the uses of each period, the first one first.

        Parameters
        ----------
        guild:
            Only this one.
        each_guild:
            One row for each guild and period, of the ``limit`` most active guilds.
        """
        context = _context(since, until, service, guild, limit=limit)
        which = context.sql("volume_busiest") if each_guild else "${of_guild}"
        whose = "guild_id" if each_guild else "{guild:UInt64}"
        return self._select(Volume, "volume", context, start=start_of(period, _time(context)), whose=whose, which=which)

    def active(
        self, period: Period = "day", *, since: Moment = None, until: Moment = None, service: str = ""
    ) -> list[Active]:
        """Return how many guilds were active in each period."""
        context = _context(since, until, service)
        words = {"start": start_of(period, _time(context)), "first_start": start_of(period, _SINCE), "period": period}
        return self._select(Active, "active", context, **words)

    def growth(
        self, period: Period = "month", *, since: Moment = None, until: Moment = None, service: str = ""
    ) -> list[Growth]:
        """Return how many guilds joined and left in each period, and how many there were at its end."""
        context = _context(since, until, service)
        words = {"start": start_of(period, _time(context)), "start_of_seen": start_of(period, "seen")}
        results: list[Growth] = []
        guilds = 0
        for start, joined, left, found in self._rows("growth", context, **words):
            before = guilds + found
            guilds = before + joined - left
            churn = left / (before + joined) if before + joined else None
            results.append(Growth(start, joined, left, joined - left, guilds, churn))
        begin = floor(context.range.since, period)
        return [result for result in results if result.start >= begin]

    def quiet(
        self,
        quiet_for: timedelta = timedelta(days=14),
        *,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
        limit: int = 20,
    ) -> list[Quiet]:
        """Return the guilds that were active, are not any more, and have not left; the most active first.

        Parameters
        ----------
        quiet_for:
            The time without activity, counted back from ``until``, or else from now.
        """
        now = _now(until)
        deadline = max(0, now - int(quiet_for.total_seconds()))
        return self._select(Quiet, "quiet", _context(since, until, service, limit=limit, now=now, deadline=deadline))

    def top(
        self,
        *,
        guild: int | None = None,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
        limit: int = 20,
    ) -> list[Top]:
        """Return the most used commands."""
        return self._select(Top, "top", _context(since, until, service, guild, limit=limit))

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
            The command that it replaces, such as its former name.
        """
        context = _context(since, until, service, new=command, old=replaces)
        return self._select(
            Adoption,
            "adoption",
            context,
            start=start_of(period, _time(context)),
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
        """Return how often commands failed, by command, by guild or by both; the most failures first."""
        keys = {
            "command": {"command": "command", "type": "type", "guild": "0"},
            "guild": {"command": "''", "type": "''", "guild": "guild_id"},
            "both": {"command": "command", "type": "type", "guild": "guild_id"},
        }
        words = keys[one_of(by, keys, "by")]
        return self._select(Errors, "errors", _context(since, until, service, guild, limit=limit), **words)

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
        return self._select(Latency, "latency", _context(since, until, service, guild, limit=limit))

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
        """Return the hours of the day, or of the week, with the most uses.

        Parameters
        ----------
        time_zone:
            A name of the IANA's, such as ``Europe/Berlin``.
        """
        weekdays = {"day": "0", "week": "toDayOfWeek(hour, 0, {zone:String})"}
        weekday = weekdays[one_of(by, weekdays, "by")]
        known = self.store.query("select 1 from system.time_zones where time_zone = {zone:String}", {"zone": time_zone})
        if not known:
            raise QueryError(f"the time zone is {time_zone!r}, but it has to be one such as Europe/Berlin")
        context = _context(since, until, service, guild, hourly=True, limit=limit, zone=time_zone)
        return self._select(Busiest, "busiest", context, weekday=weekday)

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
            The most periods after that of joining.
        """
        one_of(period, ("week", "month"), "the period")
        context = _context(since, until, service, periods=periods)
        words = {"first_start": start_of(period, _SINCE), "start_of_joined": start_of(period, "joined")}
        joins = context.sql("cohort_members", **words)
        sizes = self._rows("cohorts", context, joins=joins)
        counts = self._rows("retention", context, joins=joins, start=start_of(period, _time(context)), period=period)
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
        """Return everything about one guild; ``None`` if history has nothing of it.

        Parameters
        ----------
        limit:
            The most commands, errors and latest events. Days are complete.
        """
        context = _context(since, until, service, guild, limit=limit)
        [(count, first, last, has_joined, joined, has_left, left, uses, users)] = self._rows("guild", context)
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
            tuple(self._select(Day, "guild_days", context)),
            tuple(self._select(Top, "top", context)),
            tuple(self.errors("both", guild=guild, since=since, until=until, service=service, limit=limit)),
            tuple(self._select(Happening, "guild_recent", context)),
        )


_SINCE = "toDateTime({since:UInt32}, 'UTC')"


def _context(
    since: Moment,
    until: Moment,
    service: str,
    guild: int | None = None,
    *,
    hourly: bool = False,
    **values: object,
) -> QueryContext:
    """Return the context of a query.

    Parameters
    ----------
    hourly:
        Whether only the hourly rollup will do. Otherwise whole days are read from the smaller, daily one.
    """
    span = time_range(since, until)
    time = "day" if span.whole_days and not hourly else "hour"
    rounded = "toDate" if time == "day" else ""
    begin, end = (f"{rounded}(toDateTime({{{bound}:UInt32}}, 'UTC'))" for bound in ("since", "until"))
    of_service = "({service:String} = '' or service = {service:String})"
    words = {
        "table": "discord_daily" if time == "day" else "discord_hourly",
        "time": time,
        "end": end,
        "of_service": of_service,
        "of_guild": "({guild:UInt64} = 0 or guild_id = {guild:UInt64})",
        "within": f"{time} >= {begin} and {time} < {end} and {of_service}",
        "is_use": f"event not in ('{GUILD_JOIN}', '{GUILD_LEAVE}')",
        "is_command": f"event = '{COMMAND}'",
        "is_join": f"event = '{GUILD_JOIN}'",
        "is_leave": f"event = '{GUILD_LEAVE}'",
        "is_error": "outcome = 'error'",
        "is_rejected": "outcome = 'rejected'",
    }
    return QueryContext(__package__ or "", span, words, {"service": service, "guild": guild or 0, **values})


def _time(context: QueryContext) -> str:
    return context.words["time"]


def _now(until: Moment) -> int:
    """Return the end of the range, but no later than now; in seconds since 1970."""
    return min(time_range(None, until).until, int(datetime.now(timezone.utc).timestamp()))
