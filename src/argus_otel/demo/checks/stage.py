"""Sets up the demo of service checks: the services, and the agent, started by ``argus-otel checks run``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from argus_otel.demo.observed_process import settled
from argus_otel.demo.observed_stage import ObservedStage
from argus_otel.demo.row import Row
from argus_otel.scrape.scraper import Scraper, UnreachableError
from argus_otel.sources.checks import catalogue
from argus_otel.sources.checks.executor import ExecutorContext
from argus_otel.sources.checks.executors import ExecutorError, installed
from argus_otel.sources.checks.file.checks_file import read
from argus_otel.sources.checks.net.resolver import Resolver

from . import checks_file
from .agreement import compare
from .panels import summary
from .services import Services

_START = 30.0
_SETTLE = 20.0

_AT_WORK, _AT_REST = "1s", "1d"


class Stage(ObservedStage):
    """Services and agent, which run inside a ``with`` block.

    Parameters
    ----------
    port:
        The port of the agent's endpoint; by default 9464, or a free one if that is in use.

    Raises
    ------
    DemoError
        No port is free; on entering: the agent did not start.
    ModuleNotFoundError
        On entering: a package of the extra ``checks`` is missing.
    """

    opening = "Starting some services, good and bad, and an agent that checks them each second …"
    closing = "The checks now come once a day. Waiting for the last runs …"
    title = "The services' ledger beside the agent's metrics"

    def __init__(self, port: int | None = None) -> None:
        super().__init__("the agent", port)
        self._file = self.directory / "checks.yaml"
        self._services = Services(self.directory)
        self._rewritten = 0

    def begin(self, opened: ExitStack) -> None:
        """Start the services and the agent."""
        checks_file.write(self._file, self._services, _AT_WORK)
        _require_what_checks_need(self._file)
        opened.enter_context(self._services)
        opened.callback(self.program.stop)
        self.program.start(["checks", "run", str(self._file), "--state", str(self.directory / "state")], {})
        self.program.wait_until(self._checking, _START)

    def _checking(self) -> bool:
        try:
            return Scraper(self.url).scrape().metrics.has([catalogue.RUNS])
        except UnreachableError:
            return False

    def play(self) -> None:
        """Do nothing: the agent has begun by itself."""

    def progress(self) -> str:
        """Return in a few words what has happened so far."""
        return summary(Scraper(self.url).scrape().metrics)

    def settle(self) -> list[Row]:
        """Let the checks come rarely, wait until the last runs have ended, and return the comparison.

        The agent reads its file again, which keeps every status and every run under way. If the runs have not ended
        within some seconds, the comparison shows it.

        Raises
        ------
        UnreachableError
            The agent's endpoint no longer answers.
        """
        checks_file.write(self._file, self._services, _AT_REST)
        self._rewritten += 1
        rows: list[Row] = []

        def finished() -> bool:
            deeds = self._services.ledger.deeds()
            metrics = Scraper(self.url).scrape().metrics
            rows[:] = compare(deeds, metrics, self._rewritten)
            idle = not metrics.total(catalogue.RUNNING) and deeds == self._services.ledger.deeds()
            return idle and all(row.agrees for row in rows)

        settled(finished, _SETTLE)
        return rows


def _require_what_checks_need(file: Path) -> None:
    """Read the file as the agent does, since a package that is missing is told more clearly here."""
    resolver = Resolver()
    try:
        read(file, installed(ExecutorContext(resolver)))
    except ExecutorError as error:
        if isinstance(error.__cause__, ModuleNotFoundError):
            raise error.__cause__ from error
        raise
    finally:
        resolver.close()
