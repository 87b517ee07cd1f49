"""Results of the queries: a frozen dataclass for each query, an instance for each row.

A field's metadata may name its unit, see :mod:`argus_otel.terminal.records`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

_ID = {"unit": "id"}
_SECONDS = {"unit": "s"}
_SHARE = {"unit": "share"}


@dataclass(frozen=True, slots=True)
class Volume:
    """The uses of one period.

    Attributes
    ----------
    start:
        The period's first day, in UTC.
    guild_id:
        The guild; 0 for all guilds together.
    uses:
        All events but joins and leaves: commands, clicks, modals, and the bot's own events.
    commands, errors:
        The uses that were commands, and that failed.
    guilds, users:
        How many took part. Users are estimated (within some 2 %), and 0 if ``ARGUS_HISTORY_USERS`` is off.
    """

    start: date
    guild_id: int = field(metadata=_ID)
    uses: int
    commands: int
    errors: int
    guilds: int
    users: int


@dataclass(frozen=True, slots=True)
class Active:
    """The active guilds of one period.

    Attributes
    ----------
    new:
        Those that had never been active before.
    kept:
        Those that were active in the period before too.
    back:
        The others: they had been active once, but not in the period before.
    """

    start: date
    guilds: int
    new: int
    kept: int
    back: int


@dataclass(frozen=True, slots=True)
class Growth:
    """The guilds that joined and left in one period.

    Attributes
    ----------
    guilds:
        How many the bot was in at the period's end, of those that are in history.
    churn:
        How many left, as a share of those that could: in the bot at the beginning, or joined since. ``None`` if there
        were none.
    """

    start: date
    joined: int
    left: int
    net: int
    guilds: int
    churn: float | None = field(metadata=_SHARE)


@dataclass(frozen=True, slots=True)
class Quiet:
    """A guild that the bot is in, and that stopped using it.

    Attributes
    ----------
    last:
        When it was active for the last time.
    days:
        How long ago that is.
    uses, active_days:
        How much it used the bot before, and on how many days.
    """

    guild_id: int = field(metadata=_ID)
    last: datetime
    days: int
    uses: int
    active_days: int


@dataclass(frozen=True, slots=True)
class Top:
    """The uses of one command; ``share`` is of all uses of commands."""

    command: str
    type: str
    uses: int
    share: float = field(metadata=_SHARE)
    guilds: int
    users: int
    rejected: int
    errors: int


@dataclass(frozen=True, slots=True)
class Adoption:
    """How a command spread in one period.

    Attributes
    ----------
    guilds, new_guilds:
        How many used it in this period, and how many of them for the first time.
    reached:
        How many have used it up to the end of this period.
    share:
        Guilds that used it, of all that used any command in this period.
    old_uses, old_guilds:
        The same of the command that it replaces; 0 if none was named.
    moved:
        How many guilds have used both up to the end of this period.
    lost:
        How many have used the old one, but not this one, up to the end of this period.
    """

    start: date
    uses: int
    guilds: int
    new_guilds: int
    reached: int
    share: float | None = field(metadata=_SHARE)
    old_uses: int
    old_guilds: int
    moved: int
    lost: int


@dataclass(frozen=True, slots=True)
class Errors:
    """How often a command failed, in one guild or in all.

    Attributes
    ----------
    command, type, guild_id:
        Empty, or 0, if the query was not by it.
    rate:
        ``errors`` of ``uses``. A use that a check or a cooldown rejected is no error, and neither is one that Discord
        refused for a missing permission.
    error:
        The class of most of the errors.
    """

    command: str
    type: str
    guild_id: int = field(metadata=_ID)
    uses: int
    rejected: int
    errors: int
    rate: float = field(metadata=_SHARE)
    error: str


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a command took, in seconds. Percentiles are right within 1 %; mean and longest are exact."""

    command: str
    type: str
    uses: int
    mean: float = field(metadata=_SECONDS)
    p50: float = field(metadata=_SECONDS)
    p90: float = field(metadata=_SECONDS)
    p95: float = field(metadata=_SECONDS)
    p99: float = field(metadata=_SECONDS)
    longest: float = field(metadata=_SECONDS)


@dataclass(frozen=True, slots=True)
class Busiest:
    """The uses in one hour of the day, or of the week.

    Attributes
    ----------
    weekday:
        1 is Monday, 7 is Sunday; 0 if the query was for the hour of the day only.
    hour:
        From 0 to 23, in the time zone of the query.
    """

    weekday: int
    hour: int
    uses: int
    share: float = field(metadata=_SHARE)
    guilds: int


@dataclass(frozen=True, slots=True)
class Cohort:
    """The guilds that joined in one period, and how many of them were active in it and in each one after.

    Attributes
    ----------
    active:
        The first is of the period of joining. There are as many as have begun.
    """

    start: date
    guilds: int
    active: tuple[int, ...] = field(metadata={"unit": "series", "of": "guilds"})


@dataclass(frozen=True, slots=True)
class Day:
    """The events of one guild on one day."""

    day: date
    joined: int
    left: int
    uses: int
    commands: int
    rejected: int
    errors: int
    users: int
    busiest: str
    """The most used command."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a guild, for as long as events are kept."""

    time: datetime
    event: str
    command: str
    outcome: str
    error: str
    code: int
    """With which Discord refused a call; 0 for none."""
    late: str
    """Why the acknowledgement was late or refused; empty if it was not."""
    duration: float = field(metadata=_SECONDS)
    user: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything about one guild.

    Attributes
    ----------
    first, last:
        Its first and last event.
    joined, left:
        When it joined and when it left for the last time, as far as it is in history.
    days:
        Each day that has events, the first one first.
    commands, errors:
        See :class:`Top` and :class:`Errors`.
    recent:
        The latest events, the last one first.
    """

    guild_id: int = field(metadata=_ID)
    first: datetime
    last: datetime
    joined: datetime | None
    left: datetime | None
    uses: int
    users: int
    days: tuple[Day, ...]
    commands: tuple[Top, ...]
    errors: tuple[Errors, ...]
    recent: tuple[Happening, ...]
