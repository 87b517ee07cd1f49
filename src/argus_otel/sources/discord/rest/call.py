"""The operation of one REST call, and the properties that all calls of its route share."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter
from typing import Any, Protocol

from argus_otel.telemetry import HistogramCell, Operation

from ..attributes import METHOD, SERVER, TEMPLATE
from .templates import template_of

WAITED_AT_LEAST = 0.001
"""The shortest wait for a rate limit that counts as one, in seconds. A bucket with capacity takes microseconds."""

_CALLBACK = "/interactions/{webhook_id}/{webhook_token}/callback"

current_call: ContextVar[RestCall | None] = ContextVar("argus_otel.rest_call", default=None)
"""The call that the running context is in, or was in last, for the hooks on attempts and waits.

A call that has ended stays until the next one begins: it holds none of the bot's objects, and resetting the variable
would cost as much as setting it.
"""


class RouteMetrics:
    """The properties that all calls of one route share, so that each call takes one look-up.

    Attributes
    ----------
    method, path, server:
        The HTTP method, the path as discord.py has it, and the host.
    span, attributes:
        The name of the spans, and the attributes that all of them have.
    is_callback:
        Whether a call acknowledges an interaction.
    successes:
        The duration of calls that succeed.
    by_status:
        The duration of attempts, by HTTP status.
    """

    __slots__ = ("method", "path", "server", "span", "attributes", "is_callback", "successes", "by_status")

    def __init__(self, method: str, path: str, server: str, successes: HistogramCell) -> None:
        self.method = method
        self.path = path
        self.server = server
        template = template_of(path)
        self.span = f"{method} {template}"
        self.attributes = {METHOD.name: method, TEMPLATE.name: template, SERVER.name: server}
        self.is_callback = path == _CALLBACK
        self.successes = successes
        self.by_status: dict[int, HistogramCell] = {}


class RestCall(Operation):
    """One REST call, with every attempt, wait and retry in it.

    Attributes
    ----------
    route:
        The properties that all calls of its route share.
    attempts:
        How many attempts have begun.
    sent:
        When the last attempt that got a response had begun, by :func:`time.perf_counter`.
    attempt_started:
        When the running attempt began, by :func:`time.perf_counter`; ``None`` between two attempts.
    idle_since:
        Since when the call can only be waiting for a rate limit; ``None`` while it does anything else.
    by_webhook:
        Whether a webhook's token authorizes it, as in responses to interactions.
    held:
        Whether it began under a global rate limit, which it waits for before its own bucket.
    waited:
        How long it has waited for rate limits, in seconds.
    status:
        The status of the last response.
    interaction:
        The interaction that it acknowledges, as :class:`Callbacks` knows it.
    """

    __slots__ = (
        "route", "attempts", "sent", "attempt_started", "idle_since",
        "by_webhook", "held", "waited", "status", "interaction",
    )  # fmt: skip

    # Sets the base's fields too: calling its `__init__` would cost as much again. A test holds both against each other.
    def __init__(self, route: RouteMetrics, idle: bool, by_webhook: bool) -> None:
        self.started = self.sent = perf_counter()
        self.scope = self.span = self.work_context = self.error = None
        self.ended = self.held = False
        self.route = route
        self.by_webhook = by_webhook
        self.attempts = 0
        self.waited = 0.0
        self.attempt_started: float | None = None
        self.idle_since: float | None = self.started if idle else None
        self.status: int | None = None
        self.interaction: Any = None


class Callbacks(Protocol):
    """Notified of the calls that acknowledge an interaction. This package knows no more of interactions.

    An interaction is any object with an attribute ``acknowledging``, which is set as such a call begins. Each method
    is called in a hook's body, inside of the guard.

    Attributes
    ----------
    find:
        Returns the interaction of an id, or ``None`` if it is not observed.
    """

    find: Callable[[Any], Any]

    def acknowledged(self, operation: Any, sent: float, /) -> None:
        """Discord has accepted the call, whose last attempt was ``sent`` then, by :func:`time.perf_counter`."""
        ...

    def acknowledgement_failed(self, operation: Any, code: int | None, /) -> None:
        """The call has failed, with Discord's error code if it was refused with one."""
        ...


def back_off(tries: int) -> float:
    """Return how long discord.py sleeps after a connection was reset, in seconds.

    Copied from its ``HTTPClient.request``; its webhooks and its forks do the same. A test compares it with theirs.

    Parameters
    ----------
    tries:
        How many attempts had failed before.
    """
    return 1.0 + 2.0 * tries
