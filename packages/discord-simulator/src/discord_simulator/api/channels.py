"""Channels and the messages in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_simulator import payloads
from discord_simulator.api.routing import NO_CONTENT, Answer, Call, RefusedError, Routes

if TYPE_CHECKING:
    from discord_simulator.core import Core
    from discord_simulator.payloads import Payload
    from discord_simulator.world import Channel

__all__ = ["find_channel", "find_message", "require_content", "routes"]

routes = Routes()

_CHANNEL = "/channels/{channel_id}"
_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"


def find_channel(core: Core, call: Call) -> Channel:
    """Return the channel in the path."""
    channel = core.world.channel(call.id("channel_id"))
    if channel is None:
        raise RefusedError(404, 10003, "Unknown Channel")
    return channel


def find_message(core: Core, call: Call) -> Payload:
    """Return the message in the path."""
    message = core.messages.get(call.id("message_id"))
    if message is None or message["channel_id"] != str(find_channel(core, call).id):
        raise RefusedError(404, 10008, "Unknown Message")
    return message


def require_content(body: Payload) -> Payload:
    """Refuse a message with nothing in it."""
    if not any(body.get(key) for key in ("content", "embeds", "components", "attachments", "sticker_ids", "poll")):
        raise RefusedError(400, 50006, "Cannot send an empty message")
    return body


@routes.on("GET", _CHANNEL)
async def get_channel(core: Core, call: Call) -> Answer:
    """Return a channel."""
    return Answer(body=payloads.channel(find_channel(core, call)))


@routes.on("POST", _CHANNEL + "/typing")
async def trigger_typing(core: Core, call: Call) -> Answer:
    """Show that the bot is typing."""
    find_channel(core, call)
    return NO_CONTENT


@routes.on("GET", _MESSAGES)
async def list_messages(core: Core, call: Call) -> Answer:
    """Return the latest messages, newest first."""
    channel = find_channel(core, call)
    found = core.messages.in_channel(channel.id, int(call.query.get("after", 0)))
    before = int(call.query.get("before", 0))
    found = [message for message in found if not before or int(message["id"]) < before]
    return Answer(body=found[::-1][: int(call.query.get("limit", 50))])


@routes.on("POST", _MESSAGES)
async def create_message(core: Core, call: Call) -> Answer:
    """Send a message."""
    channel = find_channel(core, call)
    return Answer(body=await core.post(channel, core.world.bot, require_content(call.object)))


@routes.on("GET", _MESSAGE)
async def get_message(core: Core, call: Call) -> Answer:
    """Return one message."""
    return Answer(body=find_message(core, call))


@routes.on("PATCH", _MESSAGE)
async def edit_message(core: Core, call: Call) -> Answer:
    """Change a message of the bot."""
    message = find_message(core, call)
    if message["author"]["id"] != str(core.world.bot.id):
        raise RefusedError(403, 50005, "Cannot edit a message authored by another user")
    return Answer(body=await core.edit(message, call.object))


@routes.on("DELETE", _MESSAGE)
async def delete_message(core: Core, call: Call) -> Answer:
    """Remove a message."""
    await core.delete(find_message(core, call))
    return NO_CONTENT


@routes.on("PUT", _MESSAGE + "/reactions/{emoji}/@me")
async def add_reaction(core: Core, call: Call) -> Answer:
    """React to a message."""
    await _reacted(core, call, "MESSAGE_REACTION_ADD")
    return NO_CONTENT


@routes.on("DELETE", _MESSAGE + "/reactions/{emoji}/@me")
async def remove_reaction(core: Core, call: Call) -> Answer:
    """Take a reaction back."""
    await _reacted(core, call, "MESSAGE_REACTION_REMOVE")
    return NO_CONTENT


@routes.on("POST", _CHANNEL + "/webhooks")
async def create_webhook(core: Core, call: Call) -> Answer:
    """Make a webhook."""
    webhook = core.make_webhook(find_channel(core, call), str(call.object.get("name") or "webhook"))
    return Answer(body=payloads.webhook(webhook, core.world))


async def _reacted(core: Core, call: Call, event_type: str) -> None:
    message = find_message(core, call)
    channel = find_channel(core, call)
    name, _, emoji_id = call.parameters["emoji"].partition(":")
    data: Payload = {
        "user_id": str(core.world.bot.id),
        "channel_id": message["channel_id"],
        "message_id": message["id"],
        "emoji": {"id": emoji_id or None, "name": name, "animated": False},
        "burst": False,
        "type": 0,
    }
    if channel.guild_id is not None:
        data["guild_id"] = str(channel.guild_id)
    await core.tell(event_type, data, channel.guild_id)
