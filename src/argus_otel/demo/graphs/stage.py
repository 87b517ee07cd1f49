"""Sets up the demo of agent graphs: the model service, and the support agent, started by ``argus-otel run``."""

from __future__ import annotations

import importlib.util
import itertools
import json
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from argus_otel.demo.observed_process import settled
from argus_otel.demo.observed_stage import ObservedStage
from argus_otel.demo.row import Row
from argus_otel.scrape.scraper import Scraper, UnreachableError
from argus_otel.sources.graphs import catalogue

from .agreement import compare
from .cast import CAST, Case, answer
from .model_service import ModelService
from .panels import summary

_START = 60.0
_SETTLE = 20.0

_AT_ONCE = 8
_PAUSE = 0.02

_NEEDED = ("langgraph", "langchain", "langchain_openai")


class Stage(ObservedStage):
    """Models and support agent, which run inside a ``with`` block.

    Parameters
    ----------
    port:
        The port of the agent's endpoint; by default 9464, or a free one if that is in use.

    Raises
    ------
    DemoError
        No port is free; on entering: the agent did not start.
    ModuleNotFoundError
        A package of the extra ``demo-graphs`` is missing.
    """

    opening = "Starting models, and a support agent without a line about argus-otel …"
    closing = "No more tickets come. Waiting for the last answers …"
    title = "The ledgers beside the agent's metrics, and the injected faults beside its findings"

    def __init__(self, port: int | None = None) -> None:
        _require()
        super().__init__("the support agent", port)
        self._ledger = self.directory / "ledger.json"
        self._models = ModelService(answer)
        self._cases: list[Case] = []
        self._ended = threading.Event()
        self._customers: threading.Thread | None = None

    def begin(self, opened: ExitStack) -> None:
        """Start the models and the support agent."""
        opened.enter_context(self._models)
        opened.callback(self.program.stop)
        self.program.start(
            ["run", str(Path(__file__).with_name("support.py")), str(self._ledger)],
            {
                "OPENAI_API_KEY": "the demo needs none",
                "OPENAI_BASE_URL": self._models.url,
                "LANGSMITH_TRACING": "false",
                "OTEL_SERVICE_NAME": "support",
            },
            fed=True,
        )
        opened.callback(self._ended.set)
        self._write_ticket(CAST[0])
        self.program.wait_until(self._answering, _START)

    # -- the agent

    def _answering(self) -> bool:
        try:
            return self._answered() > 0 and Scraper(self.url).scrape().metrics.has([catalogue.RUN_STEPS])
        except UnreachableError:
            return False

    def _read(self) -> Mapping[str, Any]:
        return json.loads(self._ledger.read_text(encoding="utf-8")) if self._ledger.exists() else {}

    def _answered(self) -> int:
        return self._read().get("answered", 0)

    # -- customers

    def _write_ticket(self, case: Case) -> None:
        number = str(len(self._cases))
        self.program.feed(json.dumps({"number": number, "channel": case.channel, "text": case.text}))
        self._cases.append(case)

    def _write_tickets(self) -> None:
        for case in itertools.cycle(CAST):
            while len(self._cases) - self._answered() >= _AT_ONCE:
                if self._ended.wait(_PAUSE):
                    return
            if self._ended.wait(_PAUSE):
                return
            try:
                self._write_ticket(case)
            except OSError:  # the agent has ended: the comparison tells it
                return

    def play(self) -> None:
        """Start the customers, who write one ticket after the other until :meth:`settle`."""
        self._customers = threading.Thread(target=self._write_tickets, name="argus-otel demo customers", daemon=True)
        self._customers.start()

    def progress(self) -> str:
        """Return in a few words what has happened so far."""
        return f"{self._answered()} tickets; {summary(Scraper(self.url).scrape().metrics)}"

    def settle(self) -> list[Row]:
        """Let no more tickets come, wait until the last ones are answered, and return the comparison.

        If they are not answered within some seconds, the comparison shows it.

        Raises
        ------
        UnreachableError
            The agent's endpoint no longer answers.
        """
        self._ended.set()
        if self._customers is not None:
            self._customers.join(_SETTLE)
        rows: list[Row] = []

        def finished() -> bool:
            ledger = self._read()
            metrics = Scraper(self.url).scrape().metrics
            rows[:] = [
                Row("tickets", "answered", len(self._cases), ledger.get("answered", 0)),
                *compare(self._cases, ledger.get("counts", {}), self._models.ledger.deeds(), metrics),
            ]
            return all(row.agrees for row in rows)

        settled(finished, _SETTLE)
        return rows


def _require() -> None:
    """Look for what the support agent imports, since a package that is missing is told more clearly here."""
    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
