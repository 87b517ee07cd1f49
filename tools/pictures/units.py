"""Values as Grafana writes them, by unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any


class UnitError(Exception):
    """No such unit is known here."""


_SHORT = ("", " K", " Mil", " Bil", " Tri")
_SI = ("", "k", "M", "G", "T")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB")
_DECIMAL = ("B", "kB", "MB", "GB", "TB")
_TIMES = ((1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1, "s"), (60, "mins"), (3600, "hours"), (86400, "days"),
          (604800, "weeks"))  # fmt: skip
_IN_SECONDS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9, "m": 60.0, "h": 3600.0, "d": 86400.0, "dtdurations": 1.0}
_TRUTHS = {"bool": ("False", "True"), "bool_yes_no": ("No", "Yes"), "bool_on_off": ("Off", "On")}
_RATES = {"cps": " c/s", "reqps": " req/s", "ops": " ops/s", "rps": " rd/s", "wps": " wr/s", "pps": " p/s",
          "eps": " ev/s", "mps": " msg/s"}  # fmt: skip
_SUFFIXES = {"celsius": " °C", "watt": " W"}


def written(value: float | None, unit: str = "", decimals: int | None = None) -> str:
    """Return a number with its unit.

    Raises
    ------
    UnitError
        The unit is none of those that our dashboards use.
    """
    if value is None:
        return ""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit in ("", "none", "string"):
        return _figure(value, decimals)
    if unit in _TRUTHS:
        return _TRUTHS[unit][bool(value)]
    if unit == "locale":
        return f"{value:,.{decimals or (0 if value == int(value) else 2)}f}"
    if unit == "short":
        return _scaled(value, 1000, _SHORT, decimals)
    if unit in ("sishort",):
        return _scaled(value, 1000, _SI, decimals)
    if unit in ("percentunit", "percent"):
        return _figure(value * (100 if unit == "percentunit" else 1), decimals) + "%"
    if unit in _RATES:
        return _scaled(value, 1000, _SHORT if abs(value) >= 1000 else ("",), decimals) + _RATES[unit]
    if unit in ("bytes", "decbytes"):
        return _scaled(
            value, 1024 if unit == "bytes" else 1000, _spaced(_BINARY if unit == "bytes" else _DECIMAL), decimals
        )
    if unit in ("Bps", "binBps"):
        binary = unit == "binBps"
        return _scaled(value, 1024 if binary else 1000, _spaced(_BINARY if binary else _DECIMAL), decimals) + "/s"
    if unit in _IN_SECONDS:
        return _time(value * _IN_SECONDS[unit], decimals)
    if unit.startswith(("dateTime", "time:")):
        return moment(value / 1000)
    if unit in _SUFFIXES:
        return _figure(value, decimals) + _SUFFIXES[unit]
    if unit.startswith("suffix:"):
        return _figure(value, decimals) + unit.removeprefix("suffix:")
    raise UnitError(f"no unit {unit!r} is known here")


def moment(at: float) -> str:
    """Return a time, in UTC."""
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def of(value: Any, config: Mapping[str, Any]) -> str:
    """Return a value as a field's configuration says."""
    if isinstance(value, (int, float)):
        return written(float(value), config.get("unit", ""), config.get("decimals"))
    return "" if value is None else str(value)


def mapped(value: Any, config: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the text and the colour that a value is mapped to, if it is."""
    spelled = f"{value:g}" if isinstance(value, float) else str(value)
    for mapping in config.get("mappings") or []:
        options = mapping.get("options") or {}
        if mapping["type"] == "value" and spelled in options:
            found = options[spelled]
            return found.get("text", spelled), found.get("color", "")
        if mapping["type"] == "special" and value is None and options.get("match") in ("null", "null+nan"):
            return options["result"].get("text", ""), options["result"].get("color", "")
        if mapping["type"] == "range" and isinstance(value, (int, float)):
            low, high = options.get("from"), options.get("to")
            if (low is None or value >= low) and (high is None or value <= high):
                return options["result"].get("text", spelled), options["result"].get("color", "")
    return None


def _spaced(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f" {name}" for name in names)


def _figure(value: float, decimals: int | None) -> str:
    if decimals is None:
        size = abs(value)
        decimals = 0 if size == 0 or size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
        text = f"{value:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{decimals}f}"


def _scaled(value: float, base: float, names: tuple[str, ...], decimals: int | None) -> str:
    step = 0
    while abs(value) >= base and step < len(names) - 1:
        value, step = value / base, step + 1
    return _figure(value, decimals) + names[step]


def _time(value: float, decimals: int | None) -> str:
    if value == 0:
        return "0 s"
    size, name = _TIMES[0]
    for one, called in _TIMES:
        if abs(value) >= one:
            size, name = one, called
    amount = _figure(value / size, decimals)
    if amount == "1" and name.endswith("s") and size >= 60:
        name = name[:-1]
    return f"{amount} {name}"
