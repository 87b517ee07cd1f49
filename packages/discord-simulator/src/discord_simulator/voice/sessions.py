"""Voice sessions: the bot in one voice channel."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..connection import Connection


class VoiceSession:
    """The bot's session in one voice channel. It outlives its connections.

    Attributes
    ----------
    guild_id, channel_id:
    id, token:
        The credentials that the bot presents to the voice server.
    ssrc:
        Identifies its packets.
    self_mute, self_deaf:
    connection:
        Its latest connection.
    ready:
        Whether the bot has selected a protocol over that connection.
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
        """Whether its connection is open."""
        return self.connection is not None and self.connection.open

    def invalidate(self) -> None:
        """Replace the credentials; the bot has to ask the gateway for the new ones."""
        self.id = secrets.token_hex(16)
        self.token = secrets.token_hex(8)

    async def send(self, op: int, data: Any) -> None:
        """Send a message with a sequence number; it is sent again to a bot that resumes without it."""
        self._sequence += 1
        text = json.dumps({"op": op, "d": data, "seq": self._sequence}, separators=(",", ":"))
        self._sent.append((self._sequence, text))
        if self.connection is not None:
            await self.connection.write(text)

    async def send_again(self, after: int) -> None:
        """Send the messages after a sequence number again."""
        for sequence, text in self._sent:
            if sequence > after and self.connection is not None:
                await self.connection.write(text)
