"""Observed: each attempt of a REST call. Signals: histogram, counter of 429s, and marks on the call's span.

An attempt begins when discord.py asks aiohttp (or, for synchronous webhooks, requests) for it, and ends when its
response has been read, which discord.py and its forks do once for each response, errors included. Outside of a REST
call of discord.py, the replacements only read a context variable. Safe, because the originals get the same arguments,
and their exceptions pass through.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, NamedTuple, Protocol, cast

from argus_otel.telemetry import AttributeValue, HistogramCell, Telemetry

from ..attributes import RATELIMIT_SCOPE, STATUS
from ..catalogue import HTTP_DURATION, RATELIMITS
from ..clock import DiscordClock
from ..patches import Patch
from .call import RestCall, RouteMetrics, back_off, current_call

HOOK = "REST attempts"


class Response(Protocol):
    """The response to an attempt, as aiohttp has it."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers."""
        ...


class _RequestsResponse(NamedTuple):
    """A response of requests, which has these under other names than aiohttp."""

    status: int
    headers: Mapping[str, str]


class RestAttempts:
    """Times attempts, and counts 429s."""

    def __init__(self, telemetry: Telemetry, clock: DiscordClock) -> None:
        self._guard = telemetry.guard
        self._clock = clock
        self._durations = telemetry.histogram(HTTP_DURATION)
        self._ratelimits = telemetry.counter(RATELIMITS)

    def patches(self) -> list[Patch]:
        """Return the hooks on the beginning and the end of an attempt."""
        guard = self._guard
        begin, end = guard.shield(HOOK, self._begin), guard.shield(HOOK, self._end)

        def make_sync(original: Callable[..., Any]) -> Callable[..., Any]:
            def request(self: object, *args: Any, **kwargs: Any) -> Any:
                begin()
                response = original(self, *args, **kwargs)
                end(_RequestsResponse(response.status_code, response.headers), response.content, None)
                return response

            return request

        return [
            # No coroutine around it: a request that fails without a response is seen when its call ends or tries again.
            Patch(HOOK, "aiohttp.client", "ClientSession._request", guard.before(HOOK, self._begin)),
            Patch(HOOK, "aiohttp.client_reqrep", "ClientResponse.read", guard.after(HOOK, self._end)),
            Patch(HOOK, "requests.sessions", "Session.request", make_sync, package="requests"),
        ]

    def _begin(self) -> None:
        call = current_call.get()
        if call is None or call.ended:
            return
        now = perf_counter()
        if call.attempt_started is not None:
            # discord.py retries after one failure only, a connection reset. Seeing the moment of the reset would take a
            # coroutine around each request.
            self.failed(call, "ConnectionResetError", now - back_off(call.attempts - 1))
        if call.idle_since is not None:
            call.waited += now - call.idle_since
            call.idle_since = None
        call.attempts += 1
        call.attempt_started = now

    def _end(self, response: Response, body: bytes, error: BaseException | None) -> None:
        """Record an attempt whose response has been read, or has broken off with ``error``."""
        call = current_call.get()
        if call is None or call.ended:
            return
        now = perf_counter()
        status = call.status = response.status
        if error is not None:
            self.failed(call, type(error).__qualname__, now, status)
            return
        started = call.attempt_started
        call.attempt_started = None
        if started is not None:
            call.sent = started
            cell = call.route.by_status.get(status) or self._cell_of(call.route, status)
            cell.record(now - started, None if call.span is None else call.trace)
            if now >= self._clock.due:
                self._clock.answered(started, now, response.headers.get("Date"))
        if status == 429 or (call.by_webhook and status < 500):
            call.idle_since = now
        if status >= 400:
            self._record_status(call, status, response.headers, body)

    def failed(self, call: RestCall, error_type: str, ended: float, status: int | None = None) -> None:
        """Record the open attempt of a call, which ended without a whole response.

        Parameters
        ----------
        ended:
            When it ended, by :func:`time.perf_counter`.
        status:
            The response's status, if that had arrived.
        """
        started, call.attempt_started = call.attempt_started, None
        route = call.route
        if started is not None:
            key = (route.method, route.path, status, route.server, error_type)
            self._durations[key].record(max(0.0, ended - started), call.trace)

    def _cell_of(self, route: RouteMetrics, status: int) -> HistogramCell:
        error_type = str(status) if status >= 400 else None
        key = (route.method, route.path, status, route.server, error_type)
        cell = route.by_status[status] = self._durations[key]
        return cell

    def _record_status(self, call: RestCall, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Record a status of 400 or more."""
        attributes: dict[str, AttributeValue] = {STATUS.name: status}
        if status == 429:
            scope = attributes[RATELIMIT_SCOPE.name] = _ratelimit_scope(headers, body)
            self._ratelimits[call.route.path, scope].value += 1
        if call.span is not None:
            call.span.add_event("response", attributes)


def _ratelimit_scope(headers: Mapping[str, str], body: bytes) -> str:
    """Return which rate limit a 429 is about."""
    if not headers.get("Via") or headers.get("Content-Type") != "application/json":
        return "cloudflare"  # discord.py recognises a ban by Cloudflare in this way
    if headers.get("X-RateLimit-Global") or _is_global(body):
        return "global"
    return headers.get("X-RateLimit-Scope", "user")


def _is_global(body: bytes) -> bool:
    try:
        data: object = json.loads(body)
    except ValueError:  # a proxy may send anything
        return False
    return isinstance(data, Mapping) and bool(cast("Mapping[str, object]", data).get("global"))
