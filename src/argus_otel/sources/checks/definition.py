"""A check, and what goes with it, as a file or code defines it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .conditions import Condition
from .executor import Executor
from .judge import Confirm


@dataclass(frozen=True, slots=True)
class Latency:
    """How fast a share of the runs has to be.

    Attributes
    ----------
    under:
        In seconds.
    share:
        From 0 to 1.
    """

    under: float
    share: float


@dataclass(frozen=True, slots=True)
class Objective:
    """What a check promises over a window of time.

    Attributes
    ----------
    availability:
        The share of the time in which it is up, from 0 to 1; ``None`` for no such promise.
    latency:
        ``None`` for no such promise.
    window:
        In seconds.
    """

    availability: float | None
    latency: Latency | None
    window: float


@dataclass(frozen=True, slots=True)
class Window:
    """When some checks are in maintenance.

    Attributes
    ----------
    name:
        For people.
    checks:
        Names, or patterns such as ``db-*``.
    cron:
        When it begins.
    duration:
        How long it takes, in seconds.
    timezone:
        In which ``cron`` is meant.
    """

    name: str
    checks: tuple[str, ...]
    cron: str
    duration: float
    timezone: str


@dataclass(frozen=True, slots=True)
class Check:
    """A check.

    Attributes
    ----------
    name:
        Unique in its agent.
    executor, options:
        What probes, and what it is to probe.
    interval:
        The distance of its slots, in milliseconds.
    timeout:
        How long one attempt may take, in seconds.
    retries:
        How many more attempts a run may have, if the first one fails.
    confirm:
        How many runs confirm a change.
    expect, warn:
        The conditions. A run fails if one under ``expect`` does not hold, and warns if one under ``warn`` does not.
    service:
        The service that it belongs to; empty for none.
    parents:
        The names of the checks without which this one cannot succeed.
    labels:
        Further attributes of its metrics.
    objective:
        What it promises; ``None`` for nothing.
    keep:
        What history keeps of it: every one of its ``runs``, its ``changes`` only, or one run of so many: ``1/10``.
    enabled:
        Whether it runs.
    """

    name: str
    executor: Executor[Any]
    options: Any
    interval: int = 30_000
    timeout: float = 5.0
    retries: int = 1
    confirm: Confirm = field(default_factory=Confirm)
    expect: tuple[Condition, ...] = ()
    warn: tuple[Condition, ...] = ()
    service: str = ""
    parents: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    objective: Objective | None = None
    keep: str = "runs"
    enabled: bool = True

    def keeps(self, slot: int) -> bool:
        """Whether history keeps the run of a slot, in milliseconds since 1970. Every agent keeps the same ones."""
        if self.keep == "changes":
            return False
        return slot // self.interval % int(self.keep.partition("/")[2] or 1) == 0

    @property
    def host(self) -> str:
        """The host that it probes."""
        return self.executor.host(self.options)
