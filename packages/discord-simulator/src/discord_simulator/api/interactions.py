"""Answers to interactions: the callback, the original response, and follow-ups."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from discord_simulator import payloads
from discord_simulator.api.channels import require_content
from discord_simulator.api.routing import NO_CONTENT, Answer, Call, RefusedError, Routes
from discord_simulator.interactions import ResponseType
from discord_simulator.messages import EPHEMERAL, LOADING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from discord_simulator.core import Core
    from discord_simulator.interactions import Interaction
    from discord_simulator.payloads import Payload

__all__ = ["edit_original", "followup", "original", "routes"]

routes = Routes()

_KINDS = {"application_command": 2, "component": 3, "autocomplete": 4, "modal_submit": 5}
_ANSWERS: Mapping[str, tuple[int, ...]] = {
    "application_command": (4, 5, 9),
    "component": (4, 5, 6, 7, 9),
    "autocomplete": (8,),
    "modal_submit": (4, 5, 6, 7),
}


@routes.on("POST", "/interactions/{webhook_id}/{webhook_token}/callback", authorized=False)
async def callback(core: Core, call: Call) -> Answer:
    """Accept the first answer to an interaction, if it comes in time."""
    interaction = core.interactions.by_token(call.parameters["webhook_token"])
    if interaction is None or interaction.entry.id != call.id("webhook_id"):
        raise RefusedError(404, 10062, "Unknown interaction")
    entry = interaction.entry
    entry.callbacks += 1
    first = entry.callbacks == 1
    if first:
        entry.received, entry.received_at = time.perf_counter(), core.clock()
    try:
        answer = await _accept(core, interaction, call)
    except RefusedError as error:
        if first:
            entry.status = error.status
        raise
    else:
        if first:
            entry.status = answer.status
        return answer
    finally:
        if first:
            entry.answered = time.perf_counter()
        interaction.changes.notify()


async def _accept(core: Core, interaction: Interaction, call: Call) -> Answer:
    if interaction.entry.acknowledged:
        raise RefusedError(400, 40060, "Interaction has already been acknowledged.")
    if interaction.expired:
        raise RefusedError(404, 10062, "Unknown interaction")
    response = call.object
    kind = response.get("type")
    if kind not in _ANSWERS[interaction.entry.kind]:
        raise RefusedError(400, 50035, f"Invalid Form Body: type {kind} does not answer a {interaction.entry.kind}")
    data: Payload = response.get("data") or {}
    if kind == ResponseType.MESSAGE:
        require_content(data)
    core.interactions.accept(interaction, response)

    resource: Payload = {"type": kind}
    if kind in (ResponseType.MESSAGE, ResponseType.DEFERRED_MESSAGE):
        flags = int(data.get("flags") or 0) | (LOADING if kind == ResponseType.DEFERRED_MESSAGE else 0)
        message = await _post(core, interaction, {**data, "flags": flags})
        interaction.original_id = int(message["id"])
        resource["message"] = message
    elif interaction.source is not None and kind in (ResponseType.DEFERRED_UPDATE, ResponseType.UPDATE_MESSAGE):
        interaction.original_id = int(interaction.source["id"])
        if kind == ResponseType.UPDATE_MESSAGE:
            current = core.messages.get(interaction.original_id) or interaction.source
            resource["message"] = await core.edit(current, data)
    return _callback_answer(interaction, resource) if call.query.get("with_response") in ("1", "true") else NO_CONTENT


def _callback_answer(interaction: Interaction, resource: Payload) -> Answer:
    about: Payload = {"id": str(interaction.entry.id), "type": _KINDS[interaction.entry.kind]}
    if interaction.original_id is not None:
        about["response_message_id"] = str(interaction.original_id)
        about["response_message_loading"] = resource["type"] == ResponseType.DEFERRED_MESSAGE
        about["response_message_ephemeral"] = bool(resource.get("message", {}).get("flags", 0) & EPHEMERAL)
    return Answer(body={"interaction": about, "resource": resource})


async def followup(core: Core, interaction: Interaction, body: Payload) -> Payload:
    """Send one more message. After a deferral, the first one takes the place of "thinking"."""
    require_content(body)
    original = core.messages.get(interaction.original_id or 0)
    if original is not None and original["flags"] & LOADING:
        return await edit_original(core, interaction, body)
    message = await _post(core, interaction, body)
    interaction.followups.append(int(message["id"]))
    interaction.changes.notify()
    return message


def original(core: Core, interaction: Interaction) -> Payload:
    """Return the message ``@original`` means."""
    message = core.messages.get(interaction.original_id or 0)
    if message is None:
        raise RefusedError(404, 10008, "Unknown Message")
    return message


async def edit_original(core: Core, interaction: Interaction, body: Payload) -> Payload:
    """Change the message ``@original`` means, which ends "thinking"."""
    message = original(core, interaction)
    edited = await core.edit(message, body | {"flags": (message["flags"] | int(body.get("flags") or 0)) & ~LOADING})
    interaction.changes.notify()
    return edited


async def _post(core: Core, interaction: Interaction, content: Mapping[str, Any]) -> Payload:
    extra: Payload = {
        "webhook_id": str(core.world.application_id),
        "application_id": str(core.world.application_id),
        "interaction_metadata": {
            "id": str(interaction.entry.id),
            "type": _KINDS[interaction.entry.kind],
            "user": payloads.user(interaction.user),
            "authorizing_integration_owners": {},
        },
        "type": 20 if interaction.entry.kind == "application_command" else 0,
    }
    return await core.post(interaction.channel, core.world.bot, content, extra=extra)
