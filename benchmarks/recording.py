"""History as a bot keeps it, up to the carrier, which takes every row at once: the thread that makes rows is in it."""

from __future__ import annotations

from collections.abc import Sequence

from argus_otel.history.delivery import Direct, Writer
from argus_otel.history.journal import Journal, users
from argus_otel.history.rows import Row
from argus_otel.history.tally import Tally
from argus_otel.runtime import runtime


class Nowhere:
    """Takes rows, and forgets them."""

    where = "nowhere"

    def carry(self, rows: Sequence[Row]) -> None:
        """Take rows."""

    def close(self) -> None:
        """Do nothing."""


class Kept:
    """Turned on and off."""

    def __init__(self) -> None:
        telemetry = runtime().telemetry
        tally = Tally(telemetry, "exporter:history nowhere")
        self._telemetry = telemetry
        self._journal = Journal("bench", "", users("hashed", "a key"), tally)
        self._writer = Writer(self._journal, Direct(Nowhere(), None, tally, telemetry.guard), telemetry.guard)
        self._writer.start()
        self._sink = telemetry.guard.shield("history", self._journal)

    def begin(self) -> None:
        """Keep a history from now on."""
        self._telemetry.history = self._sink

    def end(self) -> None:
        """Keep none."""
        self._telemetry.history = None
