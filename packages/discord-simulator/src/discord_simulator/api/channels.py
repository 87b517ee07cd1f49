"""Channels and the messages in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import payloads
from .routing import NO_CONTENT, ApiError, ApiRequest, ApiResponse, Routes

if TYPE_CHECKING:
    from ..payloads import Payload
    from ..state import SimulatorState
    from ..world import Channel

routes = Routes()

_CHANNEL = "/channels/{channel_id}"
_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"


def find_channel(state: SimulatorState, request: ApiRequest) -> Channel:
    """Return the channel in the path."""
    channel = state.world.channel(request.id("channel_id"))
    if channel is None:
        raise ApiError(404, 10003, "Unknown Channel")
    return channel


def find_message(state: SimulatorState, request: ApiRequest) -> Payload:
    """Return the message in the path."""
    message = state.messages.get(request.id("message_id"))
    if message is None or message["channel_id"] != str(find_channel(state, request).id):
        raise ApiError(404, 10008, "Unknown Message")
    return message


def require_content(body: Payload) -> Payload:
    """Refuse a message with nothing in it."""
    if not any(body.get(key) for key in ("content", "embeds", "components", "attachments", "sticker_ids", "poll")):
        raise ApiError(400, 50006, "Cannot send an empty message")
    return body


@routes.on("GET", _CHANNEL)
async def get_channel(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return a channel."""
    return ApiResponse(body=payloads.channel(find_channel(state, request)))


@routes.on("POST", _CHANNEL + "/typing")
async def trigger_typing(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Show that the bot is typing."""
    find_channel(state, request)
    return NO_CONTENT


@routes.on("GET", _MESSAGES)
async def list_messages(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return the latest messages, newest first."""
    channel = find_channel(state, request)
    found = state.messages.in_channel(channel.id, int(request.query.get("after", 0)))
    before = int(request.query.get("before", 0))
    found = [message for message in found if not before or int(message["id"]) < before]
    return ApiResponse(body=found[::-1][: int(request.query.get("limit", 50))])


@routes.on("POST", _MESSAGES)
async def create_message(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Send a message."""
    channel = find_channel(state, request)
    return ApiResponse(body=await state.post(channel, state.world.bot, require_content(request.object)))


@routes.on("GET", _MESSAGE)
async def get_message(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return one message."""
    return ApiResponse(body=find_message(state, request))


@routes.on("PATCH", _MESSAGE)
async def edit_message(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Change a message of the bot."""
    message = find_message(state, request)
    if message["author"]["id"] != str(state.world.bot.id):
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    return ApiResponse(body=await state.edit(message, request.object))


@routes.on("DELETE", _MESSAGE)
async def delete_message(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Remove a message."""
    await state.delete(find_message(state, request))
    return NO_CONTENT


@routes.on("PUT", _MESSAGE + "/reactions/{emoji}/@me")
async def add_reaction(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """React to a message."""
    await _reacted(state, request, "MESSAGE_REACTION_ADD")
    return NO_CONTENT


@routes.on("DELETE", _MESSAGE + "/reactions/{emoji}/@me")
async def remove_reaction(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Take a reaction back."""
    await _reacted(state, request, "MESSAGE_REACTION_REMOVE")
    return NO_CONTENT


@routes.on("POST", _CHANNEL + "/webhooks")
async def create_webhook(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Make a webhook."""
    webhook = state.make_webhook(find_channel(state, request), str(request.object.get("name") or "webhook"))
    return ApiResponse(body=payloads.webhook(webhook, state.world))


async def _reacted(state: SimulatorState, request: ApiRequest, event_type: str) -> None:
    message = find_message(state, request)
    channel = find_channel(state, request)
    name, _, emoji_id = request.parameters["emoji"].partition(":")
    data: Payload = {
        "user_id": str(state.world.bot.id),
        "channel_id": message["channel_id"],
        "message_id": message["id"],
        "emoji": {"id": emoji_id or None, "name": name, "animated": False},
        "burst": False,
        "type": 0,
    }
    if channel.guild_id is not None:
        data["guild_id"] = str(channel.guild_id)
    await state.send_event(event_type, data, channel.guild_id)
