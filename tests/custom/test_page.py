"""The page on custom instrumentation is right: every snippet runs, and does what the page says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from argus_otel.custom import annotations, events, metrics, misuse, registry, values
from argus_otel.otel.prometheus import PrometheusReader
from argus_otel.telemetry import SpanKind
from argus_otel.testing import until

from .conftest import Kept
from .test_count import warned
from .test_export import connect, provider_with
from .test_timed import parent

PAGE = (Path(__file__).parents[2] / "docs" / "custom-instrumentation.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run(snippet: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(snippet, names)  # noqa: S102 - our own page
    return names


def test_each_snippet_is_exercised_here() -> None:
    assert len(SNIPPETS) == 6


def test_the_first_snippet(traced: Kept, caplog: pytest.LogCaptureFixture) -> None:
    run(SNIPPETS[0])
    assert traced.counts("songs.played") == {(("genre", "jazz"),): 1}
    assert traced.times("db.query") == {(("table", "songs"),): 1}
    assert warned(caplog) == []


def test_what_is_counted_is_served_as_the_page_shows(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    from prometheus_client import generate_latest

    reader = PrometheusReader()
    provider = provider_with(kept, reader)
    connect(kept, provider, provider)
    run(SNIPPETS[1])
    until(lambda: len(re.findall(rb"^(?:songs|coins)_", generate_latest(reader.registry), re.MULTILINE)) == 3)
    text = re.sub(r'otel_scope_\w+="[^"]*",?', "", generate_latest(reader.registry).decode())
    (shown,) = re.findall(r"```text\n(songs_.*?)```", PAGE, re.DOTALL)
    lines = {line.replace(",}", "}") for line in text.splitlines()}
    assert set(shown.splitlines()) <= lines
    assert warned(caplog) == []


def test_what_is_timed_nests_as_the_page_draws(traced: Kept, caplog: pytest.LogCaptureFixture) -> None:
    names = run(SNIPPETS[2])
    tracing = traced.telemetry.tracing
    assert tracing is not None

    async def command() -> None:
        root = tracing.root("command play", SpanKind.SERVER, dict)
        root.attach()
        assert await names["build"](2) == ["So What"] * 2
        root.detach()
        root.end(None, failed=False)

    asyncio.run(command())
    assert [parent(traced, name) for name in ("playlist.build", "db.query")] == ["command play", "playlist.build"]
    assert traced.times("playlist.build") == {(): 1}
    assert warned(caplog) == []


def test_a_command_is_a_command_still(caplog: pytest.LogCaptureFixture) -> None:
    app_commands = pytest.importorskip("discord.app_commands")
    names = run(SNIPPETS[3])
    assert isinstance(names["stats"], app_commands.Command)
    assert warned(caplog) == []


def test_what_is_annotated_is_on_the_root(traced: Kept, caplog: pytest.LogCaptureFixture) -> None:
    from argus_otel import timed

    names = run(SNIPPETS[4])

    async def main() -> None:
        with timed("outer"):
            await asyncio.create_task(names["find"]("So What", 123456789012345678))

    asyncio.run(main())
    assert dict(traced.span("outer").attributes or {}) == {
        "user_id": "123456789012345678",
        "cached": True,
        "song.title": "So What",
    }
    assert warned(caplog) == []


def test_what_is_recorded_is_in_history(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    names = run(SNIPPETS[5])
    recorded: list[tuple[Any, ...]] = []
    kept.telemetry.history = lambda event, attributes, duration, event_id=None: recorded.append(
        (event.name, attributes, duration)
    )
    asyncio.run(names["finish"](81384788765712384, "So What", 545.0))
    kept.telemetry.history = None
    assert recorded == [("song.played", {"discord.guild.id": "81384788765712384", "title": "So What"}, 545.0)]
    assert warned(caplog) == []


def test_the_limits_are_those_of_the_page() -> None:
    caps = PAGE.partition("| Limit | Maximum |")[2].partition("## What it costs")[0]
    rows = dict(re.findall(r"^\| ([^|]+) \| (\d+)[, ]", caps, re.MULTILINE))
    assert {name: int(value) for name, value in rows.items()} == {
        "metrics of your own": registry.MAX_METRICS,
        "attributes of a metric": metrics.MAX_ATTRIBUTES,
        "values of an attribute": metrics.CARDINALITY_LIMIT,
        "characters of a text": values.MAX_VALUE_LENGTH,
        "what looks like an id: 15 to 20 digits in a row": 0,
        "series of a metric": metrics.MAX_SERIES,
        "attributes that annotations bring, by name": annotations.MAX_ANNOTATIONS,
        "names of events that are recorded": events.MAX_EVENTS,
        "attributes of an event, characters of a text": events.MAX_EVENT_ATTRIBUTES,
    }
    assert f"cut after {values.MAX_ANNOTATION_LENGTH} characters" in PAGE
    assert misuse.MAX_WARNINGS == 100
