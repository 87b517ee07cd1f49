"""What a fault is: a program, and what is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.graphs.recorders import Node, Recorder

RETURNED = "it returned"


@dataclass(frozen=True)
class Verdict:
    """What one watcher did with a program.

    Attributes
    ----------
    right:
        Whether it is as it should be; ``None`` if the watcher records nothing that could be right or wrong.
    said:
        What it recorded, in its own words.
    got:
        What the program got. It has to be what it gets without a watcher.
    """

    right: bool | None
    said: str
    got: str = RETURNED


@dataclass(frozen=True)
class Fault:
    """One program.

    Attributes
    ----------
    name:
        By which it is chosen, and its number in the table.
    title:
        What the program does, and what is right.
    run:
        Runs it, and returns the verdict.
    """

    name: str
    title: str
    run: Callable[[Recorder], Verdict]


NO_NODE = "it sees no node"


def nothing(got: str = RETURNED) -> Verdict:
    """Return the verdict on what records nothing."""
    return Verdict(None, "it records nothing", got)


def outcome_of(call: Callable[[], object]) -> str:
    """Call it; return what the program got."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - it is what the program gets, whatever it is
        return f"it raised {type(error).__name__}"
    return RETURNED


def thread(name: str, **more: Any) -> dict[str, Any]:
    """Return the configuration of a run on a thread."""
    return {"configurable": {"thread_id": name}, **more}


def words(nodes: Iterable[Node]) -> str:
    """Return how nodes ended, in the words of their watcher."""
    counted = Counter(node.said for node in nodes)
    return ", ".join(f"{number} times {said}" if number > 1 else said for said, number in counted.items()) or "none"


def of(nodes: Iterable[Node], name: str) -> list[Node]:
    """Return those of a name."""
    return [node for node in nodes if node.path[-1] == name]
