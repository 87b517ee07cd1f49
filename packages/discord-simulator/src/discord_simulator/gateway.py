"""The gateway's sessions, and the choice of the session that gets an event."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from . import payloads
from .condition import Condition
from .errors import NotConnectedError
from .intents import GUILD_PRESENCES, visible, wanted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .connection import Connection
    from .ledger import Ledger
    from .payloads import Payload
    from .sessions import Session
    from .world import Guild, World


class Gateway:
    """All gateway connections and sessions of one simulator.

    Attributes
    ----------
    token:
        The bot token that is accepted.
    heartbeat_interval:
        Seconds between heartbeats, sent to a shard when it connects.
    ack_delay:
        Seconds by which heartbeats are acknowledged late; :data:`math.inf` for never.
    compress:
        Whether a connection that asks for compression gets it.
    connections:
        The open connections, identified or not.
    cut_off:
        The shards whose connections end as soon as they say which shard they are.
    url:
        The URL that bots get for connecting and resuming.
    changed:
        Notified when a shard has become ready or has disconnected.
    on_voice_state:
        Called when the bot asks to join, leave or change in a voice channel; set by the simulator.
    """

    on_voice_state: Callable[[Payload], Awaitable[None]]

    def __init__(self, world: World, ledger: Ledger, *, token: str, heartbeat_interval: float, compress: bool) -> None:
        self.world = world
        self.ledger = ledger
        self.token = token
        self.heartbeat_interval = heartbeat_interval
        self.ack_delay = 0.0
        self.url = ""
        self.changed = Condition()
        self.compress = compress
        self._sessions: dict[str, Session] = {}
        self._current: dict[int, Session] = {}
        self._shard_of: dict[str, int] = {}
        self.connections: set[Connection] = set()
        self.cut_off: set[int] = set()

    async def stop(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(connection.close(1001, "the simulator stops") for connection in list(self.connections)))

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
        """Return the session that gets a guild's events; direct messages (``None``) go to shard 0.

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
        """Whether any connection is open, identified or not."""
        return bool(self.connections)

    @property
    def starting(self) -> int:
        """How many connected shards have not been sent all their guilds yet."""
        return sum(session.connected and not session.ready for session in self._current.values())

    def known(self, session_id: str) -> Session | None:
        """Return a session that can be resumed."""
        return self._sessions.get(session_id)

    def shard_of(self, session_id: str) -> int | None:
        """Return the shard of a session, even if it can no longer be resumed; ``None`` if it is unknown."""
        return self._shard_of.get(session_id)

    def forget(self, session: Session) -> None:
        """Forget a session, so that it cannot be resumed."""
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
        self.changed.notify()

    async def resume(self, session: Session, connection: Connection, sequence: int) -> None:
        """Continue a session over a new connection."""
        self._current[session.shard_id] = session
        await session.resume(connection, sequence)
        self.changed.notify()

    async def event(self, event_type: str, data: Payload, guild_id: int | None) -> bool:
        """Send an event of a guild or a direct conversation as the bot's intents allow.

        Returns whether it was written, which depends on the intents and on the connection.
        """
        session = self.session_for(guild_id)
        if not wanted(event_type, session.intents, in_guild=guild_id is not None):
            return False
        if event_type in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
            data = visible(data, session.intents, self.world.bot.id)
        return await session.dispatch(event_type, data)

    async def guild_created(self, guild: Guild, *, available_again: bool) -> None:
        """Send ``GUILD_CREATE`` for a guild that the bot joined or whose outage has ended."""
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
