"""The server's side of one gateway connection."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import payloads
from .bot_connection import CLOSE_TIMEOUT, BotConnection, CloseError, required_object
from .compression import UnsupportedCompressionError, compressor_for
from .connection import Opcode
from .sessions import Session

if TYPE_CHECKING:
    import asyncio

    from .compression import Compressor
    from .entries import CloserKind, HeartbeatEntry
    from .gateway import Gateway
    from .payloads import Payload

UNKNOWN_SHARD = -1
"""The shard id in the ledger of a connection that has not identified."""

# A bot that closes with these ends its session; with any other code it may resume.
_SESSION_ENDING_CODES = (1000, 1001)
_MEMBERS_PER_CHUNK = 1000
_MAX_FRAME = 1 << 20
_DEFAULT_LARGE_THRESHOLD = 50

_COMMANDS = {
    Opcode.PRESENCE_UPDATE: "PRESENCE_UPDATE",
    Opcode.VOICE_STATE_UPDATE: "VOICE_STATE_UPDATE",
    Opcode.REQUEST_GUILD_MEMBERS: "REQUEST_GUILD_MEMBERS",
}


class GatewayConnection(BotConnection):
    """One gateway connection of a bot, from HELLO to its end.

    Attributes
    ----------
    connection:
        The WebSocket, and the means to end it.
    session:
        The session it belongs to, once the bot has identified or resumed.
    shard_id:
        The shard; -1 until then.
    """

    undecodable = "Error while decoding payload."

    def __init__(
        self,
        gateway: Gateway,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        compressor: Compressor | None,
    ) -> None:
        super().__init__(ws, transport, compressor)
        self._gateway = gateway
        self._early_heartbeats: list[HeartbeatEntry] = []
        self.session: Session | None = None
        self.shard_id = UNKNOWN_SHARD

    async def run(self) -> None:
        """Send HELLO, and handle the bot's messages until the connection ends."""
        interval = round(self._gateway.heartbeat_interval * 1000)
        await self.connection.send(Opcode.HELLO, {"heartbeat_interval": interval})
        await self._listen()

    def _ended(self, code: int, by: CloserKind) -> None:
        self._gateway.ledger.record_close(self.shard_id, code, by)
        if by == "bot" and code in _SESSION_ENDING_CODES and self.session is not None:
            self._gateway.forget(self.session)

    async def _message(self, frame: str | bytes) -> None:
        op, data = _parse(frame)
        if op == Opcode.HEARTBEAT:
            await self._heartbeat()
        elif op == Opcode.IDENTIFY:
            await self._identify(required_object(data))
        elif op == Opcode.RESUME:
            await self._resume(required_object(data))
        elif op not in _COMMANDS:
            raise CloseError(4001, "Unknown opcode.")
        elif self.session is None:
            raise CloseError(4003, "Not authenticated.")
        else:
            self._gateway.ledger.record_command(self.shard_id, _COMMANDS[op], required_object(data))
            if op == Opcode.REQUEST_GUILD_MEMBERS:
                await self._send_members(self.session, required_object(data))
            elif op == Opcode.VOICE_STATE_UPDATE:
                await self._gateway.on_voice_state(required_object(data))

    async def _heartbeat(self) -> None:
        entry = self._gateway.ledger.record_heartbeat(self.shard_id)
        if self.session is None:
            self._early_heartbeats.append(entry)
        await self._acknowledge(entry, self._gateway.ack_delay, Opcode.HEARTBEAT_ACK)

    async def _identify(self, data: Payload) -> None:
        self._require_unauthenticated()
        shard_id, shard_count = _shard(data.get("shard", [0, 1]))
        if self._is_cut_off(shard_id):
            return
        self._set_shard(shard_id)
        authorized = data.get("token") == self._gateway.token
        self._gateway.ledger.record_session(shard_id, "identify", accepted=authorized)
        if not authorized:
            raise CloseError(4004, "Authentication failed.")
        self.session = Session(
            (shard_id, shard_count),
            intents=int(data["intents"]),
            large_threshold=int(data.get("large_threshold", _DEFAULT_LARGE_THRESHOLD)),
            ledger=self._gateway.ledger,
        )
        await self._gateway.begin(self.session, self.connection)

    async def _resume(self, data: Payload) -> None:
        self._require_unauthenticated()
        session_id = str(data["session_id"])
        session = self._gateway.known(session_id)
        sequence = data["seq"]
        shard_id = self._gateway.shard_of(session_id)
        if shard_id is not None:
            if self._is_cut_off(shard_id):
                return
            self._set_shard(shard_id)
        if (
            session is None
            or data["token"] != self._gateway.token
            or not isinstance(sequence, int)
            or not session.can_resume(sequence)
        ):
            self._gateway.ledger.record_session(self.shard_id, "resume", accepted=False)
            await self.connection.send(Opcode.INVALID_SESSION, data=False)
            return
        self._gateway.ledger.record_session(self.shard_id, "resume", accepted=True)
        self.session = session
        await self._gateway.resume(session, self.connection, sequence)

    def _is_cut_off(self, shard_id: int) -> bool:
        """End the connection if its shard has to stay away; return whether it has."""
        if shard_id not in self._gateway.cut_off:
            return False
        self._set_shard(shard_id)
        self.connection.drop(with_reset=True)
        return True

    def _require_unauthenticated(self) -> None:
        if self.session is not None:
            raise CloseError(4005, "Already authenticated.")

    def _set_shard(self, shard_id: int) -> None:
        # discord.py sends its first heartbeat before IDENTIFY, which names the shard.
        self.shard_id = shard_id
        for entry in self._early_heartbeats:
            entry.shard_id = shard_id
        self._early_heartbeats.clear()

    async def _send_members(self, session: Session, data: Payload) -> None:
        guild = self._gateway.world.guilds.get(int(data["guild_id"]))
        if guild is None:
            return
        asked = {int(user_id) for user_id in payloads.as_list(data.get("user_ids"))}
        query = str(data.get("query") or "")
        found = [
            member
            for member in guild.members.values()
            if (not asked or member.user.id in asked) and member.user.name.startswith(query)
        ]
        found = found[: int(data.get("limit") or 0) or None]
        count = max(1, math.ceil(len(found) / _MEMBERS_PER_CHUNK))
        for index in range(count):
            part = found[index * _MEMBERS_PER_CHUNK : (index + 1) * _MEMBERS_PER_CHUNK]
            chunk: Payload = {
                "guild_id": str(guild.id),
                "members": [payloads.member(member) for member in part],
                "chunk_index": index,
                "chunk_count": count,
                "not_found": [str(user_id) for user_id in sorted(asked - guild.members.keys())],
            }
            if data.get("nonce") is not None:
                chunk["nonce"] = data["nonce"]
            await session.dispatch("GUILD_MEMBERS_CHUNK", chunk)


def _parse(frame: str | bytes) -> tuple[int, Any]:
    message = required_object(json.loads(frame))
    op = message.get("op")
    if not isinstance(op, int):
        raise CloseError(4001, "Unknown opcode.")
    return op, message.get("d")


def _shard(value: Any) -> tuple[int, int]:
    match value:
        case [int(shard_id), int(shard_count)] if 0 <= shard_id < shard_count:
            return shard_id, shard_count
        case _:
            raise CloseError(4010, "Invalid shard.")


async def serve(gateway: Gateway, request: web.Request) -> web.StreamResponse:
    """Serve one WebSocket of the gateway until it ends."""
    if request.query.get("encoding", "json") != "json":
        return web.Response(status=400, text="the only encoding is json")
    try:
        compressor = compressor_for(request.query.get("compress")) if gateway.compress else None
    except UnsupportedCompressionError as error:
        return web.Response(status=400, text=str(error))
    # The close is answered by hand, so that it is in the ledger before the bot sees it.
    ws = web.WebSocketResponse(compress=False, autoclose=False, timeout=CLOSE_TIMEOUT, max_msg_size=_MAX_FRAME)
    await ws.prepare(request)
    bot = GatewayConnection(gateway, ws, request.transport, compressor)
    gateway.connections.add(bot.connection)
    try:
        await bot.run()
    finally:
        gateway.connections.discard(bot.connection)
        gateway.changed.notify()
    return ws
