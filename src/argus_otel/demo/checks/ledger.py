"""What the services of the demo did, counted by themselves. The agent has no part in it."""

from __future__ import annotations

import threading
from collections.abc import Mapping


class Ledger:
    """The deeds of each service, in their order; one for each connection. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deeds: dict[str, list[str]] = {}

    def record(self, service: str, deed: str) -> None:
        """Record what a service did on one connection, such as ``answered 200``."""
        with self._lock:
            self._deeds.setdefault(service, []).append(deed)

    def number(self, service: str) -> int:
        """Return how many deeds of a service are recorded."""
        with self._lock:
            return len(self._deeds.get(service, ()))

    def deeds(self) -> Mapping[str, tuple[str, ...]]:
        """Return all deeds, by service."""
        with self._lock:
            return {service: tuple(deeds) for service, deeds in self._deeds.items()}
