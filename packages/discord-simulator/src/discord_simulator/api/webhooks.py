"""Webhooks by token: those of interactions, and those the bot made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_simulator.api.channels import require_content
from discord_simulator.api.interactions import edit_original, followup, original
from discord_simulator.api.routing import NO_CONTENT, Answer, Call, RefusedError, Routes
from discord_simulator.interactions import Interaction
from discord_simulator.payloads import webhook as webhook_object
from discord_simulator.world import User

if TYPE_CHECKING:
    from discord_simulator.core import Core
    from discord_simulator.payloads import Payload
    from discord_simulator.world import Webhook

__all__ = ["routes"]

routes = Routes()

_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
_ORIGINAL = _WEBHOOK + "/messages/@original"
_MESSAGE = _WEBHOOK + "/messages/{message_id}"


def _target(core: Core, call: Call) -> Interaction | Webhook:
    token = call.parameters["webhook_token"]
    if call.id("webhook_id") == core.world.application_id:
        interaction = core.interactions.by_token(token)
        if interaction is not None and interaction.entry.acknowledged:
            return interaction
    else:
        webhook = core.webhooks.get(call.id("webhook_id"))
        if webhook is not None and webhook.token == token:
            return webhook
    raise RefusedError(404, 10015, "Unknown Webhook")


def _interaction(core: Core, call: Call) -> Interaction:
    interaction = core.interactions.by_token(call.parameters["webhook_token"])
    if interaction is None or not interaction.entry.acknowledged:
        raise RefusedError(404, 10015, "Unknown Webhook")
    return interaction


def _message(core: Core, call: Call) -> Payload:
    _target(core, call)
    message = core.messages.get(call.id("message_id"))
    if message is None:
        raise RefusedError(404, 10008, "Unknown Message")
    return message


@routes.on("POST", _WEBHOOK, authorized=False)
async def execute(core: Core, call: Call) -> Answer:
    """Send a message through a webhook; a follow-up where it is an interaction's."""
    target = _target(core, call)
    if isinstance(target, Interaction):
        return Answer(body=await followup(core, target, call.object))
    body = require_content(call.object)
    author = User(target.id, str(body.get("username") or target.name), bot=True)
    message = await core.post(target.channel, author, body, extra={"webhook_id": str(target.id)})
    return Answer(body=message) if call.query.get("wait") in ("1", "true") else NO_CONTENT


@routes.on("GET", _WEBHOOK, authorized=False)
async def get(core: Core, call: Call) -> Answer:
    """Return a webhook the bot made."""
    target = _target(core, call)
    if isinstance(target, Interaction):
        raise RefusedError(404, 10015, "Unknown Webhook")
    return Answer(body=webhook_object(target, core.world))


@routes.on("DELETE", _WEBHOOK, authorized=False)
async def delete(core: Core, call: Call) -> Answer:
    """Remove a webhook the bot made."""
    target = _target(core, call)
    if isinstance(target, Interaction):
        raise RefusedError(404, 10015, "Unknown Webhook")
    del core.webhooks[target.id]
    return NO_CONTENT


@routes.on("GET", _ORIGINAL, authorized=False)
async def get_original(core: Core, call: Call) -> Answer:
    """Return the original response."""
    return Answer(body=original(core, _interaction(core, call)))


@routes.on("PATCH", _ORIGINAL, authorized=False)
async def patch_original(core: Core, call: Call) -> Answer:
    """Change the original response."""
    return Answer(body=await edit_original(core, _interaction(core, call), call.object))


@routes.on("DELETE", _ORIGINAL, authorized=False)
async def delete_original(core: Core, call: Call) -> Answer:
    """Remove the original response."""
    await core.delete(original(core, _interaction(core, call)))
    return NO_CONTENT


@routes.on("GET", _MESSAGE, authorized=False)
async def get_message(core: Core, call: Call) -> Answer:
    """Return a message sent through a webhook."""
    return Answer(body=_message(core, call))


@routes.on("PATCH", _MESSAGE, authorized=False)
async def edit_message(core: Core, call: Call) -> Answer:
    """Change a message sent through a webhook."""
    return Answer(body=await core.edit(_message(core, call), call.object))


@routes.on("DELETE", _MESSAGE, authorized=False)
async def delete_message(core: Core, call: Call) -> Answer:
    """Remove a message sent through a webhook."""
    await core.delete(_message(core, call))
    return NO_CONTENT
