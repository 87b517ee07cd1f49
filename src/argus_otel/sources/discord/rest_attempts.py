"""Observed: each attempt of a REST call. Told to the call's operation.

An attempt begins when aiohttp (or, for synchronous webhooks, requests) is asked for it, and ends when the response has
been read, which discord.py and its forks do once for each, errors included. Outside a REST call of discord.py
the replacements only ask a context variable, and let everything through. Safe, because the originals get the same
arguments, and whatever they raise passes through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from argus_otel.telemetry import Telemetry

from .patches import Patch
from .rest import RestCalls

HOOK = "REST attempts"


def patches(telemetry: Telemetry, calls: RestCalls) -> list[Patch]:
    """Return the hooks on the beginning and the end of an attempt."""
    guard = telemetry.guard
    begun, ended = guard.shield(HOOK, calls.attempt_begun), guard.shield(HOOK, calls.attempt_ended)

    def make_sync(original: Callable[..., Any]) -> Callable[..., Any]:
        def request(self: object, *args: Any, **kwargs: Any) -> Any:
            begun()
            response = original(self, *args, **kwargs)
            ended(_Answer(response.status_code, response.headers), response.content, None)
            return response

        return request

    return [
        # No coroutine around it: a request that fails without a response is seen when the call ends or tries again.
        Patch(HOOK, "aiohttp.client", "ClientSession._request", guard.before(HOOK, calls.attempt_begun)),
        Patch(HOOK, "aiohttp.client_reqrep", "ClientResponse.read", guard.after(HOOK, calls.attempt_ended)),
        Patch(HOOK, "requests.sessions", "Session.request", make_sync, package="requests"),
    ]


class _Answer(NamedTuple):
    """What requests has under other names than aiohttp."""

    status: int
    headers: Mapping[str, str]
