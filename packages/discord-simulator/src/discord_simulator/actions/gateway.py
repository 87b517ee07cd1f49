"""Actions of Discord itself on the bot's gateway connections."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ..actors import ActorMixin
from ..connection import Opcode
from ..errors import NotConnectedError
from ..loop_affinity import on_own_loop

if TYPE_CHECKING:
    from ..connection import Connection
    from ..payloads import Payload
    from ..sessions import Session


class GatewayActions(ActorMixin):
    """Gateway faults and raw traffic. ``shard_id`` selects one shard; the default is all of them.

    All raise :class:`NotConnectedError` if there is no open connection.
    """

    @property
    def heartbeat_ack_delay(self) -> float:
        """Seconds by which heartbeats are acknowledged late; :data:`math.inf` for never."""
        return self.state.gateway.ack_delay

    @heartbeat_ack_delay.setter
    def heartbeat_ack_delay(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError(f"heartbeat_ack_delay must not be negative, not {seconds}")
        self.state.gateway.ack_delay = seconds

    @on_own_loop
    async def dispatch(
        self, event_type: str, data: Payload, *, guild_id: int | None = None, shard_id: int | None = None
    ) -> None:
        """Send an event as it is, whatever the bot's intents.

        Parameters
        ----------
        event_type:
            ``MESSAGE_CREATE``, or anything else.
        data:
            Its ``d``.
        guild_id:
            Send it to the shard of this guild,
        shard_id:
            or to this shard; without either, to every shard.
        """
        gateway = self.state.gateway
        sessions = gateway.sessions(shard_id) if guild_id is None else [gateway.session_for(guild_id)]
        for session in sessions:
            await session.dispatch(event_type, data)

    @on_own_loop
    async def send_raw(self, frame: bytes | str, *, shard_id: int | None = None) -> None:
        """Send one WebSocket frame as it is: text, or bytes outside the compression stream."""
        for _, connection in self._connections(shard_id):
            if await connection.write_raw(frame):
                self.state.ledger.record_raw_frame()

    @on_own_loop
    async def send_message(self, text: str, *, cut: int = 0, shard_id: int | None = None) -> None:
        """Send one message as it is, whether or not it is JSON, through the connection's compression if it has one.

        Parameters
        ----------
        text:
            The message.
        cut:
            The number of bytes to cut off the end of its frame. A compression stream does not recover from that.
        shard_id:
            Which shard; each of them by default.
        """
        for _, connection in self._connections(shard_id):
            if await connection.write(text, cut=cut):
                self.state.ledger.record_raw_frame()

    @on_own_loop
    async def ask_heartbeat(self, shard_id: int | None = None) -> None:
        """Ask for a heartbeat at once (opcode 1)."""
        for _, connection in self._connections(shard_id):
            await connection.send(Opcode.HEARTBEAT)

    @on_own_loop
    async def ask_reconnect(self, shard_id: int | None = None) -> None:
        """Ask the bot to reconnect and resume (opcode 7). From now on, events wait for RESUME."""
        for _, connection in self._connections(shard_id):
            connection.drain()
            await connection.send(Opcode.RECONNECT)

    @on_own_loop
    async def invalidate_session(self, *, resumable: bool = False, shard_id: int | None = None) -> None:
        """Tell the bot that its session is invalid (opcode 9).

        Parameters
        ----------
        resumable:
            Whether it may try to resume; otherwise the session is forgotten and the bot has to identify again.
        shard_id:
            Which shard; each of them by default.
        """
        for session, connection in self._connections(shard_id):
            connection.drain()
            if not resumable:
                self.state.gateway.forget(session)
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
        code:
            The close code: 1000, 4000 to 4014...
        resumable:
            Whether the session can be resumed afterwards; otherwise RESUME gets an invalid session.
        hang_up:
            Whether to end the TCP connection right after the frame instead of waiting.
        shard_id:
            Which shard; each of them by default.
        reason:
            The reason in the close frame, at most 123 bytes.
        """
        for session, connection in self._connections(shard_id):
            if not resumable:
                self.state.gateway.forget(session)
            if hang_up:
                connection.hang_up(code, reason)
            else:
                await connection.close(code, reason)

    @on_own_loop
    async def drop_gateway(self, *, resumable: bool = True, reset: bool = True, shard_id: int | None = None) -> None:
        """End the connection without a close frame.

        Parameters
        ----------
        reset:
            Whether to reset the TCP connection; otherwise the stream ends in good order, as behind a proxy that stops.
        resumable, shard_id:
            As for :meth:`close_gateway`.
        """
        for session, connection in self._connections(shard_id):
            if not resumable:
                self.state.gateway.forget(session)
            connection.drop(with_reset=reset)

    @on_own_loop
    async def cut_off(self, shard_id: int, *, reset: bool = True) -> None:
        """Reset each connection of a shard as it identifies or resumes, until :meth:`let_return`.

        Parameters
        ----------
        reset:
            Whether to reset the present connection too; otherwise the shard keeps it for as long as it likes.
        """
        found = self._connections(shard_id)
        self.state.gateway.cut_off.add(shard_id)
        if reset:
            for _, connection in found:
                connection.drop(with_reset=True)

    @on_own_loop
    async def let_return(self, shard_id: int) -> None:
        """Let a shard that was :meth:`cut_off` connect again."""
        self.state.gateway.cut_off.discard(shard_id)

    @on_own_loop
    async def revoke_token(self) -> None:
        """Close every connection with 4004, and refuse the bot's token from now on, as when its owner resets it.

        A bot that is started afterwards is accepted with the new token, :attr:`Simulator.token`.
        """
        found = self._connections(None)
        self.state.token = self.state.gateway.token = f"{self.state.token}.{secrets.token_hex(4)}"
        for session, connection in found:
            self.state.gateway.forget(session)
            await connection.close(4004, "Authentication failed.")

    def _connections(self, shard_id: int | None) -> list[tuple[Session, Connection]]:
        sessions = self.state.gateway.sessions(shard_id)
        found = [
            (session, session.connection)
            for session in sessions
            if session.connection is not None and session.connection.open
        ]
        if not found:
            raise NotConnectedError("the bot has a session but no open connection; `await sim.ready()` first")
        return found
