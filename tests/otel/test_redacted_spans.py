"""Secrets in spans that are not ours: taken out where they are exported, and not in the spans themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags

from argus_otel.otel.lazy_spans import TracerProvider, readable
from argus_otel.otel.redacted_spans import redacted
from argus_otel.otel.sampling import SAMPLE_ALL
from argus_otel.otel.texts import MAX_LENGTH
from argus_otel.telemetry import Telemetry

from .conftest import Run
from .receivers import Received, attributes

SECRET = "swordfish-in-a-token"
CONTEXT = SpanContext(7, 8, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


class Exported:
    """A provider of ours with the bot's own tracer on it."""

    def __init__(self, *more: SpanProcessor) -> None:
        self.telemetry = Telemetry()
        self.telemetry.redact.add_secret(SECRET)
        self.exporter = readable(InMemorySpanExporter, self.telemetry.redact)()
        processors = [SimpleSpanProcessor(self.exporter)]
        resource = Resource.create({"service.name": "bot"})
        self.provider = TracerProvider(SAMPLE_ALL, resource, processors, self.telemetry.guard)
        for processor in more:
            self.provider.add_span_processor(processor)
        self.tracer = self.provider.get_tracer("the bot's own", "1.2", "https://schema")

    @property
    def span(self) -> ReadableSpan:
        (span,) = self.exporter.get_finished_spans()
        return span


class Holding(SpanProcessor):
    """Somebody's processor, which keeps what it is shown."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


def planted(tracer: trace.Tracer, secret: str) -> None:
    """End a span that has a secret in each of its texts."""
    span = tracer.start_span(
        f"POST {secret}",
        attributes={"url.full": f"http://x/{secret}?", "several": [f"a{secret}", "b"], "number": 3},
        links=[Link(CONTEXT, {"why": secret, "share": 0.5})],
    )
    span.add_event(f"event {secret}", {"body": f"({secret})"}, timestamp=5)
    try:
        raise LookupError(f"no {secret}")  # noqa: TRY301 - to have a traceback
    except LookupError as error:
        span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, f"failed with {secret}"))
    span.end()


def shown(span: ReadableSpan) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(span.to_json())
    scope = span.instrumentation_scope
    assert scope is not None
    links = [[link.context, dict(link.attributes or {})] for link in span.links]
    dropped = (span.dropped_attributes, span.dropped_events, span.dropped_links)
    return {**facts, "links": links, "scope": (scope.name, scope.version, scope.schema_url), "dropped": dropped}


def test_a_secret_in_any_text_of_a_span_is_taken_out_and_all_else_stays() -> None:
    holding = Holding()
    exported = Exported(holding)
    planted(exported.tracer, SECRET)
    (held,) = holding.spans
    told = shown(exported.span)
    assert SECRET not in str(told)
    assert str(told) == str(shown(held)).replace(SECRET, "[redacted]")
    assert told["name"] == "POST [redacted]"
    assert told["attributes"]["several"] == ["a[redacted]", "b"]
    assert told["status"]["description"] == "failed with [redacted]"
    assert exported.span.resource is held.resource


def test_the_span_that_others_hold_is_not_changed() -> None:
    holding = Holding()
    exported = Exported(holding)
    planted(exported.tracer, SECRET)
    (held,) = holding.spans
    assert str(shown(held)).count(SECRET) >= 8


def test_a_span_without_a_secret_is_exported_itself() -> None:
    holding = Holding()
    exported = Exported(holding)
    planted(exported.tracer, "nothing to hide")
    assert exported.span is holding.spans[0]


def test_what_the_limits_have_cost_is_still_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
    monkeypatch.setenv("OTEL_SPAN_EVENT_COUNT_LIMIT", "1")
    monkeypatch.setenv("OTEL_SPAN_LINK_COUNT_LIMIT", "1")
    assert SpanLimits().max_events == 1
    exported = Exported()
    span = exported.tracer.start_span("work", attributes={"a": 1, "b": SECRET}, links=[Link(CONTEXT), Link(CONTEXT)])
    span.add_event("one")
    span.add_event("two")
    span.end()
    assert dict(exported.span.attributes or {}) == {"b": "[redacted]"}
    dropped = (exported.span.dropped_attributes, exported.span.dropped_events, exported.span.dropped_links)
    assert dropped == (1, 1, 1)


def test_a_token_is_taken_out_after_all_that_a_busy_bot_does_between_two_exports() -> None:
    """500 interactions a second, each named as it comes and at its answer, and five seconds between two exports."""
    exported = Exported()
    exporter = readable(InMemorySpanExporter, exported.telemetry.redact)()
    batches = BatchSpanProcessor(exporter, schedule_delay_millis=3_600_000)
    provider = TracerProvider(SAMPLE_ALL, Resource.create(), [batches], exported.telemetry.guard)
    planted(provider.get_tracer("the bot's own"), SECRET)
    for number in range(500 * 5):
        for _ in range(2):
            exported.telemetry.redact.add_secret(f"a-token-of-an-interaction-{number}")
    provider.force_flush()
    (span,) = exporter.get_finished_spans()
    provider.shutdown()
    assert SECRET not in str(shown(span))
    assert span.name == "POST [redacted]"


@pytest.mark.parametrize(
    "value",
    [SECRET.encode(), {"inner": {SECRET: [SECRET]}}, [{"deep": (SECRET,)}], {SECRET: 1}],
    ids=["bytes", "nested", "in a list", "a name"],
)
def test_values_that_a_newer_sdk_lets_in_are_looked_through_too(value: Any) -> None:
    telemetry = Telemetry()
    telemetry.redact.add_secret(SECRET)
    span = ReadableSpan("work", CONTEXT, attributes={"value": value, SECRET: 1})
    told = redacted(span, telemetry.redact)
    assert SECRET in repr(dict(span.attributes or {}))
    assert SECRET not in repr(dict(told.attributes or {}))


_PLANTING = """
import asyncio, discord
import aiohttp.web
from opentelemetry import trace
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.trace import Status, StatusCode
argus_otel.instrument()
AioHttpClientInstrumentor().instrument()
BOT = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
HOOK = "Zm9yIGEgd2ViaG9vaw-" * 3 + "Zm9yIGE"
client = discord.Client(intents=discord.Intents.none())
tracer = trace.get_tracer("the bot's own")
def plant(secret):
    with tracer.start_as_current_span(f"own {secret}", attributes={"all": ["x", secret]}) as span:
        span.set_attribute("token", secret)
        span.add_event(f"event {secret}", {"token": secret})
        span.set_status(Status(StatusCode.ERROR, secret))
async def post():
    async def take(_):
        return aiohttp.web.Response()
    app = aiohttp.web.Application()
    app.router.add_post("/api/webhooks/{id}/{token}", take)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    async with aiohttp.ClientSession() as session:
        await session.post(f"http://{host}:{port}/api/webhooks/123456789012345678/{HOOK}", json={})
    await runner.cleanup()
plant(BOT)
plant(HOOK)
asyncio.run(post())
"""


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_tokens_in_the_bots_own_spans_and_in_those_of_another_instrumentation_leave_by_no_exporter(
    program: Run, receiver: Received, http_receiver: Received, protocol: str
) -> None:
    to = receiver if protocol == "grpc" else http_receiver
    done = program(
        _PLANTING,
        OTEL_EXPORTER_OTLP_ENDPOINT=to.url,
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        OTEL_TRACES_EXPORTER="otlp,console",
        OTEL_METRICS_EXPORTER="none",
        OTEL_LOGS_EXPORTER="none",
    )
    assert done.returncode == 0, done.stderr
    spans = {span.name: span for span in to.spans()}
    assert sorted(spans) == ["POST", "own [redacted]"]
    (url,) = (value for name, value in attributes(spans["POST"].attributes).items() if name in ("url.full", "http.url"))
    assert str(url).endswith("/api/webhooks/123456789012345678/[redacted]")
    for told in ("\n".join(map(str, to.spans())), done.stdout):
        assert told.count("[redacted]") >= 11
        assert "MTk4NjIyNDgzNDcxOTI1MjQ4" not in told
        assert "Zm9yIGEgd2ViaG9vaw" not in told


@pytest.mark.parametrize("where", ["name", "attribute", "event", "status"])
def test_a_text_that_is_no_utf_8_is_spelt_out_for_the_exporter(where: str) -> None:
    exported = Exported()
    span = exported.tracer.start_span("\ud83d" if where == "name" else "plain")
    if where == "attribute":
        span.set_attribute("text", "\ud83d")
    elif where == "event":
        span.add_event("said", {"texts": ["\ud83d"]})
    elif where == "status":
        span.set_status(StatusCode.ERROR, "\ud83d")
    span.end()
    assert "\\\\ud83d" in exported.span.to_json()
    exported.span.to_json().encode()


def test_a_text_that_is_too_long_keeps_its_ends_and_no_secret_that_was_cut() -> None:
    exported = Exported()
    text = "a" * (MAX_LENGTH // 2 - 5) + SECRET + "b" * 5_000_000 + SECRET + "c" * (MAX_LENGTH // 2 - 5)
    exported.tracer.start_span("large", attributes={"text": text}).end()
    kept = str((exported.span.attributes or {})["text"])
    assert kept.startswith("aaa")
    assert kept.endswith("ccc")
    assert f"{len(text) - MAX_LENGTH} characters are left out here" in kept
    assert len(kept) < MAX_LENGTH + 100
    for size in range(4, len(SECRET)):
        assert SECRET[:size] not in kept
        assert SECRET[-size:] not in kept
