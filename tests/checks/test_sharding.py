"""Checks that several agents share."""

from __future__ import annotations

import pytest

from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.sharding import Shard

from .test_agent import check, works

CHECKS = [check(f"check-{number}", works) for number in range(500)]


def names(shard: Shard, checks: list[Check], anchors: tuple[str, ...] = ()) -> set[str]:
    return {each.name for each in shard.select(checks, anchors)}


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "a/b", "1/0", "-1/3", "1/3/5", "²/3"])
def test_what_is_no_shard_is_an_error_that_shows_one(text: str) -> None:
    with pytest.raises(ValueError, match="write one such as 2/5"):
        Shard.parse(text)


def test_each_check_has_one_agent() -> None:
    shares = [names(Shard(index, 5), CHECKS) for index in range(1, 6)]
    assert sum(map(len, shares)) == len(CHECKS)
    assert set.union(*shares) == {each.name for each in CHECKS}
    assert min(map(len, shares)) > 60


def test_another_agent_moves_only_the_checks_that_it_takes_over() -> None:
    before = [names(Shard(index, 4), CHECKS) for index in range(1, 5)]
    after = [names(Shard(index, 5), CHECKS) for index in range(1, 6)]
    for earlier, later in zip(before, after[:4], strict=True):
        assert later <= earlier


def test_checks_with_a_common_parent_are_run_by_one_agent_with_it() -> None:
    family = [check("parent", works), *(check(f"child-{each}", works, parents=("parent",)) for each in range(20))]
    owners = [index for index in range(1, 6) if names(Shard(index, 5), family)]
    assert len(owners) == 1


def test_anchors_are_run_by_all_and_tie_nothing_together() -> None:
    gateway = check("gateway", works)
    children = [check(f"child-{each}", works, parents=("gateway",)) for each in range(100)]
    shares = [names(Shard(index, 3), [gateway, *children], ("gateway",)) for index in range(1, 4)]
    assert all("gateway" in share for share in shares)
    assert sum(map(len, shares)) == 100 + 3
