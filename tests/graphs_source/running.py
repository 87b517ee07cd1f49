"""Runs a shape, and keeps what the program gets, and LangGraph's own ledger of the tasks."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
from langgraph.types import StreamMode

from .shapes import Shape


@dataclass
class Ran:
    """What a shape did.

    Attributes
    ----------
    results:
        Of each of its runs what it returned, or the class and the arguments of what it raised.
    tasks:
        How often each node began, by LangGraph's own stream of tasks.
    """

    results: list[Any] = field(default_factory=list[Any])
    tasks: Counter[str] = field(default_factory=Counter[str])


def config_of(shape: Shape) -> dict[str, Any]:
    return {**shape.config, "configurable": {"thread_id": "thread"}}


class _Kept:
    """Keeps the exception of a block as a result."""

    def __init__(self, ran: Ran) -> None:
        self._results = ran.results

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if isinstance(error, Exception):
            self._results.append((kind, error.args))
        return isinstance(error, Exception)


MODE: Any = "tasks" if "tasks" in get_args(StreamMode) else "debug"
"""In which LangGraph tells of its tasks; before 0.6 it tells of checkpoints too."""


def _note(ran: Ran, chunk: Any) -> None:
    _, event = chunk
    event = event.get("payload", event)
    if "triggers" in event and not event["name"].startswith("__"):
        ran.tasks[event["name"]] += 1


def run(shape: Shape) -> Ran:
    """Run it in this thread."""
    graph, ran, config = shape.build(), Ran(), config_of(shape)
    for given in shape.inputs:
        with _Kept(ran):
            ran.results.append(("returned", graph.invoke(given, config)))
    return ran


def run_async(shape: Shape) -> Ran:
    """Run it on an event loop."""
    if shape.name.startswith("asks") and sys.version_info < (3, 11):
        pytest.skip("LangGraph's interrupt() in a coroutine needs Python 3.11")

    async def go() -> Ran:
        graph, ran, config = shape.build(), Ran(), config_of(shape)
        for given in shape.inputs:
            with _Kept(ran):
                ran.results.append(("returned", await graph.ainvoke(given, config)))
        return ran

    return asyncio.run(go())


def ledger(shape: Shape) -> Ran:
    """Run it in this thread, and keep what LangGraph says of its tasks, those of subgraphs too."""
    graph, ran, config = shape.build(), Ran(), config_of(shape)
    for given in shape.inputs:
        with _Kept(ran):
            for chunk in graph.stream(given, config, stream_mode=MODE, subgraphs=True):
                _note(ran, chunk)
    return ran
