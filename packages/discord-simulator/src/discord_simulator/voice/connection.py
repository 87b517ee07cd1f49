"""The server's side of one voice connection."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ..bot_connection import CLOSE_TIMEOUT, BotConnection, CloseError, required_object
from .entries import VoiceSessionEntry

if TYPE_CHECKING:
    import asyncio

    from ..entries import CloserKind, SessionKind
    from ..payloads import Payload
    from .server import VoiceServer
    from .sessions import VoiceSession

PATHS = ("/voice/", "/voice:443/")
"""The paths of the voice server, with the suffix that older versions of discord.py drop, and without it."""

MODES = (
    "aead_xchacha20_poly1305_rtpsize",
    "xsalsa20_poly1305_lite",
    "xsalsa20_poly1305_suffix",
    "xsalsa20_poly1305",
)
"""The encryption modes, in Discord's order of preference; discord.py before 2.5 knows those after the first."""

# From this version on, messages have sequence numbers, and heartbeats acknowledge them.
_BUFFERED_RESUME = 8


class VoiceOpcode:
    """Voice opcodes, https://discord.com/developers/docs/topics/opcodes-and-status-codes#voice."""

    IDENTIFY = 0
    SELECT_PROTOCOL = 1
    READY = 2
    HEARTBEAT = 3
    SESSION_DESCRIPTION = 4
    SPEAKING = 5
    HEARTBEAT_ACK = 6
    RESUME = 7
    HELLO = 8
    RESUMED = 9
    # Opcodes of video and of end-to-end encryption, neither of which this server offers: they are read and ignored.
    IGNORED = (12, 23, 26, 28, 31)


class VoiceConnection(BotConnection):
    """One voice connection of a bot, from HELLO to its end.

    Attributes
    ----------
    connection:
        The WebSocket, and the means to end it.
    session:
        The session it belongs to, once the bot has identified or resumed.
    """

    undecodable = "Failed to decode payload."

    def __init__(
        self, server: VoiceServer, ws: web.WebSocketResponse, transport: asyncio.Transport | None, version: int
    ) -> None:
        super().__init__(ws, transport, None)
        self._server = server
        self._version = version
        self.session: VoiceSession | None = None

    async def run(self) -> None:
        """Send HELLO, and handle the bot's messages until the connection ends."""
        interval = round(self._server.heartbeat_interval * 1000)
        await self.connection.send(VoiceOpcode.HELLO, {"v": self._version, "heartbeat_interval": interval})
        await self._listen()

    def _ended(self, code: int, by: CloserKind) -> None:
        self._server.ledger.record_close(None if self.session is None else self.session.guild_id, code, by)

    async def _message(self, frame: str | bytes) -> None:
        if isinstance(frame, str):  # binary frames are end-to-end encryption's
            message = required_object(json.loads(frame))
            await self._handle(message.get("op"), message.get("d"))

    async def _handle(self, op: Any, data: Any) -> None:
        if op == VoiceOpcode.HEARTBEAT:
            await self._heartbeat(data)
        elif op == VoiceOpcode.IDENTIFY:
            await self._identify(required_object(data))
        elif op == VoiceOpcode.RESUME:
            await self._resume(required_object(data))
        elif op not in (VoiceOpcode.SELECT_PROTOCOL, VoiceOpcode.SPEAKING, *VoiceOpcode.IGNORED):
            raise CloseError(4001, "Unknown opcode.")
        elif self.session is None:
            raise CloseError(4003, "Not authenticated.")
        elif op == VoiceOpcode.SELECT_PROTOCOL:
            await self._select_protocol(self.session, data)
        elif op == VoiceOpcode.SPEAKING:
            self._server.ledger.record_speaking(self.session.guild_id, int(data["ssrc"]), int(data["speaking"]))

    async def _heartbeat(self, data: Any) -> None:
        buffered = self._version >= _BUFFERED_RESUME
        guild_id = None if self.session is None else self.session.guild_id
        entry = self._server.ledger.record_heartbeat(guild_id, int(data["seq_ack"]) if buffered else None)
        answer = {"t": data["t"]} if buffered else data
        await self._acknowledge(entry, self._server.ack_delay, VoiceOpcode.HEARTBEAT_ACK, answer)

    async def _identify(self, data: Payload) -> None:
        self.session = session = self._authenticate("identify", data)
        session.ready = False
        self._server.attach(session, self.connection)
        await self.connection.send(
            VoiceOpcode.READY,
            {"ssrc": session.ssrc, "ip": self._server.host, "port": self._server.udp_port, "modes": list(MODES)},
        )

    async def _resume(self, data: Payload) -> None:
        self.session = session = self._authenticate("resume", data)
        self._server.attach(session, self.connection)
        if self._version >= _BUFFERED_RESUME:
            await session.send_again(int(data["seq_ack"]))
        await self.connection.send(VoiceOpcode.RESUMED)

    def _authenticate(self, kind: SessionKind, data: Payload) -> VoiceSession:
        if self.session is not None:
            raise CloseError(4005, "Already authenticated.")
        guild_id = int(data["server_id"])
        session = self._server.session(guild_id)
        known = session is not None and session.id == data["session_id"]
        accepted = session is not None and known and session.token == data["token"]
        channel_id, ssrc = (None, None) if session is None else (session.channel_id, session.ssrc)
        self._server.ledger.record_session(
            VoiceSessionEntry(guild_id, channel_id, ssrc, kind, accepted, self._version, time.time())
        )
        if session is None or not known:
            raise CloseError(4006, "Session is no longer valid.")
        if not accepted:
            raise CloseError(4004, "Authentication failed.")
        return session

    async def _select_protocol(self, session: VoiceSession, data: Payload) -> None:
        if data["protocol"] != "udp":
            raise CloseError(4012, "Unknown protocol.")
        mode = data["data"]["mode"]
        if mode not in MODES:
            raise CloseError(4016, "Unknown encryption mode.")
        await session.send(
            VoiceOpcode.SESSION_DESCRIPTION,
            {"mode": mode, "secret_key": session.secret_key, "dave_protocol_version": 0},
        )
        session.ready = True
        self._server.changed.notify()


async def serve(server: VoiceServer, request: web.Request) -> web.StreamResponse:
    """Serve one WebSocket of the voice server until it ends."""
    version = request.query.get("v", "")
    if not version.isdecimal():
        return web.Response(status=400, text="the version of the voice gateway is missing (v=8)")
    # The close is answered by hand, so that it is in the ledger before the bot sees it.
    ws = web.WebSocketResponse(compress=False, autoclose=False, timeout=CLOSE_TIMEOUT)
    await ws.prepare(request)
    bot = VoiceConnection(server, ws, request.transport, int(version))
    server.connections.add(bot.connection)
    try:
        await bot.run()
    finally:
        server.connections.discard(bot.connection)
        server.changed.notify()
    return ws
