"""Observed: the end of each gateway connection, with its close code. Nouns: counter, event.

Our own closing is seen at ``DiscordWebSocket.close``. The server's is told by discord.py's events ``disconnect`` and
``shard_disconnect``, which carry no code, but at that moment the connection still has it. They are listened to with the
public ``Client.wait_for`` and a check that is never true: it runs synchronously and makes no task. Safe, because each
connection is counted once, whichever of the two comes first, and nothing is done while it lives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Telemetry

from .catalogue import CLOSE_CODE, DISCONNECT_EVENT, DISCONNECTS, SHARD_ID
from .patches import Hooks, Patch
from .shards import Roster, Shard

if TYPE_CHECKING:
    from discord.client import Client
    from discord.gateway import DiscordWebSocket

HOOK = "gateway disconnects"

# RFC 6455's "no close frame came", which is also what aiohttp says of a connection that just broke.
_ABNORMAL = 1006

# What the poll_event of newer versions closes with. Where it waits for the next event, aiohttp lets it close before
# DiscordWebSocket.close does, which then returns at once: a bot that is closed in its prime says 4000 and not 1000.
_POLLING = 4000


class Disconnects:
    """Counts connections that ended."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks, roster: Roster) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._roster = roster
        self._counts = telemetry.counter(DISCONNECTS)

    def patches(self) -> list[Patch]:
        """Return the hook on our own closing."""
        closed = self._telemetry.guard.shield(HOOK, self._closed)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            async def close(self: DiscordWebSocket, *args: Any, **kwargs: Any) -> None:
                await original(self, *args, **kwargs)
                closed(self)

            return close

        return [Patch(HOOK, "discord.gateway", "DiscordWebSocket.close", make)]

    def listen(self, client: Client) -> None:
        """Be told when the server ends a connection of ``client``."""
        shards = self._roster.of(client)
        lost = self._telemetry.guard.shield(HOOK, self._count)

        def disconnected(shard_id: int = 0) -> bool:
            shard = shards.get(shard_id)
            if shard is not None:
                lost(shard)
            return False

        sharded = hasattr(client, "shards")
        waiting = client.wait_for("shard_disconnect" if sharded else "disconnect", check=disconnected)
        # The listener is in place by now; the coroutine that would wait must not be left to warn of being unused.
        waiting.close()

    def _closed(self, ws: DiscordWebSocket) -> None:
        shard = self._roster.shard_of(ws)
        if shard is not None:
            self._count(shard, _POLLING if ws.socket.close_code is None else None)

    def _count(self, shard: Shard, code: int | None = None) -> None:
        if shard.closed or not self._hooks.on:
            return
        shard.closed = True
        code = code or _close_code(shard.ws)
        self._counts[shard.id, code].value += 1
        self._telemetry.emit(DISCONNECT_EVENT, {SHARD_ID.name: shard.id, CLOSE_CODE.name: code})


def _close_code(ws: DiscordWebSocket | None) -> int:
    return _ABNORMAL if ws is None else int(ws._close_code or ws.socket.close_code or _ABNORMAL)
