from __future__ import annotations

import random
from collections import Counter

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    Sampler,
    TraceIdRatioBased,
)

from argus_otel.otel import lazy_spans
from argus_otel.otel.exporters import MissingError
from argus_otel.otel.lazy_spans import LazySpanFactory, readable
from argus_otel.otel.sampling import RootSampler, sampler
from argus_otel.otel.spans import OTelTracing
from argus_otel.settings import Settings
from argus_otel.telemetry import PartError, SpanKind, Telemetry


def made(name: str | None, argument: str | None = None) -> Sampler:
    return sampler(Settings(sampler=name, sampler_argument=argument))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, DEFAULT_ON),
        ("always_on", ALWAYS_ON),
        ("ALWAYS_OFF", ALWAYS_OFF),
        ("parentbased_always_on", DEFAULT_ON),
        ("parentbased_always_off", DEFAULT_OFF),
    ],
)
def test_the_samplers_of_the_specification_are_known(name: str | None, expected: Sampler) -> None:
    assert made(name).get_description() == expected.get_description()


@pytest.mark.parametrize("name", ["traceidratio", "parentbased_traceidratio"])
@pytest.mark.parametrize(("argument", "rate"), [("0.25", "0.25"), ("0", "0.0"), ("1", "1.0"), (None, "1.0")])
def test_a_ratio_is_honoured(name: str, argument: str | None, rate: str) -> None:
    description = made(name, argument).get_description()
    assert f"TraceIdRatioBased{{{rate}}}" in description
    assert description.startswith("ParentBased") is name.startswith("parentbased")


@pytest.mark.parametrize("argument", ["half", "1.5", "-0.1", "nan", ""])
def test_a_wrong_ratio_is_named_with_what_would_be_right(argument: str) -> None:
    with pytest.raises(PartError, match=r"OTEL_TRACES_SAMPLER_ARG is '.*', but it has to be a number from 0 to 1"):
        made("traceidratio", argument)


def test_an_unknown_sampler_is_named_with_those_there_are() -> None:
    with pytest.raises(MissingError, match=r"OTEL_TRACES_SAMPLER asks for 'bogus', .*there are: always_off, always_on"):
        made("bogus")


# -- roots, and what is in them


class Work:
    """Roots of ours with what a bot does in them, and outside of them, under one sampler."""

    def __init__(self, chosen: Sampler) -> None:
        recorder, sampler, telemetry = None, None, Telemetry()
        if isinstance(chosen, RootSampler):
            self.exporter = readable(InMemorySpanExporter, telemetry.redact)()
            processors = [SimpleSpanProcessor(self.exporter)]
            provider = lazy_spans.TracerProvider(chosen, Resource.create(), processors, telemetry.guard)
            sampler, recorder = chosen, LazySpanFactory(provider)
        else:
            self.exporter = InMemorySpanExporter()
            provider = TracerProvider(sampler=chosen, shutdown_on_exit=False)
            provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.provider = provider
        self.tracer = provider.get_tracer("the bot's own")
        self.tracing = OTelTracing(provider.get_tracer("ours"), telemetry, sampler, recorder)

    def root(self, rate: float = 1.0) -> bool:
        """Do one piece of work, and return whether its root was kept."""
        root = self.tracing.root("root", SpanKind.SERVER, dict, rate=rate)
        root.attach()
        with self.tracer.start_as_current_span("own"), self.tracer.start_as_current_span("inner"):
            child = self.tracing.child("child", SpanKind.CLIENT, {})
            if child is not None:
                child.end(None, failed=False)
        root.detach()
        root.end(None, failed=False)
        return root.sampled

    def counts(self) -> Counter[str]:
        """Return how many spans of each name have been exported."""
        return Counter(span.name for span in self.exporter.get_finished_spans())

    def traces(self) -> set[tuple[str, ...]]:
        """Return which shapes the traces have."""
        names: dict[int, list[str]] = {}
        for span in self.exporter.get_finished_spans():
            names.setdefault(span.context.trace_id, []).append(span.name)
        return {tuple(sorted(shape)) for shape in names.values()}


WHOLE = ("child", "inner", "own", "root")

OURS = [
    ("always_on", None),
    ("always_off", None),
    ("parentbased_always_on", None),
    ("parentbased_always_off", None),
    ("traceidratio", "0.5"),
    ("parentbased_traceidratio", "0.5"),
    ("parentbased_traceidratio", "0"),
    ("parentbased_traceidratio", "1"),
]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    random.seed(1)  # both the draw of roots and OpenTelemetry's trace ids


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("name", "argument"), OURS)
def test_a_root_is_kept_with_all_that_is_in_it_or_not_at_all(name: str, argument: str | None, rate: float) -> None:
    chosen = made(name, argument)
    assert isinstance(chosen, RootSampler)
    work = Work(chosen)
    kept = sum(work.root(rate) for _ in range(400))
    assert work.traces() <= {WHOLE}
    assert work.counts() == Counter(dict.fromkeys(WHOLE, kept)) or kept == 0
    expected = 400 * rate * chosen.share
    # Five standard deviations of a draw at worst.
    assert kept == expected if expected in (0, 400) else abs(kept - expected) < 50


@pytest.mark.parametrize(
    ("name", "argument", "share"),
    [("always_off", None, 0.0), ("traceidratio", "0.25", 0.25), ("parentbased_traceidratio", None, 1.0)],
)
def test_the_share_of_roots_is_known_ahead(name: str, argument: str | None, share: float) -> None:
    chosen = made(name, argument)
    assert isinstance(chosen, RootSampler)
    assert chosen.share == share


def test_a_root_that_is_not_chosen_never_comes_to_the_sampler() -> None:
    asked: list[str] = []

    class Asking(RootSampler):
        def should_sample(self, *args: object, **keywords: object):  # type: ignore[override]
            asked.append(str(args[2]))
            return super().should_sample(*args, **keywords)  # type: ignore[arg-type]

    work = Work(Asking(ALWAYS_ON, 1.0))
    work.provider.add_span_processor(SpanProcessor())  # so that spans are the SDK's from their start, which asks
    gathered: list[int] = []
    for rate in (0.0, 1.0):
        work.tracing.root("root", SpanKind.SERVER, lambda: gathered.append(1) or {}, rate=rate)
    assert asked == ["root"]
    assert gathered == [1]


def test_what_is_in_no_root_is_the_samplers_to_decide() -> None:
    work = Work(made("traceidratio", "0.5"))
    for _ in range(400):
        with work.tracer.start_as_current_span("own"):
            pass
    assert 150 < work.counts()["own"] < 250
    off = Work(made("parentbased_always_off"))
    with off.tracer.start_as_current_span("own"):
        pass
    assert off.counts() == Counter()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_work_in_no_trace_at_all_begins_one_where_it_is_drawn(share: float) -> None:
    work = Work(made("traceidratio", str(share)))
    kept = [child for _ in range(400) if (child := work.tracing.child("child", SpanKind.CLIENT, {})) is not None]
    for child in kept:
        child.end(None, failed=False)
    assert work.counts() == Counter({"child": len(kept)} if kept else {})
    assert len({child.trace_id for child in kept}) == len(kept)
    assert len(kept) == 400 * share if share in (0.0, 1.0) else 150 < len(kept) < 250


def test_a_trace_that_the_bot_itself_begins_in_a_root_is_the_samplers_to_decide() -> None:
    work = Work(made("always_on"))
    root = work.tracing.root("root", SpanKind.SERVER, dict, rate=0.0)
    root.attach()
    work.tracer.start_span("apart", context=Context()).end()
    root.detach()
    assert work.counts() == Counter({"apart": 1})


@pytest.mark.parametrize("foreign", [DEFAULT_ON, TraceIdRatioBased(0.5)], ids=["default", "ratio"])
def test_under_a_provider_of_somebody_elses_an_unseen_root_is_silent_too(foreign: Sampler) -> None:
    work = Work(foreign)
    assert sum(work.root(rate=0.0) for _ in range(50)) == 0
    assert work.counts() == Counter()
    kept = sum(work.root(rate=1.0) for _ in range(100))
    assert kept == 100 if foreign is DEFAULT_ON else 20 < kept < 80
    assert work.traces() == {WHOLE}


# -- roots that are not kept


def test_an_unseen_root_is_current_and_silent_and_leaves_as_it_came() -> None:
    work = Work(made("always_on"))
    before = otel_context.get_current()
    root = work.tracing.root("root", SpanKind.SERVER, dict, rate=0.0)
    assert (root.sampled, root.trace_id, root.span_id) == (False, 0, 0)
    assert work.tracing.current_root() is None
    root.attach()
    current = work.tracing.current_root()
    assert current is not None
    assert not current.sampled
    assert work.tracing.child("child", SpanKind.CLIENT, {}) is None
    root.rename("other")
    root.set_attributes({"a": 1})
    root.add_event("event", {})
    root.add_link(root)
    root.detach()
    root.end(ValueError(), failed=True)
    assert otel_context.get_current() == before
    assert work.tracing.current_root() is None
    assert work.counts() == Counter()


def test_roots_nest_in_each_other_and_each_is_left_for_the_one_before() -> None:
    work = Work(made("always_on"))
    tracing = work.tracing
    outer = tracing.root("outer", SpanKind.CONSUMER, dict, rate=0.0)
    outer.attach()
    kept = tracing.root("kept", SpanKind.SERVER, dict)
    kept.attach()
    assert tracing.current_root() is kept
    inner = tracing.root("inner", SpanKind.SERVER, dict, rate=0.0)
    inner.attach()
    assert tracing.child("child", SpanKind.CLIENT, {}) is None
    with work.tracer.start_as_current_span("own"):
        below = tracing.child("child", SpanKind.CLIENT, {})
        if below is not None:
            below.end(None, failed=False)
    inner.detach()
    assert tracing.current_root() is kept
    child = tracing.child("child", SpanKind.CLIENT, {})
    assert child is not None
    assert child.trace_id == kept.trace_id
    child.end(None, failed=False)
    kept.detach()
    kept.end(None, failed=False)
    assert not tracing.current_root().sampled  # type: ignore[union-attr]
    assert tracing.child("child", SpanKind.CLIENT, {}) is None
    outer.detach()
    assert tracing.current_root() is None
    assert work.counts() == Counter({"kept": 1, "child": 1})


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_whatever_else_a_context_holds_is_there_in_a_root_too(rate: float) -> None:
    work = Work(made("always_on"))
    token = otel_context.attach(otel_context.set_value("baggage", "kept"))
    root = work.tracing.root("root", SpanKind.SERVER, dict, rate=rate)
    root.attach()
    assert otel_context.get_value("baggage") == "kept"
    scope = work.tracing.outside()
    scope.attach()
    assert otel_context.get_value("baggage") == "kept"
    scope.detach()
    root.detach()
    assert otel_context.get_value("baggage") == "kept"
    otel_context.detach(token)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_outside_there_is_no_root_and_no_span_until_it_is_left(rate: float) -> None:
    work = Work(made("parentbased_always_on"))
    root = work.tracing.root("root", SpanKind.SERVER, dict, rate=rate)
    root.attach()
    scope = work.tracing.outside()
    scope.attach()
    assert work.tracing.current_root() is None
    assert not trace.get_current_span().get_span_context().is_valid
    with work.tracer.start_as_current_span("own"):
        pass
    scope.detach()
    assert work.tracing.current_root() is not None
    root.detach()
    (own,) = [span for span in work.exporter.get_finished_spans() if span.name == "own"]
    assert own.parent is None
    assert own.context.trace_id != root.trace_id
