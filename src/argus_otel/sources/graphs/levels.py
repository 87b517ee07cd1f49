"""Which nodes led to a node: those that wrote last, before its step, to the channels that have triggered it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Generic, TypeVar

from .writings import channel_of_send, triggers_of

if TYPE_CHECKING:
    from .records import Ended
    from .runs import GraphRun

T = TypeVar("T")


class Level(Generic[T]):
    """Who wrote what last in one run of a graph. A node is known by anything, such as its number or its span."""

    __slots__ = ("_writers",)

    def __init__(self) -> None:
        self._writers: dict[str, tuple[int, list[T]]] = {}

    def before(self, triggers: Iterable[str]) -> tuple[T, ...]:
        """Return the nodes that wrote to channels last."""
        writers = self._writers
        found = [node for trigger in triggers if trigger in writers for node in writers[trigger][1]]
        return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)

    def wrote(self, node: T, step: int, leading: Iterable[str], sent: Iterable[str]) -> None:
        """Note what a node has written. Nodes of one step, on several threads, lead on together.

        Parameters
        ----------
        leading:
            The channels that it has written to, and by which nodes are triggered.
        sent:
            The names of the nodes that it has sent something to.
        """
        self._wrote(node, step, leading)
        if sent:
            self._wrote(node, step, map(channel_of_send, sent))

    def _wrote(self, node: T, step: int, channels: Iterable[str]) -> None:
        writers = self._writers
        for channel in channels:
            known = writers.get(channel)
            if known is not None and known[0] == step:
                known[1].append(node)
            else:
                writers[channel] = (step, [node])


def led_to(nodes: Sequence[Ended]) -> dict[int, tuple[int, ...]]:
    """Return by the number of each node those of the nodes that led to it."""
    runs: defaultdict[GraphRun, list[Ended]] = defaultdict(list)
    for each in nodes:
        runs[each.node.run].append(each)
    found: dict[int, tuple[int, ...]] = {}
    for inside in runs.values():
        level = Level[int]()
        for step, together in groupby(sorted(inside, key=_order), key=_step):
            of_step = list(together)
            for each in of_step:
                found[each.node.number] = level.before(triggers_of(each.kind.name, each.triggers))
            for each in of_step:
                if each.writing is not None:
                    level.wrote(each.node.number, step, each.writing.leading, each.sent)
    return found


def _order(ended: Ended) -> tuple[int, int]:
    return ended.step, ended.node.number


def _step(ended: Ended) -> int:
    return ended.step or -1 - ended.node.number  # where LangGraph does not say, one after the other
