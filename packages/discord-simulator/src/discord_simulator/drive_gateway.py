"""What Discord itself does to a bot's gateway connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_simulator.connection import Opcode
from discord_simulator.crossing import on_own_loop
from discord_simulator.errors import NotConnectedError
from discord_simulator.places import Driving

if TYPE_CHECKING:
    from discord_simulator.connection import Connection
    from discord_simulator.payloads import Payload
    from discord_simulator.sessions import Session

__all__ = ["GatewayDriving"]


class GatewayDriving(Driving):
    """Gateway faults and raw traffic. ``shard_id`` is one shard; left out, it is each of them.

    All raise :class:`NotConnectedError` where there is no connection to do it to.
    """

    @property
    def heartbeat_ack_delay(self) -> float:
        """:class:`float`: Seconds by which heartbeats are acknowledged late; :data:`math.inf` for never."""
        return self.core.gateway.ack_delay

    @heartbeat_ack_delay.setter
    def heartbeat_ack_delay(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError(f"heartbeat_ack_delay must not be negative, not {seconds}")
        self.core.gateway.ack_delay = seconds

    @on_own_loop
    async def dispatch(
        self, event_type: str, data: Payload, *, guild_id: int | None = None, shard_id: int | None = None
    ) -> None:
        """Send an event as it is, whatever the bot's intents.

        Parameters
        ----------
        event_type: :class:`str`
            ``MESSAGE_CREATE``, or anything else.
        data: Dict[:class:`str`, Any]
            Its ``d``.
        guild_id: Optional[:class:`int`]
            Send it to the shard of this guild...
        shard_id: Optional[:class:`int`]
            ...or to this shard; with neither, to every shard.
        """
        gateway = self.core.gateway
        sessions = gateway.sessions(shard_id) if guild_id is None else [gateway.session_for(guild_id)]
        for session in sessions:
            await session.dispatch(event_type, data)

    @on_own_loop
    async def send_raw(self, frame: bytes | str, *, shard_id: int | None = None) -> None:
        """Send one websocket frame as it is: text, or bytes which are not part of the compression stream."""
        for _, connection in self._connections(shard_id):
            if await connection.write_raw(frame):
                self.core.ledger.record_raw_frame()

    @on_own_loop
    async def send_message(self, text: str, *, cut: int = 0, shard_id: int | None = None) -> None:
        """Send one message as it is, whether or not it is JSON, through the connection's compression if it has one.

        Parameters
        ----------
        text: :class:`str`
            The message.
        cut: :class:`int`
            How many bytes are missing at the end of its frame. What a compression stream loses is lost for good.
        shard_id: Optional[:class:`int`]
            Which shard; each of them by default.
        """
        for _, connection in self._connections(shard_id):
            if await connection.write(text, cut=cut):
                self.core.ledger.record_raw_frame()

    @on_own_loop
    async def ask_heartbeat(self, shard_id: int | None = None) -> None:
        """Ask for a heartbeat at once (opcode 1)."""
        for _, connection in self._connections(shard_id):
            await connection.send(Opcode.HEARTBEAT)

    @on_own_loop
    async def ask_reconnect(self, shard_id: int | None = None) -> None:
        """Tell the bot to reconnect and resume (opcode 7). Events wait for it from here on."""
        for _, connection in self._connections(shard_id):
            connection.drain()
            await connection.send(Opcode.RECONNECT)

    @on_own_loop
    async def invalidate_session(self, *, resumable: bool = False, shard_id: int | None = None) -> None:
        """Tell the bot that its session is invalid (opcode 9).

        Parameters
        ----------
        resumable: :class:`bool`
            Whether it may try to resume; otherwise the session is forgotten and the bot has to identify again.
        shard_id: Optional[:class:`int`]
            Which shard; each of them by default.
        """
        for session, connection in self._connections(shard_id):
            connection.drain()
            if not resumable:
                self.core.gateway.forget(session)
            await connection.send(Opcode.INVALID_SESSION, resumable)

    @on_own_loop
    async def close_gateway(
        self,
        code: int = 1000,
        *,
        resumable: bool = True,
        hang_up: bool = False,
        shard_id: int | None = None,
        reason: str = "",
    ) -> None:
        """Close the connection with a close frame, and wait until the bot has closed its side (at most 2 s).

        Parameters
        ----------
        code: :class:`int`
            The close code: 1000, 4000 to 4014...
        resumable: :class:`bool`
            Whether the session can be resumed afterwards; otherwise RESUME gets an invalid session.
        hang_up: :class:`bool`
            Whether to end the TCP connection right after the frame instead of waiting.
        shard_id: Optional[:class:`int`]
            Which shard; each of them by default.
        reason: :class:`str`
            Words for the close frame, at most 123 bytes.
        """
        for session, connection in self._connections(shard_id):
            if not resumable:
                self.core.gateway.forget(session)
            if hang_up:
                connection.hang_up(code, reason)
            else:
                await connection.close(code, reason)

    @on_own_loop
    async def drop_gateway(self, *, resumable: bool = True, reset: bool = True, shard_id: int | None = None) -> None:
        """Let the connection die with no close frame.

        Parameters
        ----------
        reset: :class:`bool`
            Whether TCP says so by a reset; otherwise the stream just ends, as when a proxy goes away in good order.
        resumable, shard_id
            Those of :meth:`close_gateway`.
        """
        for session, connection in self._connections(shard_id):
            if not resumable:
                self.core.gateway.forget(session)
            connection.drop(with_reset=reset)

    def _connections(self, shard_id: int | None) -> list[tuple[Session, Connection]]:
        sessions = self.core.gateway.sessions(shard_id)
        found = [
            (session, session.connection)
            for session in sessions
            if session.connection is not None and session.connection.open
        ]
        if not found:
            raise NotConnectedError("the bot has a session but no open connection; `await sim.ready()` first")
        return found
