"""Discord's clock, estimated from its responses, and this machine's offset from it. Signal: gauge.

A snowflake holds the moment of its creation by Discord's clock. On a machine whose clock is five seconds ahead, every
interaction would seem five seconds old, so ages are not computed by this machine's clock. Instead,
:class:`DiscordClock` estimates the *origin*: the time that Discord's clock showed when :func:`time.perf_counter` was
zero, within two bounds.

- The response to a REST call has a ``Date``, which lies between request and response, in whole seconds: one bound on
  either side, a second and a round trip apart. The first arrives with the log-in, before any interaction. Responses in
  other parts of a second narrow the bounds to about a round trip.
- An interaction arrives after its creation: one bound, as tight as the fastest recent arrival.

The two clocks may drift apart, so the bounds widen with time. If new bounds contradict the old ones, as after a machine
was suspended and its monotonic clock stood still, the new ones replace them. A step of this machine's clock, such as by
NTP, moves neither bound. Safe, because each update is a few sums and comparisons, and no object of the bot's is kept.
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

# The largest drift between two quartz clocks. A clock that NTP slews faster soon contradicts its bounds.
_DRIFT = 1e-4

# A clock that NTP synchronises is this close, in seconds: within the bounds, it is assumed to be right.
_SYNCHRONISED = 0.1

# Bounds that disagree by less come from two of Discord's machines.
_DISAGREEMENT = 0.1

# Bounds that are further apart leave the origin unknown: their middle may be more than a second off.
_UNKNOWN = 2.0

_WARNED_BEYOND = 1.0

# Once the bounds are this close, a response is used this often. No simple part of a second, so that the responses are
# spread over it.
_ENOUGH, _EVERY = 0.5, 0.618

# How often a busy bot uses the arrival of an interaction, in seconds.
_EVERY_ARRIVAL = 0.05

_SKEWED = (
    "argus-otel: this machine's clock is %.1f s %s Discord's. How long acknowledgements take is corrected for it; the "
    "times of spans, log records and history are not. Synchronise the clock by NTP: `timedatectl set-ntp true` where "
    "systemd runs, else install chrony."
)


class _Known(NamedTuple):
    """The estimate of the origin, in seconds since the Unix epoch. Replaced, never changed, so any thread may read it.

    Attributes
    ----------
    low, high:
        The bounds, as they were at the moment ``at`` of :func:`time.perf_counter`.
    origin:
        The best estimate within them.
    answers:
        How many ``Date`` headers in a row agree.
    until:
        Until when, by :func:`time.perf_counter`, the bounds are close enough to rely on the origin.
    """

    low: float
    high: float
    at: float
    origin: float
    answers: int
    until: float


class DiscordClock:
    """Converts Discord's times to :func:`time.perf_counter`, whatever this machine's clock shows.

    Attributes
    ----------
    due, arrivals_due:
        When, by :func:`time.perf_counter`, the next ``Date`` and the next arrival are needed.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self.due = self.arrivals_due = -math.inf
        self._known = _known(-math.inf, math.inf, 0.0, math.nan, 0)
        self._warned = False
        telemetry.gauge(CLOCK_OFFSET, self._reading)
        telemetry.health.add_section("clock", self._describe)

    def created(self, snowflake: int, arrived: float) -> float:
        """Return when Discord created a snowflake, by :func:`time.perf_counter`; never later than its arrival.

        If Discord's clock is not known to a second, this is the arrival. Durations from then on are too short by the
        transmission from Discord.

        Parameters
        ----------
        arrived:
            When the snowflake arrived, by :func:`time.perf_counter`.
        """
        known = self._known
        if arrived > known.until:
            return arrived
        made = (snowflake >> 22) / 1000 + _DISCORD_EPOCH - known.origin
        return made if made < arrived else arrived

    def arrived(self, snowflake: int, now: float) -> None:
        """Update the bounds by a snowflake that arrives ``now``, by :func:`time.perf_counter`."""
        self.arrivals_due = now + _EVERY_ARRIVAL
        least = (snowflake >> 22) / 1000 + _DISCORD_EPOCH - now
        known = self._known
        widened = _DRIFT * (now - known.at)
        if least <= known.low - widened:
            return
        high = known.high + widened
        if least <= high:
            origin = max(known.origin, least)  # not a number while the origin is unknown
            self._known = _known(least, high, now, origin, known.answers)
        elif least - high < _DISAGREEMENT:
            self._known = _known(high, least, now, least, known.answers)
        else:
            self._known = _known(least, math.inf, now, math.nan, 0)
            self.due = -math.inf

    def answered(self, sent: float, received: float, date: str | None) -> None:
        """Update the bounds by the ``Date`` header of a response.

        Parameters
        ----------
        sent, received:
            When the request was sent and its response received, by :func:`time.perf_counter`.
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
        if low - _SYNCHRONISED <= mine <= high + _SYNCHRONISED:
            origin = min(max(mine, low), high)
        else:
            origin = (low + high) / 2
            self._warn(mine, low, high, answers)
        self._known = _known(low, high, received, origin, answers)
        self.due = received + _EVERY if high - low < _ENOUGH else -math.inf

    def _warn(self, mine: float, low: float, high: float, answers: int) -> None:
        # A second response has to agree: a proxy may have delayed or cached the first.
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
    """Return a ``Date`` header's seconds since the Unix epoch, or ``None`` if it is malformed.

    RFC 9110 (5.6.7) fixes its form: ``Sun, 06 Nov 1994 08:49:37 GMT``.
    """
    try:
        return _midnight(date[:17]) + 3600 * int(date[17:19]) + 60 * int(date[20:22]) + int(date[23:25])
    except (OverflowError, ValueError):
        return None


@lru_cache(maxsize=2)
def _midnight(day: str) -> float:
    return parsedate_to_datetime(f"{day}00:00:00 GMT").timestamp()
