"""Views are counted while discord.py waits for them; their timeouts and clicks are linked to what sent them."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import discord
import pytest
from discord.ext import commands
from opentelemetry import trace

from argus_otel.sources.discord.components import Components
from argus_otel.sources.discord.views import Views
from argus_otel.telemetry import SpanKind
from discord_simulator import BackgroundSimulator

from .conftest import Observed, broken, make_bot, running, until
from .test_nesting import parent_of

ACTIVE = "discord.view.active"
TIMEOUTS = "discord.view.timeouts"
UNHANDLED = "discord.component.unhandled"
SEND = "POST /channels/{channel_id}/messages"


class Player(discord.ui.View):
    """A view that tells what became of it."""

    def __init__(self, timeout: float | None = 180.0) -> None:
        super().__init__(timeout=timeout)
        self.timed_out = 0

    @discord.ui.button(label="skip")
    async def skip(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.edit_message(content="skipped", view=self)

    @discord.ui.button(label="stop")
    async def end(self, interaction: discord.Interaction, _: object) -> None:
        self.stop()
        await interaction.response.send_message("stopped")

    async def on_timeout(self) -> None:
        self.timed_out += 1


class Feedback(discord.ui.Modal, title="Feedback"):
    text: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(label="text", custom_id="text")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("thanks")


class Lasting(discord.ui.View):
    """A persistent view."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="always", custom_id="always")
    async def always(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.send_message("as ever")


class Vote(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"vote:(?P<what>\w+)"):
    """A button that no view waits for."""

    def __init__(self, what: str) -> None:
        super().__init__(discord.ui.Button(label=what, custom_id=f"vote:{what}"))

    @classmethod
    async def from_custom_id(cls, _: object, __: object, match: Any) -> Vote:
        return cls(match["what"])

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer()


def active(observed: Observed) -> float:
    """Return how many views are said to wait."""
    (value,) = observed.values(ACTIVE).values()
    return value


def links_of(span: Any) -> list[int]:
    """Return the ids of the spans that one is linked to."""
    return [link.context.span_id for link in span.links]


def test_views_and_modals_are_counted_until_they_stop_time_out_or_are_sent_in(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()
    views: list[Player] = []
    kept: list[discord.ui.View] = []

    @bot.tree.command()
    async def show(interaction: discord.Interaction, seconds: int) -> None:
        """Show."""
        views.append(Player(timeout=seconds / 1000))
        await interaction.response.send_message("here", view=views[-1])

    @bot.tree.command()
    async def feedback(interaction: discord.Interaction) -> None:
        """Ask."""
        await interaction.response.send_modal(Feedback())

    @bot.tree.command()
    async def plain(interaction: discord.Interaction) -> None:
        """Show what no view waits for."""
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="link", url="https://example.com"))
        view.add_item(Vote("up"))
        kept.append(view)
        await interaction.response.send_message("here", view=view)

    async def main() -> None:
        async with running(bot, simulator):
            assert active(observed) == 0
            shown = await (await simulator.slash("show", options={"seconds": 60_000})).response()
            await until(lambda: active(observed) == 1)
            await (await simulator.click(shown, "skip")).acknowledged()
            await until(lambda: observed.spans("component Player.skip"))  # the edit has shown it again
            assert active(observed) == 1
            await (await simulator.slash("plain")).response()
            await until(lambda: kept)
            assert active(observed) == 1
            asked = await simulator.slash("feedback")
            await asked.modal()
            await until(lambda: active(observed) == 2)
            await (await simulator.submit_modal(asked, {"text": "x"})).acknowledged()
            await until(lambda: active(observed) == 1)
            bot.add_view(Lasting())
            gc.collect()
            assert active(observed) == 2
            await (await simulator.slash("show", options={"seconds": 300})).response()
            await until(lambda: active(observed) == 3)
            await until(lambda: views[1].timed_out)
            assert active(observed) == 2
            await simulator.delete_message(shown)  # which is nothing to discord.py: it waits on
            await simulator.typing()
            assert active(observed) == 2
            views[0].stop()
            assert active(observed) == 1
            views[0].stop()
            await asyncio.sleep(0.2)

    asyncio.run(main())
    assert observed.values(TIMEOUTS) == {(): 1}
    assert [view.timed_out for view in views] == [0, 1]
    assert [span.name for span in observed.spans() if span.name.startswith("timeout")] == ["timeout Player"]


def test_what_discord_py_lets_go_of_is_no_longer_counted(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    async def main() -> None:
        async with running(bot, simulator):
            for _ in range(10):  # as in an on_ready that runs at each reconnect
                bot.add_view(Lasting())
            gc.collect()
            assert len(bot.persistent_views) == 1
            assert active(observed) == 1

    asyncio.run(main())


def test_a_timeout_counts_once_and_is_a_root_that_is_linked_to_what_sent_the_view(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    tracer = observed.tracer_provider.get_tracer("the bot's own")
    bot = make_bot()

    class View(Player):
        async def on_timeout(self) -> None:
            await super().on_timeout()
            with tracer.start_as_current_span("own"):
                await bot.guilds[0].text_channels[0].send("too late")

    views: list[View] = []

    @bot.tree.command()
    async def show(interaction: discord.Interaction) -> None:
        """Show."""
        views.append(View(timeout=0.1))
        await interaction.response.send_message("here", view=views[0])

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("show")).response()
            assert await views[0].wait() is True
            await until(lambda: observed.spans("timeout View"))
            views[0].stop()
            views[0]._dispatch_timeout()  # as where both come at once: discord.py takes the first

    asyncio.run(main())
    command, timeout = observed.span("command show"), observed.span("timeout View")
    assert views[0].timed_out == 1
    assert "on_timeout" not in vars(views[0])
    assert observed.values(TIMEOUTS) == {(): 1}
    assert timeout.parent is None
    assert timeout.context.trace_id != command.context.trace_id
    assert timeout.kind.name == "INTERNAL"
    assert dict(timeout.attributes) == {"discord.component.name": "View"}
    assert links_of(timeout) == [command.context.span_id]
    assert parent_of(observed, observed.span("own")) == "timeout View"
    assert parent_of(observed, observed.span(SEND)) == "own"


def test_an_on_timeout_that_raises_and_one_that_is_set_on_the_instance(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()
    unhandled: list[dict[str, Any]] = []
    ran: list[int] = []

    async def on_timeout() -> None:
        ran.append(1)
        raise LookupError("by hand")

    async def main() -> Player:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
        async with running(bot, simulator):
            view = Player(timeout=0.05)
            view.on_timeout = on_timeout  # type: ignore[method-assign]
            await bot.guilds[0].text_channels[0].send("here", view=view)
            await until(lambda: observed.spans("timeout Player"))
            gc.collect()
            await until(lambda: unhandled)
            return view

    view = asyncio.run(main())
    assert ran == [1]
    assert vars(view)["on_timeout"] is on_timeout
    assert [type(context["exception"]) for context in unhandled] == [LookupError]  # asyncio says so, as without us
    span = observed.span("timeout Player")
    assert span.attributes["error.type"] == "LookupError"
    assert span.status.status_code.name == "ERROR"
    assert span.links == ()  # no traced work sent it


def test_a_click_and_a_modal_are_linked_to_what_sent_the_view_first(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()

    @bot.tree.command()
    async def show(interaction: discord.Interaction) -> None:
        """Show."""
        await interaction.response.send_message("here", view=Player())

    @bot.command()
    async def display(ctx: commands.Context[commands.Bot]) -> None:
        await ctx.send("here", view=Player())

    @bot.tree.command()
    async def feedback(interaction: discord.Interaction) -> None:
        """Ask."""
        await interaction.response.send_modal(Feedback())

    async def main() -> None:
        async with running(bot, simulator):
            shown = await (await simulator.slash("show")).response()
            displayed = await (await simulator.say("!display")).reply()
            for message in (shown, shown, displayed):  # a click that edits shows the view again
                await (await simulator.click(message, "skip")).acknowledged()
            asked = await simulator.slash("feedback")
            await asked.modal()
            await (await simulator.submit_modal(asked, {"text": "x"})).acknowledged()
            await until(lambda: observed.spans("modal Feedback"))

    asyncio.run(main())
    slash, prefix = observed.span("command show").context, observed.span("command display").context
    clicks = observed.spans("component Player.skip")
    assert [links_of(span) for span in clicks] == [[slash.span_id], [slash.span_id], [prefix.span_id]]
    traces = [link.context.trace_id for span in clicks for link in span.links]
    assert traces == [slash.trace_id, slash.trace_id, prefix.trace_id]
    assert {span.context.trace_id for span in clicks}.isdisjoint(traces)
    assert links_of(observed.span("modal Feedback")) == [observed.span("command feedback").context.span_id]


@pytest.mark.parametrize(
    "rates",
    [{"discord.command": 0.0}, {"discord.component": 0.0, "discord.timeout": 0.0}, {"discord.timeout.Player": 0.0}],
)
def test_links_lead_only_to_what_can_be_seen(
    observed: Observed, simulator: BackgroundSimulator, rates: dict[str, float]
) -> None:
    observed.telemetry.rates.override(rates)
    bot = make_bot()

    @bot.tree.command()
    async def show(interaction: discord.Interaction) -> None:
        """Show."""
        await interaction.response.send_message("here", view=Player(timeout=0.4))

    async def main() -> None:
        async with running(bot, simulator):
            shown = await (await simulator.slash("show")).response()
            await (await simulator.click(shown, "skip")).acknowledged()
            await until(lambda: observed.values(TIMEOUTS) == {(): 1})
            await asyncio.sleep(0.05)

    asyncio.run(main())
    names = {"command show", "component Player.skip", "timeout Player"}
    found = {span.name: links_of(span) for span in observed.spans() if span.name in names}
    if "discord.command" in rates:
        assert found == {"component Player.skip": [], "timeout Player": []}
    elif "discord.component" in rates:
        assert found == {"command show": []}
    else:
        command = observed.span("command show").context.span_id
        assert found == {"command show": [], "component Player.skip": [command]}


def test_what_nobody_handles_is_counted_and_what_somebody_does_is_not(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()
    bot.add_dynamic_items(Vote)

    @bot.tree.command()
    async def show(interaction: discord.Interaction) -> None:
        """Show."""
        view = Player()
        view.add_item(Vote("for"))
        await interaction.response.send_message("here", view=view)
        views.append(view)

    @bot.tree.command()
    async def feedback(interaction: discord.Interaction) -> None:
        """Ask."""
        modal = Feedback()
        await interaction.response.send_modal(modal)
        modal.stop()

    @bot.tree.command()
    async def lasting(interaction: discord.Interaction) -> None:
        """Show what lasts."""
        await interaction.response.send_message("here", view=Lasting())

    views: list[Player] = []

    async def main() -> None:
        async with running(bot, simulator):
            assert observed.values(UNHANDLED) == {(): 0}
            shown = await (await simulator.slash("show")).response()
            await (await simulator.click(shown, "vote:for")).acknowledged()
            await (await simulator.click(shown, "skip")).acknowledged()
            kept = await (await simulator.slash("lasting")).response()
            await (await simulator.click(kept, "always")).acknowledged()
            assert observed.values(UNHANDLED) == {(): 0}
            views[0].stop()
            await simulator.click(shown, "skip")
            await until(lambda: observed.values(UNHANDLED) == {(): 1})
            asked = await simulator.slash("feedback")
            await asked.modal()
            await simulator.submit_modal(asked, {"text": "x"})
            await until(lambda: observed.values(UNHANDLED) == {(): 2})

            @bot.listen()
            async def on_interaction(interaction: discord.Interaction) -> None:
                if interaction.type is discord.InteractionType.component:
                    await interaction.response.send_message("that is over")

            answer = await (await simulator.click(shown, "skip")).acknowledged()
            assert answer.content == "that is over"

    asyncio.run(main())
    assert observed.values(UNHANDLED) == {(): 2}


def test_a_command_that_nobody_handles_is_no_component(observed: Observed, simulator: BackgroundSimulator) -> None:
    async def main() -> None:
        async with running(discord.Client(intents=discord.Intents.all()), simulator):
            await simulator.slash("any", command_id=1)
            await until(lambda: observed.counts("discord.interaction.duration"))

    asyncio.run(main())
    assert observed.counts("discord.interaction.duration") == {
        ("application_command", "any", None, "error", "unhandled"): 1
    }
    assert observed.values(UNHANDLED) == {(): 0}


def test_views_of_a_bot_that_runs_already_are_found(observed: Observed, simulator: BackgroundSimulator) -> None:
    observed.source.uninstall()
    bot = make_bot()

    async def main() -> None:
        async with running(bot, simulator):
            channel = bot.guilds[0].text_channels[0]
            stopping, ending = Player(), Player(timeout=0.3)
            await channel.send("here", view=stopping)
            await channel.send("here", view=ending)
            observed.source.install()
            assert active(observed) == 2
            stopping.stop()
            assert active(observed) == 1
            await ending.wait()
            assert active(observed) == 0
            await channel.send("here", view=Player())
            assert active(observed) == 1
            later = Player()
            await channel.send("here", view=later)
            assert active(observed) == 2
            observed.source.uninstall()
            assert observed.values(ACTIVE) == {}
            later.stop()
            observed.source.install()
            assert active(observed) == 1

    asyncio.run(main())
    assert observed.values(TIMEOUTS) == {(): 1}


def test_neither_views_nor_traces_are_kept_alive(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    class Odd(Player):
        """Equal to every other, and so without a hash."""

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Odd)

        __hash__ = None  # type: ignore[assignment]

    async def main() -> None:
        async with running(bot, simulator):
            store = bot._connection._view_store
            root = observed.telemetry.tracing.root("command show", SpanKind.SERVER, dict)  # type: ignore[union-attr]
            root.attach()
            span = weakref.ref(trace.get_current_span())
            views = [Odd(), Odd()]
            for number, view in enumerate(views):
                store.add_view(view, number)
            root.detach()
            root.end(None, failed=False)
            del root
            gc.collect()
            assert span() is None  # the views' timers run on
            assert active(observed) == 2
            waiting = observed.source._parts.views  # type: ignore[union-attr]
            assert waiting.origin_of(views[0]) is not None
            gone = [weakref.ref(view) for view in views]
            for view in views:
                view.stop()
            assert waiting.origin_of(views[0]) is None
            del views, view
            await asyncio.sleep(0.01)
            gc.collect()
            assert [view() for view in gone] == [None, None]
            assert len(waiting._waiting) == 0

    asyncio.run(main())


@pytest.mark.parametrize(
    ("owner", "body"),
    [
        (Views, "_outside"),
        (Views, "_added"),
        (Views, "_forget"),
        (Views, "_timing_out"),
        (Views, "_begin"),
        (Views, "_end"),
        (Views, "origin_of"),
        (Components, "_link_to_sender"),
    ],
)
def test_a_hook_that_raises_costs_the_view_nothing(
    simulator: BackgroundSimulator, owner: type[Any], body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, body, broken(body))
    observed = Observed()
    observed.source.install()
    bot = make_bot()
    views: list[Player] = []

    @bot.tree.command()
    async def show(interaction: discord.Interaction) -> None:
        """Show."""
        views.append(Player(timeout=0.4))
        await interaction.response.send_message("here", view=views[-1])

    async def main() -> None:
        async with running(bot, simulator):
            shown = await (await simulator.slash("show")).response()
            assert (await (await simulator.click(shown, "skip")).acknowledged()).content == "skipped"
            assert await views[0].wait() is True
            await until(lambda: views[0].timed_out)
            shown = await (await simulator.slash("show")).response()
            assert (await (await simulator.click(shown, "stop")).acknowledged()).content == "stopped"
            assert await views[1].wait() is False
            await until(lambda: len(observed.interactions) == 0)

    try:
        asyncio.run(main())
    finally:
        observed.source.uninstall()
    assert [view.timed_out for view in views] == [1, 0]
    assert observed.faults()
    assert all(f"{body} is broken" in fault for fault in observed.faults().values())
