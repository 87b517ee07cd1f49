"""Users who talk, react, come and go, and guilds that do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord_simulator import payloads
from discord_simulator.crossing import on_own_loop
from discord_simulator.errors import SimulatorError
from discord_simulator.handles import MessageHandle
from discord_simulator.messages import Message
from discord_simulator.places import ChannelLike, Driving, GuildLike, MessageLike, Place, UserLike
from discord_simulator.world import Member

if TYPE_CHECKING:
    from discord_simulator.ledger import GuildChange
    from discord_simulator.payloads import Payload
    from discord_simulator.world import Guild

__all__ = ["EventDriving"]


class EventDriving(Driving):
    """The events users cause. The bot gets those its intents ask for, as on Discord.

    Without the message content intent it gets messages with no content, unless they mention it or are direct.
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
        content: :class:`str`
            Its text.
        guild, channel, user
            Where and who; see :class:`Driving`. ``channel=sim.world.dm_channel(user)`` is a direct message.
        reply_to: Optional[Union[Message, :class:`int`]]
            The message it answers.

        Raises
        ------
        NotConnectedError
            The bot is not connected.
        """
        place = self.place(guild, channel, user)
        self.core.gateway.session_for(place.guild_id)
        body: Payload = {"content": content}
        if reply_to is not None:
            referenced = self.posted(reply_to)
            body["message_reference"] = {"message_id": referenced["id"], "channel_id": referenced["channel_id"]}
        raw = await self.core.post(place.channel, place.user, body)
        return MessageHandle(self.core, Message(raw), self.loop)

    @on_own_loop
    async def edit_message(self, message: MessageLike, content: str) -> Message:
        """Change what a message says (``MESSAGE_UPDATE``)."""
        return Message(await self.core.edit(self.posted(message), {"content": content}))

    @on_own_loop
    async def delete_message(self, message: MessageLike) -> None:
        """Remove a message (``MESSAGE_DELETE``)."""
        await self.core.delete(self.posted(message))

    @on_own_loop
    async def react(self, message: MessageLike, emoji: str = "👍", *, user: UserLike | None = None) -> None:
        """React to a message (``MESSAGE_REACTION_ADD``)."""
        target = self.posted(message)
        place = self.place(channel=int(target["channel_id"]), user=user)
        data: Payload = {
            **_where(place),
            "user_id": str(place.user.id),
            "message_id": target["id"],
            "message_author_id": target["author"]["id"],
            "emoji": {"id": None, "name": emoji, "animated": False},
            "burst": False,
            "type": 0,
        }
        if place.guild is not None:
            data |= place.who(permissions=False)
        await self.core.gateway.event("MESSAGE_REACTION_ADD", data, place.guild_id)

    @on_own_loop
    async def typing(
        self,
        *,
        guild: GuildLike | None = None,
        channel: ChannelLike | None = None,
        user: UserLike | None = None,
    ) -> None:
        """Start to type (``TYPING_START``)."""
        place = self.place(guild, channel, user)
        data: Payload = {**_where(place), "user_id": str(place.user.id), "timestamp": int(self.core.clock())}
        if place.guild is not None:
            data |= place.who(permissions=False)
        await self.core.gateway.event("TYPING_START", data, place.guild_id)

    @on_own_loop
    async def presence(
        self, status: str = "online", *, guild: GuildLike | None = None, user: UserLike | None = None
    ) -> None:
        """Go ``online``, ``idle``, ``dnd`` or ``offline`` (``PRESENCE_UPDATE``)."""
        place = self.place(guild, user=user)
        data: Payload = {
            "user": payloads.user(place.user),
            "guild_id": str(place.guild_id),
            "status": status,
            "activities": [],
            "client_status": {} if status == "offline" else {"desktop": status},
        }
        await self.core.gateway.event("PRESENCE_UPDATE", data, place.guild_id)

    @on_own_loop
    async def join_member(self, *, guild: GuildLike | None = None, user: UserLike | None = None) -> Member:
        """Have somebody, or a new person, join a guild (``GUILD_MEMBER_ADD``)."""
        where = self.guild(guild)
        member = Member(self.core.world.add_user() if user is None else self.user(user))
        where.members[member.user.id] = member
        data = payloads.member(member) | {"guild_id": str(where.id)}
        await self.core.gateway.event("GUILD_MEMBER_ADD", data, where.id)
        return member

    @on_own_loop
    async def leave_member(self, user: UserLike, *, guild: GuildLike | None = None) -> None:
        """Have somebody leave a guild (``GUILD_MEMBER_REMOVE``).

        Raises
        ------
        SimulatorError
            They are not in it.
        """
        where, who = self.guild(guild), self.user(user)
        if where.members.pop(who.id, None) is None:
            raise SimulatorError(f"user {who.id} is not in guild {where.id}")
        data: Payload = {"guild_id": str(where.id), "user": payloads.user(who)}
        await self.core.gateway.event("GUILD_MEMBER_REMOVE", data, where.id)

    @on_own_loop
    async def join_guild(self, guild: GuildLike | None = None) -> Guild:
        """Have the bot join a guild, a new one by default (``GUILD_CREATE``)."""
        where = self.core.world.add_guild() if guild is None else self.guild(guild)
        where.joined, where.unavailable = True, False
        self._record(where, "join")
        await self.core.gateway.guild_created(where, available_again=False)
        return where

    @on_own_loop
    async def leave_guild(self, guild: GuildLike) -> None:
        """Have the bot leave a guild (``GUILD_DELETE``)."""
        where = self.guild(guild)
        where.joined = False
        self._record(where, "leave")
        await self.core.gateway.event("GUILD_DELETE", {"id": str(where.id)}, where.id)

    @on_own_loop
    async def begin_outage(self, guild: GuildLike) -> None:
        """Make a guild unavailable (``GUILD_DELETE`` with ``unavailable``)."""
        where = self.guild(guild)
        where.unavailable = True
        self._record(where, "outage")
        await self.core.gateway.event("GUILD_DELETE", {"id": str(where.id), "unavailable": True}, where.id)

    @on_own_loop
    async def end_outage(self, guild: GuildLike) -> None:
        """Make a guild available again (``GUILD_CREATE``)."""
        where = self.guild(guild)
        where.unavailable = False
        self._record(where, "recovery")
        await self.core.gateway.guild_created(where, available_again=True)

    def _record(self, guild: Guild, change: GuildChange) -> None:
        shard_id = self.core.gateway.session_for(guild.id).shard_id
        self.core.ledger.record_guild(shard_id, guild.id, change)


def _where(place: Place) -> Payload:
    where: Payload = {"channel_id": str(place.channel.id)}
    if place.guild_id is not None:
        where["guild_id"] = str(place.guild_id)
    return where
