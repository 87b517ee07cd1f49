"""argus-otel's own state, for people: hooks, exports, and what does not work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

from argus_otel.scrape.series import Metrics
from argus_otel.telemetry.catalogue import EXPORT_LOST, HISTORY_DROPPED

from .figures import number

METRICS = (EXPORT_LOST, HISTORY_DROPPED)
"""The metrics that are read."""


class OwnState(NamedTuple):
    """The state of argus-otel in a program.

    Attributes
    ----------
    hooks:
        How many are in place: ``2 hooks in place``.
    exported:
        What is exported, and by what: ``traces otlp_proto_grpc``.
    problems:
        One line for each part that does not work, for each fault, and for each kind of loss.
    """

    hooks: str
    exported: tuple[str, ...]
    problems: tuple[str, ...]


def own_state(status: Mapping[str, object], metrics: Metrics) -> OwnState | None:
    """Return the state that a program's status tells, or ``None`` if it tells of no parts.

    Parameters
    ----------
    status:
        What ``/status`` serves.
    """
    section = status.get("parts")
    named = cast("dict[str, object]", section) if isinstance(section, dict) else {}
    parts = {name: cast("dict[str, str]", part) for name, part in named.items() if isinstance(part, dict)}
    if not parts:
        return None
    states = {name: part.get("state", "") for name, part in parts.items()}
    hooks = sum(state == "ok" for name, state in states.items() if name.startswith("hook:"))
    exported = tuple(
        name.removeprefix("exporter:") for name, s in states.items() if name.startswith("exporter:") and s == "ok"
    )
    problems = [
        f"{name} {s}: {parts[name].get('detail', '')}"
        for name, s in states.items()
        if s in ("failed", "absent", "degraded")
    ]
    faults = status.get("faults")
    if isinstance(faults, dict):
        problems += [f"fault in {hook}: {fault}" for hook, fault in cast("dict[str, str]", faults).items()]
    for metric, lost in ((EXPORT_LOST, "lost while exporting"), (HISTORY_DROPPED, "events of history dropped")):
        count = metrics.total(metric)
        if count:
            problems.append(f"{number(count)} {lost}")
    return OwnState(f"{hooks} hook{'' if hooks == 1 else 's'} in place", exported, tuple(problems))
