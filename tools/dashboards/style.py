"""The look that all dashboards share: units, colours, thresholds, links. Nothing here queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

TAG = "argus-otel"
"""Every dashboard has it, and links to all others that have it."""

# Grafana's ids of units: https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts
SECONDS = "s"
NANOSECONDS = "ns"
BYTES = "bytes"
BYTES_PER_SECOND = "Bps"
COUNT = "short"
PER_SECOND = "cps"
REQUESTS_PER_SECOND = "reqps"
SHARE = "percentunit"
"""A share between 0 and 1."""
NUMBER = "none"

GOOD, WARNING, BAD = "green", "orange", "red"
NEUTRAL = "blue"
MUTED = "#8e8e8e"

WIDTH = 24
"""Columns of Grafana's grid."""


def steps(*bounds: tuple[float, str], below: str = GOOD) -> Json:
    """Return thresholds: each colour counts from its bound on.

    Parameters
    ----------
    bounds:
        Pairs of a bound and a colour, ascending.
    below:
        The colour of values below the first bound.
    """
    levels: list[Json] = [{"color": below, "value": None}]
    levels += [{"color": colour, "value": bound} for bound, colour in bounds]
    return {"mode": "absolute", "steps": levels}


FINE = steps()
"""Thresholds of a figure that is neither good nor bad."""

PLAIN = steps(below="text")
"""The same, in the colour of text."""

FAULTS = steps((1, WARNING))
"""Thresholds of a count that ought to be 0."""

DOWN = steps((1, GOOD), below=BAD)
"""Thresholds of a value that is 1 when all is well."""


def coloured(name: str, colour: str) -> Json:
    """Return an override that gives the series of that name a colour."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
    }


def dashed(pattern: str, colour: str = MUTED) -> Json:
    """Return an override that draws the series whose names match as a dashed line: a limit, not a measurement."""
    return {
        "matcher": {"id": "byRegexp", "options": pattern},
        "properties": [
            {"id": "color", "value": {"mode": "fixed", "fixedColor": colour}},
            {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [10, 10]}},
            {"id": "custom.fillOpacity", "value": 0},
            {"id": "custom.stacking", "value": {"mode": "none", "group": "A"}},
        ],
    }


def band(low: str, high: str, colour: str = MUTED) -> list[Json]:
    """Return overrides that draw two series as the ends of a band."""
    edge: list[Json] = [
        {"id": "color", "value": {"mode": "fixed", "fixedColor": colour}},
        {"id": "custom.lineWidth", "value": 0},
    ]
    filled: Json = {"id": "custom.fillBelowTo", "value": low}
    opacity: Json = {"id": "custom.fillOpacity", "value": 20}
    return [
        {"matcher": {"id": "byName", "options": low}, "properties": edge},
        {"matcher": {"id": "byName", "options": high}, "properties": [*edge, filled, opacity]},
    ]


def on_the_right(pattern: str, unit: str) -> Json:
    """Return an override that gives the series whose names match a unit and an axis of their own."""
    return {
        "matcher": {"id": "byRegexp", "options": pattern},
        "properties": [
            {"id": "unit", "value": unit},
            {"id": "custom.axisPlacement", "value": "right"},
            {"id": "custom.fillOpacity", "value": 0},
        ],
    }


def values(texts: dict[str, tuple[str, str]]) -> list[Json]:
    """Return a mapping of values, as text, to the texts that are shown for them, and their colours."""
    options = {
        value: {"text": text, "color": colour, "index": index}
        for index, (value, (text, colour)) in enumerate(texts.items())
    }
    return [{"type": "value", "options": options}]


def link(title: str, url: str) -> Json:
    """Return a data link; ``url`` may name ``${__data.fields.…}``, ``${__value.raw}`` and variables."""
    return {"title": title, "url": url, "targetBlank": False}


def board_link(title: str, uid: str, *variables: str) -> Json:
    """Return a data link to another dashboard, which keeps the time and passes variables on.

    Parameters
    ----------
    uid:
        The other dashboard's.
    variables:
        ``job`` passes on the variable of that name, ``command=${__value.raw:percentencode}`` sets one.
    """
    passed = [f"var-{one}" if "=" in one else f"${{{one}:queryparam}}" for one in variables]
    return link(title, f"/d/{uid}?" + "&".join([*passed, "${__url_time_range}"]))


def legend(placement: str = "bottom", calcs: Sequence[str] = ()) -> Json:
    """Return a legend: a list, or a table with these reductions where some are asked for."""
    return {
        "showLegend": True,
        "displayMode": "table" if calcs else "list",
        "placement": placement,
        "calcs": list(calcs),
    }
