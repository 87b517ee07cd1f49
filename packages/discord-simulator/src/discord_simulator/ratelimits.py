"""Discord's rate limits: a bucket for each route and major parameter, and one for everything."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["GENEROUS", "RateLimit", "RateLimits", "Scope", "Taken"]

Scope: TypeAlias = Literal["user", "shared", "global", "cloudflare"]

# https://discord.com/developers/docs/topics/rate-limits: these identify the resource a limit belongs to.
_MAJOR_PARAMETERS = ("channel_id", "guild_id", "webhook_id", "webhook_token")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests in so many seconds.

    Attributes
    ----------
    limit: :class:`int`
        Requests.
    per: :class:`float`
        Seconds, counted from the first request of a window.
    """

    limit: int
    per: float

    def __post_init__(self) -> None:
        if self.limit < 1 or self.per <= 0:
            raise ValueError(f"a rate limit is at least 1 request in more than 0 s, not {self.limit} in {self.per} s")


#: What a route gets that nobody set a limit for: present in the headers, out of an ordinary bot's reach.
GENEROUS = RateLimit(1000, 1.0)


@dataclass(frozen=True, slots=True)
class Taken:
    """The outcome of one request against its limits.

    ``scope`` is ``None`` when the request may pass; ``retry_after`` is then 0.
    """

    headers: dict[str, str]
    scope: Scope | None
    retry_after: float


@dataclass(slots=True)
class _Window:
    remaining: int
    reset: float


class RateLimits:
    """The limits of one simulator, and how much of them is used.

    Parameters
    ----------
    default: RateLimit
        For routes which have none of their own.
    everything: Optional[RateLimit]
        The global limit (50 in 1 s at Discord); ``None`` for none.
    clock: Callable[[], :class:`float`]
        Seconds since the Unix epoch.
    """

    def __init__(
        self,
        default: RateLimit = GENEROUS,
        *,
        everything: RateLimit | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.default = default
        self.everything = everything
        self._clock = clock
        self._limits: dict[tuple[str, str], RateLimit] = {}
        self._windows: dict[str, _Window] = {}

    def set(self, method: str, template: str, limit: int, per: float) -> None:
        """Limit one route.

        Parameters
        ----------
        method: :class:`str`
            ``POST``...
        template: :class:`str`
            In discord.py's spelling: ``/channels/{channel_id}/messages``. Each channel has a bucket of its own.
        limit: :class:`int`
            Requests.
        per: :class:`float`
            Seconds.

        Raises
        ------
        ValueError
            ``limit`` or ``per`` is out of range.
        """
        self._limits[method.upper(), template] = RateLimit(limit, per)

    def take(self, method: str, template: str, parameters: Mapping[str, str]) -> Taken:
        """Charge one request to its bucket and to the global limit, or refuse it."""
        now = self._clock()
        if self.everything is not None:
            window = self._window("everything", self.everything, now)
            if window.remaining == 0:
                return self._refused("global", {"X-RateLimit-Global": "true"}, window.reset - now)
            window.remaining -= 1

        limit = self._limits.get((method, template), self.default)
        route = hashlib.blake2b(f"{method} {template}".encode(), digest_size=16).hexdigest()
        major = [parameters[name] for name in _MAJOR_PARAMETERS if name in parameters]
        window = self._window(":".join([route, *major]), limit, now)
        refused = window.remaining == 0
        if not refused:
            window.remaining -= 1
        headers = {
            "X-RateLimit-Limit": str(limit.limit),
            "X-RateLimit-Remaining": str(window.remaining),
            "X-RateLimit-Reset": f"{window.reset:.3f}",
            "X-RateLimit-Reset-After": f"{_up(window.reset - now):.3f}",
            "X-RateLimit-Bucket": route,
        }
        if refused:
            return self._refused("user", headers, window.reset - now)
        return Taken(headers, None, 0.0)

    def _window(self, key: str, limit: RateLimit, now: float) -> _Window:
        window = self._windows.get(key)
        if window is None or now >= window.reset:
            window = self._windows[key] = _Window(limit.limit, now + limit.per)
        return window

    @staticmethod
    def _refused(scope: Scope, headers: dict[str, str], retry_after: float) -> Taken:
        retry_after = _up(retry_after)
        return Taken(headers | {"X-RateLimit-Scope": scope, "Retry-After": f"{retry_after:.3f}"}, scope, retry_after)


def _up(seconds: float) -> float:
    """Round up to the millisecond, so that whoever waits exactly that long is let in."""
    return math.ceil(round(seconds * 1000, 3)) / 1000
