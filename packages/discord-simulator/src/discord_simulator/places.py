"""Who does something, and where, when the test does not say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from discord_simulator import payloads
from discord_simulator.errors import SimulatorError
from discord_simulator.handles import MessageHandle
from discord_simulator.messages import Message
from discord_simulator.world import Channel, Guild, Member, User

if TYPE_CHECKING:
    import asyncio

    from discord_simulator.core import Core
    from discord_simulator.payloads import Payload

__all__ = ["ChannelLike", "Driving", "GuildLike", "MessageLike", "Place", "UserLike"]

T = TypeVar("T")

GuildLike: TypeAlias = Guild | int
ChannelLike: TypeAlias = Channel | int
UserLike: TypeAlias = User | Member | int
MessageLike: TypeAlias = Message | MessageHandle | int


@dataclass(frozen=True, slots=True)
class Place:
    """A user in a channel."""

    guild: Guild | None
    channel: Channel
    user: User

    @property
    def guild_id(self) -> int | None:
        """Optional[:class:`int`]: The guild; ``None`` in a direct conversation."""
        return None if self.guild is None else self.guild.id

    def who(self, *, permissions: bool) -> Payload:
        """Return ``member`` in a guild and ``user`` elsewhere."""
        member = None if self.guild is None else self.guild.members.get(self.user.id)
        if member is None:
            return {"user": payloads.user(self.user)}
        return {"member": payloads.member(member, permissions=permissions)}


class Driving:
    """What the driving methods have in common.

    Wherever they take a guild, a channel, a user or a message, they take the object or its id. What is left out is
    filled in: the first guild the bot is in, its first text channel, its first person.
    """

    core: Core

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """:class:`asyncio.AbstractEventLoop`: The loop the simulator runs on."""
        raise NotImplementedError

    def place(
        self, guild: GuildLike | None = None, channel: ChannelLike | None = None, user: UserLike | None = None
    ) -> Place:
        """Return who does something and where, with defaults for what is left out.

        Raises
        ------
        SimulatorError
            There is no such guild, channel or user, or nobody to be the default.
        """
        if channel is not None:
            where = self._channel(channel)
            home = None if where.guild_id is None else self.guild(where.guild_id)
        else:
            home = self.guild(guild)
            where = home.text_channel
        return Place(home, where, self._somebody(user, home, where))

    def guild(self, guild: GuildLike | None = None) -> Guild:
        """Return a guild the bot is in; the first by default.

        Raises
        ------
        SimulatorError
            There is none.
        """
        if guild is None:
            for candidate in self.core.world.guilds.values():
                if candidate.joined and not candidate.unavailable:
                    return candidate
            raise SimulatorError("the bot is in no guild; give the simulator some, or pass channel=")
        return _known(self.core.world.guilds.get(guild) if isinstance(guild, int) else guild, "guild", guild)

    def user(self, user: UserLike) -> User:
        """Return a user.

        Raises
        ------
        SimulatorError
            There is no such user.
        """
        if isinstance(user, Member):
            return user.user
        return _known(self.core.world.users.get(user) if isinstance(user, int) else user, "user", user)

    def posted(self, message: MessageLike) -> Payload:
        """Return a message as it is now.

        Raises
        ------
        SimulatorError
            There is no such message.
        """
        message_id = message if isinstance(message, int) else message.id
        return _known(self.core.messages.get(message_id), "message", message_id)

    def _channel(self, channel: ChannelLike) -> Channel:
        return _known(self.core.world.channel(channel) if isinstance(channel, int) else channel, "channel", channel)

    def _somebody(self, user: UserLike | None, guild: Guild | None, channel: Channel) -> User:
        if user is not None:
            return self.user(user)
        if channel.recipient is not None:
            return channel.recipient
        if guild is None or not guild.people:
            raise SimulatorError(f"there is nobody in channel {channel.id}; pass user=")
        return guild.people[0].user


def _known(found: T | None, what: str, asked: object) -> T:
    if found is None:
        raise SimulatorError(f"there is no {what} {asked}")
    return found
