"""Scrapes several processes of one program, and sums them up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from .scraper import Scraper, Snapshot, UnreachableError
from .series import Metrics, combined

_AT_ONCE = 16


class Endpoint(Protocol):
    """Where a process is found, such as :class:`argus_otel.endpoint.targets.Target`."""

    @property
    def url(self) -> str:
        """The base URL."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels, such as ``cluster``."""
        ...


@dataclass(frozen=True, slots=True)
class Process:
    """One process at one time.

    Attributes
    ----------
    endpoint:
        Where it is found.
    snapshot:
        Its own snapshot; ``None`` if it did not answer.
    problem:
        Why it did not; empty if it did.
    """

    endpoint: Endpoint
    snapshot: Snapshot | None
    problem: str = ""

    @property
    def name(self) -> str:
        """The cluster, else the URL."""
        return self.endpoint.labels.get("cluster", self.endpoint.url)


@dataclass(frozen=True, slots=True)
class FleetSnapshot(Snapshot):
    """The sum of several processes.

    Attributes
    ----------
    processes:
        Each of them.
    """

    processes: tuple[Process, ...] = ()

    def since(self, before: Snapshot) -> Metrics:
        """Return what every process has added, each for itself: one that has ended takes nothing from the others."""
        known = before.processes if isinstance(before, FleetSnapshot) else ()
        earlier = {each.endpoint.url: each.snapshot for each in known}
        return combined(
            [
                each.snapshot.since(earlier.get(each.endpoint.url) or each.snapshot)
                for each in self.processes
                if each.snapshot is not None
            ]
        )


class Fleet:
    """Scrapes all processes that ``find`` returns, which may be others each time.

    Parameters
    ----------
    token:
        The endpoints' token, if they require one.
    """

    def __init__(self, find: Callable[[], Sequence[Endpoint]], token: str | None = None) -> None:
        self._find = find
        self._token = token
        self.url = ""

    def scrape(self) -> FleetSnapshot:
        """Scrape every process.

        Raises
        ------
        UnreachableError
            There is none, or none answers.
        """
        found = self._find()
        if not found:
            raise UnreachableError("no process of this program names an endpoint on this machine any more")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            processes = tuple(pool.map(partial(_scrape, token=self._token), found))
        answers = [each.snapshot for each in processes if each.snapshot is not None]
        if not answers:
            raise UnreachableError(processes[0].problem)
        self.url = " ".join(each.endpoint.url for each in processes)
        metrics = combined([each.metrics for each in answers])
        return FleetSnapshot(answers[0].at, metrics, _status(processes), processes)


def _scrape(endpoint: Endpoint, token: str | None) -> Process:
    try:
        return Process(endpoint, Scraper(endpoint.url, token).scrape())
    except (UnreachableError, ValueError) as error:
        return Process(endpoint, None, str(error).partition("\n")[0])


def _status(processes: Sequence[Process]) -> dict[str, object]:
    """Return the first process's status, with what is wrong in each of the others."""
    status: dict[str, object] = {}
    for each in processes:
        if each.snapshot is None:
            continue
        parts = cast("dict[str, dict[str, str]]", each.snapshot.status.get("parts", {}))
        if not status:
            status = {**each.snapshot.status, "parts": dict(parts)}
            continue
        wrong = {f"{each.name}: {name}": part for name, part in parts.items() if part.get("state") == "failed"}
        cast("dict[str, object]", status["parts"]).update(wrong)
    return status
