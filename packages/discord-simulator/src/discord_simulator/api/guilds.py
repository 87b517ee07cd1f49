"""Guilds and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_simulator import payloads
from discord_simulator.api.routing import NO_CONTENT, Answer, Call, RefusedError, Routes

if TYPE_CHECKING:
    from discord_simulator.core import Core
    from discord_simulator.world import Guild

__all__ = ["routes"]

routes = Routes()

# Moderation changes nothing here: it is accepted, counted, and forgotten.
_ACCEPTED = (
    ("DELETE", "/guilds/{guild_id}/bans/{user_id}"),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}"),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"),
    ("PUT", "/guilds/{guild_id}/bans/{user_id}"),
    ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"),
)


def _guild(core: Core, call: Call) -> Guild:
    guild = core.world.guilds.get(call.id("guild_id"))
    if guild is None or not guild.joined:
        raise RefusedError(404, 10004, "Unknown Guild")
    return guild


@routes.on("GET", "/users/@me/guilds")
async def list_my_guilds(core: Core, _call: Call) -> Answer:
    """Return the guilds the bot is in."""
    joined = [guild for guild in core.world.guilds.values() if guild.joined]
    permissions = {"owner": False, "permissions": payloads.ALL_PERMISSIONS}
    return Answer(body=[payloads.guild(guild) | permissions for guild in joined])


@routes.on("GET", "/guilds/{guild_id}")
async def get_guild(core: Core, call: Call) -> Answer:
    """Return a guild."""
    return Answer(body=payloads.guild(_guild(core, call)))


@routes.on("GET", "/guilds/{guild_id}/channels")
async def list_channels(core: Core, call: Call) -> Answer:
    """Return a guild's channels."""
    return Answer(body=[payloads.channel(channel) for channel in _guild(core, call).channels.values()])


@routes.on("GET", "/guilds/{guild_id}/roles")
async def list_roles(core: Core, call: Call) -> Answer:
    """Return a guild's roles."""
    return Answer(body=[payloads.role(role) for role in _guild(core, call).roles.values()])


@routes.on("GET", "/guilds/{guild_id}/members")
async def list_members(core: Core, call: Call) -> Answer:
    """Return a page of a guild's members, by id."""
    after = int(call.query.get("after", 0))
    found = sorted(user_id for user_id in _guild(core, call).members if user_id > after)
    members = _guild(core, call).members
    return Answer(body=[payloads.member(members[user_id]) for user_id in found[: int(call.query.get("limit", 1))]])


@routes.on("GET", "/guilds/{guild_id}/members/{member_id}")
async def get_member(core: Core, call: Call) -> Answer:
    """Return one member."""
    member = _guild(core, call).members.get(call.id("member_id"))
    if member is None:
        raise RefusedError(404, 10007, "Unknown Member")
    return Answer(body=payloads.member(member))


async def accept(core: Core, call: Call) -> Answer:
    """Accept a request on a guild which changes nothing in the simulator."""
    _guild(core, call)
    return NO_CONTENT


for _method, _template in _ACCEPTED:
    routes.add(_method, _template, accept)
