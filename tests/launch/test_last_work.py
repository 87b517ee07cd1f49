"""Work in progress at the end of the process ends with it: each span has its parent, and each piece counts once."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from discord_simulator import BackgroundSimulator
from tests.otel.receivers import Received, attributes, grpc_receiver

from .conftest import RUN, Start, until

WAITING = str(Path(__file__).with_name("waiting_bot.py"))
HANDLERS = 20

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a process that is terminated there exports nothing")


@pytest.fixture
def otlp() -> Iterator[Received]:
    yield from grpc_receiver()


def counts(otlp: Received, name: str) -> dict[tuple[object, ...], int]:
    """Return how many records each of a histogram's last points has, by the values of its attributes."""
    points = otlp.named(name)[-1].histogram.data_points if otlp.named(name) else []
    counted: Counter[tuple[object, ...]] = Counter()
    for point in points:
        known = attributes(point.attributes)
        work = known.get("discord.command.name") or known.get("discord.task.name") or known.get("discord.event.name")
        counted[work, known.get("discord.outcome"), known.get("error.type")] += point.count
    return +counted


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_handlers_under_way_end_cancelled_and_count_once(
    simulator: BackgroundSimulator, start: Start, otlp: Received, tmp_path: Path, number: int
) -> None:
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "ARGUS_HISTORY": "otlp",
        "ARGUS_HISTORY_SPOOL": str(tmp_path / "spool"),
        "ARGUS_TRACE_RATES": "discord.event=1",
    }
    bot = start(RUN, WAITING, settings=settings)
    for _ in range(HANDLERS):
        simulator.run(simulator.run(simulator.slash, "linger").response)
    simulator.run(simulator.run(simulator.say, "!stay").reply)
    simulator.run(simulator.say, "!begin")
    until(lambda: f"WAITS {HANDLERS + 3}" in bot.output, 30)
    bot.process.send_signal(number)
    assert bot.process.wait(30) == (-signal.SIGTERM if number == signal.SIGTERM else 0)
    spans = {span.span_id: span for span in otlp.spans()}
    assert len(spans) == len(otlp.spans())
    names = Counter(span.name for span in spans.values())
    assert (names["command linger"], names["lingering"]) == (HANDLERS, HANDLERS)
    assert (names["command stay"], names["task repeat"]) == (1, 1)
    orphans = [span.name for span in spans.values() if span.parent_span_id and span.parent_span_id not in spans]
    assert orphans == []
    cancelled = ("error", "CancelledError")
    # discord.py takes a prefix command that it has cancelled for one that has returned.
    stayed = cancelled if number == signal.SIGTERM else ("ok", None)
    outcomes = {"command linger": cancelled, "command stay": stayed}
    for span in spans.values():
        if span.name in outcomes:
            known = attributes(span.attributes)
            assert (known["discord.outcome"], known.get("error.type")) == outcomes[span.name]
    assert counts(otlp, "discord.interaction.duration") == {("linger", *cancelled): HANDLERS}
    durations = counts(otlp, "discord.command.duration")
    assert durations == {("linger", *cancelled): HANDLERS, ("stay", *stayed): 1, ("begin", "ok", None): 1}
    assert counts(otlp, "discord.task.duration") == {("repeat", None, None): 1}
    (times,) = otlp.named("lingering")[-1].histogram.data_points
    assert (times.count, attributes(times.attributes)) == (HANDLERS, {"error.type": "CancelledError"})
    rows = Counter(
        attributes(record.attributes)["discord.command.name"]
        for record in otlp.records()
        if record.event_name == "discord.command"
    )
    assert rows == {"linger": HANDLERS, "stay": 1, "begin": 1}
