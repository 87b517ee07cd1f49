from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import pytest
import requests
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import StatusCode

from argus_otel.otel import lazy_spans
from argus_otel.otel.lazy_spans import LazySpanFactory, readable
from argus_otel.otel.sampling import SAMPLE_ALL, RootSampler
from argus_otel.otel.spans import OTelTracing, suppress_http_instrumentation
from argus_otel.telemetry import SpanKind, SpanRef, Telemetry


class Traced:
    """A tracer with a place where its spans end; of the SDK's provider, or of ours."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self.telemetry = Telemetry()
        if isinstance(sampler, RootSampler):
            self.exporter = readable(InMemorySpanExporter, self.telemetry.redact)()
            processor = SimpleSpanProcessor(self.exporter)
            self.provider = lazy_spans.TracerProvider(sampler, Resource.create(), [processor], self.telemetry.guard)
            recorder = LazySpanFactory(self.provider)
            self.tracing = OTelTracing(self.provider.get_tracer("test"), self.telemetry, sampler, recorder)
        else:
            self.exporter = InMemorySpanExporter()
            self.provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
            self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
            self.tracing = OTelTracing(self.provider.get_tracer("test"), self.telemetry)

    def start(self, name: str, kind: SpanKind, attributes: dict[str, object], *, root: bool = False, links: tuple = ()):
        if root:
            return self.tracing.root(name, kind, lambda: attributes, links=links)
        return self.tracing.child(name, kind, attributes)

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}


@pytest.fixture(params=[ALWAYS_ON, SAMPLE_ALL], ids=["the SDK's", "ours"])
def traced(request: pytest.FixtureRequest) -> Traced:
    return Traced(request.param)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    before = otel_context.get_current()
    yield
    assert otel_context.get_current() == before


# -- roots and children


def test_a_child_nests_under_what_is_current(traced: Traced) -> None:
    parent = traced.start("parent", SpanKind.SERVER, {}, root=True)
    parent.attach()
    child = traced.start("child", SpanKind.INTERNAL, {})
    child.end(None, failed=False)
    parent.detach()
    parent.end(None, failed=False)
    found = traced.spans["child"]
    assert found.parent is not None
    assert (found.parent.span_id, found.context.trace_id) == (parent.span_id, parent.trace_id)


def test_a_root_begins_a_trace_of_its_own_whatever_runs(traced: Traced) -> None:
    with trace.use_span(traced.provider.get_tracer("theirs").start_span("theirs")) as theirs:
        root = traced.start("root", SpanKind.SERVER, {}, root=True)
        root.end(None, failed=False)
    assert traced.spans["root"].parent is None
    assert root.trace_id != theirs.get_span_context().trace_id


def test_what_is_no_root_nests_under_a_span_of_the_bots_own(traced: Traced) -> None:
    with trace.use_span(traced.provider.get_tracer("theirs").start_span("theirs")) as theirs:
        traced.start("ours", SpanKind.CLIENT, {}).end(None, failed=False)
    parent = traced.spans["ours"].parent
    assert parent is not None
    assert parent.span_id == theirs.get_span_context().span_id


def test_a_span_has_the_kind_attributes_and_links_that_it_was_given(traced: Traced) -> None:
    first = traced.start("first", SpanKind.SERVER, {}, root=True)
    first.end(None, failed=False)
    second = traced.start("second", SpanKind.CONSUMER, {"a": 1}, root=True, links=[first])
    second.set_attributes({"b": "two"})
    second.add_event("acknowledged", {"c": True})
    second.rename("renamed")
    second.end(None, failed=False)
    found = traced.spans["renamed"]
    assert found.kind is trace.SpanKind.CONSUMER
    assert dict(found.attributes or {}) == {"a": 1, "b": "two"}
    assert [(event.name, dict(event.attributes or {})) for event in found.events] == [("acknowledged", {"c": True})]
    assert [(link.context.trace_id, link.context.span_id) for link in found.links] == [(first.trace_id, first.span_id)]


def test_a_link_can_come_after_the_start_and_is_a_reference_only(traced: Traced) -> None:
    first = traced.start("first", SpanKind.SERVER, {}, root=True)
    first.end(None, failed=False)
    reference = SpanRef.to(first)
    assert reference is not None
    second = traced.start("second", SpanKind.SERVER, {}, root=True)
    second.add_link(reference)
    second.end(None, failed=False)
    (link,) = traced.spans["second"].links
    assert (link.context.trace_id, link.context.span_id) == (first.trace_id, first.span_id)
    assert link.context.trace_flags.sampled


def test_nothing_refers_to_what_nobody_will_see() -> None:
    traced = Traced(ALWAYS_OFF)
    span = traced.start("span", SpanKind.SERVER, {}, root=True)
    span.add_link(SpanRef(1, 2))
    assert SpanRef.to(span) is None
    assert SpanRef.to(None) is None


@pytest.mark.parametrize("kind", SpanKind)
def test_every_kind_is_opentelemetrys(traced: Traced, kind: SpanKind) -> None:
    traced.start("span", kind, {}).end(None, failed=False)
    assert traced.spans["span"].kind.name == kind.name


def test_a_span_tells_whether_anybody_will_see_it() -> None:
    for sampler, sampled in ((ALWAYS_ON, True), (ALWAYS_OFF, False)):
        traced = Traced(sampler)
        span = traced.start("span", SpanKind.SERVER, {}, root=True)
        assert span.sampled is sampled
        assert span.trace_id
        span.attach()
        child = traced.start("child", SpanKind.INTERNAL, {})
        assert (child.sampled, child.trace_id) == (sampled, span.trace_id)
        span.detach()
        span.end(ValueError(), failed=True)
        assert bool(traced.spans) is sampled


# -- contexts


def test_tasks_that_are_started_within_nest_under_it(traced: Traced) -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        traced.start("work", SpanKind.INTERNAL, {}).end(None, failed=False)

    async def main() -> None:
        span = traced.start("root", SpanKind.SERVER, {}, root=True)
        span.attach()
        task = asyncio.create_task(work())
        span.detach()
        span.end(None, failed=False)
        await task

    asyncio.run(main())
    parent = traced.spans["work"].parent
    assert parent is not None
    assert parent.span_id == traced.spans["root"].context.span_id


def test_leaving_from_another_context_does_nothing_and_logs_nothing(
    traced: Traced, caplog: pytest.LogCaptureFixture
) -> None:
    span = traced.start("span", SpanKind.SERVER, {}, root=True)
    contextvars.copy_context().run(span.attach)
    with trace.use_span(traced.provider.get_tracer("theirs").start_span("theirs")) as theirs:
        span.detach()
        assert trace.get_current_span() is theirs
        contextvars.copy_context().run(span.detach)
    span.end(None, failed=False)
    assert caplog.records == []


def test_leaving_twice_does_no_harm(traced: Traced, caplog: pytest.LogCaptureFixture) -> None:
    outer = traced.start("outer", SpanKind.SERVER, {}, root=True)
    outer.attach()
    inner = traced.start("inner", SpanKind.SERVER, {})
    inner.attach()
    inner.detach()
    inner.detach()
    assert trace.get_current_span().get_span_context().span_id == outer.span_id
    outer.detach()
    assert caplog.records == []


def test_leaving_what_was_never_entered_does_no_harm(traced: Traced, caplog: pytest.LogCaptureFixture) -> None:
    traced.start("span", SpanKind.SERVER, {}).detach()
    assert caplog.records == []


def test_a_coroutine_that_the_garbage_collector_closes_logs_nothing(
    traced: Traced, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler() -> None:
        span = traced.start("span", SpanKind.SERVER, {}, root=True)
        span.attach()
        try:
            await asyncio.sleep(3600)
        finally:
            span.detach()
            span.end(None, failed=False)

    async def main() -> None:
        coroutine = handler()
        asyncio.get_running_loop().call_soon(contextvars.copy_context().run, coroutine.send, None)
        await asyncio.sleep(0.01)
        del coroutine
        gc.collect()

    with caplog.at_level(logging.DEBUG, "opentelemetry"):
        asyncio.run(main())
    assert [record.message for record in caplog.records if record.name.startswith("opentelemetry")] == []
    assert set(traced.spans) == {"span"}


def test_an_async_generator_that_is_abandoned_logs_nothing(traced: Traced, caplog: pytest.LogCaptureFixture) -> None:
    async def numbers() -> object:
        span = traced.start("span", SpanKind.SERVER, {}, root=True)
        span.attach()
        try:
            yield 1
        finally:
            span.detach()

    async def main() -> None:
        async def take() -> None:
            async for _ in numbers():  # type: ignore[attr-defined]
                break

        await asyncio.create_task(take())
        gc.collect()
        await asyncio.sleep(0)

    with caplog.at_level(logging.DEBUG, "opentelemetry"):
        asyncio.run(main())
    assert [record.message for record in caplog.records if record.name.startswith("opentelemetry")] == []


# -- ends


class BotError(Exception):
    pass


def test_an_error_is_recorded_without_its_secrets(traced: Traced) -> None:
    traced.telemetry.redact.add_secret("hunter2")

    def handler() -> None:
        try:
            int("hunter2")
        except ValueError as inner:
            raise BotError("outer hunter2") from inner

    with pytest.raises(BotError) as caught:
        handler()
    traced.start("span", SpanKind.SERVER, {}).end(caught.value, failed=True)
    found = traced.spans["span"]
    (event,) = found.events
    attributes = dict(event.attributes or {})
    assert event.name == "exception"
    assert attributes["exception.type"] == f"{__name__}.BotError"
    assert attributes["exception.message"] == "outer [redacted]"
    assert "ValueError: invalid literal for int() with base 10: '[redacted]'" in str(attributes["exception.stacktrace"])
    assert "hunter2" not in found.to_json()
    assert (found.status.status_code, found.status.description) == (StatusCode.ERROR, "outer [redacted]")


def test_an_error_that_is_the_users_doing_leaves_the_status_alone_and_keeps_its_words(traced: Traced) -> None:
    # Its message may quote what the user wrote, which must reach no span: its class, an attribute, has to do.
    traced.start("span", SpanKind.SERVER, {}).end(BotError('channel "my-secret-plan" not found'), failed=False)
    found = traced.spans["span"]
    assert found.events == ()
    assert found.status.status_code is StatusCode.UNSET
    assert "my-secret-plan" not in found.to_json()


def test_a_failure_without_an_error_is_a_status_only(traced: Traced) -> None:
    traced.start("span", SpanKind.CLIENT, {}).end(None, failed=True)
    found = traced.spans["span"]
    assert found.events == ()
    assert (found.status.status_code, found.status.description) == (StatusCode.ERROR, None)


def test_success_leaves_no_trace_of_an_error(traced: Traced) -> None:
    traced.start("span", SpanKind.CLIENT, {}).end(None, failed=False)
    assert traced.spans["span"].events == ()
    assert traced.spans["span"].status.status_code is StatusCode.UNSET


def test_a_span_ends_even_where_the_bots_exception_has_no_words(traced: Traced) -> None:
    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    traced.start("span", SpanKind.SERVER, {}).end(UnspeakableError(), failed=True)
    (event,) = traced.spans["span"].events
    assert str((event.attributes or {})["exception.type"]).endswith("UnspeakableError")


@pytest.mark.parametrize("changed", [False, True], ids=["as it was", "with an event"])
def test_a_clock_that_is_set_back_meanwhile_makes_no_span_end_before_it_began(
    traced: Traced, changed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    span = traced.start("work", SpanKind.SERVER, {}, root=True)
    began = time.perf_counter_ns()
    if changed:
        span.add_event("happened", {})

    def set_back() -> int:
        return time.time_ns() - 60 * 10**9

    for module in (lazy_spans, sdk_trace):
        monkeypatch.setattr(module, "time_ns", set_back)
    time.sleep(0.01)
    span.end(None, failed=False)
    found = traced.spans["work"]
    assert found.start_time is not None
    assert found.end_time is not None
    assert 10_000_000 <= found.end_time - found.start_time <= time.perf_counter_ns() - began + 1_000_000_000


# -- silence for other HTTP instrumentations


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def instrumented(traced: Traced) -> Iterator[Traced]:
    """Requests and aiohttp, instrumented by OpenTelemetry's own instrumentations."""
    instrumentors = (RequestsInstrumentor(), AioHttpClientInstrumentor())
    for instrumentor in instrumentors:
        instrumentor.instrument(tracer_provider=traced.provider)
    yield traced
    for instrumentor in instrumentors:
        instrumentor.uninstrument()


def get_by_both(url: str) -> None:
    requests.get(url, timeout=5)

    async def get() -> None:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            await response.read()

    asyncio.run(get())


def test_without_us_those_instrumentations_do_trace(instrumented: Traced, server: str) -> None:
    get_by_both(server)
    assert [span.name for span in instrumented.exporter.get_finished_spans()] == ["GET", "GET"]


@pytest.mark.parametrize("kind", [SpanKind.SERVER, SpanKind.CONSUMER, SpanKind.INTERNAL])
def test_beneath_the_bots_own_work_they_nest(instrumented: Traced, server: str, kind: SpanKind) -> None:
    span = instrumented.start("work", kind, {}, root=True)
    span.attach()
    get_by_both(server)
    span.detach()
    parents = [found.parent for found in instrumented.exporter.get_finished_spans()]
    assert [parent and parent.span_id for parent in parents] == [span.span_id] * 2


def test_beneath_a_client_span_of_ours_they_are_silent(instrumented: Traced, server: str) -> None:
    span = instrumented.start("GET /gateway", SpanKind.CLIENT, {})
    span.attach()
    get_by_both(server)
    span.detach()
    span.end(None, failed=False)
    assert list(instrumented.spans) == ["GET /gateway"]
    get_by_both(server)
    assert len(instrumented.exporter.get_finished_spans()) == 3


def test_in_a_quiet_scope_they_are_silent(instrumented: Traced, server: str) -> None:
    scope = suppress_http_instrumentation()
    scope.attach()
    get_by_both(server)
    scope.detach()
    assert instrumented.spans == {}
    get_by_both(server)
    assert len(instrumented.exporter.get_finished_spans()) == 2


def test_a_quiet_scope_hides_no_parent(instrumented: Traced) -> None:
    outer = instrumented.start("outer", SpanKind.SERVER, {}, root=True)
    outer.attach()
    scope = suppress_http_instrumentation()
    scope.attach()
    assert trace.get_current_span().get_span_context().span_id == outer.span_id
    scope.detach()
    outer.detach()
