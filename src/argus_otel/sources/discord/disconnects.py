"""Observed: the end of each gateway connection, with its close code. Signals: counter, event.

``DiscordClientWebSocketResponse.close`` sends the bot's close frame, and is also called once the gateway's close frame
has arrived. discord.py's own close code may differ from the one on the wire: ``Client.close`` asks for 1000, but the
reader wakes first and closes with 4000; and aiohttp reports 1000 for a connection that ended without a frame.

If a connection ends without a call to ``close``, discord.py's public event of a disconnect shows it, or at the latest
the shard's next connection. Safe, because the original runs unchanged, each connection is counted once, whichever of
these comes first, and the hook does nothing while a connection lives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Telemetry

from .attributes import CLOSE_CODE, SHARD_ID
from .catalogue import DISCONNECT_EVENT, DISCONNECTS
from .patches import Patch, PatchSet
from .shards import ClientRegistry, Shard

if TYPE_CHECKING:
    from aiohttp import ClientWebSocketResponse

HOOK = "gateway disconnects"

# RFC 6455: a close frame without a code, and no close frame at all.
_NO_CODE = 1005
_ABNORMAL = 1006
# aiohttp's code if the stream ends without a frame, and discord.py's default.
_END_OF_STREAM = 1000
_DEFAULT = 4000


class _Closing:
    """A call of ``close``.

    Attributes
    ----------
    shard:
        The shard whose connection it closes.
    code:
        The connection's close code, if this call is the one that closes it.
    by_bot:
        Whether the bot chose the code, and not the gateway.
    """

    __slots__ = ("shard", "code", "by_bot")

    def __init__(self, shard: Shard, code: int, by_bot: bool) -> None:
        self.shard = shard
        self.code = code
        self.by_bot = by_bot


class Disconnects:
    """Counts connections that ended."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, registry: ClientRegistry) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._registry = registry
        self._counts = telemetry.counter(DISCONNECTS)

    def patches(self) -> list[Patch]:
        """Return the hook on closing a connection."""
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
        """Count the end of a connection that discord.py has given up, unless ``close`` has counted it or still will."""
        ws = shard.ws
        # A connection that was not ready in time stays open: its keep-alive thread closes it later.
        if ws is None or not ws.open or ws._keep_alive is None or ws.socket.get_extra_info("socket") is None:
            self._count(shard)

    def _begin(self, socket: ClientWebSocketResponse, arguments: dict[str, Any]) -> _Closing | None:
        if not self._hooks.on:
            return None
        shard = self._registry.shard_on(socket)
        if shard is None or shard.closed:
            return None
        shard.closing += 1
        heard = socket.close_code
        if heard is None or heard == _ABNORMAL:  # 1006 after a time-out too, when the bot's frame can still be sent
            return _Closing(shard, int(arguments.get("code", _DEFAULT)), by_bot=True)
        if heard == _END_OF_STREAM and not getattr(socket, "_closing", True):  # no close frame has arrived
            return _Closing(shard, _ABNORMAL, by_bot=False)
        return _Closing(shard, heard or _NO_CODE, by_bot=False)

    def _end(self, socket: ClientWebSocketResponse, closing: _Closing, closed: bool | None) -> None:
        # `closed` is what the original returned: whether this call closed the connection, and not an earlier one. It is
        # `None` if the call was cancelled, which happens while it waits for the close frame in return.
        shard = closing.shard
        if closed or (closed is None and socket.closed):
            unsent = closing.by_bot and isinstance(socket.exception(), ConnectionResetError)
            shard.close_code = _ABNORMAL if unsent else closing.code
        shard.closing -= 1
        if socket.closed:
            self._count(shard)

    def _count(self, shard: Shard) -> None:
        if shard.closed or shard.closing > 0 or not self._hooks.on:
            return
        shard.closed = True
        code = shard.close_code or _own_code_of(shard)
        self._counts[shard.id, code].value += 1
        self._telemetry.emit(DISCONNECT_EVENT, {SHARD_ID.name: shard.id, CLOSE_CODE.name: code})


def _own_code_of(shard: Shard) -> int:
    """Return discord.py's own close code, for a connection that ended without a call to ``close``."""
    ws = shard.ws
    if ws is None:
        return _ABNORMAL
    code = ws.socket.close_code
    return int(code if code and code != _ABNORMAL else ws._close_code or _ABNORMAL)
