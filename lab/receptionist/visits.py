"""What visitors ask for. A round has each kind of visit once, and two of the agent's."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from typing import Any

from langgraph.errors import GraphRecursionError
from langgraph.types import Command

from .graphs import ANSWER, DIGEST, RECEPTION, Answer, digest, reception
from .ledger import Ledger
from .models import RateLimitError

LIMIT = 8
"""How many steps a visit may take."""

ENDLESS = 120
"""How many an endless search may take: its findings are more than may wait until somebody checks them."""

FAILING: dict[str, type[Exception]] = {
    "refused": RateLimitError,
    "outage": TimeoutError,
    "lost": KeyError,
    "endless": GraphRecursionError,
}
"""By what is asked for: what the visit ends with."""


class Visits:
    """All graphs, and who comes to them.

    Parameters
    ----------
    meanwhile:
        Called while one visitor is greeted, and nobody else is there.
    """

    def __init__(self, ledger: Ledger, meanwhile: Callable[[], object] = lambda: None) -> None:
        self._ledger = ledger
        self._meanwhile = meanwhile
        self._answer = Answer(ledger)
        self._graphs = {ANSWER: self._answer.build(), DIGEST: digest(ledger), RECEPTION: reception(ledger)}
        self._numbers = itertools.count(1)
        self._limit = ENDLESS

    def round(self, *, crowded: bool = True) -> None:
        """Serve each kind of visit once, from this thread, and once from an event loop.

        Parameters
        ----------
        crowded:
            Whether an endless search takes :data:`ENDLESS` steps.
        """
        self._limit = ENDLESS if crowded else LIMIT
        self._answer.at_leisure.set()
        for allowed in (True, False):
            self._question("plain", allowed)
        self._question("hurried", True)
        for kind in FAILING:
            self._fails(kind)
        self._leaves()
        asyncio.run(self._cancelled())
        self._ends(DIGEST, {"number": 0})
        for _ in range(2):
            self._ends(RECEPTION, {"messages": [("user", "hello")]})

    def _given(self, kind: str) -> tuple[dict[str, Any], Any]:
        number = next(self._numbers)
        config = {"configurable": {"thread_id": f"visit {number}"}, "recursion_limit": LIMIT}
        return {"visit": number, "kind": kind}, config

    def _question(self, kind: str, allowed: bool) -> None:
        """Ask, and let a person decide."""
        given, config = self._given(kind)
        with self._ledger.run(ANSWER):
            self._graphs[ANSWER].invoke(given, config)
        self._ledger.runs[ANSWER, "interrupted"] += 1
        with self._ledger.run(ANSWER):
            self._graphs[ANSWER].invoke(Command(resume=allowed), config)
        self._ledger.resumes[ANSWER] += 1
        self._ledger.runs[ANSWER, "ok"] += 1

    def _fails(self, kind: str) -> None:
        given, config = self._given(kind)
        if kind == "endless":
            config["recursion_limit"] = self._limit
            self._answer.at_leisure.clear()
        try:
            with self._ledger.run(ANSWER):
                self._graphs[ANSWER].invoke(given, config)
        except FAILING[kind]:
            self._ledger.runs[ANSWER, "limit" if kind == "endless" else "error"] += 1
        self._answer.at_leisure.set()

    def _leaves(self) -> None:
        """Leave after the first word."""
        given, config = self._given("plain")
        with self._ledger.run(ANSWER), contextlib.closing(self._graphs[ANSWER].stream(given, config)) as stream:
            next(stream)
        self._ledger.runs[ANSWER, "abandoned"] += 1

    async def _cancelled(self) -> None:
        given, config = self._given("cancelled")
        self._answer.greeting = asyncio.Event()
        running = asyncio.create_task(self._graphs[ANSWER].ainvoke(given, config))
        with self._ledger.run(ANSWER):
            await self._answer.greeting.wait()
            self._meanwhile()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        self._ledger.runs[ANSWER, "cancelled"] += 1

    def _ends(self, graph: str, given: dict[str, Any]) -> None:
        _, config = self._given("")
        with self._ledger.run(graph):
            self._graphs[graph].invoke(given, config)
        self._ledger.runs[graph, "ok"] += 1
