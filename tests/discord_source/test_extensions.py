"""Extensions: how long each takes to load, and what went wrong with one that could not be."""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.ext import commands

from discord_simulator import BackgroundSimulator

from .conftest import Observed, make_bot, running, until

LOADING = "discord.extension.load.duration"
COUNT = "discord.extension.count"

GOOD = "async def setup(bot): pass"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Write a module into a package of extensions, or write it anew."""
    package = tmp_path / "cogs_of_a_bot"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # modules that change within a second must not be cached

    def write(name: str, text: str) -> None:
        (package / f"{name}.py").write_text(text)
        importlib.invalidate_caches()

    yield write
    for module in [module for module in sys.modules if module.startswith("cogs_of_a_bot")]:
        del sys.modules[module]


def failures(observed: Observed) -> list[tuple[Any, Any]]:
    """Return the events of extensions that could not be loaded: (name, error)."""
    return [
        (record.attributes["discord.extension.name"], record.attributes["error.type"])
        for record in observed.events()
        if record.event_name == "discord.extension.load_failed"
    ]


def test_each_load_is_timed_with_its_setup(observed: Observed, write: Callable[[str, str], None]) -> None:
    write("slow", "import asyncio, time\ntime.sleep(0.1)\nasync def setup(bot): await asyncio.sleep(0.1)")
    write("quick", GOOD)

    async def main() -> None:
        bot = make_bot()
        await bot.load_extension("cogs_of_a_bot.slow")
        await bot.load_extension(name=".quick", package="cogs_of_a_bot")

    asyncio.run(main())
    assert observed.counts(LOADING) == {("cogs_of_a_bot.slow", None): 1, ("cogs_of_a_bot.quick", None): 1}
    sums = observed.sums(LOADING)
    assert 0.2 < sums["cogs_of_a_bot.slow", None] < 0.5
    assert sums["cogs_of_a_bot.quick", None] < 0.1
    assert failures(observed) == []


@pytest.mark.parametrize(
    ("text", "error", "raised"),
    [
        ("1 / 0", "ZeroDivisionError", commands.ExtensionFailed),
        ("async def setup(bot): raise KeyError", "KeyError", commands.ExtensionFailed),
        ("import no_such_module_at_all", "ModuleNotFoundError", commands.ExtensionFailed),
        ("def (", "SyntaxError", commands.ExtensionFailed),
        ("x = 1", "NoEntryPointError", commands.NoEntryPointError),
        (
            "async def setup(bot): await bot.load_extension('cogs_of_a_bot.inner')",
            "ZeroDivisionError",
            commands.ExtensionFailed,
        ),
    ],
    ids=["module", "setup", "import", "syntax", "no setup", "another one in setup"],
)
def test_a_failed_load_has_the_original_error(
    observed: Observed, write: Callable[[str, str], None], text: str, error: str, raised: type[Exception]
) -> None:
    write("bad", text)
    write("inner", "1 / 0")

    async def main() -> None:
        bot = make_bot()
        with pytest.raises(raised) as caught:
            await bot.load_extension("cogs_of_a_bot.bad")
        assert type(caught.value) is raised
        assert dict(bot.extensions) == {}

    asyncio.run(main())
    names = (["cogs_of_a_bot.inner"] if "inner" in text else []) + ["cogs_of_a_bot.bad"]
    assert observed.counts(LOADING) == {(name, error): 1 for name in names}
    assert failures(observed) == [(name, error) for name in names]


@pytest.mark.parametrize(
    ("name", "error"),
    [("cogs_of_a_bot.misspelt", "ExtensionNotFound"), ("no_such_package.cog", "ModuleNotFoundError")],
)
def test_one_that_is_not_found_has_an_event_and_no_duration(
    observed: Observed, write: Callable[[str, str], None], name: str, error: str
) -> None:
    write("good", GOOD)

    async def main() -> None:
        bot = make_bot()
        with pytest.raises((commands.ExtensionNotFound, ModuleNotFoundError)):
            await bot.load_extension(name)
        await bot.load_extension("cogs_of_a_bot.good")
        with pytest.raises(commands.ExtensionAlreadyLoaded):  # it is loaded: nothing has failed
            await bot.load_extension("cogs_of_a_bot.good")

    asyncio.run(main())
    assert observed.counts(LOADING) == {("cogs_of_a_bot.good", None): 1}
    assert failures(observed) == [(name, error)]


def test_how_many_are_loaded_stays_right_over_reloads_that_fail_and_unloading(
    observed: Observed, simulator: BackgroundSimulator, write: Callable[[str, str], None]
) -> None:
    one, two = "cogs_of_a_bot.one", "cogs_of_a_bot.two"
    write("one", GOOD)
    write("two", GOOD)

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            assert observed.values(COUNT) == {(): 0}
            await bot.load_extension(one)
            await bot.load_extension(two)
            assert observed.values(COUNT) == {(): 2}
            await bot.reload_extension(one)
            assert observed.counts(LOADING) == {(one, None): 2, (two, None): 1}
            write("one", "1 / 0")
            with pytest.raises(commands.ExtensionFailed):
                await bot.reload_extension(one)
            assert list(bot.extensions) == [two, one]  # discord.py has put the old one back
            assert observed.values(COUNT) == {(): 2}
            assert observed.counts(LOADING) == {(one, None): 2, (two, None): 1, (one, "ZeroDivisionError"): 1}
            assert failures(observed) == [(one, "ZeroDivisionError")]
            await bot.unload_extension(one)
            assert observed.values(COUNT) == {(): 1}
            with pytest.raises(commands.ExtensionNotLoaded):
                await bot.unload_extension(one)
            assert observed.values(COUNT) == {(): 1}

    asyncio.run(main())
    assert observed.values(COUNT) == {}


FULL = """
import discord
from discord.ext import commands, tasks

class View(discord.ui.View):
    @discord.ui.button(label="Go", custom_id="go")
    async def go(self, interaction, button): ...

class Jukebox(commands.Cog):
    def __init__(self, bot):
        self.bot = bot
        self.view = View(timeout=None)
        bot.add_view(self.view)
        self.tidy.start()

    async def cog_unload(self):
        self.tidy.cancel()
        self.view.stop()

    @tasks.loop(seconds=60)
    async def tidy(self): ...

    @commands.Cog.listener()
    async def on_message(self, message): ...

    @commands.hybrid_command()
    async def play(self, ctx): ...

async def setup(bot):
    await bot.add_cog(Jukebox(bot))
"""


def test_a_thousand_reloads_leave_one_cog_and_nothing_of_ours_behind(
    observed: Observed, write: Callable[[str, str], None]
) -> None:
    name = "cogs_of_a_bot.full"
    write("full", FULL)
    sizes: dict[int, int] = {}

    def alive() -> int:
        gc.collect()
        return sum(type(thing).__name__ == "Jukebox" for thing in gc.get_objects())

    async def main() -> None:
        bot = make_bot()
        await bot._async_setup_hook()
        await bot.load_extension(name)
        for reload in range(1, 1001):
            await bot.reload_extension(name)
            await asyncio.sleep(0)  # loops that were cancelled end
            if reload in (100, 1000):
                await until(lambda: alive() == 1)
                sizes[reload] = len(gc.get_objects())
        await bot.close()

    asyncio.run(main())
    assert sizes[1000] - sizes[100] < 500
    assert observed.counts(LOADING) == {(name, None): 1001}


def test_a_load_that_is_cancelled_is_a_failure(observed: Observed, write: Callable[[str, str], None]) -> None:
    write("endless", "import asyncio\nasync def setup(bot): await asyncio.sleep(60)")

    async def main() -> None:
        bot = make_bot()
        task = asyncio.create_task(bot.load_extension("cogs_of_a_bot.endless"))
        started = time.monotonic()
        await until(lambda: "cogs_of_a_bot.endless" in sys.modules and time.monotonic() - started > 0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert observed.counts(LOADING) == {("cogs_of_a_bot.endless", "CancelledError"): 1}
    assert failures(observed) == [("cogs_of_a_bot.endless", "CancelledError")]


def test_after_uninstalling_nothing_is_told(
    observed: Observed, write: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("good", GOOD)
    bot = make_bot()
    for name in ("load_extension", "_load_from_module_spec"):
        ours = getattr(commands.bot.BotBase, name)  # a wrapper of other code keeps it from being reverted
        monkeypatch.setattr(commands.bot.BotBase, name, lambda *args, ours=ours, **kwargs: ours(*args, **kwargs))
    observed.source.uninstall()

    async def main() -> None:
        await bot.load_extension("cogs_of_a_bot.good")
        with pytest.raises(commands.ExtensionNotFound):
            await bot.load_extension("cogs_of_a_bot.misspelt")

    asyncio.run(main())
    assert observed.counts(LOADING) == {}
    assert failures(observed) == []


BUSY = """
import discord
from discord import app_commands
from discord.ext import commands, tasks

import cogs_of_a_bot


class Panel(discord.ui.View):
    def __init__(self, cog):
        super().__init__(timeout=None)
        self.cog = cog

    @discord.ui.button(label="press", custom_id="panel:press")
    async def press(self, interaction, _):
        await interaction.response.send_message("pressed")


class Busy(commands.Cog):
    def __init__(self, bot):
        self.panel = Panel(self)
        cogs_of_a_bot.made.add(self)
        self.tick.start()

    async def cog_unload(self):
        self.tick.cancel()
        self.panel.stop()

    @tasks.loop(seconds=0.01)
    async def tick(self):
        cogs_of_a_bot.ticks += 1

    @commands.Cog.listener()
    async def on_message(self, message):
        pass

    @commands.command()
    async def ping(self, ctx):
        await ctx.send("pong")

    @commands.hybrid_command()
    async def both(self, ctx):
        await ctx.send("both")

    @app_commands.command()
    async def show(self, interaction):
        \"\"\"Show.\"\"\"
        await interaction.response.send_message("shown", view=self.panel)


async def setup(bot):
    await bot.add_cog(Busy(bot))
"""


@pytest.mark.skipif(
    discord.version_info < (2, 7), reason="discord.py 2.6 itself keeps some of the cogs, without us too"
)
def test_an_extension_that_is_reloaded_over_and_over_leaves_one_cog_alive(
    observed: Observed, simulator: BackgroundSimulator, write: Callable[[str, str], None]
) -> None:
    write("busy", BUSY)
    package: Any = importlib.import_module("cogs_of_a_bot")
    package.made, package.ticks = weakref.WeakSet(), 0
    reloads = 200

    async def main() -> None:
        bot = make_bot()
        await bot.load_extension("cogs_of_a_bot.busy")
        async with running(bot, simulator):
            for number in range(reloads):
                await bot.reload_extension("cogs_of_a_bot.busy")
                if number % 20 == 0:  # with all of it in use
                    before = package.ticks
                    assert (await (await simulator.say("!ping")).reply()).content == "pong"
                    shown = await (await simulator.slash("show")).response()
                    assert (await (await simulator.click(shown, "press")).acknowledged()).content == "pressed"
                    await until(lambda before=before: package.ticks > before)

            def one_is_left() -> bool:
                gc.collect()
                return len(package.made) == 1

            await until(one_is_left)
            assert list(package.made) == [bot.get_cog("Busy")]
            await until(lambda: observed.values("discord.task.running") == {("Busy.tick",): 1})
            assert observed.values("discord.view.active") == {(): 0}
            await bot.unload_extension("cogs_of_a_bot.busy")
            await until(lambda: observed.values("discord.task.running") == {("Busy.tick",): 0})

    asyncio.run(main())
    assert observed.counts(LOADING) == {("cogs_of_a_bot.busy", None): reloads + 1}


# -- cogs that stay in memory

LEAKED = "discord.extension.leaked"

KEPT_BY_A_REGISTRY = """
from discord.ext import commands
import cogs_of_a_bot

class Kept(commands.Cog):
    def __init__(self):
        cogs_of_a_bot.registry.append(self)

async def setup(bot):
    await bot.add_cog(Kept())
"""

KEPT_BY_A_LOOP = """
import asyncio
from discord.ext import commands
import cogs_of_a_bot

class Kept(commands.Cog):
    async def cog_load(self):
        cogs_of_a_bot.registry.append(asyncio.create_task(self.forever()))

    async def forever(self):
        while self:
            await asyncio.sleep(0.01)

async def setup(bot):
    await bot.add_cog(Kept())
"""

LET_GO = """
from discord.ext import commands, tasks

class Gone(commands.Cog):
    async def cog_load(self):
        self.tick.start()

    async def cog_unload(self):
        self.tick.cancel()

    @tasks.loop(seconds=0.01)
    async def tick(self):
        pass

    @commands.command()
    async def ping(self, ctx):
        pass

async def setup(bot):
    await bot.add_cog(Gone())
"""

ADDED_AGAIN = """
from discord.ext import commands
import cogs_of_a_bot

class Same(commands.Cog):
    pass

async def setup(bot):
    if not cogs_of_a_bot.registry:
        cogs_of_a_bot.registry.append(Same())
    await bot.add_cog(cogs_of_a_bot.registry[0])
"""


@pytest.mark.parametrize(
    ("text", "leaked"),
    [
        pytest.param(KEPT_BY_A_REGISTRY, 3, id="a registry"),
        pytest.param(KEPT_BY_A_LOOP, 3, id="a task that is not cancelled"),
        pytest.param(LET_GO, 0, id="nothing"),
        pytest.param(ADDED_AGAIN, 0, id="the bot itself"),
        pytest.param(GOOD, 0, id="no cog"),
    ],
)
def test_cogs_that_stay_in_memory_after_a_reload(
    observed: Observed, write: Callable[[str, str], None], text: str, leaked: int
) -> None:
    write("some", text)
    package: Any = importlib.import_module("cogs_of_a_bot")
    package.registry = []

    async def main() -> None:
        bot = make_bot()
        await bot._async_setup_hook()
        await bot.load_extension("cogs_of_a_bot.some")
        assert observed.values(LEAKED) == {}
        gc.disable()
        try:
            for _ in range(3):
                await bot.reload_extension("cogs_of_a_bot.some")
            await asyncio.sleep(0.05)  # loops that were cancelled end
            # They may still be collected, so nothing is said of them.
            assert observed.values(LEAKED) == {("cogs_of_a_bot.some",): 0}
        finally:
            gc.enable()
        gc.collect()
        assert observed.values(LEAKED) == {("cogs_of_a_bot.some",): leaked}
        for kept in package.registry:
            if isinstance(kept, asyncio.Task):
                kept.cancel()
        package.registry.clear()
        await asyncio.sleep(0.05)
        gc.collect()
        assert observed.values(LEAKED) == {("cogs_of_a_bot.some",): 0}
        await bot.close()

    asyncio.run(main())


def test_a_cog_of_a_submodule_belongs_to_the_extension_and_one_of_a_namesake_does_not(
    observed: Observed, write: Callable[[str, str], None]
) -> None:
    write("some", KEPT_BY_A_REGISTRY)
    write("some_other", KEPT_BY_A_REGISTRY.replace("Kept", "Other"))
    package: Any = importlib.import_module("cogs_of_a_bot")
    package.registry = []

    async def main() -> None:
        bot = make_bot()
        await bot._async_setup_hook()
        await bot.load_extension("cogs_of_a_bot.some")
        await bot.load_extension("cogs_of_a_bot.some_other")
        await bot.unload_extension("cogs_of_a_bot.some")
        gc.collect()
        assert observed.values(LEAKED) == {("cogs_of_a_bot.some",): 1}
        await bot.close()
        gc.collect()
        assert {name: count for name, count in observed.values(LEAKED).items() if count} == {}  # the program ends

    asyncio.run(main())
