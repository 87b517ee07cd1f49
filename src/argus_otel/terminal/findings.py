"""The contract between ``argus-otel doctor`` and a source: checks, each of which returns findings.

A source's specification names a tuple of checks, ``doctor="my_package.doctor:CHECKS"``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from argus_otel.settings import Settings


class Status(Enum):
    """How bad a finding is."""

    OK = "ok"
    INFO = "info"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of looking at one thing.

    Attributes
    ----------
    group:
        The heading that it stands under in the report.
    name:
        What was looked at.
    status:
        Only :attr:`Status.FAIL` makes the doctor's exit code 1.
    detail:
        What was found. Never a secret.
    remedy:
        The remedy; empty if none is needed.
    """

    group: str
    name: str
    status: Status
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What a check looks at.

    Attributes
    ----------
    environ:
        The environment that the program would have.
    settings:
        As they are resolved from it.
    network:
        Whether a check may open connections, be it to this machine.
    status:
        The document of ``/status`` if the program runs and its endpoint answers, else empty.
    """

    environ: Mapping[str, str]
    settings: Settings
    network: bool
    status: Mapping[str, object]


Check: TypeAlias = Callable[[Look], Iterable[Finding]]
"""Looks at one thing. It may take some seconds; an exception that it raises becomes a finding."""
