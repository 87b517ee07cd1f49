"""Every metric and every kind of span, held against what really happened, in a storm.

Two shards, more than two hundred pieces of work at a time, reconnects, resumes and faults in the middle. Counts have to
be equal, durations within 5 ms or 5 %.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from argus_otel.simulator import BackgroundSimulator, RateLimited
from argus_otel.sources.discord import catalogue

from ..launch.conftest import RUN, Bot, Receiver, until
from . import truths
from .storm import Evidence, Storm, read_journal

WITNESS = Path(__file__).with_name("witness.py")

ACK_DELAY = 0.1


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    path = tmp_path_factory.mktemp("truth") / "journal"
    receiver = Receiver()
    with BackgroundSimulator(shards=2, guilds=4, heartbeat_interval=1.0, heartbeat_ack_delay=ACK_DELAY) as simulator:
        bot = start(simulator, receiver, path)
        try:
            yield gather(simulator, receiver, bot, path)
        finally:
            bot.end()
            receiver.stop()


def start(simulator: BackgroundSimulator, receiver: Receiver, path: Path) -> Bot:
    """Start the witness."""
    settings = {
        "WITNESS_JOURNAL": str(path),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_BSP_MAX_QUEUE_SIZE": "100000",
        "ARGUS_TRACE_RATES": "event=1",
    }
    bot = Bot.started(simulator, RUN, str(WITNESS), settings=settings)
    try:
        simulator.run(simulator.ready, 2, 30.0)
    except TimeoutError:
        bot.end()
        pytest.fail(f"the witness did not come up:\n{bot.output}")
    return bot


def gather(simulator: BackgroundSimulator, receiver: Receiver, bot: Bot, path: Path) -> Evidence:
    """Let the storm rage, and return what both sides say of it."""
    storm = Storm(simulator)
    asyncio.run(storm.rage())
    simulator.run(simulator.ready, 2, 30.0)
    asyncio.run(storm.after())
    simulator.run(simulator.settle, 10.0)
    time.sleep(1.0)
    before = bot.metrics()
    simulator.faults.add(
        RateLimited("user", retry_after=0.3), method="POST", template="/channels/{channel_id}/messages", times=1
    )
    asyncio.run(storm.ask("!repeat"))
    simulator.run(simulator.settle, 10.0)
    time.sleep(0.5)
    calm = bot.metrics().since(before)
    asyncio.run(storm.ask("!calm"))
    until(lambda: '"state"' in path.read_text(encoding="utf-8"), 15.0)
    time.sleep(2.5)  # two heartbeats, and the last batch of spans
    journal, concurrency = read_journal(path)
    return Evidence(simulator.ledger, journal, storm.done, bot.metrics(), calm, receiver.received, concurrency, bot)


def told(rows: list[truths.Row]) -> str:
    """Return the table."""
    return "\n".join([f"  {'':<70} {'true':>14} {'ours':>14}", *map(str, rows)])


def agree(truth: truths.Truth, evidence: Evidence) -> None:
    """Assert that both sides say the same, and show what they say."""
    rows = list(truth(evidence))
    print(told(rows))
    assert rows
    assert all(row.agrees for row in rows), f"ours differ from what is true:\n{told(rows)}"


def test_the_storm_was_one(evidence: Evidence) -> None:
    assert evidence.concurrency >= 200
    assert len(evidence.ledger.interactions_now()) > 300
    assert {kind for _, kind in evidence.ledger.session_counts()} == {"identify", "resume"}
    assert sum(evidence.ledger.ratelimit_counts().values()) > 5


def test_nothing_of_ours_failed(evidence: Evidence) -> None:
    assert evidence.metrics.total(truths.HOOK_ERRORS) in (None, 0)
    assert evidence.metrics.total(truths.ATTRIBUTE_OVERFLOW) in (None, 0)


def test_there_is_a_truth_for_everything() -> None:
    assert truths.METRICS.keys() >= {metric.name for metric in catalogue.CATALOGUE.metrics}
    assert truths.SPANS.keys() == {span.name for span in catalogue.CATALOGUE.spans}


@pytest.mark.parametrize("name", truths.METRICS)
def test_a_metric_is_true(evidence: Evidence, name: str) -> None:
    agree(truths.METRICS[name], evidence)


@pytest.mark.parametrize("name", truths.SPANS)
def test_a_span_is_true(evidence: Evidence, name: str) -> None:
    agree(truths.SPANS[name], evidence)
