"""Faults of the REST API, injected by repeatable rules."""

from __future__ import annotations

import fnmatch
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, TypeAlias

if TYPE_CHECKING:
    from .ratelimits import Scope


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Answer 429, regardless of the buckets.

    Attributes
    ----------
    scope:
        ``user`` (the bot's own bucket), ``shared`` (one it shares with others), ``global``, or ``cloudflare``:
        the ban page, in HTML and without a ``Via`` header, which discord.py does not retry.
    retry_after:
        Seconds in ``Retry-After``.
    """

    kind: ClassVar[str] = "ratelimit"
    scope: Scope = "user"
    retry_after: float = 0.1

    def __post_init__(self) -> None:
        if self.scope not in ("user", "shared", "global", "cloudflare"):
            raise ValueError(f"scope must be user, shared, global or cloudflare, not {self.scope!r}")


@dataclass(frozen=True, slots=True)
class ServerError:
    """Answer with a status from 500 to 599, and do not handle the request. discord.py retries 500, 502 and 504."""

    kind: ClassVar[str] = "server_error"
    status: int = 502

    def __post_init__(self) -> None:
        if not 500 <= self.status <= 599:
            raise ValueError(f"status must be between 500 and 599, not {self.status}")


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer as Discord refuses a request, and do not handle it.

    Attributes
    ----------
    status:
        From 400 to 499, but not 429.
    code:
        Discord's error code in the JSON body, https://discord.com/developers/docs/topics/opcodes-and-status-codes#json.
    message:
        Its message.
    """

    kind: ClassVar[str] = "refused"
    status: int = 403
    code: int = 50013
    message: str = "Missing Permissions"

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 499 or self.status == 429:
            raise ValueError(f"status must be between 400 and 499 and not 429, not {self.status}; see RateLimited")


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the TCP connection, and do not handle the request."""

    kind: ClassVar[str] = "reset"


@dataclass(frozen=True, slots=True)
class _Lasting:
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.seconds < 0:
            raise ValueError(f"seconds must not be negative, not {self.seconds}")


@dataclass(frozen=True, slots=True)
class Slow(_Lasting):
    """Handle the request, and delay the response."""

    kind: ClassVar[str] = "slow"


@dataclass(frozen=True, slots=True)
class Malformed:
    """Handle the request, and answer with a body that is not JSON despite its content type."""

    kind: ClassVar[str] = "malformed"


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer with exactly this, and do not handle the request.

    Attributes
    ----------
    status:
        From 200 to 599.
    body:
        The body; omitted if the status has none.
    headers:
        All headers: neither ``Via`` nor ``Content-Type`` is added.
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
    """Handle the request, announce the whole response, send half of its body, and end the connection."""

    kind: ClassVar[str] = "truncated"


@dataclass(frozen=True, slots=True)
class Drip(_Lasting):
    """Handle the request, and send the response's body in pieces over some seconds."""

    kind: ClassVar[str] = "drip"


Action: TypeAlias = RateLimited | ServerError | Refused | Reset | Slow | Malformed | Reply | Truncated | Drip


@dataclass(slots=True, eq=False)
class Fault:
    """One rule: a fault, the requests it applies to, and how often.

    Attributes
    ----------
    action:
        The fault.
    method:
        Only for this HTTP method.
    template:
        Only for this URL template in discord.py's spelling (``/channels/{channel_id}/messages``); ``*`` matches
        anything, as in ``/webhooks/*``.
    times:
        The most times it applies.
    probability:
        For this share of the matching requests, from 0 to 1.
    injected:
        How often it has applied so far.
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
        """Return whether this rule applies to such a request and is not used up."""
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
    seed:
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
        """Remove a rule; safe to repeat."""
        with self._lock:
            self._faults = [entry for entry in self._faults if entry is not fault]

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._faults = []

    def draw(self, method: str, template: str) -> Action | None:
        """Return the fault of one request, if any, and count it."""
        with self._lock:
            for fault in self._faults:
                if fault.matches(method, template) and self._random.random() < fault.probability:
                    fault.injected += 1
                    return fault.action
        return None
