"""A check as it is defined, in a file or in code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .conditions import Condition
from .executor import Executor
from .judge import Confirm


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

    @property
    def host(self) -> str:
        """The host that it probes."""
        return self.executor.host(self.options)
