"""Timed blocks and functions: one operation, one point, one span, and the context restored."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
import threading
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from argus_otel import api, timed
from argus_otel.custom import metrics

from .conftest import Kept
from .test_count import warned


@pytest.fixture(autouse=True)
def _context_is_left_as_it_was() -> Iterator[None]:
    before = otel_context.get_current()
    yield
    assert otel_context.get_current() == before


def parent(kept: Kept, name: str) -> str | None:
    span = kept.span(name)
    if span.parent is None:
        return None
    return next(each.name for each in kept.spans() if each.context.span_id == span.parent.span_id)


# -- a block


def test_a_block_is_one_point_and_one_span(traced: Kept) -> None:
    with timed("db.query", table="tags"):
        time.sleep(0.02)
    assert traced.times("db.query") == {(("table", "tags"),): 1}
    (histogram,) = (h for h in traced.telemetry.histograms() if h.metric.name == "db.query")
    ((_, cell),) = histogram.rows()
    assert 0.02 <= cell.sum < 1
    assert (histogram.metric.unit, histogram.metric.boundaries) == ("s", metrics.BOUNDARIES)
    span = traced.span("db.query")
    assert (span.kind, span.parent, span.status.status_code) == (SpanKind.INTERNAL, None, StatusCode.UNSET)
    assert dict(span.attributes or {}) == {"table": "tags"}
    ((_, exemplar),) = cell.exemplars.items()
    assert exemplar[3] == span.context.span_id


def test_without_a_tracer_there_is_the_point_alone(kept: Kept) -> None:
    with timed("db.query"):
        assert not trace.get_current_span().get_span_context().is_valid
    assert kept.times("db.query") == {(): 1}


def test_an_exception_passes_through_and_is_told(traced: Kept) -> None:
    error = KeyError("tags")
    with pytest.raises(KeyError) as raised, timed("db.query", table="tags"):
        raise error
    assert raised.value is error
    assert traced.times("db.query") == {(("error.type", "KeyError"), ("table", "tags")): 1}
    span = traced.span("db.query")
    assert span.status.status_code is StatusCode.ERROR
    assert dict(span.attributes or {}) == {"table": "tags", "error.type": "KeyError"}
    assert [event.name for event in span.events] == ["exception"]


def test_secrets_in_an_exception_stay_here(traced: Kept) -> None:
    traced.telemetry.redact.add_secret("hunter2hunter2")
    with contextlib.suppress(ValueError), timed("login"):
        raise ValueError("hunter2hunter2")
    assert "hunter2" not in traced.span("login").to_json()


def test_an_exceptions_frames_are_not_kept_alive(traced: Kept) -> None:
    class Held:
        pass

    @timed("work")
    def work() -> None:
        held = Held()
        alive.append(weakref.ref(held))
        raise ValueError

    alive: list[weakref.ref[Held]] = []
    gc.disable()
    try:
        with contextlib.suppress(ValueError):
            work()
        assert alive[0]() is None
    finally:
        gc.enable()


def test_ids_stay_on_the_span_and_never_reach_the_metric(traced: Kept) -> None:
    with timed("db.query", user_id=123456789012345678, table="tags"):
        pass
    assert traced.times("db.query") == {(("table", "tags"), ("user_id", "_OTHER")): 1}
    assert dict(traced.span("db.query").attributes or {}) == {"user_id": "123456789012345678", "table": "tags"}


def test_blocks_nest_and_a_bots_own_span_is_a_parent_too(traced: Kept) -> None:
    tracer = traced.provider.get_tracer("the bot's own")
    with timed("outer"), tracer.start_as_current_span("own"), timed("inner"):
        pass
    assert [parent(traced, name) for name in ("inner", "own", "outer")] == ["own", "outer", None]
    with tracer.start_as_current_span("main"), timed("inside main"):
        pass
    with tracer.start_as_current_span("second main"), timed("inside.main"):
        pass
    assert parent(traced, "inside.main") == "second main"


def test_a_root_goes_by_the_rate_of_timed(traced: Kept) -> None:
    traced.telemetry.rates.override({"timed": 0.0, "timed.kept": 1.0})
    for name in ("dropped", "kept"):
        with timed(name), timed(f"{name}.inner"):
            pass
    assert sorted(span.name for span in traced.spans()) == ["kept", "kept.inner"]
    assert traced.times("dropped.inner") == {(): 1}


@pytest.mark.parametrize(
    ("name", "attributes", "expected"),
    [
        ("db query", {}, "a name begins with a letter"),
        (5, {}, "the name has to be a str"),
        ("discord.x", {}, "are reserved"),
        ("x", {"a": object()}, "a is object"),
        ("x", {"error.type": "mine"}, "argus-otel sets error.type itself"),
    ],
)
def test_what_is_wrong_runs_untimed(
    traced: Kept, caplog: pytest.LogCaptureFixture, name: Any, attributes: dict[str, Any], expected: str
) -> None:
    ran = []
    for _ in range(3):
        with timed(name, **attributes):
            ran.append(1)
    assert len(ran) == 3
    assert traced.spans() == []
    assert all(traced.times(each) == {} for each in traced.names())
    (warning,) = warned(caplog)
    assert expected in warning
    assert "Nothing is timed" in warning


def test_what_is_counted_cannot_be_timed(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    kept.custom.count("songs", 1, {})
    with timed("songs"):
        pass
    assert kept.counts("songs") == {(): 1}
    assert "that name is counted already; choose another name here. Nothing is timed." in warned(caplog)[0]


def test_there_is_always_room_for_the_exception(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    attributes = {f"a{number}": 1 for number in range(metrics.MAX_ATTRIBUTES)}
    with contextlib.suppress(ValueError), timed("x", **attributes):
        raise ValueError
    ((pairs, _),) = kept.times("x").items()
    assert len(pairs) == metrics.MAX_ATTRIBUTES
    assert ("error.type", "ValueError") in pairs
    assert "a9 is attribute number 11" in warned(caplog)[0]


def test_classes_of_exceptions_are_limited(kept: Kept) -> None:
    for number in range(metrics.CARDINALITY_LIMIT + 10):
        with contextlib.suppress(Exception), timed("x"):
            raise type(f"E{number}", (Exception,), {})
    assert len(kept.times("x")) == metrics.CARDINALITY_LIMIT + 1
    assert kept.times("x")[(("error.type", "_OTHER"),)] == 10


# -- functions


def test_a_function_keeps_what_it_is(kept: Kept) -> None:
    @timed("work")
    def work(number: int, *, double: bool = False) -> int:
        """Work."""
        return number * (2 if double else 1)

    assert work(3, double=True) == 6
    assert (work.__name__, work.__doc__) == ("work", "Work.")
    assert str(inspect.signature(work)) == "(number: 'int', *, double: 'bool' = False) -> 'int'"
    assert kept.times("work") == {(): 1}


def test_a_coroutine_function_is_one_still_and_is_timed_to_its_end(traced: Kept) -> None:
    @timed("work", kind="slow")
    async def work(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    assert inspect.iscoroutinefunction(work)
    assert asyncio.run(work(0.02)) == 0.02
    (histogram,) = traced.telemetry.histograms()[-1:]
    assert next(histogram.rows())[1].sum >= 0.02
    assert traced.times("work") == {(("kind", "slow"),): 1}


def test_methods_of_every_kind_and_partials(kept: Kept) -> None:
    class Player:
        @timed("method")
        def play(self, song: str) -> tuple[object, str]:
            return self, song

        @classmethod
        @timed("class.method")
        def make(cls) -> Player:
            return cls()

        @staticmethod
        @timed("static.method")
        async def wait(song: str) -> str:
            return song

    player = Player.make()
    assert player.play("a") == (player, "a")
    assert asyncio.run(Player.wait("b")) == "b"
    assert timed("partial")(functools.partial(int, base=2))("11") == 3
    assert [kept.times(name) for name in ("method", "class.method", "static.method", "partial")] == [{(): 1}] * 4


def test_recursion_and_concurrency_of_one_function(traced: Kept) -> None:
    @timed("walk")
    async def walk(depth: int) -> int:
        await asyncio.sleep(0.001 * depth)
        return 1 + sum(await asyncio.gather(walk(depth - 1), walk(depth - 1))) if depth else 1

    assert asyncio.run(walk(3)) == 15
    assert traced.times("walk") == {(): 15}
    spans = {span.context.span_id: span for span in traced.spans("walk")}
    depths = []
    for span in spans.values():
        depth = 0
        while span.parent is not None:
            span, depth = spans[span.parent.span_id], depth + 1
        depths.append(depth)
    assert sorted(depths) == [0] + [1] * 2 + [2] * 4 + [3] * 8


def test_one_object_may_be_shared_by_tasks_and_threads(kept: Kept) -> None:
    shared = timed("shared")

    async def use(seconds: float) -> None:
        with shared:
            await asyncio.sleep(seconds)
            with shared:
                await asyncio.sleep(seconds)

    async def main() -> None:
        await asyncio.gather(*(use(0.01 * number) for number in range(1, 6)))

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept.times("shared") == {(): 20}
    assert shared._running == []


def test_a_shared_object_times_the_task_that_leaves(kept: Kept) -> None:
    shared = timed("shared")

    async def use(before: float, within: float) -> None:
        await asyncio.sleep(before)
        with shared:
            await asyncio.sleep(within)

    async def main() -> None:
        await asyncio.gather(use(0, 0.09), use(0.06, 0.1))

    asyncio.run(main())
    (histogram,) = kept.telemetry.histograms()[-1:]
    ((_, cell),) = histogram.rows()
    # The first must not end the entry of the second, which had run for 0.03 s at that moment.
    assert sum(cell.counts[: cell.boundaries.index(0.05) + 1]) == 0


# -- other endings


def test_a_task_that_is_cancelled_leaves_everything_in_order(traced: Kept) -> None:
    @timed("work")
    async def work() -> None:
        with timed("inner"):
            await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not trace.get_current_span().get_span_context().is_valid

    asyncio.run(main())
    assert traced.times("work") == {(("error.type", "CancelledError"),): 1}
    assert parent(traced, "inner") == "work"


def test_generators_that_are_not_left_in_order_leave_the_context_as_it_was(traced: Kept) -> None:
    def numbers(name: str) -> Iterator[int]:
        with timed(name):
            yield from range(3)

    before = otel_context.get_current()
    assert list(zip(numbers("first"), numbers("second"), strict=True)) == [(n, n) for n in range(3)]
    gc.collect()
    assert otel_context.get_current() is before
    with timed("outer"):
        begun = numbers("begun")
        next(begun)
    assert otel_context.get_current() is before
    begun.close()  # type: ignore[attr-defined]
    assert otel_context.get_current() is before
    assert all(span.status.status_code is StatusCode.UNSET for span in traced.spans())
    assert len(traced.spans()) == 4


def test_an_async_generator_that_another_task_closes(traced: Kept, caplog: pytest.LogCaptureFixture) -> None:
    async def numbers() -> AsyncIterator[int]:
        with timed("numbers"):
            yield 1
            yield 2

    async def main() -> None:
        generator = numbers()
        await generator.__anext__()
        await asyncio.create_task(close(generator))
        async for _ in numbers():
            break
        gc.collect()
        await asyncio.sleep(0.01)

    async def close(generator: Any) -> None:
        """Run in a copy of the context that the block was entered in."""
        assert trace.get_current_span().get_span_context().is_valid
        await generator.aclose()
        assert not trace.get_current_span().get_span_context().is_valid

    asyncio.run(main())
    assert traced.times("numbers") == {(): 2}
    assert caplog.records == []


def test_context_managers_nest_what_is_within(traced: Kept) -> None:
    @contextlib.contextmanager
    def transaction() -> Iterator[None]:
        with timed("transaction"):
            yield

    with transaction(), timed("statement"):
        pass
    with contextlib.ExitStack() as stack:
        stack.enter_context(timed("stacked"))
        stack.enter_context(timed("on.top"))
    assert parent(traced, "statement") == "transaction"
    assert parent(traced, "on.top") == "stacked"


def test_tasks_that_start_each_other_hold_no_chain(traced: Kept) -> None:
    async def tick(left: int) -> None:
        with timed("tick"):
            pass
        if left:
            await asyncio.create_task(again(left))
        else:
            seen.append(length())

    async def again(left: int) -> None:
        with timed("again"):
            task = asyncio.create_task(tick(left - 1))
        await task

    def length() -> int:
        context, found = otel_context.get_current(), 0
        while (context := getattr(context, "before", None)) is not None:
            found += 1
        return found

    seen: list[int] = []
    asyncio.run(tick(50))
    assert len(traced.spans("again")) == 50
    assert seen[0] <= 1


# -- objects that cannot be timed


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


class Player:
    def __call__(self) -> int:
        return 3


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (generator, "cannot time a generator"),
        (async_generator, "cannot time a generator"),
        (Player, "is for functions"),
        (Player(), "is for functions"),
        (staticmethod(generator), "is for functions"),
        (classmethod(generator), "is for functions"),
        (functools.lru_cache(generator), "is for functions"),
        (3, "is for functions"),
    ],
    ids=[
        "a generator",
        "an async generator",
        "a class",
        "an instance",
        "a staticmethod",
        "a classmethod",
        "an lru_cache",
        "a number",
    ],
)
def test_what_cannot_be_timed_stays_as_it_is(caplog: pytest.LogCaptureFixture, thing: Any, expected: str) -> None:
    assert timed("x")(thing) is thing
    (warning,) = warned(caplog)
    assert expected in warning
    assert "is left untimed" in warning


def test_a_decorator_without_a_name_leaves_the_function(caplog: pytest.LogCaptureFixture) -> None:
    @timed  # type: ignore[arg-type]
    def work() -> int:
        return 3

    assert work() == 3  # type: ignore[operator]
    assert "@timed needs a name" in warned(caplog)[0]


# -- on and off


def test_what_is_switched_off_in_the_middle_ends_in_order(traced: Kept) -> None:
    block = timed("x")
    with block:
        api.record_into(None)
        with block:
            pass
    assert traced.times("x") == {(): 1}
    api.record_into(None)
    with block:
        api.record_into(lambda: traced.custom)
        with block:
            pass
    assert traced.times("x") == {(): 2}
    assert block._running == []
