"""Annotations reach the root span of the running work, bounded and without secrets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from argus_otel import annotate, timed
from argus_otel.custom import annotations, values
from argus_otel.otel.sampling import RootSampler
from argus_otel.otel.spans import OTelTracing
from argus_otel.telemetry import SpanKind

from .conftest import Kept
from .test_count import warned


def attributes(kept: Kept, name: str) -> dict[str, Any]:
    return dict(kept.span(name).attributes or {})


def test_the_root_is_annotated_from_wherever_the_work_has_got_to(traced: Kept) -> None:
    async def deep() -> None:
        with timed("inner"):
            annotate(user_id=123456789012345678, shard=3)
            annotate({"playlist.name": "jazz", "empty": None}, live=True, ratio=0.5)

    async def main() -> None:
        with timed("outer"):
            await asyncio.create_task(deep())

    asyncio.run(main())
    assert attributes(traced, "outer") == {
        "user_id": "123456789012345678",
        "shard": 3,
        "playlist.name": "jazz",
        "live": True,
        "ratio": 0.5,
    }
    assert attributes(traced, "inner") == {}


def test_outside_of_work_and_after_its_end_nothing_happens(traced: Kept, caplog: pytest.LogCaptureFixture) -> None:
    annotate(a=1)

    async def late() -> None:
        await asyncio.sleep(0.01)
        annotate(late=True)

    async def main() -> None:
        with timed("outer"):
            task = asyncio.create_task(late())
        await task

    asyncio.run(main())
    assert attributes(traced, "outer") == {}
    assert caplog.records == []


def test_a_trace_that_is_not_kept_is_not_annotated(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    none = RootSampler(ALWAYS_OFF, 0.0)
    kept.telemetry.tracing = OTelTracing(kept.provider.get_tracer("test"), kept.telemetry, none)
    with timed("outer"):
        annotate(a=object())
    assert kept.spans() == []
    assert caplog.records == []  # attributes of an unsampled span are not checked


def test_values_are_bounded_and_redacted(traced: Kept) -> None:
    secret = "hunter2" * 20
    traced.telemetry.redact.add_secret(secret)
    with timed("outer"):
        annotate(query="q" * 10_000, key=f"before {secret} after", many=secret * 1000, big=10**70)
    found = attributes(traced, "outer")
    assert found["query"] == "q" * values.MAX_ANNOTATION_LENGTH
    assert found["key"] == "before [redacted] after"
    assert len(found["many"]) <= values.MAX_ANNOTATION_LENGTH
    assert "hunter2" not in str(found)
    assert found["big"] == str(10**70)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": object()}, "an attribute is a str, a bool, an int, or a finite float, not object"),
        ({"a": ["x"]}, "not list"),
        ({"a": float("inf")}, "not float"),
        ({"a": 10**5000}, "not int"),
        ({"a b": 1}, "an attribute's name begins with a letter"),
        ({"": 1}, "an attribute's name begins with a letter"),
        ({5: 1}, "an attribute's name begins with a letter"),
        ({"discord.user.id": "1"}, "argus-otel sets this attribute itself"),
        ({"error.type": "x"}, "argus-otel sets this attribute itself"),
    ],
)
def test_what_is_wrong_is_left_out_and_the_rest_is_not(
    traced: Kept, caplog: pytest.LogCaptureFixture, given: dict[Any, Any], expected: str
) -> None:
    with timed("outer"):
        for _ in range(3):
            annotate(given, fine=1)
    assert attributes(traced, "outer") == {"fine": 1}
    (warning,) = warned(caplog)
    assert expected in warning
    assert "It is left out. (Reported once.)" in warning


@pytest.mark.parametrize("given", ["text", 5, [("a", 1)]])
def test_what_is_no_mapping_is_told(traced: Kept, caplog: pytest.LogCaptureFixture, given: Any) -> None:
    with timed("outer"):
        annotate(given)
    assert "annotate takes a mapping or keywords" in warned(caplog)[0]


def test_the_roots_own_attributes_are_never_pushed_out(traced: Kept) -> None:
    tracing = traced.telemetry.tracing
    assert tracing is not None
    root = tracing.root("command play", SpanKind.SERVER, lambda: {"discord.guild.id": "1"})
    root.attach()
    for number in range(500):
        annotate({f"a{number}": number})
    root.detach()
    root.end(None, failed=False)
    found = attributes(traced, "command play")
    assert found["discord.guild.id"] == "1"
    assert len(found) == annotations.MAX_ANNOTATIONS + 1
