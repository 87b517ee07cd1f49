"""The voice server: who is in which channel, and the connections that come of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from discord_simulator import payloads
from discord_simulator.errors import NotConnectedError
from discord_simulator.voice.sessions import VoiceSession
from discord_simulator.voice.udp import NETWORK_DELAY, VoicePort
from discord_simulator.voice.visits import VoiceVisit
from discord_simulator.waiting import Changes

if TYPE_CHECKING:
    from discord_simulator.connection import Connection
    from discord_simulator.gateway import Gateway
    from discord_simulator.payloads import Payload

__all__ = ["PATHS", "VoiceServer"]

_CLOSE_TIMEOUT = 2.0
_FIRST_SSRC = 1000

# "Disconnect individual client (you were kicked, the main gateway session was dropped, etc.)"
_DISCONNECTED = 4014

#: Where the websockets are served: with the port that is not one, and without.
PATHS = ("/voice/", "/voice:443/")


class VoiceServer:
    """The bot's stays in voice channels, one in a guild at most, and its connections for them.

    Attributes
    ----------
    heartbeat_interval: :class:`float`
        Seconds, told to a bot when it connects. (discord.py takes 5 s where it is more.)
    ack_delay: :class:`float`
        Seconds by which heartbeats are acknowledged late; :data:`math.inf` for never.
    changes: Changes
        Tells when a connection has become ready or has gone.
    """

    def __init__(self, gateway: Gateway, *, heartbeat_interval: float) -> None:
        self.heartbeat_interval = heartbeat_interval
        self.ack_delay = 0.0
        self.changes = Changes()
        self.ledger = gateway.ledger.voice
        self.host = ""
        self._gateway = gateway
        self._port = 0
        self._sources: set[int] = set()
        self._udp = VoicePort(self.ledger, self._sources)
        self._sessions: dict[int, VoiceSession] = {}
        self._connections: set[Connection] = set()
        self._closings: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """:class:`bool`: Whether any connection is open, identified or not."""
        return bool(self._connections)

    @property
    def udp_port(self) -> int:
        """:class:`int`: Where audio is to be sent."""
        return self._udp.number

    async def start(self, host: str, port: int) -> None:
        """Open the UDP port; ``port`` is where the websockets are served."""
        self.host, self._port = host, port
        await self._udp.open(host)

    async def stop(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(connection.close(1001, "the simulator stops") for connection in list(self._connections)))
        self._udp.close()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket until it ends."""
        version = request.query.get("v", "")
        if not version.isdecimal():
            return web.Response(status=400, text="which version of the voice gateway? (v=8)")
        ws = web.WebSocketResponse(compress=False, autoclose=False, timeout=_CLOSE_TIMEOUT)
        await ws.prepare(request)
        visit = VoiceVisit(self, ws, request.transport, int(version))
        self._connections.add(visit.connection)
        try:
            await visit.stay()
        finally:
            self._connections.discard(visit.connection)
            self.changes.notify()
        return ws

    def session(self, guild_id: int) -> VoiceSession | None:
        """Return the bot's stay in a guild."""
        return self._sessions.get(guild_id)

    def connected(self, guild_id: int) -> tuple[VoiceSession, Connection]:
        """Return the bot's stay in a guild and its open connection.

        Raises
        ------
        NotConnectedError
            There is none.
        """
        session = self._sessions.get(guild_id)
        if session is None or session.connection is None or not session.connection.open:
            raise NotConnectedError(
                f"the bot has no voice connection in guild {guild_id}; `await sim.voice_ready()` first"
            )
        return session, session.connection

    def take(self, session: VoiceSession, connection: Connection) -> None:
        """Let ``connection`` be a stay's latest."""
        session.connection = connection
        self.changes.notify()

    async def asked(self, data: Payload) -> None:
        """Do what the bot asks for with opcode 4 of the gateway: join, move, leave, or mute and deafen itself."""
        guild_id = int(data["guild_id"])
        if guild_id not in self._gateway.world.guilds:
            return
        if data["channel_id"] is None:
            await self.put_out(guild_id)
            return
        channel_id = int(data["channel_id"])
        session = self._sessions.get(guild_id)
        if session is None or session.channel_id != channel_id:
            await self.put(guild_id, channel_id, self_mute=_flag(data, "self_mute"), self_deaf=_flag(data, "self_deaf"))
            return
        session.self_mute, session.self_deaf = _flag(data, "self_mute"), _flag(data, "self_deaf")
        if not session.connected:  # it has lost its connection, and comes again
            await self._tell_where(session)
        await self._tell_state(session)

    async def put(self, guild_id: int, channel_id: int, *, self_mute: bool, self_deaf: bool) -> None:
        """Have the bot be in a channel, whoever wants that; its connection for another one ends."""
        before = self._sessions.get(guild_id)
        ssrc = _FIRST_SSRC + len(self._sources)
        self._sources.add(ssrc)
        session = VoiceSession(guild_id, channel_id, ssrc=ssrc)
        session.self_mute, session.self_deaf = self_mute, self_deaf
        self._sessions[guild_id] = session
        await self._tell_state(session)
        if before is not None:
            # First the end, then where to go, which discord.py waits for: together they would be in each other's way.
            self._end(before)
        await self._tell_where(session)

    async def put_out(self, guild_id: int) -> VoiceSession | None:
        """Have the bot be in no channel of a guild; return where it was. Its connection is left for it to close."""
        session = self._sessions.pop(guild_id, None)
        if session is not None:
            await self._tell_state(session, gone=True)
        return session

    async def kick(self, guild_id: int) -> None:
        """End the bot's connection in a guild, and put it out of the voice channel."""
        session = self._sessions.get(guild_id)
        if session is not None:
            self._end(session)
            await asyncio.sleep(0)  # the close frame goes out first, so that the bot learns of it by its code
            await self.put_out(guild_id)

    def _end(self, session: VoiceSession) -> None:
        # In a task, since the bot need not close its side before it has done what the gateway told it.
        if session.connection is not None and session.connection.open:
            closing = asyncio.create_task(session.connection.close(_DISCONNECTED, "Disconnected."))
            self._closings.add(closing)
            closing.add_done_callback(self._closings.discard)

    async def _tell_state(self, session: VoiceSession, *, gone: bool = False) -> None:
        bot = self._gateway.world.bot
        data: Payload = {
            "guild_id": str(session.guild_id),
            "channel_id": None if gone else str(session.channel_id),
            "user_id": str(bot.id),
            "member": payloads.member(self._gateway.world.guilds[session.guild_id].members[bot.id]),
            "session_id": session.id,
            "deaf": False,
            "mute": False,
            "self_deaf": session.self_deaf,
            "self_mute": session.self_mute,
            "self_video": False,
            "suppress": False,
            "request_to_speak_timestamp": None,
        }
        await self._gateway.event("VOICE_STATE_UPDATE", data, session.guild_id)

    async def _tell_where(self, session: VoiceSession) -> None:
        # discord.py before 2.6 takes what follows the last colon for the port 443, and drops it. So that every version
        # comes to this port, something else follows: `wss://127.0.0.1:PORT/voice/` or `wss://127.0.0.1:PORT/voice:443/`.
        await asyncio.sleep(NETWORK_DELAY)
        endpoint = f"{self.host}:{self._port}/voice:443"
        data: Payload = {"token": session.token, "guild_id": str(session.guild_id), "endpoint": endpoint}
        await self._gateway.event("VOICE_SERVER_UPDATE", data, session.guild_id)


def _flag(data: Payload, name: str) -> bool:
    return bool(data.get(name))
