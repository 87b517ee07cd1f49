"""Every REST request: route, fault, authorization, rate limit, handler, response, ledger."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ..api import channels, commands, guilds, identity, interactions, webhooks
from ..connection import reset
from ..entries import RestEntry
from ..faults import Drip, Malformed, RateLimited, Refused, Reply, Reset, ServerError, Slow, Truncated
from ..payloads import as_list, as_object
from ..reaction_delay import handling_request
from .routing import ApiError, ApiRequest, ApiResponse, Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..faults import Action
    from ..payloads import Payload
    from ..ratelimits import Scope
    from ..state import SimulatorState
    from .routing import Match

UNKNOWN_TEMPLATE = "(unknown)"
"""The template in the ledger for a path that matches no route."""

_log = logging.getLogger(__name__)

# discord.py takes a 429 without `Via` for a ban by Cloudflare, so ordinary answers have it.
_VIA = {"Via": "1.1 google"}
_TOKENS = re.compile(r"/(webhooks|interactions)/([^/]+)/[^/]+")
_DRIPS = 8
_NO_JSON = object()
_BAN_PAGE = "<!doctype html><html><title>Access denied | discord.com</title><h1>Error 1015</h1></html>"


@dataclass(slots=True)
class _Reply:
    status: int
    body: str | bytes = ""
    headers: dict[str, str] | None = None
    scope: Scope | None = None
    content_type: str | None = "application/json"


class Rest:
    """The REST API of one simulator."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state
        self._routes = Routes()
        for module in (identity, commands, channels, guilds, interactions, webhooks):
            self._routes.include(module.routes)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self._state.requests_in_flight += 1
        try:
            with handling_request():
                return await self._serve(request)
        finally:
            self._state.requests_in_flight -= 1
            self._state.last_request_at = time.monotonic()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        path = re.sub(r"^/api(/v\d+)?", "", request.rel_url.raw_path)
        match = self._routes.find(request.method, path)
        template = UNKNOWN_TEMPLATE if match is None else match.template
        body = await _body(request)
        fault = self._state.faults.draw(request.method, template)
        if isinstance(fault, Reset):
            reply = _Reply(0)
        else:
            reply = await self._reply(request, match, fault, body)
        if isinstance(fault, Slow):
            await asyncio.sleep(fault.seconds)
        self._state.ledger.record_rest(
            RestEntry(
                method=request.method,
                template=template,
                path=_TOKENS.sub(r"/\1/\2/-", path),
                status=reply.status,
                started=started,
                ended=time.perf_counter(),
                scope=reply.scope,
                fault=None if fault is None else fault.kind,
                traceparent="traceparent" in request.headers,
                body=None if body is _NO_JSON else body,
            )
        )
        if isinstance(fault, Reset):
            reset(request.transport)
            return web.Response()
        return await _deliver(request, reply, fault, self._state.clock())

    async def _reply(self, request: web.Request, match: Match | None, fault: Action | None, body: Any) -> _Reply:
        if isinstance(fault, RateLimited):
            return _rate_limited(fault)
        if isinstance(fault, ServerError):
            return _Reply(fault.status, json.dumps({"message": "injected", "code": 0}), _VIA)
        if isinstance(fault, Refused):
            return _Reply(fault.status, json.dumps({"message": fault.message, "code": fault.code}), _VIA)
        if isinstance(fault, Reply):
            return _Reply(fault.status, fault.body, dict(fault.headers), content_type=None)
        if match is None:
            return _Reply(404, json.dumps({"message": "404: Not Found", "code": 0}), _VIA)
        if match.authorized and request.headers.get("Authorization") != f"Bot {self._state.token}":
            return _Reply(401, json.dumps({"message": "401: Unauthorized", "code": 0}), _VIA)
        charge = self._state.rate_limits.charge(request.method, match.template, match.parameters)
        headers = _VIA | charge.headers
        if charge.scope is not None:
            return _Reply(429, _limited_body(charge.retry_after, charge.scope), headers, charge.scope)
        if body is _NO_JSON:
            return _Reply(
                400, json.dumps({"message": "The request body contains invalid JSON.", "code": 50109}), headers
            )
        try:
            answer = await match.handler(self._state, ApiRequest(match.parameters, request.query, body))
        except ApiError as error:
            answer = ApiResponse(error.status, error.body)
        except (KeyError, TypeError, ValueError):
            _log.warning("%s %s could not be handled", request.method, match.template, exc_info=True)
            answer = ApiResponse(400, {"message": "Invalid Form Body", "code": 50035})
        if isinstance(fault, Malformed):
            return _Reply(200, '{"id": "1', headers)
        return _Reply(answer.status, "" if answer.status == 204 else json.dumps(answer.body), headers)


def _rate_limited(fault: RateLimited) -> _Reply:
    if fault.scope == "cloudflare":
        return _Reply(429, _BAN_PAGE, {"Retry-After": f"{fault.retry_after:g}"}, fault.scope, "text/html")
    headers = _VIA | {"X-RateLimit-Scope": fault.scope, "Retry-After": f"{fault.retry_after:g}"}
    if fault.scope == "global":
        headers["X-RateLimit-Global"] = "true"
    return _Reply(429, _limited_body(fault.retry_after, fault.scope), headers, fault.scope)


def _limited_body(retry_after: float, scope: Scope) -> str:
    limited: Payload = {
        "message": "The resource is being rate limited." if scope == "shared" else "You are being rate limited.",
        "retry_after": retry_after,
        "global": scope == "global",
    }
    return json.dumps(limited)


async def _deliver(request: web.Request, reply: _Reply, fault: Action | None, now: float) -> web.StreamResponse:
    headers = {"Date": formatdate(now, usegmt=True), **(reply.headers or {})}
    if reply.content_type is not None and reply.status != 204:
        headers["Content-Type"] = reply.content_type
    body = reply.body.encode() if isinstance(reply.body, str) else reply.body
    if not isinstance(fault, (Drip, Truncated)):
        return web.Response(status=reply.status, body=body or None, headers=headers)
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    if isinstance(fault, Truncated):
        await response.write(body[: len(body) // 2])
        if request.transport is not None:
            request.transport.close()
        return response
    size = max(1, -(-len(body) // _DRIPS))
    for start in range(0, len(body), size):
        await asyncio.sleep(fault.seconds / _DRIPS)
        await response.write(body[start : start + size])
    return response


async def _body(request: web.Request) -> Any:
    """Return the JSON of a request, which is the body itself or the payload_json of a form."""
    if not request.can_read_body:
        return None
    try:
        # Discord takes either kind of form; py-cord sends the second if there are no files.
        if request.content_type in ("multipart/form-data", "application/x-www-form-urlencoded"):
            return _form(await request.post())
        return json.loads(await request.read())
    except ValueError:
        return _NO_JSON


def _form(form: Mapping[str, str | bytes | bytearray | web.FileField]) -> Any:
    payload = form.get("payload_json")
    if not isinstance(payload, str):
        return {key: value for key, value in form.items() if isinstance(value, str)}
    body: Any = json.loads(payload)
    for attachment in as_list((as_object(body) or {}).get("attachments")):
        file = form.get(f"files[{attachment.get('id')}]")
        if isinstance(file, web.FileField):
            attachment["size"] = file.file.seek(0, io.SEEK_END)
    return body
