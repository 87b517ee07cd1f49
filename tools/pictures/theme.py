"""Grafana's dark theme, as far as a picture needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PAGE, PANEL, BORDER, GRID = "#111217", "#181b1f", "#26282e", "#2b2e35"
TEXT, MUTED, FAINT, LINK = "#d5d6df", "#9b9ca7", "#5b5d66", "#6e9fff"
HEADER = "#22252b"

# Grafana's names of colours: https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/themes/createVisualizationColors.ts
NAMED = {
    "green": "#73bf69", "dark-green": "#37872d", "semi-dark-green": "#56a64b", "light-green": "#96d98d",
    "yellow": "#fade2a", "dark-yellow": "#e0b400", "semi-dark-yellow": "#f2cc0c", "light-yellow": "#ffee52",
    "orange": "#ff9830", "dark-orange": "#fa6400", "semi-dark-orange": "#ff780a", "light-orange": "#ffb357",
    "red": "#f2495c", "dark-red": "#c4162a", "semi-dark-red": "#e02f44", "light-red": "#ff7383",
    "blue": "#5794f2", "dark-blue": "#1f60c4", "semi-dark-blue": "#3274d9", "light-blue": "#8ab8ff",
    "purple": "#b877d9", "dark-purple": "#8f3bb8", "semi-dark-purple": "#a352cc", "light-purple": "#ca95e5",
    "text": TEXT, "transparent": "none",
}  # fmt: skip
CLASSIC = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0", "#37872d",
           "#fade2a", "#447ebc", "#c15c17", "#890f02", "#0a437c", "#6d1f62", "#584477")  # fmt: skip
EXEMPLAR = "#5794f2"


def colour(name: str) -> str:
    """Return a colour as SVG has it, by its name of Grafana's or as it is."""
    return NAMED.get(name, name)


def of_threshold(value: float | None, thresholds: Mapping[str, Any], low: float = 0, high: float = 100) -> str:
    """Return the colour of the highest threshold that a value has reached."""
    steps: Sequence[Mapping[str, Any]] = thresholds.get("steps") or [{"color": "green", "value": None}]
    found = steps[0]["color"]
    if value is None:
        return colour(found)
    if thresholds.get("mode") == "percentage" and high > low:
        value = (value - low) / (high - low) * 100
    for step in steps[1:]:
        if value >= step["value"]:
            found = step["color"]
    return colour(found)


def of_series(number: int, config: Mapping[str, Any], value: float | None = None) -> str:
    """Return the colour of a series: a fixed one, its threshold's, or the next of the palette."""
    wanted = config.get("color") or {}
    mode = wanted.get("mode", "palette-classic")
    if mode == "fixed":
        return colour(wanted["fixedColor"])
    if mode == "thresholds":
        return of_threshold(value, config.get("thresholds") or {})
    return CLASSIC[number % len(CLASSIC)]


def shade(low: str, high: str, share: float) -> str:
    """Return a colour between two, given as ``#rrggbb``."""
    ends = [[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in (low, high)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True))
