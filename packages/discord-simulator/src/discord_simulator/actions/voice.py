"""Actions of moderators and voice servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actors import ActorMixin, ChannelLike, GuildLike
from ..errors import SimulatorError
from ..loop_affinity import on_own_loop

if TYPE_CHECKING:
    from ..connection import Connection
    from ..voice.sessions import VoiceSession
    from ..world import Channel

# "Session is no longer valid."
_SESSION_INVALID = 4006


class VoiceActions(ActorMixin):
    """Move or disconnect the bot, or make its voice server fail. The default guild is the first one the bot is in.

    All but :meth:`voice_ready` raise :class:`NotConnectedError` if the bot has no voice connection in the guild.
    """

    @property
    def voice_heartbeat_ack_delay(self) -> float:
        """Seconds by which voice heartbeats are acknowledged late; :data:`math.inf` for never."""
        return self.state.voice.ack_delay

    @voice_heartbeat_ack_delay.setter
    def voice_heartbeat_ack_delay(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError(f"voice_heartbeat_ack_delay must not be negative, not {seconds}")
        self.state.voice.ack_delay = seconds

    @on_own_loop
    async def voice_ready(self, guild: GuildLike | None = None, timeout: float = 10.0) -> Channel:
        """Wait until the bot can speak in a guild; return the channel.

        Raises
        ------
        TimeoutError
            It could not in time.
        """
        where, voice = self.guild(guild), self.state.voice

        def look() -> Channel | None:
            session = voice.session(where.id)
            return where.channels[session.channel_id] if session and session.connected and session.ready else None

        return await voice.changed.wait_for(look, timeout, lambda: f"the bot has no voice in guild {where.id}")

    @on_own_loop
    async def voice_disconnected(self, timeout: float = 10.0) -> None:
        """Wait until the bot has no voice connection and the ledger has the end of each.

        Raises
        ------
        TimeoutError
            It is still connected.
        """
        voice = self.state.voice
        await voice.changed.wait_for(
            lambda: None if voice.busy else True, timeout, lambda: "the bot still has a voice connection"
        )

    @on_own_loop
    async def move_bot(self, channel: ChannelLike) -> None:
        """Move the bot to another voice channel of the guild it is in one of."""
        where = self.actor(channel=channel).channel
        if where.guild_id is None:
            raise SimulatorError(f"channel {where.id} is not in a guild")
        session, _ = self.state.voice.connected(where.guild_id)
        await self.state.voice.join(where.guild_id, where.id, self_mute=session.self_mute, self_deaf=session.self_deaf)

    @on_own_loop
    async def disconnect_bot(self, guild: GuildLike | None = None) -> None:
        """Disconnect the bot from its voice channel, as a moderator can."""
        session, _ = self._voice(guild)
        await self.state.voice.kick(session.guild_id)

    @on_own_loop
    async def close_voice(self, code: int = 4006, *, guild: GuildLike | None = None, reason: str = "") -> None:
        """Close the voice connection with a close frame, and wait until the bot has closed its side (at most 2 s).

        The bot stays in its channel. With 4006 its session is no longer valid: RESUME and a second IDENTIFY with the
        same token are refused.

        Parameters
        ----------
        code:
            The close code: 4006, 4015...
        guild:
            The guild.
        reason:
            The reason in the close frame, at most 123 bytes.
        """
        session, connection = self._voice(guild)
        if code == _SESSION_INVALID:
            session.invalidate()
        await connection.close(code, reason)

    @on_own_loop
    async def drop_voice(self, *, guild: GuildLike | None = None) -> None:
        """Let the voice connection die with no close frame."""
        _, connection = self._voice(guild)
        connection.drop(with_reset=False)

    def _voice(self, guild: GuildLike | None) -> tuple[VoiceSession, Connection]:
        return self.state.voice.connected(self.guild(guild).id)
