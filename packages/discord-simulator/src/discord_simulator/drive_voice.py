"""What happens to a bot in a voice channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_simulator.crossing import on_own_loop
from discord_simulator.errors import SimulatorError
from discord_simulator.places import ChannelLike, Driving, GuildLike

if TYPE_CHECKING:
    from discord_simulator.connection import Connection
    from discord_simulator.voice.sessions import VoiceSession
    from discord_simulator.world import Channel

__all__ = ["VoiceDriving"]

# "Session is no longer valid."
_SESSION_INVALID = 4006


class VoiceDriving(Driving):
    """Moderators who move the bot, and voice servers that fail. The guild is the first one the bot is in by default.

    All but :meth:`voice_ready` raise :class:`NotConnectedError` where the bot has no voice connection in the guild.
    """

    @property
    def voice_heartbeat_ack_delay(self) -> float:
        """:class:`float`: Seconds by which voice heartbeats are acknowledged late; :data:`math.inf` for never."""
        return self.core.voice.ack_delay

    @voice_heartbeat_ack_delay.setter
    def voice_heartbeat_ack_delay(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError(f"voice_heartbeat_ack_delay must not be negative, not {seconds}")
        self.core.voice.ack_delay = seconds

    @on_own_loop
    async def voice_ready(self, guild: GuildLike | None = None, timeout: float = 10.0) -> Channel:
        """Wait until the bot can speak in a guild; return the channel.

        Raises
        ------
        TimeoutError
            It could not in time.
        """
        where, voice = self.guild(guild), self.core.voice

        def look() -> Channel | None:
            session = voice.session(where.id)
            return where.channels[session.channel_id] if session and session.connected and session.ready else None

        return await voice.changes.until(look, timeout, lambda: f"the bot has no voice in guild {where.id}")

    @on_own_loop
    async def voice_disconnected(self, timeout: float = 10.0) -> None:
        """Wait until the bot has no voice connection, and each end is in the ledger.

        Raises
        ------
        TimeoutError
            It is still connected.
        """
        voice = self.core.voice
        await voice.changes.until(
            lambda: None if voice.busy else True, timeout, lambda: "the bot still has a voice connection"
        )

    @on_own_loop
    async def move_bot(self, channel: ChannelLike) -> None:
        """Move the bot to another voice channel of the guild it is in one of."""
        where = self.place(channel=channel).channel
        if where.guild_id is None:
            raise SimulatorError(f"channel {where.id} is in no guild")
        session, _ = self.core.voice.connected(where.guild_id)
        await self.core.voice.put(where.guild_id, where.id, self_mute=session.self_mute, self_deaf=session.self_deaf)

    @on_own_loop
    async def disconnect_bot(self, guild: GuildLike | None = None) -> None:
        """Put the bot out of its voice channel, as a moderator can."""
        session, _ = self._voice(guild)
        await self.core.voice.kick(session.guild_id)

    @on_own_loop
    async def close_voice(self, code: int = 4006, *, guild: GuildLike | None = None, reason: str = "") -> None:
        """Close the voice connection with a close frame, and wait until the bot has closed its side (at most 2 s).

        The bot stays in its channel. With 4006 its session is no longer valid: RESUME and a second IDENTIFY with the
        same token are refused.

        Parameters
        ----------
        code: :class:`int`
            The close code: 4006, 4015...
        guild: Optional[Union[Guild, :class:`int`]]
            Where.
        reason: :class:`str`
            Words for the close frame, at most 123 bytes.
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
        return self.core.voice.connected(self.guild(guild).id)
