"""Observed: the responses of web servers to interactions that Discord has posted. Signal: the acknowledgement.

A bot may receive interactions by HTTP instead of the gateway: its web server hands each to
``ConnectionState.parse_interaction_create``, where `interactions.py` observes it. Such a bot answers by Discord's
callback, which is a REST call as ever, or by the body of the response. The hooks wrap the beginning of a response in
aiohttp and in Starlette (which FastAPI is built on); the context of the request tells which interaction it belongs to.
Safe, because the originals get the same arguments, and every other response costs a look at a context variable.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

from argus_otel.telemetry import Guard

from .patches import Patch

if TYPE_CHECKING:
    from .interaction_operations import InteractionOperation
    from .interactions import Interactions

HOOK = "HTTP interactions"

posted: ContextVar[InteractionOperation | None] = ContextVar("argus_otel.posted_interaction", default=None)
"""The interaction that the running request has handed in, or that the last one on its connection has."""

_PONG = 1


def framework(answers_by: str) -> str:
    """Return what hands interactions in: aiointeractions with its version, or the program itself.

    Parameters
    ----------
    answers_by:
        The web framework that has answered an interaction; empty if none has, or none that is observed.
    """
    if "aiointeractions" in sys.modules:
        try:
            return f"aiointeractions {version('aiointeractions')}"
        except PackageNotFoundError:  # copied into the program
            return "aiointeractions"
    return "the program's own web server" + (f", on {answers_by}" if answers_by else "")


def patches(guard: Guard, interactions: Interactions) -> list[Patch]:
    """Return the hooks on the responses of web servers."""

    def respond(response: Any, framework: str) -> None:
        operation = posted.get()
        if operation is None:
            return
        interactions.answers_by = framework
        if not operation.acknowledged and _is_answer(getattr(response, "body", None)):
            interactions.answered(operation, perf_counter())

    responding = guard.shield(HOOK, respond, arguments=2)

    def make(framework: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def begin(self: object, *args: Any) -> Any:
            responding(self, framework)
            return original(self, *args)

        return begin

    aiohttp, starlette = "aiohttp.web_response", "starlette.responses"
    return [
        Patch(HOOK, aiohttp, "StreamResponse.prepare", partial(make, "aiohttp"), aiohttp),
        Patch(HOOK, starlette, "Response.__call__", partial(make, "Starlette"), starlette),
    ]


def _is_answer(body: object) -> bool:
    """Whether a response's body answers an interaction: JSON as a callback has it, with a type that is no PONG."""
    if not isinstance(body, (bytes, bytearray)) or not body:
        return False
    try:
        data: object = json.loads(body)
    except ValueError:  # a page of the web server's
        return False
    kind = cast("dict[str, object]", data).get("type") if isinstance(data, dict) else None
    return isinstance(kind, int) and kind != _PONG
