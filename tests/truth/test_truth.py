"""Every metric and every kind of span, held against what really happened, in a storm.

Two shards, more than two hundred pieces of work at a time, reconnects, resumes and faults in the middle. Counts have to
be equal, durations within 5 ms or 5 %.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from argus_otel.catalogues import CATALOGUES, EXTERNAL
from argus_otel.sources.discord.catalogue import GUILD_JOIN_EVENT, GUILD_LEAVE_EVENT
from argus_otel.telemetry.catalogue import ATTRIBUTE_OVERFLOW, HOOK_ERRORS
from argus_otel.telemetry.definitions import EXCEPTION_ATTRIBUTES
from discord_simulator import BackgroundSimulator, RateLimited

from ..attribute_types import catalogued_types, mistyped
from ..launch.conftest import RUN, Bot, Receiver, until
from . import truths
from .storm import Evidence, Storm, read_journal

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]

WITNESS = Path(__file__).with_name("witness.py")

ACK_DELAY = 0.1


STORMS = 5
"""How many there are at the most, the later ones only where durations differ: what work waits for a processor is in one
side's time only, and the machine may not be ours alone. Each duration has to agree in one of them."""


class Storms:
    """Storms, one after the other, each with a bot of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: list[Evidence] = []

    def __getitem__(self, number: int) -> Evidence:
        while len(self._seen) <= number:
            self._seen.append(rage(self._folder / f"journal-{len(self._seen)}"))
        return self._seen[number]


@pytest.fixture(scope="module")
def storms(tmp_path_factory: pytest.TempPathFactory) -> Storms:
    return Storms(tmp_path_factory.mktemp("truth"))


@pytest.fixture
def evidence(storms: Storms) -> Evidence:
    return storms[0]


def rage(journal: Path) -> Evidence:
    """Let a storm rage over a bot, and return what both sides say of it."""
    receiver = Receiver()
    with BackgroundSimulator(
        shards=2,
        guilds=4,
        heartbeat_interval=1.0,
        heartbeat_ack_delay=ACK_DELAY,
        voice_heartbeat_interval=1.0,
    ) as simulator:
        simulator.voice_heartbeat_ack_delay = ACK_DELAY
        bot = start(simulator, receiver, journal)
        try:
            evidence = gather(simulator, receiver, bot, journal)
            # Now, since the ledger goes on: the bot's end is in it too.
            for table in (truths.METRICS, truths.SPANS, truths.EVENTS):
                evidence.rows.update({truth: answer(truth, evidence) for truth in table.values()})
            return evidence
        finally:
            bot.end()
            receiver.stop()


def answer(truth: truths.Truth, evidence: Evidence) -> list[truths.Row] | Exception:
    """Return both sides' numbers, or what kept them from being had."""
    try:
        return list(truth(evidence))
    except (LookupError, ValueError) as error:
        return error


def start(simulator: BackgroundSimulator, receiver: Receiver, path: Path) -> Bot:
    """Start the witness."""
    settings = {
        "WITNESS_JOURNAL": str(path),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_BSP_MAX_QUEUE_SIZE": "100000",
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        "ARGUS_TRACE_RATES": "discord.event=1",
        "ARGUS_HISTORY": "true",
        "ARGUS_HISTORY_USERS": "plain",
        "ARGUS_HISTORY_SPOOL": str(path.with_name("spool")),
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
    return Evidence(simulator.ledger, journal, storm.done, bot.metrics(), calm, receiver.received, concurrency)


def told(rows: list[truths.Row]) -> str:
    """Return the table."""
    return "\n".join([f"  {'':<70} {'true':>14} {'ours':>14}", *map(str, rows)])


def agree(truth: truths.Truth, storms: Storms) -> None:
    """Assert that both sides say the same, and show what they say."""
    differ: set[str] | None = None
    for number in range(STORMS):
        rows = storms[number].rows[truth]
        if isinstance(rows, Exception):
            raise rows
        print(told(rows))
        assert rows
        wrong = {row.thing: row for row in rows if not row.agrees}
        assert all(row.within for row in wrong.values()), f"ours differ from what is true:\n{told(rows)}"
        agreed = {row.thing for row in rows} - wrong.keys()
        differ = set(wrong) if differ is None else differ - agreed
        if not differ:
            return
    pytest.fail(f"ours differ from what is true, in each of {STORMS} storms, of {differ}:\n{told(rows)}")


def test_the_storm_was_one(evidence: Evidence) -> None:
    assert evidence.concurrency >= 200
    assert len(evidence.ledger.interactions_now()) > 300
    assert {kind for _, kind in evidence.ledger.session_counts()} == {"identify", "resume"}
    assert sum(evidence.ledger.ratelimit_counts().values()) > 5


def test_nothing_of_ours_failed(evidence: Evidence) -> None:
    assert evidence.metrics.total(HOOK_ERRORS) in (None, 0)
    assert evidence.metrics.total(ATTRIBUTE_OVERFLOW) in (None, 0)


# What the system says of a process, which tests/process_source/test_usage.py compares with psutil while it runs; and
# history in daily files, which the storm's is not (tests/history_bot/test_files.py).
TOLD_ELSEWHERE = {
    "process.cpu.time",
    "process.memory.usage",
    "process.thread.count",
    "process.unix.file_descriptor.count",
    "process.windows.handle.count",
    "cpython.gc.collections",
    "cpython.gc.collected_objects",
    "cpython.gc.uncollectable_objects",
    "argus.history.expired",
}

WITHOUT_A_BOT = {"checks", "graphs", "training"}
"""Sources that observe no bot; their own ``test_truth.py`` has a truth for each of their signals."""

OF_A_BOT = [catalogue for catalogue in CATALOGUES if catalogue.name not in WITHOUT_A_BOT]


def test_there_is_a_truth_for_everything() -> None:
    defined = {metric.name for catalogue in OF_A_BOT for metric in catalogue.metrics}
    assert truths.METRICS.keys() == defined - TOLD_ELSEWHERE
    assert truths.SPANS.keys() == {span.name for catalogue in OF_A_BOT for span in catalogue.spans}
    assert truths.EVENTS.keys() == {event.name for catalogue in OF_A_BOT for event in catalogue.events}


@pytest.mark.parametrize("name", truths.METRICS)
def test_a_metric_is_true(storms: Storms, name: str) -> None:
    agree(truths.METRICS[name], storms)


@pytest.mark.parametrize("name", truths.SPANS)
def test_a_span_is_true(storms: Storms, name: str) -> None:
    agree(truths.SPANS[name], storms)


@pytest.mark.parametrize("name", truths.EVENTS)
def test_an_event_is_true(storms: Storms, name: str) -> None:
    agree(truths.EVENTS[name], storms)


# -- the catalogue lists what is emitted, and all that is

# Attributes of what does not happen in a storm.
NOT_IN_A_STORM = {
    "discord.voice.connect.duration": {"error.type"},
    "voice connect": {"error.type"},
    "{name}": {"error.type"},
    "argus.process.info": {"service.version"},
}
OF_SOURCES = {"argus.process.info": {"discord.library.name", "discord.library.version"}}
"""Attributes that sources add to the resource, and so to the metric that repeats it."""


def test_every_metric_of_the_catalogue_is_emitted_with_its_attributes_and_no_other(evidence: Evidence) -> None:
    defined = {metric.name: metric for catalogue in OF_A_BOT for metric in catalogue.metrics}
    borrowed = {metric.name for each in EXTERNAL for metric in each.metrics}
    emitted = {name: data for name, data in evidence.received.metrics.items() if name not in borrowed}
    # What has not happened has no point, and a metric without a point is not sent.
    unseen = {HOOK_ERRORS.name, ATTRIBUTE_OVERFLOW.name}
    unseen.add("process.unix.file_descriptor.count" if sys.platform == "win32" else "process.windows.handle.count")
    own = emitted.pop("by_hand")
    assert own.unit == "s"
    assert emitted.keys() | unseen == defined.keys()
    for name, data in emitted.items():
        metric = defined[name]
        assert data.unit == metric.unit
        assert data.description == metric.description
        seen = {pair.key for point in points(data) for pair in point.attributes} - OF_SOURCES.get(name, set())
        assert seen == {attribute.name for attribute in metric.attributes} - NOT_IN_A_STORM.get(name, set()), name


def points(metric: Any) -> Any:
    """Return a received metric's points."""
    return getattr(metric, metric.WhichOneof("data")).data_points


def test_every_span_has_attributes_of_the_catalogue_and_no_other(evidence: Evidence) -> None:
    spans = {span.name: span for catalogue in OF_A_BOT for span in catalogue.spans}
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for span in evidence.received.spans:
        seen[truths.definition_of(span).name] |= truths.attributes(span).keys()
    assert seen.keys() == spans.keys()
    for name, keys in seen.items():
        assert keys == set(spans[name].attributes) - NOT_IN_A_STORM.get(name, set()), name


def test_every_event_has_attributes_of_the_catalogue_and_no_other(evidence: Evidence) -> None:
    events = {event.name: event for catalogue in OF_A_BOT for event in catalogue.events}
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for _, record in evidence.received.records:
        if record.event_name:
            seen[record.event_name] |= truths.attributes(record).keys() - {"event.name"}
    for also_in_history in (GUILD_JOIN_EVENT, GUILD_LEAVE_EVENT):
        seen[also_in_history.name].remove("argus.history.id")
    # What a caller may handle, and choices that cannot be shown, do not fail in a storm.
    unseen = {"argus.timed.exception", "discord.autocomplete.exception", "discord.voice.exception"}
    assert seen.keys() | unseen == events.keys()
    for name, keys in seen.items():
        if name.endswith(".exception"):  # with those attributes of the operation that are known
            assert set(EXCEPTION_ATTRIBUTES) <= keys <= set(events[name].attributes), name
        else:
            assert keys == set(events[name].attributes), name


def test_every_attribute_has_the_type_that_the_catalogue_says(evidence: Evidence) -> None:
    received = evidence.received
    emitted = [point for data in received.metrics.values() for point in points(data)]
    marks = [mark for span in received.spans for mark in span.events]
    # What history holds besides its columns is text there, whatever it was.
    records = [record for _, record in received.records if "argus.history.id" not in truths.attributes(record)]
    everything: list[Any] = [*emitted, *received.spans, *marks, *records]
    assert mistyped(catalogued_types(*OF_A_BOT), map(truths.attributes, everything)) == {}
