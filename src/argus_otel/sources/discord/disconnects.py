"""Observed: the end of each gateway connection, with its close code. Nouns: counter, event.

Every close frame of ours goes out in ``DiscordClientWebSocketResponse.close``, which is also called when a frame of the
server's has come. discord.py's own account of the code is not that of the wire: ``Client.close`` asks for 1000, but the
reader wakes first and closes with 4000; and aiohttp calls a connection that ended without a frame 1000.

A connection that dies without a call to ``close`` is told by discord.py's public event of a disconnect, or at last by
the shard's next connection. Safe, because the original runs unchanged, each connection is counted once, whichever comes
first, and nothing is done while it lives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Telemetry

from .catalogue import CLOSE_CODE, DISCONNECT_EVENT, DISCONNECTS, SHARD_ID
from .patches import Hooks, Patch
from .shards import Roster, Shard

if TYPE_CHECKING:
    from aiohttp import ClientWebSocketResponse

HOOK = "gateway disconnects"

# RFC 6455's codes for a close frame without a code, and for no close frame at all.
_NO_CODE = 1005
_ABNORMAL = 1006
# What aiohttp says when the stream ends, and what discord.py closes with unless told otherwise.
_END_OF_STREAM = 1000
_DEFAULT = 4000


class _Closing:
    """A call that closes a connection: the shard, the code if it is this call that closes it, and if that is ours."""

    __slots__ = ("shard", "code", "ours")

    def __init__(self, shard: Shard, code: int, ours: bool) -> None:
        self.shard = shard
        self.code = code
        self.ours = ours


class Disconnects:
    """Counts connections that ended."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks, roster: Roster) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._roster = roster
        self._counts = telemetry.counter(DISCONNECTS)

    def patches(self) -> list[Patch]:
        """Return the hook on closing."""
        begin = self._telemetry.guard.shield(HOOK, self._begin)
        end = self._telemetry.guard.shield(HOOK, self._end)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            async def close(self: ClientWebSocketResponse, *args: Any, **kwargs: Any) -> bool:
                closing = begin(self, kwargs)
                if closing is None:
                    return await original(self, *args, **kwargs)
                closed: bool | None = None
                try:
                    closed = answer = bool(await original(self, *args, **kwargs))
                finally:
                    end(self, closing, closed)
                return answer

            return close

        return [Patch(HOOK, "discord.gateway", "DiscordClientWebSocketResponse.close", make)]

    def lost(self, shard: Shard) -> None:
        """Count the end of a connection that discord.py has given up, unless that is done or still to come."""
        ws = shard.ws
        # One that was not ready in time is left open: the thread that keeps it alive closes it in the end.
        if ws is None or not ws.open or ws._keep_alive is None or ws.socket.get_extra_info("socket") is None:
            self._count(shard)

    def _begin(self, socket: ClientWebSocketResponse, arguments: dict[str, Any]) -> _Closing | None:
        if not self._hooks.on:
            return None
        shard = self._roster.shard_on(socket)
        if shard is None or shard.closed:
            return None
        shard.closing += 1
        heard = socket.close_code
        if heard is None or heard == _ABNORMAL:  # the latter after a time-out too, when our frame can still go out
            return _Closing(shard, int(arguments.get("code", _DEFAULT)), ours=True)
        if heard == _END_OF_STREAM and not getattr(socket, "_closing", True):  # no close frame has come
            return _Closing(shard, _ABNORMAL, ours=False)
        return _Closing(shard, heard or _NO_CODE, ours=False)

    def _end(self, socket: ClientWebSocketResponse, closing: _Closing, closed: bool | None) -> None:
        # What the original returned: whether it was this call that closed, and not one that came first. ``None`` where
        # it was cancelled, which happens while it waits for the answer to its frame.
        shard = closing.shard
        if closed or (closed is None and socket.closed):
            unsent = closing.ours and isinstance(socket.exception(), ConnectionResetError)
            shard.close_code = _ABNORMAL if unsent else closing.code
        shard.closing -= 1
        if socket.closed:
            self._count(shard)

    def _count(self, shard: Shard) -> None:
        if shard.closed or shard.closing > 0 or not self._hooks.on:
            return
        shard.closed = True
        code = shard.close_code or _account_of(shard)
        self._counts[shard.id, code].value += 1
        self._telemetry.emit(DISCONNECT_EVENT, {SHARD_ID.name: shard.id, CLOSE_CODE.name: code})


def _account_of(shard: Shard) -> int:
    """Return the close code by discord.py's own account, for a connection that nobody was seen to close."""
    ws = shard.ws
    if ws is None:
        return _ABNORMAL
    code = ws.socket.close_code
    return int(code if code and code != _ABNORMAL else ws._close_code or _ABNORMAL)
