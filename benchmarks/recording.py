"""History as a bot records it, up to an exporter that accepts every row at once: the flush thread is part of it."""

from __future__ import annotations

from collections.abc import Sequence

from argus_otel.history.models import installed_models
from argus_otel.history.record.buffer import EventBuffer
from argus_otel.history.record.delivery import DirectDelivery
from argus_otel.history.record.flush_thread import FlushThread
from argus_otel.history.record.pseudonyms import pseudonymizer
from argus_otel.history.record.stats import Stats
from argus_otel.history.row import Row
from argus_otel.runtime import runtime


class Nowhere:
    """Accepts rows, and discards them."""

    destination = "nowhere"

    def export(self, rows: Sequence[Row]) -> None:
        """Accept rows."""

    def close(self) -> None:
        """Do nothing."""


class Kept:
    """History that can be switched on and off."""

    def __init__(self) -> None:
        telemetry = runtime().telemetry
        stats = Stats(telemetry, "exporter:history nowhere")
        self._telemetry = telemetry
        personal = {name for model in installed_models() for name in model.personal_attributes}
        self._buffer = EventBuffer("bench", {}, personal, pseudonymizer("hashed", "a key"), stats)
        self._thread = FlushThread(
            self._buffer, DirectDelivery(Nowhere(), None, stats, telemetry.guard), telemetry.guard
        )
        self._thread.start()
        self._sink = telemetry.guard.shield("history", self._buffer)

    def begin(self) -> None:
        """Record from now on."""
        self._telemetry.history = self._sink

    def end(self) -> None:
        """Stop recording."""
        self._telemetry.history = None
