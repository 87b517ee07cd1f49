"""How a process of a bot is told from the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from argus_otel.sources.discord.clusters import Clusters, ranges


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""),
        ([3], "3"),
        ([1, 0], "0-1"),
        ([0, 1, 2, 3, 8, 10, 11], "0-3,8,10-11"),
        (range(0, 30, 2), "0,2,4,6,8,10,12,14,16,18 and 5 more"),
    ],
)
def test_ranges(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text


def client(**facts: Any) -> Any:
    class Client(SimpleNamespace):  # one that can be referred to weakly, as discord.py's
        __hash__ = object.__hash__

    return Client(**{"shard_id": None, "shard_count": None, **facts})


@pytest.mark.parametrize(
    ("facts", "cluster"),
    [
        ([{"shard_ids": [0, 1], "shard_count": 4}], "0-1"),
        ([{"shard_ids": (32, 33, 34), "shard_count": 35}], "32-34"),  # the last cluster, which is smaller
        ([{"shard_id": 1, "shard_count": 2}], "1"),
        ([{"shard_id": 2, "shard_count": 4}, {"shard_id": 3, "shard_count": 4}], "2-3"),
        ([{"shard_ids": [0, 1], "shard_count": 2}], None),
        ([{"shard_id": 0, "shard_count": 2}, {"shard_id": 1, "shard_count": 2}], None),
        ([{"shard_ids": None, "shard_count": 4}], None),
        ([{}], None),
        ([], None),
    ],
)
def test_a_cluster_is_named_after_its_shards(facts: list[dict[str, Any]], cluster: str | None) -> None:
    clients = [client(**each) for each in facts]
    clusters = Clusters(None)
    for each in clients:
        clusters.add(each)
        clusters.add(each)
    assert clusters.cluster_id == cluster
    assert clusters.labels() == ({"cluster": cluster, "shards": cluster} if cluster else {})
    clusters.forget()
    assert clusters.cluster_id is None


def test_a_name_that_is_set_wins() -> None:
    bot = client(shard_ids=[2, 3], shard_count=4)
    clusters = Clusters("blue")
    assert clusters.labels() == {"cluster": "blue"}
    clusters.add(bot)
    assert clusters.labels() == {"cluster": "blue", "shards": "2-3"}


def test_a_client_that_is_gone_is_forgotten() -> None:
    clusters = Clusters(None)
    clusters.add(client(shard_id=1, shard_count=2))
    assert clusters.cluster_id is None
