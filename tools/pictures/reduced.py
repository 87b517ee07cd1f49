"""From a series to one figure, as stats, gauges and bars show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tools.grafana.frames import Field, Frame

Reduced = tuple[Field, Any, Sequence[float | None]]


def reductions(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Reduced]:
    """Return each field that is shown, its figure, and its course; or with ``values`` one for each row."""
    reduce = options.get("reduceOptions") or {}
    calc = (reduce.get("calcs") or ["lastNotNull"])[0]
    wanted = (reduce.get("fields") or "").strip("/^$")
    found: list[Reduced] = []
    for frame in frames:
        fields = [one for one in frame.fields if one.name == wanted] if wanted else frame.of_kind("number")
        for one in fields:
            if reduce.get("values"):
                names = frame.of_kind("string")
                for row, value in enumerate(one.values):
                    named = Field(one.name, one.kind, [value], one.labels, one.display, one.config)
                    named.display = str(names[0].values[row]) if names else one.shown
                    found.append((named, value, ()))
                continue
            figure = _figure(one.values, calc)
            if figure is not None:
                found.append((one, figure, one.values if one.kind == "number" else ()))
    return found


def _figure(values: Sequence[Any], calc: str) -> Any:
    present = [value for value in values if value is not None]
    if not present:
        return None
    if calc in ("lastNotNull", "last"):
        return present[-1]
    if calc in ("firstNotNull", "first"):
        return present[0]
    known = {"max": max, "min": min, "sum": sum, "mean": lambda these: sum(these) / len(these), "count": len}
    return known[calc](present)
