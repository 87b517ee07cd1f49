"""What goes wrong at Discord, on purpose and repeatably."""

from __future__ import annotations

import fnmatch
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, TypeAlias

if TYPE_CHECKING:
    from discord_simulator.ratelimits import Scope

__all__ = [
    "Action",
    "Drip",
    "Fault",
    "Faults",
    "Malformed",
    "RateLimited",
    "Reply",
    "Reset",
    "ServerError",
    "Slow",
    "Truncated",
]


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Answer 429 whatever the buckets say.

    Attributes
    ----------
    scope: :class:`str`
        ``user`` (the bot's own bucket), ``shared`` (one it shares with others), ``global``, or ``cloudflare``:
        the ban page, in HTML and without a ``Via`` header, which discord.py does not retry.
    retry_after: :class:`float`
        Seconds the bot is told to wait.
    """

    kind: ClassVar[str] = "ratelimit"
    scope: Scope = "user"
    retry_after: float = 0.1

    def __post_init__(self) -> None:
        if self.scope not in ("user", "shared", "global", "cloudflare"):
            raise ValueError(f"scope must be user, shared, global or cloudflare, not {self.scope!r}")


@dataclass(frozen=True, slots=True)
class ServerError:
    """Answer with a status from 500 to 599 and do nothing. discord.py retries 500, 502 and 504."""

    kind: ClassVar[str] = "server_error"
    status: int = 502

    def __post_init__(self) -> None:
        if not 500 <= self.status <= 599:
            raise ValueError(f"status must be between 500 and 599, not {self.status}")


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the TCP connection instead of answering, and do nothing."""

    kind: ClassVar[str] = "reset"


@dataclass(frozen=True, slots=True)
class _Lasting:
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.seconds < 0:
            raise ValueError(f"seconds must not be negative, not {self.seconds}")


@dataclass(frozen=True, slots=True)
class Slow(_Lasting):
    """Do what was asked, and hold the answer back for some seconds."""

    kind: ClassVar[str] = "slow"


@dataclass(frozen=True, slots=True)
class Malformed:
    """Do what was asked, and answer with a body which is not JSON though it says so."""

    kind: ClassVar[str] = "malformed"


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer with exactly this, whatever was asked, and do nothing.

    Attributes
    ----------
    status: :class:`int`
        From 200 to 599.
    body: :class:`bytes`
        What follows the headers; left out with a status that has no body.
    headers: Mapping[:class:`str`, :class:`str`]
        All of them: not even ``Via`` or ``Content-Type`` is added.
    """

    kind: ClassVar[str] = "reply"
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise ValueError(f"status must be between 200 and 599, not {self.status}")


@dataclass(frozen=True, slots=True)
class Truncated:
    """Do what was asked, announce the whole answer, send half of its body, and end the connection."""

    kind: ClassVar[str] = "truncated"


@dataclass(frozen=True, slots=True)
class Drip(_Lasting):
    """Do what was asked, and send the answer's body bit by bit over some seconds."""

    kind: ClassVar[str] = "drip"


Action: TypeAlias = RateLimited | ServerError | Reset | Slow | Malformed | Reply | Truncated | Drip


@dataclass(slots=True, eq=False)
class Fault:
    """One rule: what goes wrong, where, how often.

    Attributes
    ----------
    action: Action
        What goes wrong.
    method: Optional[:class:`str`]
        Only for this HTTP method.
    template: Optional[:class:`str`]
        Only for this URL template in discord.py's spelling (``/channels/{channel_id}/messages``); ``*`` matches
        anything, as in ``/webhooks/*``.
    times: Optional[:class:`int`]
        At most so many times.
    probability: :class:`float`
        For this share of the matching requests, from 0 to 1.
    injected: :class:`int`
        How often it has happened so far.
    """

    action: Action
    method: str | None = None
    template: str | None = None
    times: int | None = None
    probability: float = 1.0
    injected: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability must be between 0 and 1, not {self.probability}")
        if self.times is not None and self.times < 0:
            raise ValueError(f"times must not be negative, not {self.times}")

    def matches(self, method: str, template: str) -> bool:
        """Return whether this rule is about such a request and is not used up."""
        return (
            (self.times is None or self.injected < self.times)
            and (self.method is None or self.method.upper() == method)
            and (self.template is None or fnmatch.fnmatchcase(template, self.template))
        )


class Faults:
    """The rules of one simulator. The first that matches and whose probability comes up wins.

    The same seed, rules and order of requests give the same faults.

    Parameters
    ----------
    seed: :class:`int`
        For the probabilities.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(
        self,
        action: Action,
        *,
        method: str | None = None,
        template: str | None = None,
        times: int | None = None,
        probability: float = 1.0,
    ) -> Fault:
        """Add a rule after the others and return it; the arguments are the attributes of :class:`Fault`.

        Raises
        ------
        ValueError
            ``times`` or ``probability`` is out of range.
        """
        fault = Fault(action, method, template, times, probability)
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Take a rule away; one that is gone already is no error."""
        with self._lock:
            self._faults = [entry for entry in self._faults if entry is not fault]

    def clear(self) -> None:
        """Take all rules away."""
        with self._lock:
            self._faults = []

    def draw(self, method: str, template: str) -> Action | None:
        """Return what goes wrong with one request, and count it."""
        with self._lock:
            for fault in self._faults:
                if fault.matches(method, template) and self._random.random() < fault.probability:
                    fault.injected += 1
                    return fault.action
        return None
