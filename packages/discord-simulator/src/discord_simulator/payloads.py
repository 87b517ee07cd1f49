"""The JSON objects of Discord's API v10, built from the world.

Their fields follow https://discord.com/developers/docs/resources, as far as discord.py reads them.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from .snowflakes import created_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .world import Channel, Guild, Member, Role, User, Webhook, World

Payload: TypeAlias = dict[str, Any]
"""A JSON object. Discord's objects are open-ended, so their values have no common type."""

ALL_PERMISSIONS = str((1 << 53) - 1)

# The privileged intents, as a bot in fewer than a hundred guilds has them.
_APPLICATION_FLAGS = (1 << 13) | (1 << 15) | (1 << 19)
_JOINED_AT = "2020-01-01T00:00:00.000000+00:00"


def as_object(value: Any) -> Payload | None:
    """Return a decoded JSON value if it is an object."""
    return cast("Payload", value) if isinstance(value, dict) else None


def as_list(value: Any) -> list[Any]:
    """Return a decoded JSON value if it is an array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def iso_time(seconds: float) -> str:
    """Return a moment as Discord writes it."""
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc).isoformat()


def user(of: User) -> Payload:
    """Return a user object."""
    return {
        "id": str(of.id),
        "username": of.name,
        "global_name": None if of.bot else of.name.title(),
        "discriminator": "0",
        "avatar": None,
        "bot": of.bot,
        "public_flags": 0,
        "flags": 0,
    }


def member(of: Member, *, with_user: bool = True, permissions: bool = False) -> Payload:
    """Return a guild member object; in interactions, with the member's permissions."""
    payload: Payload = {
        "nick": of.nick,
        "roles": [str(role_id) for role_id in of.roles],
        "joined_at": _JOINED_AT,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "avatar": None,
        "communication_disabled_until": None,
    }
    if with_user:
        payload["user"] = user(of.user)
    if permissions:
        payload["permissions"] = ALL_PERMISSIONS
    return payload


def role(of: Role) -> Payload:
    """Return a role object."""
    return {
        "id": str(of.id),
        "name": of.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": of.position,
        "permissions": ALL_PERMISSIONS,
        "managed": False,
        "mentionable": True,
        "flags": 0,
    }


def channel(of: Channel) -> Payload:
    """Return a channel object."""
    payload: Payload = {"id": str(of.id), "type": of.type, "last_message_id": None, "flags": 0}
    if of.recipient is not None:
        payload["recipients"] = [user(of.recipient)]
        return payload
    return payload | {
        "guild_id": str(of.guild_id),
        "name": of.name,
        "position": 0,
        "permission_overwrites": [],
        "topic": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "parent_id": None,
        "bitrate": 64000,
        "user_limit": 0,
    }


def guild(of: Guild) -> Payload:
    """Return a guild object as REST gives it, without channels or members."""
    return {
        "id": str(of.id),
        "name": of.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "owner_id": str(of.owner_id),
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "vanity_url_code": None,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [role(entry) for entry in of.roles.values()],
        "max_members": 500_000,
        "approximate_member_count": len(of.members),
        "approximate_presence_count": len(of.members),
    }


def available_guild(of: Guild, *, everybody: bool, large_threshold: int, world: World) -> Payload:
    """Return the body of ``GUILD_CREATE``.

    Discord sends the members of a guild here only to bots that watch presences and only while the guild is
    small; other bots have to request chunks.
    """
    large = len(of.members) > large_threshold
    listed = list(of.members.values()) if everybody and not large else [of.members[world.bot.id]]
    return guild(of) | {
        "joined_at": _JOINED_AT,
        "large": large,
        "member_count": len(of.members),
        "members": [member(entry) for entry in listed],
        "channels": [channel(entry) for entry in of.channels.values()],
        "threads": [],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def message(message_id: int, where: Channel, author: User, content: Mapping[str, Any]) -> Payload:
    """Return a message object.

    Parameters
    ----------
    message_id:
        Its snowflake, which contains its timestamp.
    where:
        The channel.
    author:
        The author.
    content:
        Its fields: ``content``, ``embeds``, ``components``, ``flags``, ``tts``, ``message_reference``, ``nonce``.
    """
    payload: Payload = {
        "id": str(message_id),
        "channel_id": str(where.id),
        "author": user(author),
        "content": content.get("content") or "",
        "timestamp": iso_time(created_at(message_id)),
        "edited_timestamp": None,
        "tts": bool(content.get("tts", False)),
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": attachments(message_id, as_list(content.get("attachments")), ()),
        "embeds": content.get("embeds") or [],
        "components": content.get("components") or [],
        "pinned": False,
        "type": 0,
        "flags": content.get("flags") or 0,
    }
    if content.get("nonce") is not None:
        payload["nonce"] = content["nonce"]
    if content.get("message_reference"):
        # discord.py sends these ids as numbers; Discord answers with strings.
        payload["message_reference"] = {
            key: str(value) if key.endswith("_id") else value for key, value in content["message_reference"].items()
        }
        payload["type"] = 19
    return payload


def attachments(message_id: int, given: Iterable[Payload], known: Iterable[Payload]) -> list[Payload]:
    """Return the attachments of a message: those it has already, by id, and new ones, numbered from 0 by the bot."""
    there = {str(entry["id"]): entry for entry in known}
    return [there.get(str(entry["id"])) or _attachment(message_id, entry) for entry in given]


def _attachment(message_id: int, given: Payload) -> Payload:
    attachment_id = message_id + int(given["id"]) + 1
    url = f"https://cdn.discordapp.com/attachments/{message_id}/{attachment_id}/{given.get('filename', 'file')}"
    return {"filename": "file", "size": 0} | given | {"id": str(attachment_id), "url": url, "proxy_url": url}


def application(world: World) -> Payload:
    """Return the application object of the bot, without what depends on its interactions endpoint."""
    owner = next((entry for entry in world.users.values() if not entry.bot), world.bot)
    return {
        "id": str(world.application_id),
        "name": world.bot.name,
        "icon": None,
        "description": "A bot on a simulated Discord.",
        "summary": "",
        "type": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "flags": _APPLICATION_FLAGS,
        "owner": user(owner),
        "team": None,
        "approximate_guild_count": sum(entry.joined for entry in world.guilds.values()),
        "approximate_user_install_count": len(world.user_installs),
    }


def webhook(of: Webhook, world: World) -> Payload:
    """Return a webhook object, with its token."""
    return {
        "id": str(of.id),
        "type": 1,
        "token": of.token,
        "name": of.name,
        "avatar": None,
        "application_id": str(world.application_id),
        "channel_id": str(of.channel.id),
        "guild_id": None if of.channel.guild_id is None else str(of.channel.guild_id),
        "user": user(world.bot),
    }


def ready(world: World, session_id: str, shard: tuple[int, int], guilds: Sequence[Guild], resume_url: str) -> Payload:
    """Return the body of ``READY``."""
    return {
        "v": 10,
        "user": user(world.bot) | {"verified": True, "mfa_enabled": False},
        "guilds": [{"id": str(of.id), "unavailable": True} for of in guilds],
        "session_id": session_id,
        "resume_gateway_url": resume_url,
        "shard": list(shard),
        "application": {"id": str(world.application_id), "flags": _APPLICATION_FLAGS},
        "private_channels": [],
        "_trace": [],
    }
