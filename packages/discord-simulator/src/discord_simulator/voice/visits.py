"""What a bot says over one voice connection, and what it is told."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from discord_simulator.hearing import CloseError, Hearing, required_object
from discord_simulator.voice.ledger import VoiceSessionEntry

if TYPE_CHECKING:
    import asyncio

    from aiohttp import web

    from discord_simulator.ledger import Closer, SessionKind
    from discord_simulator.payloads import Payload
    from discord_simulator.voice.server import VoiceServer
    from discord_simulator.voice.sessions import VoiceSession

__all__ = ["MODES", "VoiceOpcode", "VoiceVisit"]

#: Offered in Discord's order of preference; those after the first are what discord.py before 2.5 knows.
MODES = (
    "aead_xchacha20_poly1305_rtpsize",
    "xsalsa20_poly1305_lite",
    "xsalsa20_poly1305_suffix",
    "xsalsa20_poly1305",
)

# From this version on, heartbeats say what has been received, and messages have sequence numbers.
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
    # What a client with video says, and end-to-end encryption, which this server does not ask for: heard, no more.
    IGNORED = (12, 23, 26, 28, 31)


class VoiceVisit(Hearing):
    """One voice connection of a bot, from HELLO to its end.

    Attributes
    ----------
    connection: Connection
        The connection itself.
    session: Optional[VoiceSession]
        The stay it belongs to, once the bot has identified or resumed.
    """

    undecodable = "Failed to decode payload."

    def __init__(
        self, server: VoiceServer, ws: web.WebSocketResponse, transport: asyncio.Transport | None, version: int
    ) -> None:
        super().__init__(ws, transport, None)
        self._server = server
        self._version = version
        self.session: VoiceSession | None = None

    async def stay(self) -> None:
        """Say HELLO, and handle what the bot says until the connection ends."""
        interval = round(self._server.heartbeat_interval * 1000)
        await self.connection.send(VoiceOpcode.HELLO, {"v": self._version, "heartbeat_interval": interval})
        await self._listen()

    def _ended(self, code: int, by: Closer) -> None:
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
        self._server.take(session, self.connection)
        await self.connection.send(
            VoiceOpcode.READY,
            {"ssrc": session.ssrc, "ip": self._server.host, "port": self._server.udp_port, "modes": list(MODES)},
        )

    async def _resume(self, data: Payload) -> None:
        self.session = session = self._authenticate("resume", data)
        self._server.take(session, self.connection)
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
        self._server.changes.notify()
