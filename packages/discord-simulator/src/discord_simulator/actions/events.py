"""Actions of users in channels, and changes of members and guilds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import payloads
from ..actors import ActorContext, ActorMixin, ChannelLike, GuildLike, MessageLike, UserLike
from ..errors import SimulatorError
from ..handles import MessageHandle
from ..loop_affinity import on_own_loop
from ..messages import Message
from ..world import Member

if TYPE_CHECKING:
    from ..entries import GuildChange
    from ..payloads import Payload
    from ..world import Guild


class EventActions(ActorMixin):
    """Messages, reactions, presence, members and guilds. The bot gets the events its intents select, as on Discord.

    Without the message content intent it gets messages without content, unless they mention it or are direct.
    """

    @on_own_loop
    async def say(
        self,
        content: str,
        *,
        guild: GuildLike | None = None,
        channel: ChannelLike | None = None,
        user: UserLike | None = None,
        reply_to: MessageLike | None = None,
    ) -> MessageHandle:
        """Send a message, such as a prefix command (``MESSAGE_CREATE``).

        Parameters
        ----------
        content:
            Its text.
        guild, channel, user:
            The actor; see :class:`ActorMixin`. ``channel=sim.world.dm_channel(user)`` is a direct message.
        reply_to:
            The message that this one replies to.

        Raises
        ------
        NotConnectedError
            The bot is not connected.
        """
        actor = self.actor(guild, channel, user)
        self.state.gateway.session_for(actor.guild_id)
        body: Payload = {"content": content}
        if reply_to is not None:
            referenced = self.posted(reply_to)
            body["message_reference"] = {"message_id": referenced["id"], "channel_id": referenced["channel_id"]}
        raw = await self.state.post(actor.channel, actor.user, body)
        return MessageHandle(self.state, Message(raw), self.loop)

    @on_own_loop
    async def edit_message(self, message: MessageLike, content: str) -> Message:
        """Change the content of a message (``MESSAGE_UPDATE``)."""
        return Message(await self.state.edit(self.posted(message), {"content": content}))

    @on_own_loop
    async def delete_message(self, message: MessageLike) -> None:
        """Remove a message (``MESSAGE_DELETE``)."""
        await self.state.delete(self.posted(message))

    @on_own_loop
    async def react(self, message: MessageLike, emoji: str = "👍", *, user: UserLike | None = None) -> None:
        """React to a message (``MESSAGE_REACTION_ADD``)."""
        target = self.posted(message)
        actor = self.actor(channel=int(target["channel_id"]), user=user)
        data: Payload = {
            **_where(actor),
            "user_id": str(actor.user.id),
            "message_id": target["id"],
            "message_author_id": target["author"]["id"],
            "emoji": {"id": None, "name": emoji, "animated": False},
            "burst": False,
            "type": 0,
        }
        if actor.guild is not None:
            data |= actor.identity(permissions=False)
        await self.state.gateway.event("MESSAGE_REACTION_ADD", data, actor.guild_id)

    @on_own_loop
    async def typing(
        self,
        *,
        guild: GuildLike | None = None,
        channel: ChannelLike | None = None,
        user: UserLike | None = None,
    ) -> None:
        """Start to type (``TYPING_START``)."""
        actor = self.actor(guild, channel, user)
        data: Payload = {**_where(actor), "user_id": str(actor.user.id), "timestamp": int(self.state.clock())}
        if actor.guild is not None:
            data |= actor.identity(permissions=False)
        await self.state.gateway.event("TYPING_START", data, actor.guild_id)

    @on_own_loop
    async def presence(
        self, status: str = "online", *, guild: GuildLike | None = None, user: UserLike | None = None
    ) -> None:
        """Go ``online``, ``idle``, ``dnd`` or ``offline`` (``PRESENCE_UPDATE``)."""
        actor = self.actor(guild, user=user)
        data: Payload = {
            "user": payloads.user(actor.user),
            "guild_id": str(actor.guild_id),
            "status": status,
            "activities": [],
            "client_status": {} if status == "offline" else {"desktop": status},
        }
        await self.state.gateway.event("PRESENCE_UPDATE", data, actor.guild_id)

    @on_own_loop
    async def join_member(self, *, guild: GuildLike | None = None, user: UserLike | None = None) -> Member:
        """Add a user, by default a new one, to a guild (``GUILD_MEMBER_ADD``)."""
        where = self.guild(guild)
        member = Member(self.state.world.add_user() if user is None else self.user(user))
        where.members[member.user.id] = member
        data = payloads.member(member) | {"guild_id": str(where.id)}
        await self.state.gateway.event("GUILD_MEMBER_ADD", data, where.id)
        return member

    @on_own_loop
    async def leave_member(self, user: UserLike, *, guild: GuildLike | None = None) -> None:
        """Remove a user from a guild (``GUILD_MEMBER_REMOVE``).

        Raises
        ------
        SimulatorError
            The user is not in it.
        """
        where, who = self.guild(guild), self.user(user)
        if where.members.pop(who.id, None) is None:
            raise SimulatorError(f"user {who.id} is not in guild {where.id}")
        data: Payload = {"guild_id": str(where.id), "user": payloads.user(who)}
        await self.state.gateway.event("GUILD_MEMBER_REMOVE", data, where.id)

    @on_own_loop
    async def join_guild(self, guild: GuildLike | None = None) -> Guild:
        """Have the bot join a guild, a new one by default (``GUILD_CREATE``)."""
        where = self.state.world.add_guild() if guild is None else self.guild(guild)
        where.joined, where.unavailable = True, False
        self._record(where, "join")
        await self.state.gateway.guild_created(where, available_again=False)
        return where

    @on_own_loop
    async def leave_guild(self, guild: GuildLike) -> None:
        """Have the bot leave a guild (``GUILD_DELETE``)."""
        where = self.guild(guild)
        where.joined = False
        self._record(where, "leave")
        await self.state.gateway.event("GUILD_DELETE", {"id": str(where.id)}, where.id)

    @on_own_loop
    async def begin_outage(self, guild: GuildLike) -> None:
        """Make a guild unavailable (``GUILD_DELETE`` with ``unavailable``)."""
        where = self.guild(guild)
        where.unavailable = True
        self._record(where, "outage")
        await self.state.gateway.event("GUILD_DELETE", {"id": str(where.id), "unavailable": True}, where.id)

    @on_own_loop
    async def end_outage(self, guild: GuildLike) -> None:
        """Make a guild available again (``GUILD_CREATE``)."""
        where = self.guild(guild)
        where.unavailable = False
        self._record(where, "recovery")
        await self.state.gateway.guild_created(where, available_again=True)

    def _record(self, guild: Guild, change: GuildChange) -> None:
        shard_id = self.state.gateway.session_for(guild.id).shard_id
        self.state.ledger.record_guild(shard_id, guild.id, change)


def _where(actor: ActorContext) -> Payload:
    where: Payload = {"channel_id": str(actor.channel.id)}
    if actor.guild_id is not None:
        where["guild_id"] = str(actor.guild_id)
    return where
