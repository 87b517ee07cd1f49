"""Discord's clock, as far as its answers tell it: how far this machine's clock is from it. Noun: gauge.

A snowflake holds the moment of its making by Discord's clock, and a machine that is five seconds ahead would find every
interaction five seconds old. So ages are not taken by this machine's clock. What is kept is what Discord's clock showed
when :func:`time.perf_counter` was zero, its *origin*, within two bounds:

- An answer to a REST call has a ``Date``, of a moment between request and answer, in whole seconds: a bound on either
  side, a second and a round trip apart. The first comes with the log-in, before any interaction. Answers in other parts
  of a second narrow it down, to about a round trip.
- An interaction arrives after it was made: one bound, as tight as the promptest of late.

Both clocks may drift apart, so the bounds widen with time, and where new ones contradict them (a machine that was
suspended, whose monotonic clock stood still), the new ones hold. A step of this machine's clock, as by NTP, moves
neither. Safe, because each of these is a few sums and comparisons, and nothing is kept of what it comes from.
"""

from __future__ import annotations

import logging
import math
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import perf_counter
from time import time as wall_clock
from typing import NamedTuple

from argus_otel.telemetry import Reading, Telemetry

from .catalogue import CLOCK_OFFSET

_log = logging.getLogger("argus_otel")

_DISCORD_EPOCH = 1_420_070_400.0

# What two quartz clocks drift apart at the most. One that NTP slews faster contradicts its bounds before long.
_DRIFT = 1e-4

# A clock that NTP keeps is as near as that: where the bounds allow for it, it is taken to be right.
_KEPT = 0.1

# Bounds that disagree by less are those of two of Discord's machines.
_DISAGREEMENT = 0.1

# Bounds that are further apart leave the origin unknown: their middle may be more than a second off.
_UNKNOWN = 2.0

_WARNED_BEYOND = 1.0

# With bounds that near, an answer is looked at as often as that: no part of a second, so that answers are of each part.
_ENOUGH, _EVERY = 0.5, 0.618

# How often a bot that is busy has the arrival of an interaction looked at, in seconds.
_EVERY_ARRIVAL = 0.05

_SKEWED = (
    "argus-otel: this machine's clock is %.1f s %s Discord's. How long acknowledgements take is corrected for it; the "
    "times of spans, log records and history are not. Synchronise the clock by NTP: `timedatectl set-ntp true` where "
    "systemd runs, else install chrony."
)


class _Known(NamedTuple):
    """What is known of the origin, in seconds since the Unix epoch; replaced, never changed, so any thread may read it.

    Attributes
    ----------
    low, high:
        The bounds, as they were ``at`` that moment of :func:`time.perf_counter`.
    origin:
        The best guess within them.
    answers:
        How many ``Date`` headers in a row agree.
    until:
        Until when, by :func:`time.perf_counter`, the bounds are near enough to rely on the origin.
    """

    low: float
    high: float
    at: float
    origin: float
    answers: int
    until: float


class DiscordClock:
    """Tells when Discord made something, by :func:`time.perf_counter`, whatever this machine's clock shows.

    Attributes
    ----------
    due, arrivals_due:
        From when on, by :func:`time.perf_counter`, the next ``Date`` and the next arrival are of use.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self.due = self.arrivals_due = -math.inf
        self._known = _known(-math.inf, math.inf, 0.0, math.nan, 0)
        self._warned = False
        telemetry.gauge(CLOCK_OFFSET, self._reading)
        telemetry.health.add_section("clock", self._describe)

    def created(self, snowflake: int, arrived: float) -> float:
        """Return when Discord made a snowflake, by :func:`time.perf_counter`, and never later than it arrived.

        Where Discord's clock is not known to a second, this is when it arrived: what is counted from then on is too
        short by the way from Discord, and right otherwise.

        Parameters
        ----------
        arrived:
            When the snowflake came, by :func:`time.perf_counter`.
        """
        known = self._known
        if arrived > known.until:
            return arrived
        made = (snowflake >> 22) / 1000 + _DISCORD_EPOCH - known.origin
        return made if made < arrived else arrived

    def arrived(self, snowflake: int, now: float) -> None:
        """Note that a snowflake came ``now``, by :func:`time.perf_counter`, and so was made before."""
        self.arrivals_due = now + _EVERY_ARRIVAL
        least = (snowflake >> 22) / 1000 + _DISCORD_EPOCH - now
        known = self._known
        widened = _DRIFT * (now - known.at)
        if least <= known.low - widened:
            return
        high = known.high + widened
        if least <= high:
            origin = max(known.origin, least)  # or not a number, while none is known
            self._known = _known(least, high, now, origin, known.answers)
        elif least - high < _DISAGREEMENT:
            self._known = _known(high, least, now, least, known.answers)
        else:
            self._known = _known(least, math.inf, now, math.nan, 0)
            self.due = -math.inf

    def answered(self, sent: float, received: float, date: str | None) -> None:
        """Note the ``Date`` header of an answer, and when request and answer were sent and received.

        Parameters
        ----------
        sent, received:
            By :func:`time.perf_counter`.
        """
        second = None if date is None else _seconds(date)
        if second is None:
            self.due = received + _EVERY
            return
        known = self._known
        widened = _DRIFT * (received - known.at)
        earliest, latest = second - received, second + 1 - sent
        low, high, answers = max(known.low - widened, earliest), min(known.high + widened, latest), known.answers + 1
        if low - high >= _DISAGREEMENT:
            low, high, answers = earliest, latest, 1
        low, high = min(low, high), max(low, high)
        mine = wall_clock() - perf_counter()
        if low - _KEPT <= mine <= high + _KEPT:
            origin = min(max(mine, low), high)
        else:
            origin = (low + high) / 2
            self._warn(mine, low, high, answers)
        self._known = _known(low, high, received, origin, answers)
        self.due = received + _EVERY if high - low < _ENOUGH else -math.inf

    def _warn(self, mine: float, low: float, high: float, answers: int) -> None:
        # A second answer has to agree: what stands between the bot and Discord might have kept the first for a while.
        if self._warned or answers < 2 or low - _WARNED_BEYOND <= mine <= high + _WARNED_BEYOND:
            return
        self._warned = True
        offset = mine - (low + high) / 2
        _log.warning(_SKEWED, abs(offset), "ahead of" if offset > 0 else "behind")

    # -- on the collecting thread

    def _reading(self) -> Reading:
        now, known = perf_counter(), self._known
        return [] if now > known.until else [({}, wall_clock() - now - known.origin)]

    def _describe(self) -> dict[str, float | None]:
        """Return how far this machine's clock is ahead of Discord's, in seconds, for ``/status``."""
        now, known = perf_counter(), self._known
        if now > known.until:
            return {"offset": None, "at_least": None, "at_most": None}
        mine, widened = wall_clock() - now, _DRIFT * (now - known.at)
        return {
            "offset": mine - known.origin,
            "at_least": mine - known.high - widened,
            "at_most": mine - known.low + widened,
        }


def _known(low: float, high: float, at: float, origin: float, answers: int) -> _Known:
    return _Known(low, high, at, origin, answers, at + (_UNKNOWN - (high - low)) / (2 * _DRIFT))


def _seconds(date: str) -> float | None:
    """Return a ``Date`` header's seconds since the Unix epoch; ``None`` for one of another form.

    That of RFC 9110 (5.6.7) is ``Sun, 06 Nov 1994 08:49:37 GMT``, to the letter.
    """
    try:
        return _midnight(date[:17]) + 3600 * int(date[17:19]) + 60 * int(date[20:22]) + int(date[23:25])
    except (OverflowError, ValueError):
        return None


@lru_cache(maxsize=2)
def _midnight(day: str) -> float:
    return parsedate_to_datetime(f"{day}00:00:00 GMT").timestamp()
