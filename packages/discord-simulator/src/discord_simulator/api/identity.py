"""The bot's user and application, and the gateway's URL."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from .. import payloads
from ..errors import SimulatorError
from .routing import ApiError, ApiRequest, ApiResponse, Routes

if TYPE_CHECKING:
    from ..state import SimulatorState

routes = Routes()


@routes.on("GET", "/users/@me")
async def get_me(state: SimulatorState, _request: ApiRequest) -> ApiResponse:
    """Return the bot user."""
    own = {"verified": True, "mfa_enabled": False, "locale": "en-US"}
    return ApiResponse(body=payloads.user(state.world.bot) | own)


@routes.on("GET", "/users/{user_id}")
async def get_user(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return a user."""
    user = state.world.users.get(request.id("user_id"))
    if user is None:
        raise ApiError(404, 10013, "Unknown User")
    return ApiResponse(body=payloads.user(user))


@routes.on("POST", "/users/@me/channels")
async def create_dm(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Open a direct conversation."""
    user = state.world.users.get(int(request.object.get("recipient_id", 0)))
    if user is None:
        raise ApiError(400, 50033, "Invalid Recipient(s)")
    return ApiResponse(body=payloads.channel(state.world.dm_channel(user)))


@routes.on("GET", "/applications/{application_id}")  # added last, so that it does not match `@me`
@routes.on("GET", "/applications/@me")
@routes.on("GET", "/oauth2/applications/@me")
async def get_application(state: SimulatorState, request: ApiRequest) -> ApiResponse:
    """Return the application."""
    if request.parameters.get("application_id", str(state.world.application_id)) != str(state.world.application_id):
        raise ApiError(404, 10002, "Unknown Application")
    with contextlib.suppress(SimulatorError):  # without PyNaCl, nothing is posted
        state.http_delivery.make_key()
    endpoint = {"verify_key": state.http_delivery.verify_key, "interactions_endpoint_url": state.http_delivery.url}
    return ApiResponse(body=payloads.application(state.world) | endpoint)


@routes.on("GET", "/gateway", authorized=False)
async def get_gateway(state: SimulatorState, _request: ApiRequest) -> ApiResponse:
    """Return the gateway's URL."""
    return ApiResponse(body={"url": state.gateway.url})


@routes.on("GET", "/gateway/bot")
async def get_gateway_bot(state: SimulatorState, _request: ApiRequest) -> ApiResponse:
    """Return the gateway's URL, the recommended number of shards, and how many sessions may still begin."""
    total = state.world.session_limit
    begun = sum(count for (_, kind), count in state.ledger.session_counts().items() if kind == "identify")
    limit = {"total": total, "remaining": max(0, total - begun), "reset_after": 14_400_000, "max_concurrency": 1}
    return ApiResponse(body={"url": state.gateway.url, "shards": state.world.shards, "session_start_limit": limit})


@routes.on("GET", "/soundboard-default-sounds")
async def get_default_sounds(_state: SimulatorState, _request: ApiRequest) -> ApiResponse:
    """Return no sounds, which py-cord asks for before it is ready."""
    return ApiResponse(body=[])
