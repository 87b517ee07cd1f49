"""Observed: REST calls, by the bot and by webhooks, asynchronous or not. Signal: operation.

One call is one ``HTTPClient.request``, or one ``request`` of a webhook adapter, with every attempt, wait and retry in
it; ``attempts.py`` and ``waits.py`` record those. Safe, because the original gets the same arguments, and its
exceptions pass through.

While a call runs, other HTTP client instrumentations are suppressed: they would record whole URLs, with the tokens in
them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from argus_otel.telemetry import AttributeValue, Telemetry

from ..attributes import ERROR_CODE, ERROR_TYPE, STATUS
from ..catalogue import RATELIMIT_WAIT, REST_DURATION, REST_ERRORS
from ..library import DISCORD_PY, FORKS
from ..outcomes import error_code
from ..patches import Patch, PatchSet
from ..spans import REST_SPAN
from .attempts import RestAttempts
from .call import WAITED_AT_LEAST, Callbacks, RestCall, RouteMetrics, current_call

if TYPE_CHECKING:
    from discord.http import HTTPClient, Route

HOOK = "REST calls"

_ROUTES_REMEMBERED = 1000


class RestCalls:
    """Times REST calls.

    Parameters
    ----------
    attempts:
        Records the attempt that a failing call leaves open.
    callbacks:
        Notified of calls that acknowledge an interaction.
    """

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, attempts: RestAttempts, callbacks: Callbacks) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._attempts = attempts
        self._callbacks = callbacks
        self._calls = telemetry.histogram(REST_DURATION)
        self._waits = telemetry.histogram(RATELIMIT_WAIT)
        self._errors = telemetry.counter(REST_ERRORS)
        self._routes: dict[tuple[str, str], RouteMetrics] = {}

    def patches(self) -> list[Patch]:
        """Return the hooks on whole calls."""
        guard = self._telemetry.guard
        # The forks have no bucket that sleeps: until its first attempt, a call only waits for its turn.
        # (Idle or not, by a webhook or not: by position, since keywords would cost each call a dictionary.)
        begin_in_fork = partial(self._begin, True, False)
        # A webhook's call waits for a lock, and sleeps for the rate limit while it holds the lock. It spends no other
        # time before its first attempt and after its last, so all of that is the wait, and needs no hook of its own.
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

        own, in_fork, webhook = (
            guard.around(HOOK, begin, self._finish) for begin in (self._begin_own, begin_in_fork, begin_webhook)
        )
        return [
            Patch(HOOK, "discord.http", "HTTPClient.request", own, libraries=(DISCORD_PY,)),
            Patch(HOOK, "discord.http", "HTTPClient.request", in_fork, libraries=FORKS),
            Patch(HOOK, "discord.webhook.async_", "AsyncWebhookAdapter.request", webhook),
            Patch(HOOK, "discord.webhook.sync", "WebhookAdapter.request", make_sync),
        ]

    def _begin_own(self, http: HTTPClient, route: Route) -> RestCall | None:
        call = self._begin(False, False, http, route)
        if call is not None:
            call.held = not http._global_over.is_set()
        return call

    def _begin(self, idle: bool, by_webhook: bool, _: object, route: Route, *__: object) -> RestCall | None:
        if not self._hooks.on:
            return None
        metrics = self._routes.get((route.method, route.path)) or self._metrics_of(route)
        call = RestCall(metrics, idle, by_webhook)
        if metrics.is_callback:
            call.interaction = interaction = self._callbacks.find(route.webhook_id)
            if interaction is not None:
                interaction.acknowledging = True
        telemetry = self._telemetry
        if telemetry.tracing is not None or telemetry.suppress_http_instrumentation is not None:
            self._attach_scope(call, route.webhook_token)
        current_call.set(call)
        return call

    def _attach_scope(self, call: RestCall, token: str | None) -> None:
        """Start the call's span, or at least suppress other instrumentations, for as long as the call runs."""
        telemetry, route = self._telemetry, call.route
        if telemetry.tracing is not None:
            if call.interaction is None:  # an interaction's token was learned as the interaction arrived
                telemetry.redact.add_secret(token)
            call.scope = call.span = telemetry.tracing.child(route.span, REST_SPAN.kind, route.attributes)
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
        route, error_type, code = call.route, None, None
        if error is None:
            durations = route.successes
        else:
            error_type = type(error).__qualname__
            durations = self._calls[route.method, route.path, error_type]
            code = error_code(error)
            if code is not None:
                self._errors[route.path, code].value += 1
            if call.attempt_started is not None:
                self._attempts.failed(call, error_type, now)
        waited = call.waited
        if call.idle_since is not None:
            waited += now - call.idle_since
        span, trace = call.span, None
        if span is not None:
            trace = call.trace
            call.span = None
        durations.record(now - call.started, trace)
        if waited >= WAITED_AT_LEAST:
            self._waits[route.path].record(waited, trace)
        interaction = call.interaction
        if interaction is not None:
            call.interaction = None
            if error is None:
                self._callbacks.acknowledged(interaction, call.sent)
            else:
                self._callbacks.acknowledgement_failed(interaction, code)
        if span is not None:
            attributes = _span_attributes(call, waited, error_type, code)
            if error is not None and trace is not None:
                self._telemetry.exception_reports.report(
                    REST_SPAN.exception, error, {**route.attributes, **attributes}, trace
                )
            span.set_attributes(attributes)
            span.end(error, failed=error is not None)

    def _metrics_of(self, route: Route) -> RouteMetrics:
        method, path = route.method, route.path
        server = urlsplit(route.url).hostname or route.url
        metrics = RouteMetrics(method, path, server, self._calls[method, path, None])
        # A bot that writes ids into its paths itself must not make this grow without bound.
        if len(self._routes) < _ROUTES_REMEMBERED:
            self._routes[method, path] = metrics
        return metrics


def _span_attributes(
    call: RestCall, waited: float, error_type: str | None, code: int | None
) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {}
    if call.status is not None:
        attributes[STATUS.name] = call.status
    if call.attempts > 1:
        attributes["http.request.resend_count"] = call.attempts - 1
    if waited >= WAITED_AT_LEAST:
        attributes[RATELIMIT_WAIT.name] = waited
    if error_type is not None:
        attributes[ERROR_TYPE.name] = error_type
    if code is not None:
        attributes[ERROR_CODE.name] = code
    return attributes
