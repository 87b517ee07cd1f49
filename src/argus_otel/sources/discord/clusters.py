"""Which of several processes of a bot this is: by ``ARGUS_DISCORD_CLUSTER_ID``, else by the shards of its clients.

The default is the range of the shards, such as ``0-15``. A launcher gives a cluster the same shards at each start, so
it is stable; it stays right when the last cluster is smaller; and it has as many values as there are clusters.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discord.client import Client

_RANGES = 10


class Clusters:
    """Knows the clients of this process from their creation on. Any thread may read it.

    Parameters
    ----------
    cluster_id:
        As it is set, or ``None``.
    """

    def __init__(self, cluster_id: str | None) -> None:
        self._cluster_id = cluster_id
        self._clients: tuple[weakref.ref[Client], ...] = ()

    def add(self, client: Client) -> None:
        """Note a client; safe to repeat."""
        known = [each for each in self._clients if each() not in (None, client)]
        self._clients = (*known, weakref.ref(client))  # replaced: another thread may be reading it

    def forget(self) -> None:
        """Forget every client, as in a forked child."""
        self._clients = ()

    @property
    def cluster_id(self) -> str | None:
        """The cluster's name; ``None`` if this process runs all shards, or their number is not known."""
        return self._cluster_id or self._shards() or None

    def labels(self) -> dict[str, str]:
        """Return ``cluster`` and ``shards`` for discovery; empty for a bot that is one process."""
        labels = {"cluster": self.cluster_id, "shards": self._shards()}
        return {name: value for name, value in labels.items() if value}

    def _shards(self) -> str:
        clients = [client for each in self._clients if (client := each()) is not None]
        ids = {number for client in clients for number in _shards_of(client)}
        count = max((client.shard_count or 0 for client in clients), default=0)
        return ranges(ids) if len(ids) < count else ""


def _shards_of(client: Client) -> Iterable[int]:
    """Return the shards that a client is told to run; none if it runs all."""
    several: list[int] | None = getattr(client, "shard_ids", None)
    if several is not None:
        return several
    return () if client.shard_id is None else (client.shard_id,)


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers as ranges: ``0-3,8``. At most ten ranges are written, then how many numbers follow."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    shown = [str(each[0]) if len(each) == 1 else f"{each[0]}-{each[-1]}" for each in found[:_RANGES]]
    more = sum(map(len, found[_RANGES:]))
    return ",".join(shown) + (f" and {more} more" if more else "")
