"""Shares the checks of one file out among several agents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .definition import Check


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several agents.

    A check belongs to the agent for which a hash of both is highest (rendezvous hashing): where one agent is added,
    only the checks that it takes over move.

    Attributes
    ----------
    index, count:
        Which one, from 1 to ``count``.
    """

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return what a text such as ``2/5`` says.

        Raises
        ------
        ValueError
            It says nothing of that kind.
        """
        index, slash, count = text.partition("/")
        if slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count):
            return cls(int(index), int(count))
        raise ValueError(f"{text!r} is no shard; write one such as 2/5, the second of five")

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def select(self, checks: Sequence[Check], anchors: Sequence[str]) -> list[Check]:
        """Return the checks that this agent runs, in their order.

        Checks that parents connect are run by one agent, which has to judge the parents first. Anchors, with which each
        agent asks for its own network, are run by all.
        """
        leaders = _leaders(checks, anchors)
        return [check for check in checks if check.name in anchors or self._has(leaders[check.name])]

    def _has(self, leader: str) -> bool:
        return max(range(1, self.count + 1), key=lambda index: _weight(leader, index)) == self.index


def _weight(name: str, index: int) -> bytes:
    return hashlib.blake2b(f"{index}|{name}".encode(), digest_size=8).digest()


def _leaders(checks: Sequence[Check], anchors: Sequence[str]) -> Mapping[str, str]:
    """Return for each check the first name of those that parents connect it with; anchors connect none."""
    leaders = {check.name: check.name for check in checks}

    def leader(name: str) -> str:
        while leaders[name] != name:
            leaders[name] = leaders[leaders[name]]
            name = leaders[name]
        return name

    for check in checks:
        for parent in check.parents:
            if parent in leaders and parent not in anchors:
                one, other = sorted((leader(check.name), leader(parent)))
                leaders[other] = one
    return {name: leader(name) for name in leaders}
