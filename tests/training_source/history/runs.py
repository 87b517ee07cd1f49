"""Rows of training runs: of real ones, and single ones as these write them."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace

from argus_otel import training
from argus_otel.history.record.buffer import EventBuffer
from argus_otel.history.record.stats import Stats
from argus_otel.history.row import Row
from argus_otel.sources.training import attributes as a
from argus_otel.telemetry import AttributeValue, Telemetry
from argus_otel.testing import observe

RESOURCE = {"host.name": "gpu-1", "service.instance.id": "i-1"}


def rows_of(*actions: Callable[[], object], service: str = "shop") -> list[Row]:
    """Run actions under observation, and return the rows that history would send. What they raise is caught."""
    buffer = EventBuffer(service, RESOURCE, (), str, Stats(Telemetry(), "exporter:history"))
    with observe("training") as observation:
        observation.telemetry.history = buffer
        for action in actions:
            with contextlib.suppress(Exception):
                action()
        assert observation.telemetry.guard.faults == {}
    rows: list[Row] = []
    while len(buffer):
        rows += buffer.take()
    return rows


def trained(
    name: str, losses: Iterable[float], *, group: str = "", run_id: str = "", first: int = 0, fails: bool = False
) -> Callable[[], object]:
    """Return a training run that logs its loss at each step."""

    def train() -> None:
        with training.run(name, model="Net", group=group, run_id=run_id, config={"lr": 0.1, "api_key": "x"}) as run:
            for step, loss in enumerate(losses, first):
                run.log({"loss": loss}, step=step, epoch=step / 10)
            if fails:
                raise KeyError(name)

    return train


def of(rows: Iterable[Row], event: str) -> list[Row]:
    return [row for row in rows if row.event == event]


def row(run: str, event: str, time: float, *, attempt: int = 1, duration: float = 0.0, **more: AttributeValue) -> Row:
    """Return a row; the time is in seconds since 1970, and attributes are named by their last words."""
    attributes = {a.RUN.name: run, a.ATTEMPT.name: attempt}
    known = {"outcome": a.OUTCOME.name, "step": a.STEP.name, "name": a.NAME.name, "group": a.GROUP.name}
    attributes |= {known.get(name, name): value for name, value in more.items()}
    return Row(int(time * 1e6), event, str(uuid.uuid4()), "shop", RESOURCE, duration, attributes)


def point(
    run: str,
    step: int,
    time: float,
    value: object,
    *,
    attempt: int = 1,
    rank: int = 0,
    phase: str = "train",
    names: str = "loss",
    epoch: float = 0.0,
) -> Row:
    """Return the row of a logged step."""
    more: dict[str, AttributeValue] = {
        a.RANK.name: rank,
        a.PHASE.name: phase,
        a.EPOCH.name: epoch,
        a.NAMES.name: names,
        a.VALUES.name: str(value),
    }
    made = row(run, "training.points", time, attempt=attempt, step=step)
    return replace(made, attributes={**made.attributes, **more})
