"""A bot's stay in one voice channel."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from discord_simulator.connection import Connection

__all__ = ["VoiceSession"]


class VoiceSession:
    """One stay of the bot in one channel, which outlives its connections.

    Attributes
    ----------
    guild_id, channel_id: :class:`int`
    id, token: :class:`str`
        What the bot has to show to the voice server.
    ssrc: :class:`int`
        What its packets are recognised by.
    self_mute, self_deaf: :class:`bool`
    connection: Optional[Connection]
        Its latest connection.
    ready: :class:`bool`
        Whether the bot has chosen how to send, over that connection.
    """

    def __init__(self, guild_id: int, channel_id: int, *, ssrc: int) -> None:
        self.guild_id = guild_id
        self.channel_id = channel_id
        self.id = secrets.token_hex(16)
        self.token = secrets.token_hex(8)
        self.secret_key = list(secrets.token_bytes(32))
        self.ssrc = ssrc
        self.self_mute = False
        self.self_deaf = False
        self.connection: Connection | None = None
        self.ready = False
        self._sequence = 0
        self._sent: list[tuple[int, str]] = []

    @property
    def connected(self) -> bool:
        """:class:`bool`: Whether its connection is open."""
        return self.connection is not None and self.connection.open

    def invalidate(self) -> None:
        """Make what the bot has to show worthless; it has to ask the gateway anew."""
        self.id = secrets.token_hex(16)
        self.token = secrets.token_hex(8)

    async def send(self, op: int, data: Any) -> None:
        """Send a message that has a sequence number, and so is sent again to a bot that resumes without it."""
        self._sequence += 1
        text = json.dumps({"op": op, "d": data, "seq": self._sequence}, separators=(",", ":"))
        self._sent.append((self._sequence, text))
        if self.connection is not None:
            await self.connection.write(text)

    async def send_again(self, after: int) -> None:
        """Send again what the bot has not had."""
        for sequence, text in self._sent:
            if sequence > after and self.connection is not None:
                await self.connection.write(text)
