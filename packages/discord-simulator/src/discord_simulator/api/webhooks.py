"""Webhooks by token: those of interactions, and those that the bot created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..interactions import Interaction
from ..payloads import webhook as webhook_object
from ..world import User
from .channels import require_content
from .interactions import edit_original, followup, original
from .routing import NO_CONTENT, ApiError, ApiRequest, ApiResponse, Routes

if TYPE_CHECKING:
    from ..payloads import Payload
    from ..state import SimulatorState
    from ..world import Webhook

routes = Routes()

_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
_ORIGINAL = _WEBHOOK + "/messages/@original"
_MESSAGE = _WEBHOOK + "/messages/{message_id}"


def _target(state: SimulatorState, request: ApiRequest) -> Interaction | Webhook:
    token = request.parameters["webhook_token"]
    if request.id("webhook_id") == state.world.application_id:
        interaction = state.interactions.by_token(token)
        if interaction is not None and interaction.entry.acknowledged:
            return interaction
    else:
        webhook = state.webhooks.get(request.id("webhook_id"))
        if webhook is not None and webhook.token == token:
            return webhook
    raise ApiError(404, 10015, "Unknown Webhook")


def _interaction(state: SimulatorState, request: ApiRequest) -> Interaction:
    interaction = state.interactions.by_token(request.parameters["webhook_token"])
    if interaction is None or not interaction.entry.acknowledged:
        raise ApiError(404, 10015, "Unknown Webhook")
    return interaction


def _message(state: SimulatorState, request: ApiRequest) -> Payload:
    _target(state, request)
    message = state.messages.get(request.id("message_id"))
    if message is None:
        raise ApiError(404, 10008, "Unknown Message")
    return message


@routes.on("POST", _WEBHOOK, authorized=False)
async def execute(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Send a message through a webhook; through an interaction's, a follow-up."""
    target = _target(state, request)
    if isinstance(target, Interaction):
        return ApiResponse(body=await followup(state, target, request.object))
    body = require_content(request.object)
    author = User(target.id, str(body.get("username") or target.name), bot=True)
    message = await state.post(target.channel, author, body, extra={"webhook_id": str(target.id)})
    return ApiResponse(body=message) if request.query.get("wait") in ("1", "true") else NO_CONTENT


@routes.on("GET", _WEBHOOK, authorized=False)
async def get(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return a webhook that the bot created."""
    target = _target(state, request)
    if isinstance(target, Interaction):
        raise ApiError(404, 10015, "Unknown Webhook")
    return ApiResponse(body=webhook_object(target, state.world))


@routes.on("DELETE", _WEBHOOK, authorized=False)
async def delete(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Remove a webhook that the bot created."""
    target = _target(state, request)
    if isinstance(target, Interaction):
        raise ApiError(404, 10015, "Unknown Webhook")
    del state.webhooks[target.id]
    return NO_CONTENT


@routes.on("GET", _ORIGINAL, authorized=False)
async def get_original(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return the original response."""
    return ApiResponse(body=original(state, _interaction(state, request)))


@routes.on("PATCH", _ORIGINAL, authorized=False)
async def patch_original(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Change the original response."""
    return ApiResponse(body=await edit_original(state, _interaction(state, request), request.object))


@routes.on("DELETE", _ORIGINAL, authorized=False)
async def delete_original(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Remove the original response."""
    await state.delete(original(state, _interaction(state, request)))
    return NO_CONTENT


@routes.on("GET", _MESSAGE, authorized=False)
async def get_message(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return a message sent through a webhook."""
    return ApiResponse(body=_message(state, request))


@routes.on("PATCH", _MESSAGE, authorized=False)
async def edit_message(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Change a message sent through a webhook."""
    return ApiResponse(body=await state.edit(_message(state, request), request.object))


@routes.on("DELETE", _MESSAGE, authorized=False)
async def delete_message(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Remove a message sent through a webhook."""
    await state.delete(_message(state, request))
    return NO_CONTENT
