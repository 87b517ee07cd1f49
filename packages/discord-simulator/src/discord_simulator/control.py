"""HTTP routes that read and drive a simulator from another process.

A page of the web may do neither. Its requests have an ``Origin`` that is not ours; or, where it has its own name
resolve to this machine (DNS rebinding), a ``Host`` that is not ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .errors import SimulatorError
from .payloads import as_object

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from .state import SimulatorState

PREFIX = "/_simulator"
"""The prefix of the routes that are not part of Discord."""


_OURS = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?", re.IGNORECASE)
_REFUSAL = "only this machine may ask: with 127.0.0.1 or localhost as Host, and without the Origin of another page"


class Control:
    """``GET /_simulator/health``, ``GET /_simulator/ledger`` and ``POST /_simulator/dispatch``."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to serve."""
        return [
            web.get(f"{PREFIX}/health", _for_this_machine(self.health)),
            web.get(f"{PREFIX}/ledger", _for_this_machine(self.ledger)),
            web.post(f"{PREFIX}/dispatch", _for_this_machine(self.dispatch)),
        ]

    async def health(self, _request: web.Request) -> web.Response:
        """Return whether a bot is connected and has its guilds."""
        ready = self._state.gateway.all_ready(None)
        return web.json_response({"status": "ok", "ready": ready, "shards": self._state.world.shards})

    async def ledger(self, _request: web.Request) -> web.Response:
        """Return the ledger's summary."""
        return web.json_response(self._state.ledger.summary())

    async def dispatch(self, request: web.Request) -> web.Response:
        """Send an event: a JSON object with ``type``, ``data``, and ``guild_id`` or ``shard_id`` or neither."""
        try:
            asked: Any = await request.json()
        except ValueError:
            asked = None
        body = as_object(asked)
        data = None if body is None else as_object(body.get("data"))
        if body is None or data is None or not isinstance(body.get("type"), str):
            return web.json_response({"error": 'expected {"type": "EVENT", "data": {...}}'}, status=400)
        gateway = self._state.gateway
        try:
            if body.get("guild_id") is not None:
                sessions = [gateway.session_for(int(body["guild_id"]))]
            else:
                sessions = gateway.sessions(None if body.get("shard_id") is None else int(body["shard_id"]))
        except (SimulatorError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=409)
        written = [await session.dispatch(body["type"], data) for session in sessions]
        return web.json_response({"written": sum(written)})


def _for_this_machine(handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        hosts = request.headers.getall("Host", [])
        origins = request.headers.getall("Origin", [])
        own = {f"{request.scheme}://{host}" for host in hosts}
        if not all(map(_OURS.fullmatch, hosts)) or not own.issuperset(origins):
            return web.json_response({"error": _REFUSAL}, status=403)
        return await handler(request)

    return handle
