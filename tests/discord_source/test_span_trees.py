"""The work of a handler is in its own trace and in no other, for every kind of handler."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.ext import commands
from opentelemetry import trace

from discord_simulator import BackgroundSimulator

from .conftest import Observed, make_bot, running, until

CALLBACK = "POST /interactions/{webhook_id}/{webhook_token}/callback"
SEND = "POST /channels/{channel_id}/messages"

INTERACTIONS = [
    "command slash",
    "command hybrid",
    "command User menu",
    "command Message menu",
    "component Panel.button",
    "component Panel.menu",
    "component Dynamic",
    "modal Form",
    "autocomplete slash",
]
PREFIX = ["command prefix", "command hybrid"]


class Work:
    """What every handler here does: a span of the bot's own, a REST call in it, a task beside it."""

    def __init__(self, observed: Observed) -> None:
        self._tracer = observed.tracer_provider.get_tracer("the bot's own")
        self.before = 0.0
        self.fails = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, interaction: discord.Interaction | None = None) -> None:
        if self.before:
            time.sleep(self.before)
        if self.fails:
            raise LookupError("before the first await")
        with self._tracer.start_as_current_span("own"):
            if interaction is not None and interaction.type is not discord.InteractionType.autocomplete:
                await interaction.response.send_message("done")
            await asyncio.sleep(0)
            with self._tracer.start_as_current_span("inner"):
                pass
        self._tasks.append(asyncio.create_task(self._background()))

    async def _background(self) -> None:
        await asyncio.sleep(0.01)  # the handler has ended by then
        with self._tracer.start_as_current_span("background"):
            pass


def make_panel(work: Work) -> tuple[type[discord.ui.View], type[discord.ui.Modal], Any]:
    class Form(discord.ui.Modal, title="Form"):
        text: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(label="text", custom_id="text")

        async def on_submit(self, interaction: discord.Interaction) -> None:
            await work(interaction)

        async def on_error(self, *_: object) -> None:
            pass

    class Dynamic(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template="dynamic"):
        def __init__(self) -> None:
            super().__init__(discord.ui.Button(label="dynamic", custom_id="dynamic"))

        @classmethod
        async def from_custom_id(cls, *_: object) -> Any:
            return cls()

        async def callback(self, interaction: discord.Interaction) -> None:
            await work(interaction)

    class Panel(discord.ui.View):
        def __init__(self) -> None:
            super().__init__()
            self.add_item(Dynamic())

        @discord.ui.button(label="button")
        async def button(self, interaction: discord.Interaction, _: object) -> None:
            await work(interaction)

        @discord.ui.select(placeholder="menu", options=[discord.SelectOption(label="a")])
        async def menu(self, interaction: discord.Interaction, _: object) -> None:
            await work(interaction)

        async def on_error(self, *_: object) -> None:
            pass

    return Panel, Form, Dynamic


def make_worker(work: Work) -> Any:
    """Make a bot with one handler of each kind, all of which do the same."""
    bot = make_bot()
    panel, form, dynamic = make_panel(work)
    bot.add_dynamic_items(dynamic)

    @bot.tree.command()
    async def slash(interaction: discord.Interaction, text: str = "") -> None:
        """Work."""
        await work(interaction)

    @slash.autocomplete("text")
    async def choices(interaction: discord.Interaction, _: str) -> list[app_commands.Choice[str]]:
        await work(interaction)
        return []

    @bot.hybrid_command()
    async def hybrid(ctx: commands.Context[commands.Bot]) -> None:
        """Work."""
        await work(ctx.interaction)
        if ctx.interaction is None:
            await ctx.send("done")

    @bot.command()
    async def prefix(ctx: commands.Context[commands.Bot]) -> None:
        await work()
        await ctx.send("done")

    @bot.tree.context_menu(name="User menu")
    async def user_menu(interaction: discord.Interaction, _: discord.Member) -> None:
        await work(interaction)

    @bot.tree.context_menu(name="Message menu")
    async def message_menu(interaction: discord.Interaction, _: discord.Message) -> None:
        await work(interaction)

    @bot.tree.command()
    async def show(interaction: discord.Interaction) -> None:
        """Show the panel."""
        await interaction.response.send_message("panel", view=panel())

    @bot.tree.command()
    async def ask(interaction: discord.Interaction) -> None:
        """Ask."""
        await interaction.response.send_modal(form())

    return bot


async def use_all(simulator: BackgroundSimulator) -> None:
    """Set off each kind of handler once."""
    shown = await (await simulator.slash("show")).response()
    asked = await simulator.slash("ask")
    await asked.modal()
    await simulator.slash("slash")
    await simulator.slash("hybrid")
    await simulator.autocomplete("slash", "text", "x")
    said = await simulator.say("!prefix")
    await simulator.say("!hybrid")
    await simulator.context_menu("user", "User menu", simulator.guild().people[0])
    await simulator.context_menu("message", "Message menu", said.message)
    await simulator.click(shown, "button")
    await simulator.click(shown, "dynamic")
    await simulator.select(shown, "menu", ["a"])
    await simulator.submit_modal(asked, {"text": "x"})


def trees(observed: Observed) -> Counter[tuple[str, tuple[str, ...]]]:
    """Return each span of a trace as (name, names of its parents up to the root), counted."""
    spans = {span.context.span_id: span for span in observed.spans()}
    found: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for span in spans.values():
        above: list[str] = []
        at = span
        while at.parent is not None:
            assert at.parent.trace_id == at.context.trace_id
            at = spans[at.parent.span_id]
            above.append(at.name)
        found[span.name, tuple(above)] += 1
    return found


def test_rest_calls_own_spans_and_tasks_nest_in_every_kind_of_handler(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    work = Work(observed)
    bot = make_worker(work)
    everything = len(INTERACTIONS) + len(PREFIX)
    outside: list[bool] = []

    def seen(*_: object) -> bool:  # runs in the context that the gateway's events come from
        outside.append(not trace.get_current_span().get_span_context().is_valid)
        return False

    async def main() -> None:
        async with running(bot, simulator):
            await use_all(simulator)
            await until(lambda: len(observed.spans("background")) == everything)
            await until(lambda: len(observed.spans(SEND)) == len(PREFIX))
            bot.wait_for("typing", check=seen).close()
            await simulator.typing()
            await bot.fetch_channel(bot.guilds[0].text_channels[0].id)
            await until(lambda: outside)

    asyncio.run(main())
    assert outside == [True]
    found = trees(observed)
    expected: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for root in INTERACTIONS + PREFIX:
        expected[root, ()] += 1
        expected["own", (root,)] += 1
        expected["inner", ("own", root)] += 1
        expected["background", (root,)] += 1
    for root in INTERACTIONS:
        # Autocomplete is answered by discord.py, after the handler's own span.
        expected[CALLBACK, (root,) if root.startswith("autocomplete") else ("own", root)] += 1
    for root in PREFIX:
        expected[SEND, (root,)] += 1
    for root in ("command show", "command ask"):
        expected[root, ()] += 1
        expected[CALLBACK, (root,)] += 1
    # What the test itself asks for, and what discord.py does at its start, is in no trace of a handler's.
    apart = {name: above for name, above in found if name.startswith(("GET ", "PUT "))}
    assert apart.pop("GET /channels/{channel_id}") == ()
    assert set(apart.values()) <= {()}
    assert {
        key: count for key, count in found.items() if not key[0].startswith(("GET ", "PUT ", "POST /o"))
    } == expected


@pytest.mark.parametrize("fails", [False, True])
def test_a_handler_of_any_kind_that_blocks_before_its_first_await_is_recorded_in_full(
    observed: Observed, simulator: BackgroundSimulator, fails: bool
) -> None:
    work = Work(observed)
    bot = make_worker(work)
    durations = ("discord.interaction.duration", "discord.command.duration")

    def recorded() -> dict[tuple[Any, ...], float]:
        sums: dict[tuple[Any, ...], float] = {}
        for name in durations:
            sums.update({(name, *key): value for key, value in observed.sums(name).items()})
        return {key: value for key, value in sums.items() if "show" not in key and "ask" not in key}

    async def main() -> None:
        async with running(bot, simulator):
            shown = await (await simulator.slash("show")).response()
            asked = await simulator.slash("ask")
            await asked.modal()
            await asyncio.sleep(0.1)
            work.before, work.fails = 0.4, fails
            steps = [
                lambda: simulator.click(shown, "button"),
                lambda: simulator.submit_modal(asked, {"text": "x"}),
                lambda: simulator.autocomplete("slash", "text", "x"),
                lambda: simulator.click(shown, "dynamic"),
                lambda: simulator.say("!prefix"),
            ]
            for number, step in enumerate(steps, 1):  # one after the other: while one blocks, the next would wait
                await step()
                await until(lambda number=number: len(recorded()) == number)
            await until(lambda: len(observed.interactions) == 0)  # no timer is left, whatever became of the handler

    asyncio.run(main())
    outcome = ("error", "LookupError") if fails else ("ok", None)
    interactions, commanded = durations
    expected = {
        (interactions, "component", None, "Panel.button", *outcome),
        (interactions, "component", None, "Dynamic", *outcome),
        (interactions, "modal_submit", None, "Form", *outcome),
        (interactions, "autocomplete", "slash", None, *outcome),
        (commanded, "prefix", "prefix", *outcome),
    }
    found = recorded()
    assert set(found) == expected
    assert all(value == pytest.approx(0.4, abs=0.08) for value in found.values()), found
    for name in ("component Panel.button", "component Dynamic", "modal Form", "autocomplete slash", "command prefix"):
        span = observed.span(name)
        assert (span.end_time - span.start_time) / 1e9 == pytest.approx(0.4, abs=0.08)
        assert span.attributes.get("error.type") == outcome[1]
    assert len(observed.source._parts.interactions) == 0  # type: ignore[union-attr]
    assert set(observed.values("discord.interaction.active").values()) == {0}


@pytest.mark.parametrize(
    ("rates", "kept"),
    [
        ({"discord.command": 0.0, "discord.component": 0.0, "discord.modal": 0.0, "discord.autocomplete": 0.0}, set()),
        (
            {
                "discord.command": 0.0,
                "discord.command.slash": 1.0,
                "discord.component": 0.0,
                "discord.modal": 0.0,
                "discord.autocomplete": 0.0,
            },
            {"command slash"},
        ),
        (
            {"discord.command": 0.0, "discord.modal": 0.0, "discord.autocomplete.slash": 0.0},
            {name for name in INTERACTIONS if name.startswith("component")},
        ),
    ],
    ids=["none", "one by name", "some by kind"],
)
def test_work_that_is_not_kept_leaves_no_span_and_work_that_is_keeps_all_of_its_own(
    observed: Observed, simulator: BackgroundSimulator, rates: dict[str, float], kept: set[str]
) -> None:
    observed.telemetry.rates.override({**rates, "discord.event": 0.0})
    work = Work(observed)
    bot = make_worker(work)
    everything = len(INTERACTIONS) + 2  # and the two that show things

    async def main() -> None:
        async with running(bot, simulator):
            await use_all(simulator)
            await until(lambda: sum(observed.counts("discord.interaction.duration").values()) == everything)
            await until(lambda: sum(observed.counts("discord.command.duration").values()) == 8)
            await asyncio.sleep(0.05)

    asyncio.run(main())
    found = Counter(
        {key: n for key, n in trees(observed).items() if key[0] in ("own", "inner", "background", CALLBACK)}
    )
    expected: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for root in kept:
        expected["own", (root,)] += 1
        expected["inner", ("own", root)] += 1
        expected["background", (root,)] += 1
        expected[CALLBACK, ("own", root)] += 1
    assert found == expected
    assert observed.spans(SEND) == []
