"""A span of ours that is recorded only comes out as the SDK's own would have."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace import Span as SDKSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, TraceIdRatioBased
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags

from argus_otel.otel.lazy_spans import LazySpan, LazySpanFactory, TracerProvider, readable
from argus_otel.otel.sampling import SAMPLE_ALL
from argus_otel.otel.scope import SCOPE
from argus_otel.telemetry import SpanRef, Telemetry
from argus_otel.version import __version__

LINK = Link(SpanContext(7, 8, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)))


class Recording:
    """A provider of ours, and the place where its spans end."""

    def __init__(self, *more: SpanProcessor) -> None:
        telemetry = Telemetry()
        self.exporter = readable(InMemorySpanExporter, telemetry.redact)()
        resource = Resource.create({"service.name": "bot"})
        self.provider = TracerProvider(SAMPLE_ALL, resource, [SimpleSpanProcessor(self.exporter)], telemetry.guard)
        for processor in more:
            self.provider.add_span_processor(processor)
        self.recorder = LazySpanFactory(self.provider)

    def ours(self, **attributes: Any) -> LazySpan:
        return self.recorder.start("work", SpanKind.SERVER, attributes, links=[SpanRef(7, 8)])

    def theirs(self, **attributes: Any) -> trace.Span:
        tracer = self.provider.get_tracer(SCOPE, __version__)
        return tracer.start_span("work", trace.Context(), SpanKind.SERVER, attributes, [LINK])

    @property
    def exported(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())


@pytest.fixture
def recording() -> Recording:
    return Recording()


def shown(span: ReadableSpan) -> dict[str, Any]:
    """Return all that a span says, but for its ids and times."""
    facts: dict[str, Any] = json.loads(span.to_json())
    del facts["start_time"], facts["end_time"], facts["context"]["trace_id"], facts["context"]["span_id"]
    for event in facts["events"]:
        del event["timestamp"]
    scope = span.instrumentation_scope
    assert span.context is not None
    return {
        **facts,
        "scope": scope and (scope.name, scope.version, scope.schema_url or "", dict(scope.attributes or {})),
        "flags": int(span.context.trace_flags),
        "dropped": (span.dropped_attributes, span.dropped_events, span.dropped_links),
    }


def nothing(_: trace.Span) -> None:
    """Leave it as it is."""


def attributes(span: trace.Span) -> None:
    span.set_attribute("text", "x" * 20)
    span.set_attributes({"number": 1, "share": 0.5, "yes": True})


def texts(span: trace.Span) -> None:
    span.set_attributes({"words": ("a", "b" * 20), "none": ()})


def strange_attributes(span: trace.Span) -> None:
    words = ["a", "b"]
    span.set_attributes({"words": words, "thing": object})  # type: ignore[dict-item]
    words.append("never seen")
    span.set_attribute("after", "wards")


def strange_names(span: trace.Span) -> None:
    span.set_attributes({"": "empty", 1: "number"})  # type: ignore[dict-item]
    span.set_attribute("", "empty")


def many_attributes(span: trace.Span) -> None:
    span.set_attributes({f"name{number}": number for number in range(200)})


def another_name(span: trace.Span) -> None:
    span.update_name("other work")


def events(span: trace.Span) -> None:
    span.set_attribute("before", 1)
    span.add_event("thing happened", {"how": "well"})
    for number in range(200):
        span.add_event(f"event {number}")


def links(span: trace.Span) -> None:
    span.add_link(SpanContext(9, 10, is_remote=True), {"why": "because"})


def failure(span: trace.Span) -> None:
    try:
        int("no")
    except ValueError as error:
        span.record_exception(error, {"more": 1})
    span.set_status(StatusCode.ERROR, "no")
    span.update_name("failed work")


USES = [
    nothing,
    attributes,
    texts,
    strange_attributes,
    strange_names,
    many_attributes,
    another_name,
    events,
    links,
    failure,
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "2"},
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "3"},
        {"OTEL_SPAN_LINK_COUNT_LIMIT": "0", "OTEL_SPAN_EVENT_COUNT_LIMIT": "1"},
    ],
    ids=["as usual", "two attributes", "short texts", "no links"],
)
def test_it_comes_out_as_the_sdks_would(
    use: Callable[[trace.Span], None], limits: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in limits.items():
        monkeypatch.setenv(name, value)
    recording = Recording()
    for span in (recording.ours(first="1", second=2), recording.theirs(first="1", second=2)):
        use(span)
        span.end()
    ours, theirs = recording.exported
    assert shown(ours) == shown(theirs)
    assert isinstance(ours, ReadableSpan)
    assert ours.start_time is not None
    assert ours.end_time is not None
    assert 0 <= ours.end_time - ours.start_time < 5e9


def test_it_keeps_ids_and_times_when_it_becomes_the_sdks(recording: Recording) -> None:
    parent = recording.ours()
    span = recording.recorder.start("inner", SpanKind.CLIENT, {}, parent.context)
    started = span.start_time
    span.add_event("thing happened")
    span.end(started + 1000)
    parent.end()
    exported = recording.exported[0]
    assert exported.context == span.context
    assert exported.parent is not None
    assert exported.parent.span_id == parent.context.span_id
    assert (exported.start_time, exported.end_time) == (started, started + 1000)


@pytest.mark.parametrize("use", [nothing, events])
def test_whoever_reads_it_finds_what_the_sdks_span_shows(
    recording: Recording, use: Callable[[trace.Span], None]
) -> None:
    ours, theirs = recording.ours(first="1"), recording.theirs(first="1")
    for span in (ours, theirs):
        use(span)
    for name in ("name", "attributes", "kind", "parent", "resource", "end_time", "instrumentation_scope"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert [link.context for link in ours.links] == [link.context for link in getattr(theirs, "links")]  # noqa: B009
    assert len(ours.events) == len(getattr(theirs, "events"))  # noqa: B009
    assert not hasattr(ours, "nothing_of_the_kind")


@pytest.mark.parametrize("use", [nothing, events])
def test_what_comes_after_its_end_is_in_vain_and_said(
    recording: Recording, use: Callable[[trace.Span], None], caplog: pytest.LogCaptureFixture
) -> None:
    span = recording.ours()
    use(span)
    assert span.is_recording()
    span.end()
    assert not span.is_recording()
    before = [shown(it) for it in recording.exported]
    with caplog.at_level(logging.WARNING):
        for late in (another_name, attributes, strange_attributes, failure, SDKSpan.end):
            caplog.clear()
            late(span) if late is not SDKSpan.end else span.end()  # type: ignore[arg-type]
            assert caplog.records
    assert [shown(it) for it in recording.exported] == before


def test_a_processor_of_somebody_elses_sees_the_sdks_spans_from_their_start() -> None:
    class Watching(SpanProcessor):
        def __init__(self) -> None:
            self.seen: list[tuple[str, type[object]]] = []

        def on_start(self, span: SDKSpan, parent_context: object = None) -> None:
            self.seen.append(("start", type(span)))

        def on_end(self, span: ReadableSpan) -> None:
            self.seen.append(("end", type(span)))

    recording, watching = Recording(), Watching()
    assert recording.provider.alone
    early = recording.ours()
    recording.provider.add_span_processor(watching)
    assert not recording.provider.alone
    early.end()  # begun before they came
    assert watching.seen == [("end", ReadableSpan)]


def test_where_the_sdk_counts_spans_or_another_sampler_decides_it_has_to_see_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not TracerProvider(TraceIdRatioBased(0.5), Resource.create(), [], Telemetry().guard).alone
    assert not TracerProvider(ALWAYS_ON, Resource.create(), [], Telemetry().guard).alone
    monkeypatch.setenv("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "true")
    assert not TracerProvider(SAMPLE_ALL, Resource.create(), [], Telemetry().guard).alone


def test_threads_may_use_one_span_at_once() -> None:
    recording = Recording()
    for _ in range(50):
        span = recording.ours()
        threads = [Thread(target=use, args=(span,)) for use in (events, strange_attributes, attributes, failure)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        span.end()
    assert len(recording.exported) == 50
    for exported in recording.exported:
        assert exported.name == "failed work"
        assert {"number", "after", "words"} <= set(exported.attributes or {})


def test_batches_hold_it_as_it_is_until_they_are_exported() -> None:
    telemetry = Telemetry()
    exporter = readable(InMemorySpanExporter, telemetry.redact)()
    batches = BatchSpanProcessor(exporter)
    recorder = LazySpanFactory(TracerProvider(SAMPLE_ALL, Resource.create(), [batches], telemetry.guard))
    recorder.start("work", SpanKind.SERVER, {"a": 1}).end()
    assert exporter.get_finished_spans() == ()
    recorder.provider.force_flush()
    (exported,) = exporter.get_finished_spans()
    assert type(exported) is ReadableSpan
    recorder.provider.shutdown()
