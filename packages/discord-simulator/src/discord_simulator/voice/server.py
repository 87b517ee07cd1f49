"""The voice server: the bot's voice sessions and its connections for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .. import payloads
from ..condition import Condition
from ..errors import NotConnectedError
from .sessions import VoiceSession
from .udp import NETWORK_DELAY, VoicePort

if TYPE_CHECKING:
    from ..connection import Connection
    from ..gateway import Gateway
    from ..payloads import Payload

_FIRST_SSRC = 1000

# "Disconnect individual client (you were kicked, the main gateway session was dropped, etc.)"
_DISCONNECTED = 4014


class VoiceServer:
    """The bot's voice sessions, at most one per guild, and its connections for them.

    Attributes
    ----------
    heartbeat_interval:
        Seconds between heartbeats, sent to a bot when it connects. (discord.py caps it at 5 s.)
    ack_delay:
        Seconds by which heartbeats are acknowledged late; :data:`math.inf` for never.
    connections:
        The open connections, identified or not.
    changed:
        Notified when a connection has become ready or has ended.
    """

    def __init__(self, gateway: Gateway, *, heartbeat_interval: float) -> None:
        self.heartbeat_interval = heartbeat_interval
        self.ack_delay = 0.0
        self.changed = Condition()
        self.ledger = gateway.ledger.voice
        self.host = ""
        self._gateway = gateway
        self._port = 0
        self._sources: set[int] = set()
        self._udp = VoicePort(self.ledger, self._sources)
        self._sessions: dict[int, VoiceSession] = {}
        self.connections: set[Connection] = set()
        self._closings: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether any connection is open, identified or not."""
        return bool(self.connections)

    @property
    def udp_port(self) -> int:
        """The UDP port for audio."""
        return self._udp.number

    async def start(self, host: str, port: int) -> None:
        """Open the UDP port; ``port`` is where the websockets are served."""
        self.host, self._port = host, port
        await self._udp.open(host)

    async def stop(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(connection.close(1001, "the simulator stops") for connection in list(self.connections)))
        self._udp.close()

    def session(self, guild_id: int) -> VoiceSession | None:
        """Return the bot's voice session in a guild."""
        return self._sessions.get(guild_id)

    def connected(self, guild_id: int) -> tuple[VoiceSession, Connection]:
        """Return the bot's voice session in a guild and its open connection.

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

    def attach(self, session: VoiceSession, connection: Connection) -> None:
        """Make ``connection`` the latest of a session."""
        session.connection = connection
        self.changed.notify()

    async def on_voice_state(self, data: Payload) -> None:
        """Handle opcode 4 of the gateway: the bot joins, moves, leaves, or mutes or deafens itself."""
        guild_id = int(data["guild_id"])
        if guild_id not in self._gateway.world.guilds:
            return
        if data["channel_id"] is None:
            await self.leave(guild_id)
            return
        channel_id = int(data["channel_id"])
        self_mute, self_deaf = bool(data.get("self_mute")), bool(data.get("self_deaf"))
        session = self._sessions.get(guild_id)
        if session is None or session.channel_id != channel_id:
            await self.join(guild_id, channel_id, self_mute=self_mute, self_deaf=self_deaf)
            return
        session.self_mute, session.self_deaf = self_mute, self_deaf
        if not session.connected:  # it has lost its connection, and reconnects
            await self._send_endpoint(session)
        await self._send_state(session)

    async def join(self, guild_id: int, channel_id: int, *, self_mute: bool, self_deaf: bool) -> None:
        """Put the bot into a channel; its connection for another channel of the guild ends."""
        before = self._sessions.get(guild_id)
        ssrc = _FIRST_SSRC + len(self._sources)
        self._sources.add(ssrc)
        session = VoiceSession(guild_id, channel_id, ssrc=ssrc)
        session.self_mute, session.self_deaf = self_mute, self_deaf
        self._sessions[guild_id] = session
        await self._send_state(session)
        if before is not None:
            # The close comes before the new endpoint, which discord.py waits for: together they would interfere.
            self._end(before)
        await self._send_endpoint(session)

    async def leave(self, guild_id: int) -> VoiceSession | None:
        """Remove the bot from its voice channel; return the session. The bot closes the connection itself."""
        session = self._sessions.pop(guild_id, None)
        if session is not None:
            await self._send_state(session, left=True)
        return session

    async def kick(self, guild_id: int) -> None:
        """End the bot's connection in a guild, and remove it from the voice channel."""
        session = self._sessions.get(guild_id)
        if session is not None:
            self._end(session)
            await asyncio.sleep(0)  # the close frame goes out first, so that the bot learns of it by its code
            await self.leave(guild_id)

    def _end(self, session: VoiceSession) -> None:
        # In a task, since the bot may close its side only after it has handled the gateway's event.
        if session.connection is not None and session.connection.open:
            closing = asyncio.create_task(session.connection.close(_DISCONNECTED, "Disconnected."))
            self._closings.add(closing)
            closing.add_done_callback(self._closings.discard)

    async def _send_state(self, session: VoiceSession, *, left: bool = False) -> None:
        bot = self._gateway.world.bot
        data: Payload = {
            "guild_id": str(session.guild_id),
            "channel_id": None if left else str(session.channel_id),
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

    async def _send_endpoint(self, session: VoiceSession) -> None:
        # discord.py before 2.6 drops the text after the last colon, which it takes for port 443. So that every version
        # comes to this port, something else follows: `wss://127.0.0.1:PORT/voice/` or `wss://127.0.0.1:PORT/voice:443/`.
        await asyncio.sleep(NETWORK_DELAY)
        endpoint = f"{self.host}:{self._port}/voice:443"
        data: Payload = {"token": session.token, "guild_id": str(session.guild_id), "endpoint": endpoint}
        await self._gateway.event("VOICE_SERVER_UPDATE", data, session.guild_id)
