"""Guilds and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import payloads
from .routing import NO_CONTENT, ApiError, ApiRequest, ApiResponse, Routes

if TYPE_CHECKING:
    from ..state import SimulatorState
    from ..world import Guild

routes = Routes()

# Moderation changes nothing here: it is accepted, counted, and forgotten.
_ACCEPTED = (
    ("DELETE", "/guilds/{guild_id}/bans/{user_id}"),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}"),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"),
    ("PUT", "/guilds/{guild_id}/bans/{user_id}"),
    ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"),
)


def _guild(state: SimulatorState, request: ApiRequest) -> Guild:
    guild = state.world.guilds.get(request.id("guild_id"))
    if guild is None or not guild.joined:
        raise ApiError(404, 10004, "Unknown Guild")
    return guild


@routes.on("GET", "/users/@me/guilds")
async def list_my_guilds(state: SimulatorState, _request: ApiRequest) -> ApiResponse:
    """Return the guilds the bot is in."""
    joined = [guild for guild in state.world.guilds.values() if guild.joined]
    permissions = {"owner": False, "permissions": payloads.ALL_PERMISSIONS}
    return ApiResponse(body=[payloads.guild(guild) | permissions for guild in joined])


@routes.on("GET", "/guilds/{guild_id}")
async def get_guild(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return a guild."""
    return ApiResponse(body=payloads.guild(_guild(state, request)))


@routes.on("GET", "/guilds/{guild_id}/channels")
async def list_channels(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return a guild's channels."""
    return ApiResponse(body=[payloads.channel(channel) for channel in _guild(state, request).channels.values()])


@routes.on("GET", "/guilds/{guild_id}/roles")
async def list_roles(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return a guild's roles."""
    return ApiResponse(body=[payloads.role(role) for role in _guild(state, request).roles.values()])


@routes.on("GET", "/guilds/{guild_id}/members")
async def list_members(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return a page of a guild's members, by id."""
    after = int(request.query.get("after", 0))
    members = _guild(state, request).members
    found = sorted(user_id for user_id in members if user_id > after)[: int(request.query.get("limit", 1))]
    return ApiResponse(body=[payloads.member(members[user_id]) for user_id in found])


@routes.on("GET", "/guilds/{guild_id}/members/{member_id}")
async def get_member(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return one member."""
    member = _guild(state, request).members.get(request.id("member_id"))
    if member is None:
        raise ApiError(404, 10007, "Unknown Member")
    return ApiResponse(body=payloads.member(member))


async def accept(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Accept a request on a guild that changes nothing in the simulator."""
    _guild(state, request)
    return NO_CONTENT


for _method, _template in _ACCEPTED:
    routes.add(_method, _template, accept)
