"""The gateway: its sessions, and which of them an event is for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from discord_simulator import payloads
from discord_simulator.compression import UnsupportedCompressionError, compressor_for
from discord_simulator.errors import NotConnectedError
from discord_simulator.intents import GUILD_PRESENCES, visible, wanted
from discord_simulator.visits import Visit
from discord_simulator.waiting import Changes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from discord_simulator.connection import Connection
    from discord_simulator.ledger import Ledger
    from discord_simulator.payloads import Payload
    from discord_simulator.sessions import Session
    from discord_simulator.world import Guild, World

__all__ = ["Gateway"]

_CLOSE_TIMEOUT = 2.0
_MAX_FRAME = 1 << 20


class Gateway:
    """All gateway connections and sessions of one simulator.

    Attributes
    ----------
    token: :class:`str`
        The bot token which is accepted.
    heartbeat_interval: :class:`float`
        Seconds, told to a shard when it connects.
    ack_delay: :class:`float`
        Seconds by which heartbeats are acknowledged late; :data:`math.inf` for never.
    url: :class:`str`
        Where bots are told to connect and to resume.
    changes: Changes
        Tells when a shard has become ready or has gone.
    on_voice_state: Callable[[Payload], Awaitable[None]]
        Called when the bot asks to join, leave or change in a voice channel; set by the voice server's owner.
    """

    on_voice_state: Callable[[Payload], Awaitable[None]]

    def __init__(self, world: World, ledger: Ledger, *, token: str, heartbeat_interval: float, compress: bool) -> None:
        self.world = world
        self.ledger = ledger
        self.token = token
        self.heartbeat_interval = heartbeat_interval
        self.ack_delay = 0.0
        self.url = ""
        self.changes = Changes()
        self._compress = compress
        self._sessions: dict[str, Session] = {}
        self._current: dict[int, Session] = {}
        self._shard_of: dict[str, int] = {}
        self._connections: set[Connection] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket until it ends."""
        if request.query.get("encoding", "json") != "json":
            return web.Response(status=400, text="only encoding=json is spoken here")
        try:
            compressor = compressor_for(request.query.get("compress")) if self._compress else None
        except UnsupportedCompressionError as error:
            return web.Response(status=400, text=str(error))
        # Closing is answered by hand, so that it is in the ledger before the bot hears of it.
        ws = web.WebSocketResponse(compress=False, autoclose=False, timeout=_CLOSE_TIMEOUT, max_msg_size=_MAX_FRAME)
        await ws.prepare(request)
        visit = Visit(self, ws, request.transport, compressor)
        self._connections.add(visit.connection)
        try:
            await visit.stay()
        finally:
            self._connections.discard(visit.connection)
            self.changes.notify()
        return ws

    async def stop(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(connection.close(1001, "the simulator stops") for connection in list(self._connections)))

    def sessions(self, shard_id: int | None = None) -> list[Session]:
        """Return the current session of one shard, or of each.

        Raises
        ------
        NotConnectedError
            There is none.
        """
        found = [session for session in self._current.values() if shard_id in (None, session.shard_id)]
        if not found:
            which = "no shard has" if shard_id is None else f"shard {shard_id} does not have"
            raise NotConnectedError(f"{which} a gateway session; start the bot and `await sim.ready()` first")
        return found

    def session_for(self, guild_id: int | None) -> Session:
        """Return the session which gets a guild's events; direct messages (``None``) go to shard 0.

        Raises
        ------
        NotConnectedError
            The shard has none.
        """
        if guild_id is None:
            return self.sessions(0)[0]
        for session in self._current.values():
            if (guild_id >> 22) % session.shard_count == session.shard_id:
                return session
        raise NotConnectedError(f"the shard of guild {guild_id} has no gateway session; `await sim.ready()` first")

    def all_ready(self, shards: int | None) -> bool:
        """Return whether so many shards (or as many as the bot says it has) are connected and have their guilds."""
        ready = [session for session in self._current.values() if session.ready and session.connected]
        if shards is None:
            shards = max((session.shard_count for session in self._current.values()), default=1)
        return len(ready) >= shards

    @property
    def connected(self) -> bool:
        """:class:`bool`: Whether any connection is open, identified or not."""
        return bool(self._connections)

    @property
    def starting(self) -> int:
        """:class:`int`: How many connected shards have not been sent all their guilds yet."""
        return sum(session.connected and not session.ready for session in self._current.values())

    def known(self, session_id: str) -> Session | None:
        """Return a session which can be resumed."""
        return self._sessions.get(session_id)

    def shard_of(self, session_id: str) -> int | None:
        """Return the shard of a session, also of one which was forgotten; ``None`` where there never was one."""
        return self._shard_of.get(session_id)

    def forget(self, session: Session) -> None:
        """Make a session impossible to resume."""
        self._sessions.pop(session.id, None)
        if self._current.get(session.shard_id) is session:
            del self._current[session.shard_id]

    async def begin(self, session: Session, connection: Connection) -> None:
        """Start a session: ``READY``, then its guilds."""
        session.connection = connection
        self._sessions[session.id] = session
        self._shard_of[session.id] = session.shard_id
        self._current[session.shard_id] = session
        guilds = self.world.guilds_of(session.shard_id, session.shard_count)
        await session.dispatch("READY", payloads.ready(self.world, session.id, session.shard, guilds, self.url))
        for guild in guilds:
            if not guild.unavailable:
                await self._guild_created(guild, session, available_again=True)
        session.ready = True
        self.changes.notify()

    async def resume(self, session: Session, connection: Connection, sequence: int) -> None:
        """Go on with a session over a new connection."""
        self._current[session.shard_id] = session
        await session.resume(connection, sequence)
        self.changes.notify()

    async def event(self, event_type: str, data: Payload, guild_id: int | None) -> bool:
        """Send an event of a guild or a direct conversation as the bot's intents allow.

        Returns whether it was written: not when the bot did not ask for such events.
        """
        session = self.session_for(guild_id)
        if not wanted(event_type, session.intents, in_guild=guild_id is not None):
            return False
        if event_type in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
            data = visible(data, session.intents, self.world.bot.id)
        return await session.dispatch(event_type, data)

    async def guild_created(self, guild: Guild, *, available_again: bool) -> None:
        """Send ``GUILD_CREATE`` for a guild the bot joined, or which is back from an outage."""
        await self._guild_created(guild, self.session_for(guild.id), available_again=available_again)

    async def _guild_created(self, guild: Guild, session: Session, *, available_again: bool) -> None:
        if wanted("GUILD_CREATE", session.intents, in_guild=True):
            data = self._guild(guild, session)
            await session.dispatch("GUILD_CREATE", data | {"unavailable": False} if available_again else data)

    def _guild(self, guild: Guild, session: Session) -> Payload:
        return payloads.available_guild(
            guild,
            everybody=bool(session.intents & GUILD_PRESENCES),
            large_threshold=session.large_threshold,
            world=self.world,
        )
