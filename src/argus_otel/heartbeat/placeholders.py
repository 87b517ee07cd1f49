"""Fills a monitor's URL with the state of the program."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from argus_otel.settings import HEARTBEAT_PLACEHOLDERS


def fill(url: str, values: Mapping[str, str]) -> str:
    """Return ``url`` with each ``{name}`` replaced by its URL-encoded value. A name without a value is removed."""
    for name in HEARTBEAT_PLACEHOLDERS:
        url = url.replace(f"{{{name}}}", quote(values.get(name, ""), safe=""))
    return url
