"""Judges a check by its runs: when a change of its status is confirmed.

A single failed run changes nothing. A check gets worse once ``confirm.down`` runs in a row were worse than its status,
and better once ``confirm.up`` runs in a row were better. A check whose runs alternate keeps its status.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .mutes import MuteReason
from .outcomes import Failure, Outcome, Run


class Status(Enum):
    """The confirmed status of a check."""

    UP = "up"
    DEGRADED = "degraded"
    """It works, and a condition under ``warn:`` does not hold."""
    DOWN = "down"
    UNKNOWN = "unknown"
    """It has not run often enough, or the agent cannot judge anything at present."""


_LEVELS = {Outcome.OK: 0, Outcome.WARN: 1, Outcome.FAILED: 2}
_STATUSES = (Status.UP, Status.DEGRADED, Status.DOWN)


@dataclass(frozen=True, slots=True)
class Confirm:
    """How often a result has to be seen before it counts.

    Attributes
    ----------
    down, up:
        How many runs in a row make a status worse, and better. At least 1.
    every:
        The distance of runs while a change is not confirmed, in milliseconds.
    """

    down: int = 2
    up: int = 1
    every: int = 5000


@dataclass(frozen=True, slots=True)
class Change:
    """A confirmed change of status.

    Attributes
    ----------
    check:
        The check's name.
    before, after:
        The statuses; never equal.
    since:
        When the first of the runs was due that confirm it, in milliseconds since 1970.
    repeat:
        That run's :attr:`~.outcomes.Run.repeat`.
    failure:
        That of the last run, if it has one.
    known_before:
        The last status that was not unknown; unknown if there was none. A check that was up, could not be judged for a
        while, and is up again, has not recovered.
    muted:
        Why alerts on it are muted. A check that gets better is never muted.
    again:
        Whether it may have been reported before: the agent was killed soon after it.
    """

    check: str
    before: Status
    after: Status
    since: int
    repeat: int
    failure: Failure | None
    known_before: Status = Status.UNKNOWN
    muted: frozenset[MuteReason] = frozenset()
    again: bool = False

    @property
    def worse(self) -> bool:
        """Whether the check got worse. To become unknown is not worse."""
        return self.after in (Status.DEGRADED, Status.DOWN) and self.before not in (Status.DOWN, self.after)


@dataclass(slots=True)
class Streak:
    """Runs in a row that are alike.

    Attributes
    ----------
    runs:
        Their number.
    since, repeat:
        The slot of the first, in milliseconds since 1970, and its repeat.
    """

    runs: int = 0
    since: int = 0
    repeat: int = 0

    def add(self, run: Run) -> None:
        """Add a run that continues it."""
        if not self.runs:
            self.since, self.repeat = run.slot, run.repeat
        self.runs += 1

    def end(self) -> None:
        """Forget its runs: another one was different."""
        self.runs = self.since = self.repeat = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge knows, to be kept between two starts of the agent.

    Attributes
    ----------
    status, known, since:
        See :class:`Judge`.
    streaks:
        Runs, since and repeat of each streak.
    """

    status: Status
    known: Status
    since: int
    streaks: tuple[tuple[int, int, int], ...]


class Judge:
    """The status of one check. Pure: it reads no clock.

    Parameters
    ----------
    confirm:
        May be replaced when the file is read anew.

    Attributes
    ----------
    status:
        The confirmed status.
    known:
        The last status that was not unknown.
    since:
        When the status began, in milliseconds since 1970; 0 before the first.
    """

    __slots__ = ("check", "confirm", "status", "known", "since", "_failure", "_at_least", "_at_most")

    def __init__(self, check: str, confirm: Confirm) -> None:
        self.check = check
        self.confirm = confirm
        self.status = self.known = Status.UNKNOWN
        self.since = 0
        self._failure: Failure | None = None
        # By the outcome's level: the runs in a row that were at least, and at most, as bad.
        self._at_least = tuple(Streak() for _ in _STATUSES)
        self._at_most = tuple(Streak() for _ in _STATUSES)

    @property
    def unsure(self) -> bool:
        """Whether the last runs contradict the status, and do not suffice to change it."""
        if self.status is Status.UNKNOWN:
            return True
        level = _STATUSES.index(self.status)
        worse = level < 2 and self._at_least[level + 1].runs > 0
        return worse or (level > 0 and self._at_most[level - 1].runs > 0)

    @property
    def failing_since(self) -> int | None:
        """The slot of the first of the failed runs that came last, in milliseconds; ``None`` if the last was good."""
        streak = self._at_least[2]
        return streak.since if streak.runs else None

    def add(self, run: Run) -> None:
        """Take a run into account. One of unknown outcome counts for nothing."""
        level = _LEVELS.get(run.outcome)
        if level is None:
            return
        for each, streak in enumerate(self._at_least):
            streak.add(run) if level >= each else streak.end()
        for each, streak in enumerate(self._at_most):
            streak.add(run) if level <= each else streak.end()
        self._failure = run.failure

    def confirmed(self) -> Change | None:
        """Return the change that the runs confirm. Nothing changes before :meth:`apply` is given it."""
        best, worst = 0, 2
        if self.status is not Status.UNKNOWN:
            best = worst = _STATUSES.index(self.status)
        for worse in range(2, best, -1):
            if self._at_least[worse].runs >= self.confirm.down:
                return self._change(_STATUSES[worse], self._at_least[worse])
        for better in range(worst):
            if self._at_most[better].runs >= self.confirm.up:
                return self._change(_STATUSES[better], self._at_most[better])
        return None

    def apply(self, change: Change) -> None:
        """Make a confirmed change."""
        self.status, self.since = change.after, change.since
        if change.after is not Status.UNKNOWN:
            self.known = change.after

    def suspended(self, since: int) -> Change | None:
        """Return the change to unknown, since nothing can be judged now, and forget the streaks.

        Parameters
        ----------
        since:
            In milliseconds since 1970.
        """
        for streak in self._streaks:
            streak.end()
        self._failure = None
        if self.status is Status.UNKNOWN:
            return None
        return Change(self.check, self.status, Status.UNKNOWN, since, 0, None, self.known)

    def verdict(self) -> Verdict:
        """Return what has to be kept."""
        streaks = tuple((streak.runs, streak.since, streak.repeat) for streak in self._streaks)
        return Verdict(self.status, self.known, self.since, streaks)

    def restore(self, verdict: Verdict, *, streaks: bool) -> None:
        """Go on where an earlier judge of the same check stopped.

        Parameters
        ----------
        streaks:
            Whether its streaks go on, too: the time in between was short.
        """
        self.status, self.known, self.since = verdict.status, verdict.known, verdict.since
        if streaks:
            for streak, (runs, since, repeat) in zip(self._streaks, verdict.streaks, strict=True):
                streak.runs, streak.since, streak.repeat = runs, since, repeat

    @property
    def _streaks(self) -> tuple[Streak, ...]:
        return (*self._at_least, *self._at_most)

    def _change(self, after: Status, streak: Streak) -> Change:
        return Change(self.check, self.status, after, streak.since, streak.repeat, self._failure, self.known)
