"""The guilds of one client, and how many members each of them has.

Sums are kept as guilds and members come and go, so that a bot in 100,000 guilds is read as fast as one in ten.
"""

from __future__ import annotations

from collections.abc import Iterable

from argus_otel.telemetry import AttributeValue

from .attributes import GUILD_SIZE

# The number of digits of a guild's member count selects its class.
_CLASSES = GUILD_SIZE.values


class Guilds:
    """The guilds of one client. Changed on its event loop; the counts may be read from any thread."""

    def __init__(self) -> None:
        # The members of each guild by shard; `None` until Discord has sent their number.
        self._known: dict[int, dict[int, int | None]] = {}
        self._unavailable: dict[int, set[int]] = {}
        self._members = 0
        self._by_class = [0] * len(_CLASSES)

    def reset(self, shard_id: int, known: Iterable[int], unavailable: Iterable[int]) -> None:
        """Set the guilds of a shard. Those that it had before keep their number of members until it is sent anew."""
        before = self._known.get(shard_id, {})
        guilds = {guild_id: before.get(guild_id) for guild_id in known}
        for guild_id, members in before.items():
            if guild_id not in guilds:
                self._count(members, -1)
        # Replaced, not changed: the collecting thread reads them.
        self._known = {**self._known, shard_id: guilds}
        self._unavailable = {**self._unavailable, shard_id: set(unavailable)}

    def add(self, shard_id: int, guild_id: int, *, unavailable: bool, members: object = None) -> bool:
        """Add a guild, or update its members and whether it is unavailable; return whether it is new."""
        if shard_id not in self._known:
            self.reset(shard_id, (), ())
        known = self._known[shard_id]
        new = guild_id not in known
        if new:
            known[guild_id] = None
        self.set_members(shard_id, guild_id, members)
        if unavailable:
            self._unavailable[shard_id].add(guild_id)
        else:
            self._unavailable[shard_id].discard(guild_id)
        return new

    def mark_unavailable(self, shard_id: int, guild_id: int) -> None:
        """Mark a guild as unavailable, if it is known."""
        if guild_id in self._known.get(shard_id, ()):
            self._unavailable[shard_id].add(guild_id)

    def remove(self, shard_id: int, guild_id: int) -> bool:
        """Remove a guild; return whether it was known."""
        known = self._known.get(shard_id, {})
        if guild_id not in known:
            return False
        self._count(known.pop(guild_id), -1)
        self._unavailable[shard_id].discard(guild_id)
        return True

    def set_members(self, shard_id: int, guild_id: int, members: object) -> None:
        """Set the number of a known guild's members, unless it is no number: Discord does not always send it."""
        known = self._known.get(shard_id, {})
        if guild_id in known and type(members) is int and members >= 0:
            self._count(known[guild_id], -1)
            known[guild_id] = members
            self._count(members, 1)

    def change_members(self, shard_id: int, guild_id: int, by: int) -> None:
        """Change the number of a guild's members, if it is known."""
        members = self._known.get(shard_id, {}).get(guild_id)
        if members is not None:
            self.set_members(shard_id, guild_id, members + by)

    def _count(self, members: int | None, sign: int) -> None:
        if members is not None:
            self._members += sign * members
            self._by_class[min(len(str(members)), len(_CLASSES)) - 1] += sign

    @property
    def started(self) -> bool:
        """Whether any shard has received its guilds."""
        return bool(self._known)

    @property
    def count(self) -> int:
        """The number of guilds."""
        return sum(map(len, self._known.values()))

    @property
    def unavailable(self) -> int:
        """The number of guilds that are unavailable now."""
        return sum(map(len, self._unavailable.values()))

    @property
    def members(self) -> int | None:
        """The members of all guilds; one who is in two guilds counts twice. ``None`` if no guild's number is known."""
        return self._members if any(self._by_class) else None

    @property
    def by_class(self) -> dict[AttributeValue, int]:
        """The number of guilds in each class of sizes, without those whose number of members is not known."""
        return dict(zip(_CLASSES, self._by_class, strict=True))
