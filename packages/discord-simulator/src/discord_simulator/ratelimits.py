"""Discord's rate limits: a bucket for each route and major parameter, and one for everything."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Scope: TypeAlias = Literal["user", "shared", "global", "cloudflare"]

# https://discord.com/developers/docs/topics/rate-limits: these identify the resource a limit belongs to.
_MAJOR_PARAMETERS = ("channel_id", "guild_id", "webhook_id", "webhook_token")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A number of requests per window.

    Attributes
    ----------
    limit:
        Requests.
    per:
        Seconds, counted from the first request of a window.
    """

    limit: int
    per: float

    def __post_init__(self) -> None:
        if self.limit < 1 or self.per <= 0:
            raise ValueError(f"a rate limit is at least 1 request in more than 0 s, not {self.limit} in {self.per} s")


GENEROUS = RateLimit(1000, 1.0)
"""The default limit of a route: present in the headers, but out of an ordinary bot's reach."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The result of charging one request to its limits.

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
    """The limits of one simulator, and their use so far.

    Parameters
    ----------
    default:
        The limit of routes that have none of their own.
    everything:
        The global limit (50 in 1 s at Discord); ``None`` for none.
    clock:
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
        method:
            ``POST``...
        template:
            In discord.py's spelling: ``/channels/{channel_id}/messages``. Each channel has a bucket of its own.
        limit:
            Requests.
        per:
            Seconds.

        Raises
        ------
        ValueError
            ``limit`` or ``per`` is out of range.
        """
        self._limits[method.upper(), template] = RateLimit(limit, per)

    def charge(self, method: str, template: str, parameters: Mapping[str, str]) -> Charge:
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
        return Charge(headers, None, 0.0)

    def _window(self, key: str, limit: RateLimit, now: float) -> _Window:
        window = self._windows.get(key)
        if window is None or now >= window.reset:
            window = self._windows[key] = _Window(limit.limit, now + limit.per)
        return window

    @staticmethod
    def _refused(scope: Scope, headers: dict[str, str], retry_after: float) -> Charge:
        retry_after = _up(retry_after)
        return Charge(headers | {"X-RateLimit-Scope": scope, "Retry-After": f"{retry_after:.3f}"}, scope, retry_after)


def _up(seconds: float) -> float:
    """Round up to the millisecond, so that a bot that waits exactly that long is not refused."""
    return math.ceil(round(seconds * 1000, 3)) / 1000
