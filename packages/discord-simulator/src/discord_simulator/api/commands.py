"""Application commands: what the bot syncs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord_simulator.api.routing import NO_CONTENT, Answer, Call, RefusedError, Routes
from discord_simulator.payloads import as_list, as_object

if TYPE_CHECKING:
    from discord_simulator.core import Core
    from discord_simulator.payloads import Payload

__all__ = ["routes"]

routes = Routes()

_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def _scope(core: Core, call: Call) -> int | None:
    if call.id("application_id") != core.world.application_id:
        raise RefusedError(404, 10002, "Unknown Application")
    if "guild_id" not in call.parameters:
        return None
    guild = core.world.guilds.get(call.id("guild_id"))
    if guild is None or not guild.joined:
        raise RefusedError(403, 50001, "Missing Access")
    return guild.id


def _named(definition: Any) -> Payload:
    named = as_object(definition)
    if named is None or "name" not in named:
        raise RefusedError(400, 50035, "Invalid Form Body: a command needs a name")
    return named


@routes.on("GET", _GLOBAL)
@routes.on("GET", _GUILD)
async def list_commands(core: Core, call: Call) -> Answer:
    """Return the commands of a scope."""
    return Answer(body=core.commands.all(_scope(core, call)))


@routes.on("PUT", _GLOBAL)
@routes.on("PUT", _GUILD)
async def replace_commands(core: Core, call: Call) -> Answer:
    """Make these the commands of a scope, which is what ``CommandTree.sync`` asks for."""
    scope = _scope(core, call)
    definitions = [_named(definition) for definition in as_list(call.body)]
    return Answer(body=core.commands.replace(scope, definitions))


@routes.on("POST", _GLOBAL)
@routes.on("POST", _GUILD)
async def upsert_command(core: Core, call: Call) -> Answer:
    """Add or overwrite one command."""
    return Answer(201, core.commands.upsert(_scope(core, call), _named(call.object)))


@routes.on("GET", _GLOBAL + "/{command_id}")
@routes.on("GET", _GUILD + "/{command_id}")
async def get_command(core: Core, call: Call) -> Answer:
    """Return one command."""
    return _found(core.commands.get(_scope(core, call), call.id("command_id")))


@routes.on("PATCH", _GLOBAL + "/{command_id}")
@routes.on("PATCH", _GUILD + "/{command_id}")
async def edit_command(core: Core, call: Call) -> Answer:
    """Change one command."""
    return _found(core.commands.edit(_scope(core, call), call.id("command_id"), call.object))


@routes.on("DELETE", _GLOBAL + "/{command_id}")
@routes.on("DELETE", _GUILD + "/{command_id}")
async def delete_command(core: Core, call: Call) -> Answer:
    """Remove one command."""
    if not core.commands.delete(_scope(core, call), call.id("command_id")):
        raise RefusedError(404, 10063, "Unknown application command")
    return NO_CONTENT


def _found(command: Payload | None) -> Answer:
    if command is None:
        raise RefusedError(404, 10063, "Unknown application command")
    return Answer(body=command)
