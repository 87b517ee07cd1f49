"""The sections of a file of checks, each a dataclass whose fields say how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argus_otel.sources.checks.definition import Latency, Objective, Window
from argus_otel.sources.checks.judge import Confirm

from .field_types import (
    Boolean,
    FieldType,
    Integer,
    ListOf,
    MappingOf,
    Record,
    Text,
    duration,
    option,
    share,
)
from .places import Place
from .scalars import Cron, Interval, Keep, Name, Zone


@dataclass(frozen=True, slots=True)
class ConfirmSection:
    """``confirm:``."""

    down: int = option(Integer(1, 100), "How many failed runs in a row make a check down.", default=2)
    up: int = option(Integer(1, 100), "How many good runs in a row make it up.", default=1)
    every: int = option(Interval("5s"), "The distance of runs while a change is not confirmed.", default=5000)

    def confirm(self) -> Confirm:
        """Return it as the agent needs it."""
        return Confirm(self.down, self.up, self.every)


_CONFIRM = ConfirmSection()


@dataclass(frozen=True, slots=True)
class TimingSection:
    """``defaults:``, each of which a check may have too."""

    interval: int = option(Interval("30s"), "The distance of runs.", default=30_000)
    timeout: int = option(Interval("5s", least=1), "How long an attempt may take.", default=5_000)
    retries: int = option(Integer(0, 10), "How many more attempts a run has if the first fails.", default=1)
    confirm: ConfirmSection = option(Record(ConfirmSection), "How many runs confirm a change.", default=_CONFIRM)


@dataclass(frozen=True, slots=True)
class _LatencySection:
    under: float = option(duration("800ms"), "The duration that is promised.")
    share: float = option(share("99%"), "The share of the runs that is as fast.")


@dataclass(frozen=True, slots=True)
class _ObjectiveSection:
    availability: float | None = option(share("99.9%"), "The share of the time in which it is up.", default=None)
    latency: _LatencySection | None = option(Record(_LatencySection), "How fast it is.", default=None)
    window: float = option(duration("30d"), "The time over which that is promised.", default=30 * 86400.0)


class ObjectiveType(FieldType[Objective]):
    """``slo:``."""

    _section = Record(_ObjectiveSection)
    right = _section.right

    def read(self, place: Place) -> Objective:
        """Return it; it has to promise something."""
        section = self._section.read(place)
        if section.availability is None and section.latency is None:
            raise place.wrong("an objective promises availability, latency or both")
        shares = {"availability": section.availability, "latency": section.latency and section.latency.share}
        for name, value in shares.items():
            if value is not None and not 0 < value < 1:
                raise place.wrong(f"{name} of {value:.4g} leaves no budget; write a share between 0% and 100%")
        latency = section.latency and Latency(section.latency.under, section.latency.share)
        return Objective(section.availability, latency, section.window)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        promised = [{"required": ["availability"]}, {"required": ["latency"]}]
        return {**self._section.schema(), "anyOf": promised}


_NO_LABELS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class CheckSection(TimingSection):
    """A check, without its type and its conditions."""

    enabled: bool = option(Boolean(), "Whether it runs.", default=True)
    service: str = option(Text("a name"), "The service that it belongs to.", default="")
    parents: tuple[str, ...] = option(ListOf(Name()), "The checks without which it cannot succeed.", default=())
    labels: Mapping[str, str] = option(MappingOf(Text()), "Further attributes of its metrics.", default=_NO_LABELS)
    keep: str = option(Keep(), "What history keeps of it.", default="runs")
    slo: Objective | None = option(ObjectiveType(), "What it promises.", default=None)


@dataclass(frozen=True, slots=True)
class WindowSection:
    """One of ``maintenance:``."""

    checks: tuple[str, ...] = option(ListOf(Text("a name or a pattern such as db-*")), "Which checks.")
    cron: str = option(Cron(), "When it begins.")
    for_: float = option(duration("30m", least=1), "How long it takes.")
    name: str = option(Text("a name"), "What it is, for people.", default="maintenance")
    timezone: str = option(Zone(), "In which the times of cron are meant.", default="UTC")

    def window(self) -> Window:
        """Return it as the agent needs it."""
        return Window(self.name, self.checks, self.cron, self.for_, self.timezone)


@dataclass(frozen=True, slots=True)
class LimitsSection:
    """``limits:``."""

    total: int = option(Integer(1, 10_000), "How many checks run at the same time.", default=200)
    per_host: int = option(Integer(1, 1000), "How many of them against one host.", default=8)


DEFAULT_LIMITS = LimitsSection()

TOP_LEVEL: Mapping[str, tuple[FieldType[Any], str]] = {
    "location": (Text("a name"), "Where the checks run from."),
    "defaults": (Record(TimingSection), "What a check has that does not say otherwise."),
    "limits": (Record(LimitsSection), "How many checks run at the same time."),
    "anchors": (ListOf(Name()), "Checks whose failure, of all of them, means that the agent has no network."),
    "maintenance": (ListOf(Record(WindowSection)), "When which checks are not to alert."),
}
"""The sections of a file beside ``checks:``: how each is read, and its help."""
