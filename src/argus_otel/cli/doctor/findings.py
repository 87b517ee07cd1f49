"""What the doctor finds, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    """How bad a finding is."""

    OK = "ok"
    INFO = "info"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    group:
        What it belongs with in the report.
    name:
        What was looked at.
    status:
        Only :attr:`Status.FAIL` makes the doctor's exit code 1.
    detail:
        What was found. Never a secret.
    remedy:
        What to do about it; empty where there is nothing to do.
    """

    group: str
    name: str
    status: Status
    detail: str
    remedy: str = ""
