"""Who the bot is and where the gateway is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_simulator import payloads
from discord_simulator.api.routing import Answer, Call, RefusedError, Routes

if TYPE_CHECKING:
    from discord_simulator.core import Core

__all__ = ["routes"]

routes = Routes()


@routes.on("GET", "/users/@me")
async def get_me(core: Core, _call: Call) -> Answer:
    """Return the bot user."""
    return Answer(body=payloads.user(core.world.bot) | {"verified": True, "mfa_enabled": False, "locale": "en-US"})


@routes.on("GET", "/users/{user_id}")
async def get_user(core: Core, call: Call) -> Answer:
    """Return a user."""
    user = core.world.users.get(call.id("user_id"))
    if user is None:
        raise RefusedError(404, 10013, "Unknown User")
    return Answer(body=payloads.user(user))


@routes.on("POST", "/users/@me/channels")
async def create_dm(core: Core, call: Call) -> Answer:
    """Open a direct conversation."""
    user = core.world.users.get(int(call.object.get("recipient_id", 0)))
    if user is None:
        raise RefusedError(400, 50033, "Invalid Recipient(s)")
    return Answer(body=payloads.channel(core.world.dm_channel(user)))


@routes.on("GET", "/oauth2/applications/@me")
@routes.on("GET", "/applications/@me")
@routes.on("GET", "/applications/{application_id}")
async def get_application(core: Core, call: Call) -> Answer:
    """Return the application."""
    if call.parameters.get("application_id", str(core.world.application_id)) != str(core.world.application_id):
        raise RefusedError(404, 10002, "Unknown Application")
    return Answer(body=payloads.application(core.world))


@routes.on("GET", "/gateway", authorized=False)
async def get_gateway(core: Core, _call: Call) -> Answer:
    """Return where to connect."""
    return Answer(body={"url": core.gateway.url})


@routes.on("GET", "/gateway/bot")
async def get_gateway_bot(core: Core, _call: Call) -> Answer:
    """Return where to connect, and with how many shards."""
    limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
    return Answer(body={"url": core.gateway.url, "shards": core.world.shards, "session_start_limit": limit})


@routes.on("GET", "/soundboard-default-sounds")
async def get_default_sounds(_core: Core, _call: Call) -> Answer:
    """Return no sounds, which py-cord asks for before it is ready."""
    return Answer(body=[])
