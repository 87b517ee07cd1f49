"""Logs a run of three values, and inserts its rows into the embedded engine: the process of :mod:`.stored`."""

from __future__ import annotations

import json
import math
import random
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from unittest.mock import patch

from argus_otel.history.record import buffer as record
from argus_otel.history.record.buffer import BATCH, EventBuffer
from argus_otel.history.record.stats import Stats
from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.schema import Schema
from argus_otel.settings import Settings
from argus_otel.sources.training import points
from argus_otel.sources.training.history import MODEL
from argus_otel.sources.training.recorder import Recorder
from argus_otel.sources.training.settings import TrainingSettings
from argus_otel.sources.training.values import Values
from argus_otel.telemetry import Telemetry

_EPOCH = 1000
"""Steps of an epoch."""
_BATCH = 64


def curves(kind: str, steps: int) -> Iterator[dict[str, float]]:
    """Yield the values of each step: random ones, or those of a run whose loss falls, as single precision has them."""
    dice = random.Random(1)
    if kind == "random":
        for _ in range(steps):
            yield {"loss": dice.random(), "accuracy": dice.random(), "lr": dice.random()}
        return
    for step in range(steps):
        loss = (0.2 + 2 * math.exp(-5 * step / steps)) * math.exp(dice.gauss(0, 0.1))
        right = min(_BATCH, max(0, round(dice.gauss(_BATCH * math.exp(-loss), 4))))
        rate = 5e-4 * (1 + math.cos(math.pi * step / steps))
        single = array("f", (loss, right / _BATCH, rate))
        yield dict(zip(("loss", "accuracy", "lr"), single, strict=True))


def logged(kind: str, steps: int, each: float) -> list[Row]:
    """Return the rows of a run, each with the steps of a second, but a hundred at most.

    Parameters
    ----------
    each:
        How long a step takes, in seconds; a tenth more or less. The clocks are set to that, or it would take as long.
    """
    telemetry = Telemetry()
    resource = {"service.instance.id": "bench-1", "host.name": "host"}
    buffer = telemetry.history = EventBuffer("bench", resource, (), str, Stats(telemetry, "exporter:history"))
    run = Recorder(telemetry, Settings.resolve({})[TrainingSettings], lambda: None).begin("loop", "Net")
    values_of = Values(telemetry)
    dice = random.Random(2)
    rows: list[Row] = []
    now = read = time.time_ns()
    with patch.object(points, "time_ns", lambda: now), patch.object(record, "time_ns", lambda: now):
        for step, values in enumerate(curves(kind, steps)):
            now += int(each * 1e9 * dice.uniform(0.9, 1.1))
            run.epoch = step / _EPOCH
            values_of.log(run, tuple(values), list(values.values()), step, "train")
            if now - read > 1e9:
                read = now
                rows += buffer.take()
    while len(buffer):
        rows += buffer.take()
    return rows


def _insert(store: Store, rows: Sequence[Row]) -> None:
    for start in range(0, len(rows), BATCH):
        store.insert(rows[start : start + BATCH])


def main() -> None:
    """Print the bytes of a stored point, and the time of an inserted step in µs."""
    kind, steps, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    slow, fast = logged(kind, steps, 0.02), logged(kind, steps, 1e-4)
    with connect(f"chdb:{directory}") as store:
        migrations.migrate(store, Schema((MODEL,)))
        _insert(store, slow)
        store.command("optimize table training_points final")
        [(found, size)] = store.query(
            "select sum(rows), sum(data_compressed_bytes + marks_bytes) from system.parts"
            " where active and table = 'training_points'"
        )
        began = time.perf_counter()
        _insert(store, fast)
        took = time.perf_counter() - began
    assert found == 3 * steps, found
    print(json.dumps({"point": size / found, "insert": took / steps * 1e6}))


if __name__ == "__main__":
    main()
