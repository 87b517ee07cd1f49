"""The acting user and the channel of an action, with defaults for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from . import payloads
from .errors import SimulatorError
from .handles import MessageHandle
from .messages import Message
from .world import Channel, Guild, Member, User

if TYPE_CHECKING:
    import asyncio

    from .payloads import Payload
    from .state import SimulatorState

T = TypeVar("T")

GuildLike: TypeAlias = Guild | int
ChannelLike: TypeAlias = Channel | int
UserLike: TypeAlias = User | Member | int
MessageLike: TypeAlias = Message | MessageHandle | int


@dataclass(frozen=True, slots=True)
class ActorContext:
    """A user who acts in a channel."""

    guild: Guild | None
    channel: Channel
    user: User

    @property
    def guild_id(self) -> int | None:
        """The guild; ``None`` in a direct conversation."""
        return None if self.guild is None else self.guild.id

    def identity(self, *, permissions: bool) -> Payload:
        """Return ``member`` in a guild and ``user`` elsewhere."""
        member = None if self.guild is None else self.guild.members.get(self.user.id)
        if member is None:
            return {"user": payloads.user(self.user)}
        return {"member": payloads.member(member, permissions=permissions)}


class ActorMixin:
    """Base class of the simulator's actions.

    Actions take a guild, channel, user or message as an object or as an id. The defaults are the first guild the bot
    is in, its first text channel and its first user.
    """

    state: SimulatorState

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop the simulator runs on."""
        raise NotImplementedError

    def actor(
        self, guild: GuildLike | None = None, channel: ChannelLike | None = None, user: UserLike | None = None
    ) -> ActorContext:
        """Return the acting user and the channel, with defaults.

        Raises
        ------
        SimulatorError
            There is no such guild, channel or user, or no default.
        """
        if channel is not None:
            where = self._channel(channel)
            home = None if where.guild_id is None else self.guild(where.guild_id)
        else:
            home = self.guild(guild)
            where = home.text_channel
        return ActorContext(home, where, self._acting_user(user, home, where))

    def guild(self, guild: GuildLike | None = None) -> Guild:
        """Return a guild the bot is in; the first by default.

        Raises
        ------
        SimulatorError
            There is none.
        """
        if guild is None:
            for candidate in self.state.world.guilds.values():
                if candidate.joined and not candidate.unavailable:
                    return candidate
            raise SimulatorError("the bot is in no guild; add one, or pass channel=")
        return _known(self.state.world.guilds.get(guild) if isinstance(guild, int) else guild, "guild", guild)

    def user(self, user: UserLike) -> User:
        """Return a user.

        Raises
        ------
        SimulatorError
            There is no such user.
        """
        if isinstance(user, Member):
            return user.user
        return _known(self.state.world.users.get(user) if isinstance(user, int) else user, "user", user)

    def posted(self, message: MessageLike) -> Payload:
        """Return the current state of a message.

        Raises
        ------
        SimulatorError
            There is no such message.
        """
        message_id = message if isinstance(message, int) else message.id
        return _known(self.state.messages.get(message_id), "message", message_id)

    def _channel(self, channel: ChannelLike) -> Channel:
        return _known(self.state.world.channel(channel) if isinstance(channel, int) else channel, "channel", channel)

    def _acting_user(self, user: UserLike | None, guild: Guild | None, channel: Channel) -> User:
        if user is not None:
            return self.user(user)
        if channel.recipient is not None:
            return channel.recipient
        if guild is None or not guild.people:
            raise SimulatorError(f"there is no user in channel {channel.id}; pass user=")
        return guild.people[0].user


def _known(found: T | None, kind: str, asked: object) -> T:
    if found is None:
        raise SimulatorError(f"there is no {kind} {asked}")
    return found
