"""Observed: REST calls, by the bot and by webhooks, async and not. Noun: operation.

One call is one ``HTTPClient.request`` or webhook adapter's ``request``, with every attempt, wait and retry inside it;
the files beside this one tell it of those. Safe, because the original gets the same arguments, and whatever it raises
passes through.

While a call runs, other HTTP client instrumentations are silent: they would record whole URLs, with the tokens in them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

from argus_otel.telemetry import AttributeValue, HistogramCell, Operation, Telemetry

from .catalogue import (
    HTTP_DURATION,
    METHOD,
    RATELIMIT_SCOPE,
    RATELIMIT_WAIT,
    RATELIMITS,
    REST_DURATION,
    REST_SPAN,
    SERVER,
    STATUS,
    TEMPLATE,
)
from .clock import DiscordClock
from .interaction_operations import InteractionOperation
from .interactions import Interactions
from .library import DISCORD_PY, FORKS
from .patches import Hooks, Patch
from .templates import template_of

if TYPE_CHECKING:
    from discord.http import HTTPClient, Route

HOOK = "REST calls"

# A bucket that does not wait is passed in microseconds; one that does, sleeps.
_WAITED = 0.001

_ENDPOINTS_REMEMBERED = 1000

_CALLBACK = "/interactions/{webhook_id}/{webhook_token}/callback"

current_call: ContextVar[RestCall | None] = ContextVar("argus_otel.rest_call", default=None)
"""The call that the running context is in, or was in last, for the files that watch attempts and waits.

One that has ended stays until the next: it holds nothing of the bot's, and to take it out would cost what it cost to
put it in.
"""


class Endpoint:
    """What all calls of one route have in common, looked up once for each."""

    __slots__ = ("method", "path", "server", "span", "attributes", "acknowledges", "answers", "duration")

    def __init__(self, method: str, path: str, server: str, duration: HistogramCell) -> None:
        self.method = method
        self.path = path
        self.server = server
        template = template_of(path)
        self.span = f"{method} {template}"
        self.attributes = {METHOD.name: method, TEMPLATE.name: template, SERVER.name: server}
        self.acknowledges = path == _CALLBACK
        self.answers: dict[int, HistogramCell] = {}
        self.duration = duration


class RestCall(Operation):
    """One REST call.

    Attributes
    ----------
    endpoint:
        What its route has.
    attempts:
        How many attempts have begun.
    sent:
        When the last attempt that was answered had begun, by :func:`time.perf_counter`.
    attempt_started:
        When the running attempt began, by :func:`time.perf_counter`; ``None`` between two.
    idle_since:
        Since when it can only be waiting for a limit; ``None`` while it does something else.
    by_webhook:
        Whether it goes by a webhook's token, as answers to interactions do.
    held:
        Whether it began under a global limit, which it waits for before it comes to its own bucket.
    waited:
        What it has waited for rate limits, in seconds.
    status:
        The last response's status.
    acknowledges:
        The interaction that it answers first, if it does.
    """

    __slots__ = (
        "endpoint", "attempts", "sent", "attempt_started", "idle_since",
        "by_webhook", "held", "waited", "status", "acknowledges",
    )  # fmt: skip

    # All of it here, and its end in `_finish`, since each call of the base's costs as much again.
    def __init__(self, endpoint: Endpoint, idle: bool, by_webhook: bool) -> None:
        self.started = self.sent = perf_counter()
        self.scope = self.span = self.work_context = self.error = None
        self.ended = self.held = False
        self.endpoint = endpoint
        self.by_webhook = by_webhook
        self.attempts = 0
        self.waited = 0.0
        self.attempt_started: float | None = None
        self.idle_since: float | None = self.started if idle else None
        self.status: int | None = None
        self.acknowledges: InteractionOperation | None = None


def back_off(tries: int) -> float:
    """Return how long discord.py sleeps after a connection was reset, in seconds.

    Copied from its ``HTTPClient.request``; its webhooks and its forks do the same. Tests hold it against theirs.

    Parameters
    ----------
    tries:
        How many attempts had failed before.
    """
    return 1.0 + 2.0 * tries


class Response(Protocol):
    """What an attempt is answered with, as aiohttp has it."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers."""
        ...


class RestCalls:
    """Times REST calls, and takes what is told of their attempts."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks, interactions: Interactions, clock: DiscordClock) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._interactions = interactions
        self._clock = clock
        self._attempts = telemetry.histogram(HTTP_DURATION)
        self._calls = telemetry.histogram(REST_DURATION)
        self._waits = telemetry.histogram(RATELIMIT_WAIT)
        self._ratelimits = telemetry.counter(RATELIMITS)
        self._endpoints: dict[tuple[str, str], Endpoint] = {}

    def patches(self) -> list[Patch]:
        """Return the hooks on whole calls."""
        guard = self._telemetry.guard
        # The forks have no bucket that sleeps: up to its first attempt, a call waits for its turn and nothing else.
        # (Idle or not, by a webhook or not: by position, since keywords would cost each call a dictionary.)
        begin_of_fork = partial(self._begin, True, False)
        # A webhook's calls wait on a lock, and for its limit while they hold it. Before the first attempt and after the
        # last nothing else takes them time: what passes there is the wait, and needs no hook of its own.
        begin_webhook = partial(self._begin, True, True)
        begin, finish = guard.shield(HOOK, begin_webhook), guard.shield(HOOK, self._finish, arguments=2)
        in_flight, land = guard.in_flight, guard.in_flight.pop

        def make_sync(original: Callable[..., Any]) -> Callable[..., Any]:
            def request(self: object, route: Route, *args: Any, **kwargs: Any) -> Any:
                call = begin(self, route)
                if call is None:
                    return original(self, route, *args, **kwargs)
                in_flight[call] = finish
                try:
                    result = original(self, route, *args, **kwargs)
                except BaseException as error:
                    if land(call, None) is not None:
                        finish(call, error)
                    raise
                if land(call, None) is not None:
                    finish(call, None)
                return result

            return request

        own, by_fork, webhook = (
            guard.around(HOOK, begin, self._finish) for begin in (self._begin_own, begin_of_fork, begin_webhook)
        )
        return [
            Patch(HOOK, "discord.http", "HTTPClient.request", own, of=(DISCORD_PY,)),
            Patch(HOOK, "discord.http", "HTTPClient.request", by_fork, of=FORKS),
            Patch(HOOK, "discord.webhook.async_", "AsyncWebhookAdapter.request", webhook),
            Patch(HOOK, "discord.webhook.sync", "WebhookAdapter.request", make_sync),
        ]

    # -- the whole call

    def _begin_own(self, http: HTTPClient, route: Route) -> RestCall | None:
        call = self._begin(False, False, http, route)
        if call is not None:
            call.held = not http._global_over.is_set()
        return call

    def _begin(self, idle: bool, by_webhook: bool, _: object, route: Route, *__: object) -> RestCall | None:
        if not self._hooks.on:
            return None
        endpoint = self._endpoints.get((route.method, route.path)) or self._endpoint(route)
        call = RestCall(endpoint, idle, by_webhook)
        if endpoint.acknowledges:
            call.acknowledges = interaction = self._interactions.find(route.webhook_id)
            if interaction is not None:
                interaction.acknowledging = True
        telemetry = self._telemetry
        if telemetry.tracing is not None or telemetry.suppress_http_instrumentation is not None:
            self._enter(call, route.webhook_token)
        current_call.set(call)
        return call

    def _enter(self, call: RestCall, token: str | None) -> None:
        """Start its span, or at least silence other instrumentations, for as long as it runs."""
        telemetry, endpoint = self._telemetry, call.endpoint
        if telemetry.tracing is not None:
            if call.acknowledges is None:  # whose token is known
                telemetry.redact.add_secret(token)
            call.scope = call.span = telemetry.tracing.child(endpoint.span, REST_SPAN.kind, endpoint.attributes)
        if call.scope is None and telemetry.suppress_http_instrumentation is not None:
            call.scope = telemetry.suppress_http_instrumentation()
        if call.scope is not None:
            call.scope.attach()

    def _finish(self, call: RestCall, error: BaseException | None) -> None:
        now = perf_counter()
        call.ended = True
        if call.scope is not None:
            call.scope.detach()
            call.scope = None
        endpoint, error_type = call.endpoint, None
        if error is None:
            durations = endpoint.duration
        else:
            error_type = type(error).__qualname__
            durations = self._calls[endpoint.method, endpoint.path, error_type]
            if call.attempt_started is not None:
                self._attempt_failed(call, error_type, now)
        waited = call.waited
        if call.idle_since is not None:
            waited += now - call.idle_since
        span, trace = call.span, None
        if span is not None:
            trace = call.trace
            call.span = None
        durations.record(now - call.started, trace)
        if waited >= _WAITED:
            self._waits[endpoint.path].record(waited, trace)
        interaction = call.acknowledges
        if interaction is not None:
            call.acknowledges = None
            if error is None:
                self._interactions.acknowledged(interaction, call.sent)
            else:
                self._interactions.acknowledgement_failed(interaction)
        if span is not None:
            span.set_attributes(_span_attributes(call, waited, error_type))
            span.end(error, failed=error is not None)

    def _endpoint(self, route: Route) -> Endpoint:
        method, path = route.method, route.path
        server = urlsplit(route.url).hostname or route.url
        endpoint = Endpoint(method, path, server, self._calls[method, path, None])
        # A bot that writes ids into its paths itself must not make this grow for ever.
        if len(self._endpoints) < _ENDPOINTS_REMEMBERED:
            self._endpoints[method, path] = endpoint
        return endpoint

    # -- its attempts

    def attempt_begun(self) -> None:
        """Note that a request goes out now."""
        call = current_call.get()
        if call is None or call.ended:
            return
        now = perf_counter()
        if call.attempt_started is not None:
            # Connection reset is the one failure that discord.py tries again after. To see when it came would take a
            # coroutine around each request.
            self._attempt_failed(call, "ConnectionResetError", now - back_off(call.attempts - 1))
        if call.idle_since is not None:
            call.waited += now - call.idle_since
            call.idle_since = None
        call.attempts += 1
        call.attempt_started = now

    def attempt_ended(self, response: Response, body: bytes, error: BaseException | None) -> None:
        """Record the attempt whose response has just been read, or has broken off with ``error``."""
        call = current_call.get()
        if call is None or call.ended:
            return
        now = perf_counter()
        status = call.status = response.status
        if error is not None:
            self._attempt_failed(call, type(error).__qualname__, now, status)
            return
        started = call.attempt_started
        call.attempt_started = None
        if started is not None:
            call.sent = started
            cell = call.endpoint.answers.get(status) or self._answers_of(call.endpoint, status)
            cell.record(now - started, None if call.span is None else call.trace)
            if now >= self._clock.due:
                self._clock.answered(started, now, response.headers.get("Date"))
        if status == 429 or (call.by_webhook and status < 500):
            call.idle_since = now
        if status >= 400:
            self._refused(call, status, response.headers, body)

    def _answers_of(self, endpoint: Endpoint, status: int) -> HistogramCell:
        error_type = str(status) if status >= 400 else None
        key = (endpoint.method, endpoint.path, status, endpoint.server, error_type)
        cell = endpoint.answers[status] = self._attempts[key]
        return cell

    def _refused(self, call: RestCall, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Take note of what Discord says with a status of 400 or more."""
        attributes: dict[str, AttributeValue] = {STATUS.name: status}
        if status == 429:
            scope = attributes[RATELIMIT_SCOPE.name] = _ratelimit_scope(headers, body)
            self._ratelimits[call.endpoint.path, scope].value += 1
        if call.span is not None:
            call.span.add_event("response", attributes)

    def _attempt_failed(self, call: RestCall, error_type: str, ended: float, status: int | None = None) -> None:
        """Record the attempt that ended without a whole response."""
        started, call.attempt_started = call.attempt_started, None
        endpoint = call.endpoint
        if started is not None:
            key = (endpoint.method, endpoint.path, status, endpoint.server, error_type)
            self._attempts[key].record(max(0.0, ended - started), call.trace)


def _ratelimit_scope(headers: Mapping[str, str], body: bytes) -> str:
    """Return whose limit a 429 speaks of."""
    if not headers.get("Via") or headers.get("Content-Type") != "application/json":
        return "cloudflare"  # as discord.py tells a ban by Cloudflare
    if headers.get("X-RateLimit-Global") or _says_global(body):
        return "global"
    return headers.get("X-RateLimit-Scope", "user")


def _says_global(body: bytes) -> bool:
    try:
        data: object = json.loads(body)
    except ValueError:  # what comes from a proxy may be anything
        return False
    return isinstance(data, Mapping) and bool(cast("Mapping[str, object]", data).get("global"))


def _span_attributes(call: RestCall, waited: float, error_type: str | None) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {}
    if call.status is not None:
        attributes[STATUS.name] = call.status
    if call.attempts > 1:
        attributes["http.request.resend_count"] = call.attempts - 1
    if waited >= _WAITED:
        attributes[RATELIMIT_WAIT.name] = waited
    if error_type is not None:
        attributes["error.type"] = error_type
    return attributes
