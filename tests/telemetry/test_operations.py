from __future__ import annotations

import time
from types import SimpleNamespace

from argus_otel.telemetry import Operation


class FakeSpan(SimpleNamespace):
    def end(self, error: BaseException | None, *, failed: bool) -> None:
        self.ended = (error, failed)


def test_its_duration_is_in_seconds_and_counts_from_the_beginning() -> None:
    operation = Operation()
    operation.started -= 2.0
    assert 2.0 <= operation.end(failed=False) < 3.0
    assert operation.ended


def test_the_first_error_stays() -> None:
    operation = Operation()
    first = ValueError("the cause")
    operation.record_error(first)
    operation.record_error(TypeError("what came of it"))
    assert operation.error is first


def test_its_end_ends_its_span_with_the_error() -> None:
    operation = Operation()
    operation.span = span = FakeSpan(sampled=True)
    error = ValueError()
    operation.record_error(error)
    operation.end(failed=True)
    assert span.ended == (error, True)


def test_it_refers_to_a_span_that_somebody_will_see_only() -> None:
    operation = Operation()
    assert operation.trace is None
    operation.span = FakeSpan(sampled=False)
    assert operation.trace is None
    operation.span = FakeSpan(sampled=True)
    assert operation.trace is operation.span


def test_a_trace_that_is_not_kept_is_its_scope_and_not_its_span() -> None:
    operation = Operation()
    operation.trace_in(unseen := FakeSpan(trace_id=0))
    assert (operation.scope, operation.span) == (unseen, None)
    operation.trace_in(kept := FakeSpan(trace_id=1))
    assert (operation.scope, operation.span) == (kept, kept)


def test_its_clock_does_not_go_back() -> None:
    operation = Operation()
    time.sleep(0.01)
    assert operation.end(failed=False) >= 0.01


def test_an_operation_that_has_ended_holds_no_exception() -> None:
    operation = Operation()
    operation.record_error(ValueError())
    operation.end(failed=True)
    assert operation.error is None
