"""Each iteration of a loop is timed and traced on its own, and a loop that died can be seen."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref

import discord
import pytest
from discord.ext import commands, tasks
from opentelemetry import trace

from argus_otel.sources.discord.task_loops import TaskLoops
from argus_otel.telemetry import SpanKind
from discord_simulator import BackgroundSimulator

from .conftest import Observed, broken, let_go, make_bot, running, until
from .test_nesting import parent_of

DURATION = "discord.task.duration"
RUNNING = "discord.task.running"
SEND = "POST /channels/{channel_id}/messages"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let discord.py try again at once."""
    monkeypatch.setattr("discord.ext.tasks.ExponentialBackoff.delay", lambda _: 0.01)


def test_each_iteration_is_a_point_and_a_root(observed: Observed) -> None:
    tracer = observed.tracer_provider.get_tracer("the bot's own")
    hooks: list[str] = []

    async def query() -> None:
        with tracer.start_as_current_span("query"):
            await asyncio.sleep(0)

    @tasks.loop(seconds=0.01, count=3)
    async def cleanup(argument: str, *, keyword: str) -> None:
        hooks.append(argument + keyword)
        await query()
        await asyncio.create_task(query())

    @cleanup.before_loop
    async def before() -> None:
        hooks.append("before")

    @cleanup.after_loop
    async def after() -> None:
        hooks.append("after")

    async def main() -> None:
        task = cleanup.start("a", keyword="b")
        await asyncio.sleep(0)
        assert observed.values(RUNNING) == {("cleanup",): 1}
        assert cleanup.is_running()
        await task

    asyncio.run(main())
    assert hooks == ["before", "ab", "ab", "ab", "after"]
    assert observed.counts(DURATION) == {("cleanup", None): 3}
    assert observed.values(RUNNING) == {("cleanup",): 0}
    roots = observed.spans("task cleanup")
    assert [root.parent for root in roots] == [None] * 3
    assert {root.kind.name for root in roots} == {"INTERNAL"}
    assert dict(roots[0].attributes) == {"discord.task.name": "cleanup"}
    queries = observed.spans("query")
    assert [parent_of(observed, span) for span in queries] == ["task cleanup"] * 6
    assert {span.context.trace_id for span in queries} == {root.context.trace_id for root in roots}
    assert len({root.context.trace_id for root in roots}) == 3


def test_an_iteration_that_blocks_is_recorded_in_full_and_the_sleep_is_not(observed: Observed) -> None:
    @tasks.loop(seconds=0.5, count=2)
    async def block() -> None:
        time.sleep(0.2)

    async def main() -> None:
        await block.start()

    asyncio.run(main())
    assert observed.counts(DURATION) == {("block", None): 2}
    assert observed.sums(DURATION)["block", None] == pytest.approx(0.4, abs=0.05)


def test_a_loop_of_a_cog_has_the_cogs_name_whichever_instance(observed: Observed) -> None:
    class Music(commands.Cog):
        def __init__(self) -> None:
            self.played: list[object] = []

        @tasks.loop(seconds=0.01, count=1)
        async def cleanup(self) -> None:
            self.played.append(self)

    async def main() -> None:
        first, second = Music(), Music()
        running = [first.cleanup.start(), second.cleanup.start()]
        await asyncio.sleep(0)
        assert observed.values(RUNNING) == {("Music.cleanup",): 2}
        await asyncio.gather(*running)
        assert first.played == [first]
        assert second.played == [second]

    asyncio.run(main())
    assert observed.counts(DURATION) == {("Music.cleanup", None): 2}
    assert observed.values(RUNNING) == {("Music.cleanup",): 0}
    assert {span.name for span in observed.spans()} == {"task Music.cleanup"}


def test_a_loop_that_dies_of_an_error_is_seen_and_its_error_handler_runs(observed: Observed) -> None:
    handled: list[BaseException] = []
    error = ZeroDivisionError("by hand")

    @tasks.loop(seconds=0.01)
    async def fail() -> None:
        raise error

    @fail.error
    async def on_error(caught: BaseException) -> None:
        handled.append(caught)

    async def main() -> None:
        with pytest.raises(ZeroDivisionError) as caught:
            await fail.start()
        assert caught.value is error

    asyncio.run(main())
    assert handled == [error]
    assert fail.failed()
    assert observed.counts(DURATION) == {("fail", "ZeroDivisionError"): 1}
    assert observed.values(RUNNING) == {("fail",): 0}
    span = observed.span("task fail")
    assert span.status.status_code.name == "ERROR"
    assert span.attributes["error.type"] == "ZeroDivisionError"
    (event,) = span.events
    assert event.attributes["exception.message"] == "by hand"


def test_an_error_that_discord_py_tries_again_after_is_an_error_of_its_iteration(
    observed: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    runs: list[int] = []

    @tasks.loop(seconds=0.01, count=1)
    async def fetch() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise ConnectionResetError

    async def main() -> None:
        await fetch.start()

    asyncio.run(main())
    assert observed.counts(DURATION) == {("fetch", "ConnectionResetError"): 2, ("fetch", None): 1}
    assert observed.values(RUNNING) == {("fetch",): 0}
    if discord.version_info >= (2, 6):
        assert "fetch" in caplog.text  # discord.py names the function, not the wrapper
        assert "operate" not in "".join(record.getMessage() for record in caplog.records)


def test_cancelling_stopping_restarting_and_changing_the_interval_work(observed: Observed) -> None:
    async def main() -> None:
        begun = asyncio.Event()
        runs: list[int] = []

        @tasks.loop(seconds=3600)
        async def wait(number: int) -> None:
            runs.append(number)
            begun.set()
            if number < 3:
                await asyncio.sleep(3600)

        wait.start(1)
        await begun.wait()
        begun.clear()
        wait.restart(2)  # cancels in the middle of an iteration
        await begun.wait()
        assert observed.values(RUNNING) == {("wait",): 1}
        wait.cancel()
        await until(lambda: not wait.is_running())
        assert observed.values(RUNNING) == {("wait",): 0}
        task = wait.start(3)
        await until(lambda: len(runs) == 3)
        wait.change_interval(seconds=0.01)
        await until(lambda: len(runs) >= 5)
        assert wait.current_loop >= 1
        assert wait.seconds == 0.01
        wait.stop()
        await task
        assert runs[:3] == [1, 2, 3]
        # An interrupted iteration is counted, and is no error.
        assert observed.counts(DURATION) == {("wait", None): len(runs)}
        assert observed.values(RUNNING) == {("wait",): 0}
        assert {span.status.status_code.name for span in observed.spans("task wait")} == {"UNSET"}

    asyncio.run(main())


def test_a_function_that_is_exchanged_while_the_loop_runs_is_followed(observed: Observed) -> None:
    runs: list[str] = []

    @tasks.loop(seconds=0.01, count=2)
    async def first() -> None:
        runs.append("first")
        first.coro = second

    async def second() -> None:
        runs.append("second")

    async def main() -> None:
        await first.start()

    asyncio.run(main())
    assert runs == ["first", "second"]
    assert first.coro is second
    assert observed.counts(DURATION) == {("first", None): 2}


def test_a_direct_call_is_no_iteration_and_nests_in_its_caller(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()

    @tasks.loop(seconds=3600)
    async def cleanup() -> None:
        await bot.guilds[0].text_channels[0].send("cleaned")

    @bot.tree.command()
    async def clean(interaction: discord.Interaction) -> None:
        """Clean."""
        await interaction.response.defer()
        await cleanup()

    async def main() -> None:
        async with running(bot, simulator):
            cleanup.start()  # also while it runs
            await until(lambda: observed.spans("task cleanup"))
            await (await simulator.slash("clean")).acknowledged()
            await until(lambda: observed.spans("command clean"))
            cleanup.cancel()
            await asyncio.sleep(0)

    asyncio.run(main())
    assert observed.counts(DURATION) == {("cleanup", None): 1}
    assert sorted(str(parent_of(observed, span)) for span in observed.spans(SEND)) == ["command clean", "task cleanup"]


def test_a_loop_that_a_handler_starts_is_linked_to_it_and_is_not_part_of_it(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    tracer = observed.tracer_provider.get_tracer("the bot's own")
    bot = make_bot()
    done: list[bool] = []

    @tasks.loop(seconds=0.05, count=2)
    async def remind() -> None:
        await bot.guilds[0].text_channels[0].send("remember")

    @remind.before_loop
    async def before() -> None:
        with tracer.start_as_current_span("before"):
            pass

    @remind.after_loop
    async def after() -> None:
        with tracer.start_as_current_span("after"):
            done.append(True)

    @bot.tree.command()
    async def start(interaction: discord.Interaction) -> None:
        """Start."""
        with tracer.start_as_current_span("own"):
            remind.start()
        await interaction.response.send_message("I will")

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("start")).acknowledged()
            await until(lambda: done)

    asyncio.run(main())
    command = observed.span("command start")
    iterations = observed.spans("task remind")
    assert len(iterations) == 2
    for iteration in iterations:
        assert iteration.parent is None
        assert iteration.context.trace_id != command.context.trace_id
        (link,) = iteration.links
        assert (link.context.trace_id, link.context.span_id) == (command.context.trace_id, command.context.span_id)
    assert [parent_of(observed, span) for span in observed.spans(SEND)] == ["task remind"] * 2
    for name in ("before", "after"):
        assert observed.span(name).parent is None
        assert observed.span(name).context.trace_id != command.context.trace_id


@pytest.mark.parametrize("rates", [{"discord.command": 0.0}, {"discord.task": 0.0}, {"discord.task.remind": 0.0}])
def test_a_link_is_made_only_to_what_can_be_seen_and_an_iteration_only_where_it_is_kept(
    observed: Observed, simulator: BackgroundSimulator, rates: dict[str, float]
) -> None:
    observed.telemetry.rates.override(rates)
    tracer = observed.tracer_provider.get_tracer("the bot's own")
    bot = make_bot()

    @tasks.loop(seconds=0.01, count=1)
    async def remind() -> None:
        with tracer.start_as_current_span("own"):
            await bot.guilds[0].text_channels[0].send("remember")

    @bot.tree.command()
    async def start(interaction: discord.Interaction) -> None:
        """Start."""
        remind.start()
        await interaction.response.send_message("I will")

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("start")).acknowledged()
            await until(lambda: observed.counts(DURATION))

    asyncio.run(main())
    if "discord.command" in rates:
        assert observed.span("task remind").links == ()
        assert parent_of(observed, observed.span("own")) == "task remind"
        assert observed.spans("command start") == []
    else:
        assert observed.spans("command start")
        assert [span.name for span in observed.spans() if span.name in ("task remind", "own", SEND)] == []


def test_a_loop_that_a_loop_starts_is_linked_to_the_iteration(observed: Observed) -> None:
    @tasks.loop(count=1)
    async def outer() -> None:
        inner.start()

    @tasks.loop(count=1)
    async def inner() -> None:
        pass

    async def main() -> None:
        await outer.start()
        await until(lambda: observed.spans("task inner"))

    asyncio.run(main())
    (link,) = observed.span("task inner").links
    assert link.context.span_id == observed.span("task outer").context.span_id
    assert observed.span("task inner").parent is None


def test_a_loop_keeps_no_trace_alive_and_is_not_kept_alive_by_us(observed: Observed) -> None:
    class Starter(commands.Cog):
        @tasks.loop(seconds=3600)
        async def remind(self) -> None:
            pass

    async def main() -> None:
        root = observed.telemetry.tracing.root("command start", SpanKind.SERVER, dict)  # type: ignore[union-attr]
        root.attach()
        span = weakref.ref(trace.get_current_span())
        cog = Starter()
        cog.remind.start()
        root.detach()
        root.end(None, failed=False)
        del root
        await until(lambda: observed.spans("task Starter.remind"))
        assert observed.span("task Starter.remind").links
        gc.collect()
        assert span() is None  # its task lives on, with a context that was a copy of the starter's
        things = [weakref.ref(cog), weakref.ref(cog.remind)]
        cog.remind.cancel()
        del cog
        await let_go(things)

    asyncio.run(main())
    assert observed.values(RUNNING) == {("Starter.remind",): 0}


def test_a_loop_that_ends_with_its_event_loop_no_longer_runs(observed: Observed) -> None:
    @tasks.loop(seconds=3600)
    async def forever() -> None:
        pass

    async def main() -> None:
        forever.start()
        await asyncio.sleep(0.01)

    asyncio.run(main())  # which cancels what is left
    assert observed.values(RUNNING) == {("forever",): 0}


@pytest.mark.parametrize("body", ["_started", "_ended", "_wrap", "_begin", "_end"])
def test_a_hook_that_raises_costs_the_loop_nothing(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TaskLoops, body, broken(body))
    observed = Observed()
    observed.source.install()
    runs: list[str] = []

    @tasks.loop(seconds=0.01, count=2)
    async def work(argument: str) -> None:
        runs.append(argument)

    @tasks.loop(seconds=0.01)
    async def fail() -> None:
        raise LookupError

    @fail.error
    async def on_error(_: BaseException) -> None:
        runs.append("error")

    async def main() -> None:
        await work.start("x")
        with pytest.raises(LookupError):
            await fail.start()

    try:
        asyncio.run(main())
    finally:
        observed.source.uninstall()
    assert runs == ["x", "x", "error"]
    assert observed.faults() == {"task loops": f"RuntimeError: {body} is broken"}


def test_a_loop_of_a_class_with_slots_runs_as_it_is() -> None:
    observed = Observed()
    observed.source.install()

    class Slotted(tasks.Loop):
        __slots__ = ("kept",)

    async def work() -> None:
        loop.kept += 1

    loop = Slotted(
        work, seconds=0.01, minutes=0, hours=0, time=discord.utils.MISSING, count=2, reconnect=True, name=None
    )
    loop.kept = 0

    async def main() -> None:
        await loop.start()

    try:
        asyncio.run(main())
    finally:
        observed.source.uninstall()
    assert loop.kept == 2
    assert observed.counts(DURATION) == {}
    (fault,) = observed.faults().values()
    assert fault.endswith("Slotted has slots, which a loop and its stand-in cannot share")


def test_a_loop_is_the_same_object_to_all_others_while_it_runs(observed: Observed) -> None:
    seen: list[object] = []

    class Counting(tasks.Loop):
        def _try_sleep_until(self, *args: object) -> object:
            self.sleeps = getattr(self, "sleeps", 0) + 1
            return super()._try_sleep_until(*args)

    async def work() -> None:
        seen.append((loop.current_loop, loop.is_running(), loop.coro is work))

    loop = Counting(
        work, seconds=0.01, minutes=0, hours=0, time=discord.utils.MISSING, count=2, reconnect=True, name=None
    )

    async def main() -> None:
        await loop.start()

    asyncio.run(main())
    assert seen == [(0, True, True), (1, True, True)]
    assert loop.sleeps == 2
    assert type(loop) is Counting
    assert observed.counts(DURATION) == {("work", None): 2}


def test_a_loop_that_runs_while_hooks_come_out_and_in_goes_on(observed: Observed) -> None:
    async def main() -> None:
        runs: list[int] = []

        @tasks.loop(seconds=0.005)
        async def work() -> None:
            runs.append(1)

        work.start()
        await until(lambda: len(runs) > 2)
        observed.source.uninstall()
        counted = observed.counts(DURATION)
        seen = len(runs)
        await until(lambda: len(runs) > seen + 2)
        assert observed.counts(DURATION) == counted
        observed.source.install()
        await until(lambda: observed.counts(DURATION) != counted)
        work.cancel()
        await until(lambda: not work.is_running())

    asyncio.run(main())
    assert observed.values(RUNNING) == {("work",): 0}
