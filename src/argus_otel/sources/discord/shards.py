"""Shards and the clients that run them. Gauges read them on the collecting thread, so the loop replaces containers."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import TYPE_CHECKING

from argus_otel.telemetry import AttributeValue, Check

from .attributes import SHARD_ID
from .heartbeats import Heartbeats

if TYPE_CHECKING:
    from aiohttp import ClientWebSocketResponse
    from discord.client import Client
    from discord.gateway import DiscordWebSocket


class Shard:
    """The current connection of one shard.

    Attributes
    ----------
    id:
        The shard's number; 0 for a client without shards.
    closing:
        How many calls that close the connection are running.
    close_code:
        The code that the connection was closed with, if a hook saw it.
    closed:
        Whether the end of the connection has been counted.
    """

    __slots__ = ("id", "closing", "close_code", "closed", "_ws", "_heartbeats", "_begun")

    def __init__(self, shard_id: int, ws: DiscordWebSocket, heartbeats: Heartbeats, *, begun: bool = False) -> None:
        self.id = shard_id
        self._ws = weakref.ref(ws)
        self._heartbeats = heartbeats
        self.closing = 0
        self.close_code: int | None = None
        self.closed = False
        self._begun = begun

    @property
    def ws(self) -> DiscordWebSocket | None:
        """The connection, while it exists: observing a client must not keep it alive."""
        return self._ws()

    def session_began(self) -> None:
        """Note that a session has begun, or has been resumed, over this connection."""
        self._begun = True

    @property
    def up(self) -> bool:
        """Whether the connection is open, and its session has begun or has been resumed."""
        ws = self.ws
        return ws is not None and ws.open and self._begun

    @property
    def latency(self) -> float:
        """The round trip of the last heartbeat, in seconds; ``inf`` or ``nan`` before the first."""
        ws = self.ws
        return math.nan if ws is None else self._heartbeats.latency(ws)

    def check(self) -> str:
        """Return why the shard cannot be relied on, or ``up``."""
        ws = self.ws
        if ws is None or not self.up:
            return "no session"
        return "no heartbeat is acknowledged" if self._heartbeats.is_silent(ws) else "up"

    def describe(self) -> dict[str, object]:
        """Return the shard for ``/status``."""
        latency = self.latency
        return {"id": self.id, "up": self.up, "latency": latency if math.isfinite(latency) else None}


# `Client.start` asks for the gateway at once after the login. A client that has not done so by then receives its
# interactions by HTTP.
_WITHOUT_GATEWAY = 5.0


class ClientShards:
    """A client and its shards, without keeping the client alive."""

    __slots__ = ("_client", "_shards", "_replaced", "_logged_in", "_wants_gateway")

    def __init__(self, client: Client) -> None:
        self._client = weakref.ref(client)
        self._shards: dict[int, Shard] = {}
        self._replaced: list[Shard] = []
        self._logged_in: float | None = None
        self._wants_gateway = False

    @property
    def client(self) -> Client | None:
        """The client, while it exists."""
        return self._client()

    @property
    def open_client(self) -> Client | None:
        """The client, unless it has been closed or no longer exists."""
        client = self.client
        return None if client is None or client.is_closed() else client

    def logged_in(self) -> None:
        """Note that the client's login has ended well."""
        self._logged_in = monotonic()

    def connecting(self) -> None:
        """Note that the client connects to the gateway from now on."""
        self._wants_gateway = True

    @property
    def without_gateway(self) -> bool:
        """Whether the client has logged in and has never asked for the gateway: it receives interactions by HTTP."""
        if self._wants_gateway or self._shards or self._logged_in is None:
            return False
        return monotonic() - self._logged_in >= _WITHOUT_GATEWAY

    def put(self, shard: Shard) -> None:
        """Set a shard's new connection."""
        before = self._shards.get(shard.id)
        self._replaced = [old for old in (*self._replaced, before) if old is not None and not old.closed]
        # Replaced, not changed: the collecting thread reads it.
        self._shards = {**self._shards, shard.id: shard}

    def get(self, shard_id: int) -> Shard | None:
        """Return a shard."""
        return self._shards.get(shard_id)

    def shards(self) -> list[Shard]:
        """Return the shards."""
        return list(self._shards.values())

    def connections(self) -> list[Shard]:
        """Return the shards, and earlier connections of theirs that have not ended yet."""
        return [*self._shards.values(), *self._replaced]

    def checks(self) -> list[Check]:
        """Return, for each shard that this process runs, whether its session is up and its gateway answers."""
        client = self.open_client
        if client is None:
            return []
        if self.without_gateway:
            return [Check("login", True, "logged in, without a gateway")]
        # This process's shards only: with all shards of the bot, each process of a cluster would never be ready.
        expected = [int(shard) for shard in getattr(client._connection, "shard_ids", None) or (client.shard_id or 0,)]
        return [
            Check(f"shard {number}", state == "up", state)
            for number in expected
            for shard in (self._shards.get(number),)
            for state in ("no session" if shard is None else shard.check(),)
        ]


class ClientRegistry:
    """Every client of this process, with its shards."""

    def __init__(self) -> None:
        self._known: list[ClientShards] = []

    def __iter__(self) -> Iterator[ClientShards]:
        return iter(self._known)

    def register(self, client: Client) -> ClientShards:
        """Return the shards of ``client``, which is remembered from now on."""
        found = self.find(client)
        if found is not None:
            return found
        new = ClientShards(client)
        # Replaced, not changed: the collecting thread reads it.
        self._known = [known for known in self._known if known.client is not None] + [new]
        return new

    def find(self, client: Client) -> ClientShards | None:
        """Return the shards of ``client``, or ``None`` if it is not registered."""
        for known in self._known:
            if known.client is client:
                return known
        return None

    def open_clients(self) -> list[Client]:
        """Return the clients that have not been closed."""
        return [client for known in self._known if (client := known.open_client) is not None]

    def open_shards(self) -> list[Shard]:
        """Return the shards of the clients that have not been closed."""
        return [shard for known in self._known if known.open_client is not None for shard in known.shards()]

    def all_shards(self) -> list[Shard]:
        """Return every shard, including those of clients that have been closed or no longer exist."""
        return [shard for known in self._known for shard in known.shards()]

    def slowest(self) -> float:
        """Return the longest latency of the open shards, in seconds; not a number if none is known."""
        return max((one.latency for one in self.open_shards() if math.isfinite(one.latency)), default=math.nan)

    def shard_on(self, socket: ClientWebSocketResponse) -> Shard | None:
        """Return the shard whose connection uses ``socket``."""
        for known in self._known:
            for shard in known.connections():
                ws = shard.ws
                if ws is not None and ws.socket is socket:
                    return shard
        return None

    def clear(self) -> None:
        """Forget every client."""
        self._known = []


def shard_count(client: Client) -> int | None:
    """Return how many shards the bot has over all processes; ``None`` while that is not known.

    A client that runs a single shard is told the number. One that runs several may ask Discord for it as it connects.
    """
    told = client.shard_count
    return told if told is not None or hasattr(client, "shards") else 1


def by_shard(
    values: Iterable[tuple[int, float]], worse: Callable[[float, float], float]
) -> list[tuple[dict[str, AttributeValue], float]]:
    """Return one point for each shard. If several clients have a shard of one number, the worse value counts.

    Values that are not finite are left out.
    """
    points: dict[int, float] = {}
    for number, value in values:
        if math.isfinite(value):
            points[number] = worse(points[number], value) if number in points else value
    return [({SHARD_ID.name: number}, value) for number, value in points.items()]
