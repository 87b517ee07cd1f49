"""A shard as the gauges see it: read from the collecting thread, so nothing here iterates what the loop changes."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING

from argus_otel.telemetry import Bound, Check, CounterCell

if TYPE_CHECKING:
    from discord.client import Client
    from discord.gateway import DiscordWebSocket


class Shard:
    """One shard's connection of the moment.

    Attributes
    ----------
    id:
        The shard's number; 0 for a client without shards.
    closed:
        Whether the end of that connection has been counted.
    """

    __slots__ = ("id", "closed", "_ws", "_counts", "_before")

    def __init__(
        self, shard_id: int, ws: DiscordWebSocket, counts: Bound[CounterCell], *, established: bool = False
    ) -> None:
        self.id = shard_id
        self._ws = weakref.ref(ws)
        self.closed = False
        self._counts = counts
        self._before = -1 if established else self._sessions()

    @property
    def ws(self) -> DiscordWebSocket | None:
        """Its latest connection, while that exists: it must not be us who keep a client alive."""
        return self._ws()

    def _sessions(self) -> int:
        return self._counts["READY"].value + self._counts["RESUMED"].value

    @property
    def up(self) -> bool:
        """Whether the connection is open and its session has begun or been taken up again."""
        ws = self.ws
        return ws is not None and ws.open and self._sessions() > self._before

    @property
    def latency(self) -> float:
        """The last heartbeat's round trip in seconds; ``inf`` or ``nan`` before there was one."""
        ws = self.ws
        return math.nan if ws is None else ws.latency

    def describe(self) -> dict[str, object]:
        """Return it for ``/status``."""
        latency = self.latency
        return {"id": self.id, "up": self.up, "latency": latency if math.isfinite(latency) else None}


class ClientShards:
    """A client and its shards, without keeping the client alive."""

    __slots__ = ("_client", "_shards")

    def __init__(self, client: Client) -> None:
        self._client = weakref.ref(client)
        self._shards: dict[int, Shard] = {}

    @property
    def client(self) -> Client | None:
        """The client, while it exists."""
        return self._client()

    def put(self, shard: Shard) -> None:
        """Remember a shard's new connection. The dict is replaced, since collection reads it on another thread."""
        self._shards = {**self._shards, shard.id: shard}

    def get(self, shard_id: int) -> Shard | None:
        """Return a shard."""
        return self._shards.get(shard_id)

    def shards(self) -> list[Shard]:
        """Return the shards of a client that has not been closed."""
        client = self.client
        return [] if client is None or client.is_closed() else list(self._shards.values())

    def all(self) -> list[Shard]:
        """Return the shards, also of a client that has been closed."""
        return list(self._shards.values())

    def checks(self) -> list[Check]:
        """Return whether each shard that this process runs has its session up."""
        client = self.client
        if client is None or client.is_closed():
            return []
        expected = [int(shard) for shard in getattr(client._connection, "shard_ids", None) or (client.shard_id or 0,)]
        return [
            Check(f"shard {number}", shard is not None and shard.up, "up" if shard and shard.up else "no session")
            for number in expected
            for shard in (self._shards.get(number),)
        ]


class Roster:
    """Every client of this process, with its shards."""

    def __init__(self) -> None:
        self._known: list[ClientShards] = []

    def __iter__(self) -> Iterator[ClientShards]:
        return iter(self._known)

    def of(self, client: Client) -> ClientShards:
        """Return what is known of ``client``, from now on if it is new."""
        for known in self._known:
            if known.client is client:
                return known
        new = ClientShards(client)
        # Replaced, not changed: collection reads it on another thread.
        self._known = [known for known in self._known if known.client is not None] + [new]
        return new

    def shard_of(self, ws: DiscordWebSocket) -> Shard | None:
        """Return the shard whose latest connection is ``ws``."""
        for known in self._known:
            for shard in known.all():
                if shard.ws is ws:
                    return shard
        return None

    def clear(self) -> None:
        """Forget every client."""
        self._known = []
