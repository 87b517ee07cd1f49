"""The shared state of one simulated Discord, and changes that concern several of its parts."""

from __future__ import annotations

import contextlib
import secrets
import time
from typing import TYPE_CHECKING, Any

from . import payloads
from .commands import Commands
from .errors import NotConnectedError
from .http_delivery import HttpDelivery
from .interactions import Interactions
from .messages import EPHEMERAL, Messages
from .snowflakes import Snowflakes
from .world import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .faults import Faults
    from .gateway import Gateway
    from .ledger import Ledger
    from .payloads import Payload
    from .ratelimits import RateLimits
    from .voice.server import VoiceServer
    from .world import Channel, User, World


class SimulatorState:
    """The state that REST routes, the gateway and the actions share."""

    def __init__(
        self,
        *,
        token: str,
        world: World,
        ledger: Ledger,
        gateway: Gateway,
        voice: VoiceServer,
        faults: Faults,
        rate_limits: RateLimits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.token = token
        self.clock = clock
        self.world = world
        self.ledger = ledger
        self.gateway = gateway
        self.voice = voice
        gateway.on_voice_state = voice.on_voice_state
        self.faults = faults
        self.rate_limits = rate_limits
        self.snowflakes = Snowflakes(clock)
        self.messages = Messages()
        self.commands = Commands(world.application_id, self.snowflakes)
        self.interactions = Interactions(ledger, self.snowflakes, clock)
        self.http_delivery = HttpDelivery()
        self.interaction_delay = 0.0
        self.webhooks: dict[int, Webhook] = {}
        self.requests_in_flight = 0
        self.last_request_at = 0.0

    async def post(
        self, channel: Channel, author: User, content: Mapping[str, Any], *, extra: Mapping[str, Any] | None = None
    ) -> Payload:
        """Post a message, with an event for the bot unless it is ephemeral."""
        message = payloads.message(self.snowflakes.next(), channel, author, content) | dict(extra or {})
        reference = message.get("message_reference")
        if reference is not None:
            message["referenced_message"] = self.messages.get(int(reference.get("message_id", 0)))
        self.messages.put(message)
        if not message["flags"] & EPHEMERAL:
            await self.send_event("MESSAGE_CREATE", self.in_context(message, channel), channel.guild_id)
        return message

    async def edit(self, message: Payload, changes: Mapping[str, Any]) -> Payload:
        """Edit a message, with an event for the bot unless it is ephemeral."""
        channel = self.world.channel(int(message["channel_id"]))
        fields = ("embeds", "components", "flags")
        edited = message | {key: changes[key] for key in fields if changes.get(key) is not None}
        if "content" in changes:
            edited["content"] = changes["content"] or ""
        if "attachments" in changes:
            given = payloads.as_list(changes["attachments"])
            edited["attachments"] = payloads.attachments(int(message["id"]), given, message["attachments"])
        edited["edited_timestamp"] = payloads.iso_time(self.clock())
        self.messages.put(edited)
        if channel is not None and not edited["flags"] & EPHEMERAL:
            await self.send_event("MESSAGE_UPDATE", self.in_context(edited, channel), channel.guild_id)
        return edited

    async def delete(self, message: Payload) -> None:
        """Delete a message, with an event for the bot unless it is ephemeral."""
        channel = self.world.channel(int(message["channel_id"]))
        self.messages.delete(int(message["id"]))
        if channel is not None and not message["flags"] & EPHEMERAL:
            deleted: Payload = {"id": message["id"], "channel_id": message["channel_id"]}
            if channel.guild_id is not None:
                deleted["guild_id"] = str(channel.guild_id)
            await self.send_event("MESSAGE_DELETE", deleted, channel.guild_id)

    async def send_event(self, event_type: str, data: Payload, guild_id: int | None) -> None:
        """Send an event that the bot's own request caused; a bot that only uses REST gets none."""
        with contextlib.suppress(NotConnectedError):
            await self.gateway.event(event_type, data, guild_id)

    def in_context(self, message: Payload, channel: Channel) -> Payload:
        """Return a message with its guild and its author's member object, which only the gateway adds."""
        if channel.guild_id is None:
            return message
        context: Payload = {"guild_id": str(channel.guild_id)}
        member = self.world.guilds[channel.guild_id].members.get(int(message["author"]["id"]))
        if member is not None and "webhook_id" not in message:
            context["member"] = payloads.member(member, with_user=False)
        return message | context

    def make_webhook(self, channel: Channel, name: str) -> Webhook:
        """Create a webhook in a channel."""
        webhook = Webhook(self.snowflakes.next(), secrets.token_urlsafe(51), name, channel)
        self.webhooks[webhook.id] = webhook
        return webhook
