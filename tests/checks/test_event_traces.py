"""Log records of changes lead to the trace of the run that confirms the change, and to no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

from argus_otel import checks
from argus_otel.otel.bridge import Bridge
from argus_otel.otel.events import OTelEvents
from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.executor import ExecutorContext
from argus_otel.sources.checks.kinds.http import HttpExecutor
from argus_otel.sources.checks.net.resolver import Resolver
from argus_otel.sources.checks.outcomes import Attempt, Outcome, Run
from argus_otel.sources.checks.tracing import Tracer
from argus_otel.telemetry import Telemetry
from argus_otel.testing import Observation

from .test_signals import Switched, running, served, until

Records = Callable[[str, str], list[Any]]


@contextmanager
def recorded(observed: Observation) -> Iterator[Records]:
    """Yield a function that returns the log records of an event, by the state that it tells of."""
    exporter, provider = InMemoryLogRecordExporter(), LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    observed.telemetry.add_event_sink(OTelEvents(provider.get_logger("test")))

    def of(event: str, state: str) -> list[Any]:
        found = [each.log_record for each in exporter.get_finished_logs()]
        named = [each for each in found if each.event_name == f"argus.check.{event}"]
        return [each for each in named if (each.attributes or {})["argus.check.state"] == state]

    yield of
    provider.shutdown()


def a_file(port: int, retries: int, more: str = "") -> str:
    return (
        f"defaults: {{interval: 1s, timeout: 900ms, retries: {retries}, confirm: {{down: 1, up: 1, every: 1s}}}}\n"
        f"checks:\n  shop: {{http: 'http://127.0.0.1:{port}/'}}\n{more}"
    )


def test_a_failure_that_only_its_second_attempt_traces_leads_to_that_trace(tmp_path: Path) -> None:
    switched = Switched()
    with (
        served(switched) as port,
        running(tmp_path / "checks.yaml", a_file(port, retries=1), rate=0) as observed,
        recorded(observed) as records,
    ):
        until(lambda: checks.statuses()["shop"][1] is checks.Status.UP)
        switched.on = False
        until(lambda: records("failed", "down"))
        checks.stop()
        (failed,), (changed,) = records("failed", "down"), records("status_changed", "down")
        (run,) = [each for each in observed.spans() if each.context.span_id == failed.span_id]
    assert run.name == "check shop"
    assert (failed.trace_id, changed.trace_id, changed.span_id) == (
        run.context.trace_id,
        failed.trace_id,
        failed.span_id,
    )
    assert sum(f"{failed.trace_id:032x}" in head for head in switched.heads) == 1, "the first attempt has no trace"


def test_a_change_by_a_run_that_is_not_sampled_has_no_trace(tmp_path: Path) -> None:
    switched = Switched()
    with (
        served(switched) as port,
        running(tmp_path / "checks.yaml", a_file(port, retries=0), rate=0) as observed,
        recorded(observed) as records,
    ):
        until(lambda: checks.statuses()["shop"][1] is checks.Status.UP)
        switched.on = False
        until(lambda: records("failed", "down"))
        switched.on = True
        until(lambda: records("succeeded", "up"))
        (failed,), (changed,) = records("failed", "down"), records("status_changed", "down")
        (succeeded,) = records("succeeded", "up")
    assert (failed.trace_id, failed.span_id, changed.trace_id) == (0, 0, 0)
    assert succeeded.trace_id, "a check that is down is always traced"


def test_a_check_that_is_unknown_for_lack_of_a_network_blames_no_run_of_its_own(tmp_path: Path) -> None:
    anchor, shop = Switched(), Switched()
    with served(anchor) as at, served(shop) as port:
        more = f"  gateway: {{http: 'http://127.0.0.1:{at}/'}}\nanchors: [gateway]\n"
        with (
            running(tmp_path / "checks.yaml", a_file(port, 0, more)) as observed,
            recorded(observed) as records,
        ):
            until(lambda: {status for _, status, _ in checks.statuses().values()} == {checks.Status.UP})
            anchor.on = False
            until(lambda: len(records("status_changed", "unknown")) == 2)
            assert {each.trace_id for each in records("status_changed", "unknown")} == {0}


def test_a_run_that_a_sampler_of_the_program_leaves_out_has_no_span_to_refer_to() -> None:
    telemetry, executor = Telemetry(), HttpExecutor(ExecutorContext(Resolver(1)))
    for sampler, is_sampled in ((ALWAYS_OFF, False), (ALWAYS_ON, True)):
        bridge = Bridge(telemetry, ())
        bridge.connect(tracer_provider=TracerProvider(sampler, shutdown_on_exit=False))
        trace = Tracer(telemetry).begin(Check("shop", executor, None), 0, sure=False)
        assert trace is not None
        assert (trace.span is not None) is is_sampled
        trace.end(Run("shop", 0, 0, 0, (Attempt(Outcome.OK, None, 0.1),)))
