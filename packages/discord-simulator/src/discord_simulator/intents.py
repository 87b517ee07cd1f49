"""The events that a bot gets, by the intents it identified with.

From https://discord.com/developers/docs/events/gateway#gateway-intents. An event that is not listed needs no intent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .payloads import Payload

GUILDS = 1 << 0
GUILD_MEMBERS = 1 << 1
GUILD_VOICE_STATES = 1 << 7
GUILD_PRESENCES = 1 << 8
MESSAGE_CONTENT = 1 << 15

_IN_GUILDS = {
    "GUILD_CREATE": GUILDS,
    "GUILD_DELETE": GUILDS,
    "GUILD_MEMBER_ADD": GUILD_MEMBERS,
    "GUILD_MEMBER_UPDATE": GUILD_MEMBERS,
    "GUILD_MEMBER_REMOVE": GUILD_MEMBERS,
    "PRESENCE_UPDATE": GUILD_PRESENCES,
    "VOICE_STATE_UPDATE": GUILD_VOICE_STATES,
    "MESSAGE_CREATE": 1 << 9,
    "MESSAGE_UPDATE": 1 << 9,
    "MESSAGE_DELETE": 1 << 9,
    "MESSAGE_REACTION_ADD": 1 << 10,
    "MESSAGE_REACTION_REMOVE": 1 << 10,
    "TYPING_START": 1 << 11,
}
_IN_DIRECT_MESSAGES = {
    "MESSAGE_CREATE": 1 << 12,
    "MESSAGE_UPDATE": 1 << 12,
    "MESSAGE_DELETE": 1 << 12,
    "MESSAGE_REACTION_ADD": 1 << 13,
    "MESSAGE_REACTION_REMOVE": 1 << 13,
    "TYPING_START": 1 << 14,
}


def wanted(event_type: str, intents: int, *, in_guild: bool) -> bool:
    """Return whether a bot with these intents gets such an event."""
    needed = (_IN_GUILDS if in_guild else _IN_DIRECT_MESSAGES).get(event_type, 0)
    return intents & needed == needed


def visible(message: Payload, intents: int, bot_id: int) -> Payload:
    """Return a message as a bot sees it: empty, unless it may read it or it concerns the bot itself."""
    own = message.get("author", {}).get("id") == str(bot_id)
    addressed = f"<@{bot_id}>" in message.get("content", "") or "guild_id" not in message
    if intents & MESSAGE_CONTENT or own or addressed:
        return message
    return message | {"content": "", "embeds": [], "components": [], "attachments": []}
