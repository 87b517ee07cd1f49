"""Responses to interactions: the callback, the original response, and follow-ups."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from .. import payloads
from ..interactions import ResponseType
from ..messages import EPHEMERAL, LOADING
from .channels import require_content
from .routing import NO_CONTENT, ApiError, ApiRequest, ApiResponse, Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..interactions import Interaction
    from ..payloads import Payload
    from ..state import SimulatorState

routes = Routes()

_KINDS = {"application_command": 2, "component": 3, "autocomplete": 4, "modal_submit": 5}
_ANSWERS: Mapping[str, tuple[int, ...]] = {
    "application_command": (4, 5, 9),
    "component": (4, 5, 6, 7, 9),
    "autocomplete": (8,),
    "modal_submit": (4, 5, 6, 7),
}


@routes.on("POST", "/interactions/{webhook_id}/{webhook_token}/callback", authorized=False)
async def callback(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Accept the first response to an interaction, if it comes in time."""
    interaction = state.interactions.by_token(request.parameters["webhook_token"])
    if interaction is None or interaction.entry.id != request.id("webhook_id"):
        raise ApiError(404, 10062, "Unknown interaction")
    return await _respond(state, interaction, request)


async def respond(state: SimulatorState, interaction: Interaction, response: Payload) -> None:
    """Accept the body of the response to a posted interaction as its callback, as :func:`callback` does."""
    with contextlib.suppress(ApiError):  # the ledger has it, and no HTTP client waits for it
        await _respond(state, interaction, ApiRequest({}, {}, response))


async def _respond(state: SimulatorState, interaction: Interaction, request: ApiRequest) -> ApiResponse:
    entry = interaction.entry
    entry.callbacks += 1
    first = entry.callbacks == 1
    if first:
        entry.received, entry.received_at = time.perf_counter(), state.clock()
    try:
        answer = await _accept(state, interaction, request)
    except ApiError as error:
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
        interaction.changed.notify()


async def _accept(state: SimulatorState, interaction: Interaction, request: ApiRequest) -> ApiResponse:
    if interaction.entry.acknowledged:
        raise ApiError(400, 40060, "Interaction has already been acknowledged.")
    if interaction.expired:
        raise ApiError(404, 10062, "Unknown interaction")
    response = request.object
    kind = response.get("type")
    if kind not in _ANSWERS[interaction.entry.kind]:
        raise ApiError(400, 50035, f"Invalid Form Body: type {kind} does not answer a {interaction.entry.kind}")
    data: Payload = response.get("data") or {}
    if kind == ResponseType.MESSAGE:
        require_content(data)
    state.interactions.accept(interaction, response)

    resource: Payload = {"type": kind}
    if kind in (ResponseType.MESSAGE, ResponseType.DEFERRED_MESSAGE):
        flags = int(data.get("flags") or 0) | (LOADING if kind == ResponseType.DEFERRED_MESSAGE else 0)
        message = await _post(state, interaction, {**data, "flags": flags})
        interaction.original_id = int(message["id"])
        resource["message"] = message
    elif interaction.source is not None and kind in (ResponseType.DEFERRED_UPDATE, ResponseType.UPDATE_MESSAGE):
        interaction.original_id = int(interaction.source["id"])
        if kind == ResponseType.UPDATE_MESSAGE:
            current = state.messages.get(interaction.original_id) or interaction.source
            resource["message"] = await state.edit(current, data)
    if request.query.get("with_response") in ("1", "true"):
        return _callback_response(interaction, resource)
    return NO_CONTENT


def _callback_response(interaction: Interaction, resource: Payload) -> ApiResponse:
    about: Payload = {"id": str(interaction.entry.id), "type": _KINDS[interaction.entry.kind]}
    if interaction.original_id is not None:
        about["response_message_id"] = str(interaction.original_id)
        about["response_message_loading"] = resource["type"] == ResponseType.DEFERRED_MESSAGE
        about["response_message_ephemeral"] = bool(resource.get("message", {}).get("flags", 0) & EPHEMERAL)
    return ApiResponse(body={"interaction": about, "resource": resource})


async def followup(state: SimulatorState, interaction: Interaction, body: Payload) -> Payload:
    """Send a follow-up message. After a deferral, the first one replaces "thinking"."""
    require_content(body)
    original = state.messages.get(interaction.original_id or 0)
    if original is not None and original["flags"] & LOADING:
        return await edit_original(state, interaction, body)
    message = await _post(state, interaction, body)
    interaction.followups.append(int(message["id"]))
    interaction.changed.notify()
    return message


def original(state: SimulatorState, interaction: Interaction) -> Payload:
    """Return the message of ``@original``."""
    message = state.messages.get(interaction.original_id or 0)
    if message is None:
        raise ApiError(404, 10008, "Unknown Message")
    return message


async def edit_original(state: SimulatorState, interaction: Interaction, body: Payload) -> Payload:
    """Edit the message of ``@original``, which ends "thinking"."""
    message = original(state, interaction)
    edited = await state.edit(message, body | {"flags": (message["flags"] | int(body.get("flags") or 0)) & ~LOADING})
    interaction.changed.notify()
    return edited


async def _post(state: SimulatorState, interaction: Interaction, content: Mapping[str, Any]) -> Payload:
    extra: Payload = {
        "webhook_id": str(state.world.application_id),
        "application_id": str(state.world.application_id),
        "interaction_metadata": {
            "id": str(interaction.entry.id),
            "type": _KINDS[interaction.entry.kind],
            "user": payloads.user(interaction.user),
            "authorizing_integration_owners": {},
        },
        "type": 20 if interaction.entry.kind == "application_command" else 0,
    }
    return await state.post(interaction.channel, state.world.bot, content, extra=extra)
