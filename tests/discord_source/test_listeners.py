"""Every run of every listener is timed, with the bot's own exception, and traced where its rate says so."""

from __future__ import annotations

import asyncio
import gc
import inspect
import re
import sys
import time
import weakref
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.ext import commands
from opentelemetry import trace

from argus_otel.sources.discord.listeners import MASS_EVENTS, Listeners
from argus_otel.telemetry import Histogram, Telemetry
from discord_simulator import BackgroundSimulator

from .conftest import Observed, broken, make_bot, running, until
from .test_nesting import parent_of

DURATION = "discord.listener.duration"
SEND = "POST /channels/{channel_id}/messages"


def of(observed: Observed, name: str) -> dict[Any, int]:
    """Return how often one event's listeners ran, by error type."""
    return {error: count for (event, error), count in observed.counts(DURATION).items() if event == name and count}


def test_each_run_of_each_kind_of_listener_is_one_point(observed: Observed, simulator: BackgroundSimulator) -> None:
    ran: list[str] = []

    class Bot(commands.Bot):
        async def on_member_join(self, _: discord.Member) -> None:
            ran.append("overridden")

    class Cog(commands.Cog):
        @commands.Cog.listener("on_member_join")
        async def in_a_cog(self, _: discord.Member) -> None:
            ran.append("cog")

    bot = make_bot(Bot)

    @bot.listen("on_member_join")
    async def listening(_: discord.Member) -> None:
        ran.append("listen")

    @bot.event
    async def on_member_remove(_: discord.Member) -> None:
        ran.append("event")

    async def main() -> None:
        await bot.add_cog(Cog())
        async with running(bot, simulator):
            member = await simulator.join_member()
            await simulator.leave_member(member.user)
            await simulator.say("no command")
            await until(lambda: len(ran) == 4 and of(observed, "message"))

    asyncio.run(main())
    assert sorted(ran) == ["cog", "event", "listen", "overridden"]
    assert of(observed, "member_join") == {None: 3}
    assert of(observed, "member_remove") == {None: 1}
    assert of(observed, "message") == {None: 1}  # the default on_message, which looks for commands
    assert not any(name.startswith("on_") for name, _ in observed.counts(DURATION))


def test_a_listener_that_blocks_before_its_first_await_is_recorded_in_full(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()

    @bot.listen("on_member_join")
    async def block(_: discord.Member) -> None:
        time.sleep(0.4)

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.join_member()
            await until(lambda: of(observed, "member_join"))

    asyncio.run(main())
    assert observed.sums(DURATION)["member_join", None] == pytest.approx(0.4, abs=0.05)


def test_what_a_listener_waited_for_the_loop_is_not_its_time(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()
    for _ in range(3):

        async def block(_: discord.Member) -> None:
            time.sleep(0.2)

        bot.add_listener(block, "on_member_join")

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.join_member()
            await until(lambda: of(observed, "member_join") == {None: 3})

    asyncio.run(main())
    assert observed.sums(DURATION)["member_join", None] == pytest.approx(0.6, abs=0.1)  # and not 0.2 + 0.4 + 0.6


@pytest.mark.parametrize("awaits", [False, True])
def test_an_exception_is_recorded_by_its_class_and_reaches_on_error_as_it_was(
    observed: Observed, simulator: BackgroundSimulator, awaits: bool
) -> None:
    observed.telemetry.rates.override({"discord.event": 1.0})
    seen: list[tuple[str, tuple[Any, ...], BaseException | None]] = []

    class Bot(commands.Bot):
        async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
            seen.append((event_method, args, sys.exc_info()[1]))

    bot = make_bot(Bot)
    error = ZeroDivisionError("by hand")

    @bot.listen("on_member_join")
    async def fail(_: discord.Member) -> None:
        if awaits:
            await asyncio.sleep(0.01)
        raise error

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.join_member()
            await until(lambda: seen)

    asyncio.run(main())
    (event, (member,), caught), *more = seen
    assert (event, caught, more) == ("on_member_join", error, [])
    assert isinstance(member, discord.Member)
    assert of(observed, "member_join") == {"ZeroDivisionError": 1}
    span = observed.span("event member_join")
    assert span.attributes["error.type"] == "ZeroDivisionError"
    assert span.status.status_code.name == "ERROR"
    (event,) = span.events
    assert event.attributes["exception.message"] == "by hand"


def test_the_original_exception_is_recorded_and_not_its_wrapper(observed: Observed) -> None:
    class Bot(commands.Bot):
        async def on_error(self, *_: object, **__: object) -> None:
            pass

    bot = make_bot(Bot)

    @bot.listen()
    async def on_thing() -> None:
        raise commands.CommandInvokeError(OverflowError("by hand"))

    async def main() -> None:
        bot.loop = asyncio.get_running_loop()
        bot.dispatch("thing")
        await until(lambda: of(observed, "thing"))

    asyncio.run(main())
    assert of(observed, "thing") == {"OverflowError": 1}


def test_a_listener_that_is_cancelled_is_counted_and_nobodys_error(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    observed.telemetry.rates.override({"discord.event": 1.0})
    bot = make_bot()
    tasks: list[asyncio.Task[Any]] = []

    @bot.listen("on_member_join")
    async def wait(_: discord.Member) -> None:
        tasks.append(asyncio.current_task())  # type: ignore[arg-type]
        await asyncio.sleep(3600)

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.join_member()
            await until(lambda: tasks)
            tasks[0].cancel()
            await until(lambda: of(observed, "member_join"))

    asyncio.run(main())
    assert of(observed, "member_join") == {None: 1}
    span = observed.span("event member_join")
    assert span.status.status_code.name == "UNSET"
    assert "error.type" not in span.attributes


# -- traces


def test_a_listener_from_the_gateway_is_a_root_with_the_ids_of_where_it_happened(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    observed.telemetry.rates.override({"discord.event": 1.0})
    tracer = observed.tracer_provider.get_tracer("the bot's own")
    bot = make_bot()

    @bot.listen("on_member_join")
    async def greet(member: discord.Member) -> None:
        with tracer.start_as_current_span("own"):
            await member.guild.text_channels[0].send("welcome")
        await asyncio.create_task(query())

    @bot.listen("on_message")
    async def reply(message: discord.Message) -> None:
        pass

    @bot.listen("on_raw_reaction_add")
    async def react(payload: discord.RawReactionActionEvent) -> None:
        pass

    async def query() -> None:
        with tracer.start_as_current_span("query"):
            pass

    async def main() -> None:
        async with running(bot, simulator):
            member = await simulator.join_member()
            said = await simulator.say("hello")
            await simulator.react(said.message)
            await until(lambda: observed.spans("query") and observed.spans("event raw_reaction_add"))
            await until(lambda: observed.spans("event message"))
            channel = said.message.channel_id
            guild = simulator.guild().id
            root = observed.span("event member_join")
            assert root.parent is None
            assert root.kind.name == "CONSUMER"
            assert dict(root.attributes) == {
                "discord.event.name": "member_join",
                "discord.guild.id": str(guild),
                "discord.shard.id": 0,
                "discord.user.id": str(member.user.id),
            }
            expected = {
                "discord.guild.id": str(guild),
                "discord.shard.id": 0,
                "discord.channel.id": str(channel),
            }
            of_message = dict(observed.spans("event message")[-1].attributes)
            assert of_message.pop("discord.user.id")
            assert of_message == {"discord.event.name": "message", **expected}
            of_reaction = dict(observed.span("event raw_reaction_add").attributes)
            assert of_reaction.pop("discord.user.id")
            assert of_reaction == {"discord.event.name": "raw_reaction_add", **expected}

    asyncio.run(main())
    assert parent_of(observed, observed.span("own")) == "event member_join"
    assert parent_of(observed, observed.span("query")) == "event member_join"
    assert parent_of(observed, observed.span(SEND)) == "own"


@pytest.mark.parametrize(
    ("rates", "kept"),
    [
        ({"discord.event": 1.0}, {"event member_join", "event member_remove"}),
        ({"discord.event": 0.0}, set()),
        ({"discord.event": 0.0, "discord.event.member_join": 1.0}, {"event member_join"}),
        ({"discord.event": 1.0, "discord.event.member_join": 0.0}, {"event member_remove"}),
    ],
)
def test_an_unsampled_listener_leaves_no_span_at_all(
    observed: Observed, simulator: BackgroundSimulator, rates: dict[str, float], kept: set[str]
) -> None:
    observed.telemetry.rates.override(rates)
    tracer = observed.tracer_provider.get_tracer("the bot's own")
    bot = make_bot()

    async def work(member: discord.Member) -> None:
        with tracer.start_as_current_span("own"):
            await member.guild.text_channels[0].send("hello")
        await asyncio.create_task(later())

    async def later() -> None:
        with tracer.start_as_current_span("later"):
            pass

    bot.add_listener(work, "on_member_join")
    bot.add_listener(work, "on_member_remove")

    async def main() -> None:
        async with running(bot, simulator):
            member = await simulator.join_member()
            await simulator.leave_member(member.user)
            await until(lambda: of(observed, "member_join") and of(observed, "member_remove"))

    asyncio.run(main())
    spans = {span.context.span_id: span for span in observed.spans()}
    roots = {span.name for span in spans.values() if span.name.startswith("event ") and span.parent is None}
    assert roots & {"event member_join", "event member_remove"} == kept
    for name in ("own", "later", SEND):
        found = observed.spans(name)
        assert len(found) == len(kept)
        assert all(span.parent.span_id in spans for span in found)


def test_most_listeners_are_not_kept_by_default() -> None:
    telemetry = Telemetry()
    Listeners(telemetry, None, None)  # type: ignore[arg-type]
    assert telemetry.rates.of("discord.event", "member_join") == 0.1
    assert telemetry.rates.of("discord.event", "anything_of_the_bots") == 0.1
    assert {telemetry.rates.of("discord.event", name) for name in MASS_EVENTS} == {0.001}
    assert {"message", "typing", "presence_update", "raw_reaction_add", "voice_state_update"} < set(MASS_EVENTS)
    telemetry.rates.override({"discord.event": 1.0})
    assert telemetry.rates.of("discord.event", "message") == 1.0


@pytest.mark.skipif(discord.version_info < (2, 5), reason="some events are newer")
def test_the_events_that_come_in_masses_exist() -> None:
    source = "".join(path.read_text("utf-8") for path in Path(inspect.getfile(discord)).parent.rglob("*.py"))
    dispatched = set(re.findall(r"dispatch\(\s*['\"](\w+)['\"]", source))
    assert set(MASS_EVENTS) <= dispatched


def test_what_is_dispatched_from_within_other_work_is_part_of_it(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    observed.telemetry.rates.override({"discord.event": 0.0})
    bot = make_bot()

    @bot.tree.command()
    async def play(interaction: discord.Interaction) -> None:
        """Play."""
        bot.dispatch("song_started", "a song")
        await interaction.response.send_message("playing")

    @bot.command()
    async def stop(ctx: commands.Context[commands.Bot]) -> None:
        bot.dispatch("song_stopped", object())

    @bot.listen()
    async def on_song_started(_: str) -> None:
        await asyncio.sleep(0.05)  # it ends after the command has
        await bot.guilds[0].text_channels[0].send("started")

    @bot.listen()
    async def on_song_stopped(_: object) -> None:
        pass

    @bot.listen()
    async def on_interaction(_: discord.Interaction) -> None:
        pass

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("play")).acknowledged()
            await simulator.say("!stop")
            await until(lambda: observed.spans("event song_started") and observed.spans("event song_stopped"))

    asyncio.run(main())
    assert parent_of(observed, observed.span("event song_started")) == "command play"
    assert parent_of(observed, observed.span("event interaction")) == "command play"
    assert parent_of(observed, observed.span("event song_stopped")) == "command stop"
    assert parent_of(observed, observed.span(SEND)) == "event song_started"
    assert dict(observed.span("event song_started").attributes) == {"discord.event.name": "song_started"}
    attributes = observed.span("event interaction").attributes
    assert attributes["discord.user.id"]
    assert attributes["discord.guild.id"]


def test_within_work_that_is_not_kept_a_listener_is_silent_and_still_counted(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    observed.telemetry.rates.override({"discord.event": 1.0, "discord.command": 0.0})
    bot = make_bot()

    @bot.tree.command()
    async def play(interaction: discord.Interaction) -> None:
        """Play."""
        bot.dispatch("song_started", interaction)
        await interaction.response.send_message("playing")

    @bot.listen()
    async def on_song_started(_: object) -> None:
        await bot.guilds[0].text_channels[0].send("started")

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("play")).acknowledged()
            await until(lambda: of(observed, "song_started"))

    asyncio.run(main())
    assert of(observed, "song_started") == {None: 1}
    assert [span.name for span in observed.spans() if "song" in span.name or "play" in span.name] == []
    assert observed.spans(SEND) == []


def test_what_on_error_does_belongs_to_the_listener_and_nothing_leaks_into_the_next_event(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    observed.telemetry.rates.override({"discord.event": 1.0})
    current: list[bool] = []

    class Bot(commands.Bot):
        async def on_error(self, *_: object, **__: object) -> None:
            await self.guilds[0].text_channels[0].send("sorry")

    bot = make_bot(Bot)

    @bot.listen("on_member_join")
    async def fail(_: discord.Member) -> None:
        raise LookupError

    def seen(*_: object) -> bool:  # runs in the context that the gateway's events come from
        current.append(trace.get_current_span() is trace.INVALID_SPAN)
        return False

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.join_member()
            await until(lambda: observed.spans(SEND))
            waiting = bot.wait_for("typing", check=seen)
            waiting.close()
            await simulator.typing()
            await until(lambda: current)

    asyncio.run(main())
    assert parent_of(observed, observed.span(SEND)) == "event member_join"
    assert current == [True]


def test_a_prefix_command_is_a_root_whatever_becomes_of_the_listener_that_found_it(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    observed.telemetry.rates.override({"discord.event": 0.0, "discord.event.message": 0.0, "discord.command": 1.0})
    bot = make_bot()

    @bot.command()
    async def ping(ctx: commands.Context[commands.Bot]) -> None:
        await ctx.send("pong")

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.say("!ping")).reply()
            await until(lambda: observed.spans("command ping"))

    asyncio.run(main())
    assert observed.span("command ping").parent is None
    assert parent_of(observed, observed.span(SEND)) == "command ping"


# -- what it costs the bot


def test_names_of_events_cannot_make_metrics_or_memory_grow(observed: Observed) -> None:
    bot = make_bot()

    async def nothing() -> None:
        pass

    async def main() -> None:
        bot.loop = asyncio.get_running_loop()
        for number in range(1500):
            bot.add_listener(nothing, f"on_made_up_{number}")
            bot.dispatch(f"made_up_{number}")
        await asyncio.sleep(0.05)

    asyncio.run(main())
    counts = observed.counts(DURATION)
    assert len(counts) <= 201
    assert counts["_OTHER", None] == 1300
    assert len(observed.source._parts.listeners._series) <= 1000  # type: ignore[union-attr]


def test_arguments_are_let_go_of_when_the_listener_has_ended(observed: Observed) -> None:
    observed.telemetry.rates.override({"discord.event": 1.0})
    bot = make_bot()
    gone: list[weakref.ref[Any]] = []

    class Thing:
        pass

    @bot.listen()
    async def on_thing(thing: Thing, *, more: Thing) -> None:
        gone.extend((weakref.ref(thing), weakref.ref(more)))

    async def main() -> None:
        bot.loop = asyncio.get_running_loop()
        bot.dispatch("thing", Thing(), more=Thing())
        await asyncio.sleep(0.01)

    asyncio.run(main())
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


@pytest.mark.parametrize("body", ["_series_of", "_begin", "_end", "_begin_interaction", "ids", "record"])
def test_a_hook_that_raises_costs_the_listener_nothing(
    simulator: BackgroundSimulator, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    observed = Observed()
    observed.telemetry.rates.override({"discord.event": 1.0})
    if body == "ids":
        monkeypatch.setattr("argus_otel.sources.discord.listeners.ids_of", broken(body))
    elif body == "record":

        def unrecordable(self: Histogram, attributes: object) -> Any:
            return broken(body)

        monkeypatch.setattr(Histogram, "_relay_for", unrecordable)
    else:
        monkeypatch.setattr(Listeners, body, broken(body))
    observed.source.install()
    heard: list[object] = []
    failed: list[str] = []
    bot = make_bot()

    @bot.listen("on_member_join")
    async def join(member: discord.Member) -> None:
        await asyncio.sleep(0)
        heard.append(member)

    @bot.listen("on_member_join")
    async def fail(_: discord.Member) -> None:
        raise LookupError

    @bot.listen("on_interaction")
    async def interacted(interaction: discord.Interaction) -> None:
        heard.append(interaction)

    async def on_error(event: str, *_: object, **__: object) -> None:
        failed.append(event)

    bot.on_error = on_error

    @bot.tree.command()
    async def ping(interaction: discord.Interaction) -> None:
        """Ping."""
        await interaction.response.send_message("pong")

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.join_member()
            await (await simulator.slash("ping")).acknowledged()
            await until(lambda: len(heard) == 2 and failed)
            await asyncio.sleep(0.05)

    try:
        asyncio.run(main())
    finally:
        observed.source.uninstall()
    assert len(heard) == 2
    assert failed == ["on_member_join"]
    assert all(f"{body} is broken" in fault for fault in observed.faults().values())
    assert observed.faults()


def test_after_uninstall_listeners_run_unobserved(observed: Observed) -> None:
    bot = make_bot()
    ran: list[int] = []

    @bot.listen()
    async def on_thing(number: int) -> None:
        ran.append(number)

    async def main() -> None:
        bot.loop = asyncio.get_running_loop()
        bot.dispatch("thing", 1)
        await asyncio.sleep(0.01)
        observed.source.uninstall()
        bot.dispatch("thing", 2)
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert ran == [1, 2]
    assert of(observed, "thing") == {None: 1}
    assert "argus" not in discord.Client._schedule_event.__code__.co_filename


def test_a_hook_that_somebody_wrapped_since_lets_everything_through(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = discord.Client._schedule_event
    monkeypatch.setattr(discord.Client, "_schedule_event", lambda self, *a, **k: ours(self, *a, **k))
    observed.source.uninstall()
    bot = make_bot()
    ran: list[int] = []

    @bot.listen()
    async def on_thing() -> None:
        ran.append(1)

    async def main() -> None:
        bot.loop = asyncio.get_running_loop()
        bot.dispatch("thing")
        await until(lambda: ran)

    asyncio.run(main())
    assert of(observed, "thing") == {}
    observed.source.install()
    observed.source.uninstall()


def test_rates_that_are_chosen_between_two_instrumentations_count(observed: Observed) -> None:
    bot = make_bot()

    @bot.listen()
    async def on_thing() -> None:
        pass

    async def main() -> None:
        bot.loop = asyncio.get_running_loop()
        bot.dispatch("thing")
        await until(lambda: of(observed, "thing") == {None: 1})
        observed.source.uninstall()
        observed.telemetry.rates.override({"discord.event": 1.0})
        observed.source.install()
        bot.dispatch("thing")
        await until(lambda: of(observed, "thing") == {None: 2})

    asyncio.run(main())
    assert len(observed.spans("event thing")) == 1


def test_what_is_not_discord_pys_is_asked_for_nothing(observed: Observed) -> None:
    observed.telemetry.rates.override({"discord.event": 1.0})
    bot = make_bot()
    asked: list[str] = []

    class Row:
        """A lazy one, which goes to its database for each attribute."""

        def __getattr__(self, name: str) -> int:
            asked.append(name)
            return 1

    @bot.listen()
    async def on_thing(_: Row) -> None:
        pass

    async def main() -> None:
        bot.loop = asyncio.get_running_loop()
        bot.dispatch("thing", Row())
        await until(lambda: observed.spans("event thing"))

    asyncio.run(main())
    assert asked == []
