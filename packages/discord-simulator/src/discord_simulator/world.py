"""The guilds, channels and users of a simulated Discord."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from .snowflakes import snowflake_at

# Ids that a test may print or compare should not change from run to run, so the users and guilds that exist
# from the start have fixed dates. Everything created while the simulator runs is dated by the real clock.
_USERS_FROM_MS = 1_500_000_000_000
_GUILDS_FROM_MS = 1_546_300_800_000
_APPLICATION_MS = 1_577_836_800_000

_TEXT, _DM, _VOICE = 0, 1, 2


@dataclass(slots=True, eq=False)
class User:
    """A person, or a bot, with an account."""

    id: int
    name: str
    bot: bool = False


@dataclass(slots=True, eq=False)
class Role:
    """A role of one guild. The role whose id is the guild's is ``@everyone``."""

    id: int
    name: str
    position: int = 0


@dataclass(slots=True, eq=False)
class Member:
    """A user in one guild."""

    user: User
    nick: str | None = None
    roles: list[int] = field(default_factory=list[int])


@dataclass(slots=True, eq=False)
class Channel:
    """A text channel (type 0), a voice channel (type 2), or a direct conversation (type 1, no guild)."""

    id: int
    name: str
    type: int = _TEXT
    guild_id: int | None = None
    recipient: User | None = None


@dataclass(slots=True, eq=False)
class Guild:
    """A guild, with everything a bot in it can see.

    ``joined`` says whether the bot is in it; ``unavailable``, whether it is in an outage.
    """

    id: int
    name: str
    owner_id: int
    channels: dict[int, Channel] = field(default_factory=dict[int, Channel])
    members: dict[int, Member] = field(default_factory=dict[int, Member])
    roles: dict[int, Role] = field(default_factory=dict[int, Role])
    joined: bool = True
    unavailable: bool = False

    def shard_id(self, shard_count: int) -> int:
        """Return the shard that gets this guild's events, by Discord's formula."""
        return (self.id >> 22) % shard_count

    @property
    def text_channel(self) -> Channel:
        """The first text channel.

        Raises
        ------
        LookupError
            There is none.
        """
        for channel in self.channels.values():
            if channel.type == _TEXT:
                return channel
        raise LookupError(f"guild {self.id} has no text channel")

    @property
    def people(self) -> list[Member]:
        """The members that are not bots."""
        return [member for member in self.members.values() if not member.user.bot]


@dataclass(slots=True, eq=False)
class Webhook:
    """A webhook the bot made in a channel."""

    id: int
    token: str
    name: str
    channel: Channel


class World:
    """All guilds, channels and users of one simulated Discord.

    Guild number *i* is on shard *i* modulo ``shards``, so that every shard has events.

    Parameters
    ----------
    shards:
        How many shards ``GET /gateway/bot`` recommends.
    guilds:
        How many guilds the bot is in at first, or their ids.
    members:
        How many people are in each of them, the bot not counted.

    Raises
    ------
    ValueError
        A number is out of range, or an id is given twice.
    """

    def __init__(self, *, shards: int = 1, guilds: int | Sequence[int] = 3, members: int = 5) -> None:
        if shards < 1:
            raise ValueError(f"shards must be at least 1, not {shards}")
        if members < 1:
            raise ValueError(f"members must be at least 1 (the bot needs a user), not {members}")
        self.shards = shards
        self.session_limit = 1000
        """How many sessions the bot may begin in a day. More are accepted, as nothing here ends a day."""
        self.application_id = snowflake_at(_APPLICATION_MS)
        self.bot = User(self.application_id, "simulated-bot", bot=True)
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.user_installs: set[int] = set()
        """The ids of the users who have installed the application for themselves."""
        self.guilds: dict[int, Guild] = {}
        self._channels: dict[int, Channel] = {}
        self._members_per_guild = members
        self._lock = threading.Lock()
        self._made_guilds = 0
        self._made_users = 0
        for guild_id in _guild_ids(guilds, shards):
            self.add_guild(guild_id)

    def add_guild(self, guild_id: int | None = None, *, joined: bool = True, members: int | None = None) -> Guild:
        """Add a guild without an event for the bot (``Simulator.join_guild`` sends one).

        Parameters
        ----------
        guild_id:
            Its id; by default a new one.
        joined:
            Whether the bot is in it.
        members:
            How many people are in it, the bot not counted.

        Raises
        ------
        ValueError
            The id is in use.
        """
        with self._lock:
            number = self._made_guilds
            self._made_guilds += 1
        if guild_id is None:
            guild_id = _guild_id(number, self.shards)
        if guild_id in self.guilds:
            raise ValueError(f"guild {guild_id} exists already")
        people = [self.add_user() for _ in range(self._members_per_guild if members is None else members)]
        guild = Guild(guild_id, f"Guild {number}", (people[0] if people else self.bot).id, joined=joined)
        guild.roles[guild_id] = Role(guild_id, "@everyone")
        guild.roles[guild_id + 1] = Role(guild_id + 1, "moderators", 1)
        for name, kind in (("general", _TEXT), ("bots", _TEXT), ("Lounge", _VOICE)):
            self.add_channel(guild, name, kind)
        for user in (self.bot, *people):
            guild.members[user.id] = Member(user)
        self.guilds[guild_id] = guild
        return guild

    def add_user(self, name: str | None = None) -> User:
        """Add a user who is in no guild."""
        with self._lock:
            number = self._made_users
            self._made_users += 1
        user = User(snowflake_at(_USERS_FROM_MS + number), name or f"user{number}")
        self.users[user.id] = user
        return user

    def add_channel(self, guild: Guild, name: str, type: int = _TEXT) -> Channel:  # noqa: A002 - Discord's word
        """Add a channel to a guild without an event for the bot."""
        with self._lock:
            channel_id = max(guild.channels, default=max(guild.roles)) + 1
            channel = Channel(channel_id, name, type, guild.id)
            guild.channels[channel_id] = self._channels[channel_id] = channel
        return channel

    def dm_channel(self, user: User) -> Channel:
        """Return the direct conversation of a person and the bot; there is one for each person."""
        channel_id = user.id + 1
        with self._lock:
            if channel_id not in self._channels:
                self._channels[channel_id] = Channel(channel_id, f"dm-{user.name}", _DM, recipient=user)
            return self._channels[channel_id]

    def channel(self, channel_id: int) -> Channel | None:
        """Return a channel of any guild, or a direct one."""
        return self._channels.get(channel_id)

    def guilds_of(self, shard_id: int, shard_count: int) -> list[Guild]:
        """Return the guilds the bot is in whose events go to a shard."""
        return [guild for guild in self.guilds.values() if guild.joined and guild.shard_id(shard_count) == shard_id]


def _guild_id(number: int, shards: int) -> int:
    first = snowflake_at(_GUILDS_FROM_MS) >> 22
    first += -first % shards
    return first + number << 22


def _guild_ids(guilds: int | Sequence[int], shards: int) -> list[int]:
    if isinstance(guilds, int):
        if guilds < 0:
            raise ValueError(f"guilds must not be negative, not {guilds}")
        return [_guild_id(number, shards) for number in range(guilds)]
    return list(guilds)
