"""Application commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..payloads import as_list, as_object
from .routing import NO_CONTENT, ApiError, ApiRequest, ApiResponse, Routes

if TYPE_CHECKING:
    from ..payloads import Payload
    from ..state import SimulatorState

routes = Routes()

_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def _scope(state: SimulatorState, request: ApiRequest) -> int | None:
    if request.id("application_id") != state.world.application_id:
        raise ApiError(404, 10002, "Unknown Application")
    if "guild_id" not in request.parameters:
        return None
    guild = state.world.guilds.get(request.id("guild_id"))
    if guild is None or not guild.joined:
        raise ApiError(403, 50001, "Missing Access")
    return guild.id


def _named(definition: Any) -> Payload:
    named = as_object(definition)
    if named is None or "name" not in named:
        raise ApiError(400, 50035, "Invalid Form Body: a command needs a name")
    return named


@routes.on("GET", _GLOBAL)
@routes.on("GET", _GUILD)
async def list_commands(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return the commands of a scope."""
    return ApiResponse(body=state.commands.all(_scope(state, request)))


@routes.on("PUT", _GLOBAL)
@routes.on("PUT", _GUILD)
async def replace_commands(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Replace the commands of a scope, as ``CommandTree.sync`` does."""
    scope = _scope(state, request)
    definitions = [_named(definition) for definition in as_list(request.body)]
    return ApiResponse(body=state.commands.replace(scope, definitions))


@routes.on("POST", _GLOBAL)
@routes.on("POST", _GUILD)
async def upsert_command(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Add or overwrite one command."""
    return ApiResponse(201, state.commands.upsert(_scope(state, request), _named(request.object)))


@routes.on("GET", _GLOBAL + "/{command_id}")
@routes.on("GET", _GUILD + "/{command_id}")
async def get_command(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return one command."""
    return _found(state.commands.get(_scope(state, request), request.id("command_id")))


@routes.on("PATCH", _GLOBAL + "/{command_id}")
@routes.on("PATCH", _GUILD + "/{command_id}")
async def edit_command(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Change one command."""
    return _found(state.commands.edit(_scope(state, request), request.id("command_id"), request.object))


@routes.on("DELETE", _GLOBAL + "/{command_id}")
@routes.on("DELETE", _GUILD + "/{command_id}")
async def delete_command(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Remove one command."""
    if not state.commands.delete(_scope(state, request), request.id("command_id")):
        raise ApiError(404, 10063, "Unknown application command")
    return NO_CONTENT


def _found(command: Payload | None) -> ApiResponse:
    if command is None:
        raise ApiError(404, 10063, "Unknown application command")
    return ApiResponse(body=command)
