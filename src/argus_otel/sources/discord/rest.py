"""Observed: REST calls, by the bot and by webhooks, async and not. Noun: operation.

One call is one ``HTTPClient.request`` or webhook adapter's ``request``, with every attempt, wait and retry inside it;
the files beside this one tell it of those. Safe, because the original gets the same arguments, and whatever it raises
passes through.

While a call runs, other HTTP client instrumentations are silent: they would record whole URLs, with the tokens in them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from argus_otel.telemetry import AttributeValue, Operation, Scope, Telemetry

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
from .interactions import Interactions
from .patches import Hooks, Patch
from .templates import template_of

if TYPE_CHECKING:
    from discord.http import Route

HOOK = "REST calls"

# A bucket that does not wait is passed in microseconds; one that does, sleeps.
_WAITED = 0.001

_CALLBACK = "/interactions/{webhook_id}/{webhook_token}/callback"

current_call: ContextVar[RestCall | None] = ContextVar("argus_otel.rest_call", default=None)
"""The call that the running context is in, for the files that watch attempts and waits."""


class RestCall(Operation):
    """One REST call.

    Attributes
    ----------
    method, template, server:
        As metrics name them.
    attempts:
        How many attempts have begun.
    attempt_started:
        When the running attempt began, by :func:`time.perf_counter`; ``None`` between two.
    backing_off_since:
        When a 429 made it wait; ``None`` otherwise.
    waited:
        What it has waited for rate limits, in seconds.
    status:
        The last response's status.
    interaction:
        The interaction that it acknowledges, or 0.
    """

    __slots__ = (
        "method",
        "template",
        "server",
        "attempts",
        "attempt_started",
        "backing_off_since",
        "waited",
        "status",
        "interaction",
        "scope",
    )

    def __init__(self, method: str, template: str, server: str) -> None:
        super().__init__()
        self.method = method
        self.template = template
        self.server = server
        self.attempts = 0
        self.attempt_started: float | None = None
        self.backing_off_since: float | None = None
        self.waited = 0.0
        self.status: int | None = None
        self.interaction = 0
        self.scope: Scope | None = None


class RestCalls:
    """Times REST calls, and takes what is told of their attempts."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks, interactions: Interactions) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._interactions = interactions
        self._attempts = telemetry.histogram(HTTP_DURATION)
        self._calls = telemetry.histogram(REST_DURATION)
        self._waits = telemetry.histogram(RATELIMIT_WAIT)
        self._ratelimits = telemetry.counter(RATELIMITS)
        self.begin = telemetry.guard.shield(HOOK, self._begin)
        self.finish = telemetry.guard.shield(HOOK, self._finish)

    def patches(self) -> list[Patch]:
        """Return the hooks on whole calls."""
        begin, finish = self.begin, self.finish

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            async def request(self: object, route: Route, *args: Any, **kwargs: Any) -> Any:
                call = begin(route)
                if call is None:
                    return await original(self, route, *args, **kwargs)
                try:
                    result = await original(self, route, *args, **kwargs)
                except BaseException as error:
                    finish(call, error)
                    raise
                finish(call, None)
                return result

            return request

        def make_sync(original: Callable[..., Any]) -> Callable[..., Any]:
            def request(self: object, route: Route, *args: Any, **kwargs: Any) -> Any:
                call = begin(route)
                if call is None:
                    return original(self, route, *args, **kwargs)
                try:
                    result = original(self, route, *args, **kwargs)
                except BaseException as error:
                    finish(call, error)
                    raise
                finish(call, None)
                return result

            return request

        return [
            Patch(HOOK, "discord.http", "HTTPClient.request", make),
            Patch(HOOK, "discord.webhook.async_", "AsyncWebhookAdapter.request", make),
            Patch(HOOK, "discord.webhook.sync", "WebhookAdapter.request", make_sync),
        ]

    # -- the whole call

    def _begin(self, route: Route) -> RestCall | None:
        if not self._hooks.on:
            return None
        call = RestCall(route.method, route.path, _host(route.BASE))
        if route.path == _CALLBACK:
            call.interaction = int(route.webhook_id or 0)
            self._interactions.acknowledging(call.interaction, True)
        telemetry = self._telemetry
        if telemetry.tracing is not None:
            telemetry.redact.add_secret(route.webhook_token)
            template = template_of(route.path)
            call.scope = call.span = telemetry.tracing.start(
                f"{route.method} {template}",
                REST_SPAN.kind,
                {METHOD.name: route.method, TEMPLATE.name: template, SERVER.name: call.server},
            )
        else:
            call.scope = telemetry.quiet()
        if call.scope is not None:
            call.scope.enter()
        current_call.set(call)
        return call

    def _finish(self, call: RestCall, error: BaseException | None) -> None:
        current_call.set(None)
        if call.scope is not None:
            call.scope.leave()
        error_type = None
        if error is not None:
            error_type = type(error).__qualname__
            call.note(error)
            if call.attempt_started is not None:  # the response's body never came
                self.attempt_failed(call, error)
        waited = call.waited if call.waited >= _WAITED else 0.0
        if call.span is not None:
            call.span.set(_span_attributes(call, waited, error_type))
        duration = call.end(failed=error is not None)
        trace = call.trace
        self._calls[call.method, call.template, error_type].record(duration, trace)
        if waited:
            self._waits[call.template].record(waited, trace)
        if call.interaction:
            if error is None:
                self._interactions.acknowledged(call.interaction)
            else:
                self._interactions.acknowledging(call.interaction, False)

    # -- its attempts

    def attempt_begun(self, call: RestCall) -> None:
        """Note that a request goes out now."""
        now = perf_counter()
        if call.backing_off_since is not None:
            call.waited += now - call.backing_off_since
            call.backing_off_since = None
        call.attempts += 1
        call.attempt_started = now

    def attempt_answered(self, call: RestCall, status: int, ratelimit_scope: str | None) -> None:
        """Record the attempt that a response has just ended; ``ratelimit_scope`` is given for a 429."""
        now = perf_counter()
        started, call.attempt_started = call.attempt_started, None
        call.status = status
        error_type = str(status) if status >= 400 else None
        if started is not None:
            key = (call.method, call.template, status, call.server, error_type)
            self._attempts[key].record(now - started, call.trace)
        if ratelimit_scope is not None:
            self._ratelimits[call.template, ratelimit_scope].value += 1
            call.backing_off_since = now
        if call.span is not None and error_type is not None:
            attributes: dict[str, AttributeValue] = {STATUS.name: status}
            if ratelimit_scope is not None:
                attributes[RATELIMIT_SCOPE.name] = ratelimit_scope
            call.span.mark("response", attributes)

    def attempt_failed(self, call: RestCall, error: BaseException) -> None:
        """Record the attempt that has just failed without a response."""
        started, call.attempt_started = call.attempt_started, None
        if started is not None:
            key = (call.method, call.template, None, call.server, type(error).__qualname__)
            self._attempts[key].record(perf_counter() - started, call.trace)


@lru_cache(maxsize=16)
def _host(base: str) -> str:
    return urlsplit(base).hostname or base


def _span_attributes(call: RestCall, waited: float, error_type: str | None) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {}
    if call.status is not None:
        attributes[STATUS.name] = call.status
    if call.attempts > 1:
        attributes["http.request.resend_count"] = call.attempts - 1
    if waited:
        attributes[RATELIMIT_WAIT.name] = waited
    if error_type is not None:
        attributes["error.type"] = error_type
    return attributes
