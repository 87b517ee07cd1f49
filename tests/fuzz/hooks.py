"""The hooks in a performer's process, and counts that have to agree with the simulator's ledger."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from discord_simulator import ACKNOWLEDGEMENT_DEADLINE
from tests.discord_source.conftest import Observed

if TYPE_CHECKING:
    from .performer import Performer

OTHER = "_OTHER"


class Hooks:
    """Installed for as long as the process lives."""

    def __init__(self) -> None:
        self.observed = Observed()
        self.observed.source.install()
        self._before: dict[str, Counter[str]] = {}

    async def account(self, performer: Performer) -> dict[str, Any]:
        """Return the problems since the last call: faults, leaks, numbers that differ."""
        observed = self.observed
        deadline = time.monotonic() + ACKNOWLEDGEMENT_DEADLINE + 1
        while len(observed.interactions) and time.monotonic() < deadline:
            await asyncio.sleep(1)  # of the bot's fast time
        active = {key[0]: value for key, value in observed.values("discord.interaction.active").items() if value}
        found = {
            "faults": observed.faults(),
            "exporting": self._exporting(),
            "warnings": list(performer.logs.ours),
            "open interactions": len(observed.interactions),
            "active interactions": active,
            "events": self._differing("events", *self._events(performer)),
            "REST": self._differing("REST", *self._rest(performer)),
            "sessions": self._differing("sessions", *self._sessions(performer)),
            "closes": self._differing("closes", *self._closes(performer)),
        }
        observed.telemetry.guard._faults.clear()
        performer.logs.ours.clear()
        return {name: wrong for name, wrong in found.items() if wrong}

    def _differing(self, what: str, theirs: Counter[str], ours: Counter[str]) -> dict[str, int]:
        """Return by how much ours has exceeded theirs since the last call; negative where it has fallen short."""
        difference = ours.copy()
        difference.subtract(theirs)
        before = self._before.get(what, Counter())
        self._before[what] = difference
        return {key: n - before[key] for key, n in difference.items() if n != before[key]}

    def _exporting(self) -> str | None:
        """Return why the signals cannot be exported, or ``None``."""
        observed = self.observed
        try:
            encode_metrics(observed.reader.get_metrics_data()).SerializeToString()
            encode_spans(observed._spans.get_finished_spans()).SerializeToString()
        except Exception as error:  # noqa: BLE001 - whatever it is
            return repr(error)
        finally:
            observed._spans.clear()
            observed._events.clear()
        return None

    def _events(self, performer: Performer) -> tuple[Counter[str], Counter[str]]:
        told = performer.types + performer.bot.record.types
        ours = Counter({key: int(n) for (key,), n in self.observed.values("discord.gateway.events").items()})
        ours.pop("FUZZ_SENTINEL", None)
        ours.pop(OTHER, None)  # types that are no text
        return told, ours

    def _rest(self, performer: Performer) -> tuple[Counter[str], Counter[str]]:
        ours: Counter[str] = Counter()
        for (method, template, status, _, _), count in self.observed.counts("http.client.request.duration").items():
            if status:
                ours[f"{method} {template} {status}"] += count
        theirs: Counter[str] = Counter()
        for (method, template, status), count in performer.simulator.ledger.rest_counts().items():
            if status:
                theirs[f"{method} {template} {status}"] += count
        return theirs, ours

    def _sessions(self, performer: Performer) -> tuple[Counter[str], Counter[str]]:
        ours = Counter({key[1]: int(n) for key, n in self.observed.values("discord.gateway.sessions").items()})
        return Counter(entry.kind for entry in performer.simulator.ledger.sessions), ours

    def _closes(self, performer: Performer) -> tuple[Counter[str], Counter[str]]:
        ours = Counter({str(key[1]): int(n) for key, n in self.observed.values("discord.gateway.disconnects").items()})
        return Counter(str(entry.code) for entry in performer.simulator.ledger.closes), ours
