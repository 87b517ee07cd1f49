"""Observed: each attempt of a REST call. Told to the call's operation.

An attempt begins when aiohttp (or, for synchronous webhooks, requests) is asked for it, and ends when the response has
been read, which discord.py and its forks do once for each, errors included. Outside a REST call of discord.py
the replacements only ask a context variable, and let everything through. Safe, because the originals get the same
arguments, and whatever they raise passes through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Telemetry

from .patches import Patch
from .rest import RestCalls, current_call

if TYPE_CHECKING:
    from aiohttp import ClientResponse

HOOK = "REST attempts"


def patches(telemetry: Telemetry, calls: RestCalls) -> list[Patch]:
    """Return the hooks on the beginning and the end of an attempt."""
    guard = telemetry.guard
    begun = guard.shield(HOOK, calls.attempt_begun, arguments=1)
    answered = guard.shield(HOOK, calls.attempt_answered, arguments=2)
    refused = guard.shield(HOOK, calls.attempt_refused)
    unreadable = guard.shield(HOOK, calls.attempt_unreadable)

    def make_request(original: Callable[..., Any]) -> Callable[..., Any]:
        # No coroutine of its own: a request that fails without a response is seen when the call ends or tries again.
        def _request(*args: Any, **kwargs: Any) -> Any:
            call = current_call.get()
            if call is not None:
                begun(call)
            return original(*args, **kwargs)

        return _request

    def make_read(original: Callable[..., Any]) -> Callable[..., Any]:
        async def read(self: ClientResponse) -> Any:
            try:
                body = await original(self)
            except BaseException as error:
                call = current_call.get()
                if call is not None:
                    unreadable(call, self.status, error)
                raise
            call = current_call.get()
            if call is not None:
                answered(call, self.status)
                if self.status >= 400:
                    refused(call, self.status, self.headers, body)
            return body

        return read

    def make_sync(original: Callable[..., Any]) -> Callable[..., Any]:
        def request(self: object, *args: Any, **kwargs: Any) -> Any:
            call = current_call.get()
            if call is None:
                return original(self, *args, **kwargs)
            begun(call)
            response = original(self, *args, **kwargs)
            answered(call, response.status_code)
            if response.status_code >= 400:
                refused(call, response.status_code, response.headers, response.content)
            return response

        return request

    return [
        Patch(HOOK, "aiohttp.client", "ClientSession._request", make_request),
        Patch(HOOK, "aiohttp.client_reqrep", "ClientResponse.read", make_read),
        Patch(HOOK, "requests.sessions", "Session.request", make_sync, package="requests"),
    ]
