"""Times that depend on Discord's clock are right on a machine whose clock is wrong, or is corrected meanwhile.

Here it is the simulated Discord's clock that is another, in its snowflakes and in its ``Date`` headers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import discord
import pytest
from discord import app_commands

from discord_simulator import BackgroundSimulator, redirect

from .conftest import Observed, make_bot, running, until

RESPONSES = "discord.interaction.response.time"
UNACKNOWLEDGED = "discord.interaction.unacknowledged"
OFFSET = "discord.clock.offset"

FIND, LEAVE = ("autocomplete", "find"), ("application_command", "leave")

SKEWS = [5.0, -5.0, 86_400.0, -86_400.0]
"""How far this machine's clock is ahead of Discord's, in seconds."""


class World:
    """A Discord behind whose clock this machine's is ``ahead``; that may be changed as it runs."""

    def __init__(self, ahead: float) -> None:
        self.ahead = ahead

    def clock(self) -> float:
        return time.time() - self.ahead


@contextmanager
def discord_behind(world: World) -> Iterator[BackgroundSimulator]:
    with BackgroundSimulator(clock=world.clock) as simulator, redirect(simulator.url):
        yield simulator


def make_answering_bot() -> Any:
    """Make a bot that answers at once; one of its commands leaves that to a task that outlives the handler."""
    bot = make_bot()
    left: list[asyncio.Task[None]] = []

    @bot.tree.command()
    async def find(interaction: discord.Interaction, what: str) -> None:
        """Find."""

    @find.autocomplete("what")
    async def complete(_: discord.Interaction, __: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name="one", value="one")]

    @bot.tree.command()
    async def leave(interaction: discord.Interaction) -> None:
        """Leave it to a task."""

        async def answer() -> None:
            await asyncio.sleep(0.05)
            await interaction.response.defer()

        left.append(asyncio.create_task(answer()))

    @bot.tree.command()
    async def late(interaction: discord.Interaction) -> None:
        """Answer too late."""
        await asyncio.sleep(3.2)
        await interaction.response.defer()

    return bot


def within_the_deadline(point: Any) -> int:
    """Return how many acknowledgements came within Discord's 3 s."""
    return sum(number for edge, number in zip(point.explicit_bounds, point.bucket_counts, strict=False) if edge <= 3.0)


async def complete(simulator: BackgroundSimulator, times: int) -> None:
    for _ in range(times):
        await (await simulator.autocomplete("find", "what", "o")).choices()


async def counted(observed: Observed, of: tuple[str, str], number: int) -> Any:
    """Wait for so many acknowledgements, and return their point."""
    await until(lambda: observed.counts(RESPONSES).get(of) == number)
    return observed.points(RESPONSES)[of]


@pytest.mark.parametrize("ahead", SKEWS)
def test_acknowledgements_are_within_the_deadline_whatever_this_machines_clock_shows(
    observed: Observed, ahead: float, caplog: pytest.LogCaptureFixture
) -> None:
    async def main(simulator: BackgroundSimulator) -> None:
        async with running(make_answering_bot(), simulator):
            # The first of a process: only the log-in has shown Discord's time yet.
            await (await simulator.slash("leave")).acknowledged()
            assert within_the_deadline(await counted(observed, LEAVE, 1)) == 1
            await complete(simulator, 60)
            assert within_the_deadline(await counted(observed, FIND, 60)) == 60
            for _ in range(5):
                await (await simulator.slash("leave")).acknowledged()
            assert within_the_deadline(await counted(observed, LEAVE, 6)) == 6
            assert observed.values(OFFSET)[()] == pytest.approx(ahead, abs=0.6)
            status: Any = observed.telemetry.health.sections()["clock"]
            assert status["at_least"] - 0.01 <= ahead <= status["at_most"] + 0.01

    with discord_behind(World(ahead)) as simulator, caplog.at_level(logging.WARNING, "argus_otel"):
        asyncio.run(main(simulator))
    assert observed.values(UNACKNOWLEDGED) == {}
    (said,) = [record.getMessage() for record in caplog.records if "clock" in record.getMessage()]
    assert ("ahead of" if ahead > 0 else "behind") in said
    assert "NTP" in said


@pytest.mark.parametrize("ahead", [5.0, -86_400.0])
def test_an_interaction_that_is_late_among_prompt_ones_shows(observed: Observed, ahead: float) -> None:
    async def main(simulator: BackgroundSimulator) -> None:
        async with running(make_answering_bot(), simulator):
            await complete(simulator, 10)
            before = (await counted(observed, FIND, 10)).sum
            # The event loop is blocked, so it waits in the socket: the way of one that the network delays.
            asked = asyncio.create_task(simulator.autocomplete("find", "what", "o"))
            await until(lambda: len(simulator.ledger.interactions_now()) == 11)
            time.sleep(2.0)
            await (await asked).choices()
            waited = (await counted(observed, FIND, 11)).sum - before
            assert waited == pytest.approx(simulator.ledger.interactions_now()[-1].acknowledged_after, abs=0.6)
            assert observed.values(UNACKNOWLEDGED) == {}

            await simulator.slash("leave")
            time.sleep(4.0)
            await until(lambda: observed.values(UNACKNOWLEDGED).get(LEAVE) == 1)
            await simulator.slash("late")
            await until(lambda: observed.values(UNACKNOWLEDGED).get(("application_command", "late")) == 1)
            assert {of: number for of, number in observed.counts(RESPONSES).items() if number} == {FIND: 11}

    with discord_behind(World(ahead)) as simulator:
        asyncio.run(main(simulator))


@pytest.mark.parametrize("step", [5.0, -5.0, 3600.0, -3600.0])
def test_a_clock_that_is_put_right_while_the_bot_runs_moves_no_time(
    observed: Observed, step: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main(simulator: BackgroundSimulator) -> None:
        async with running(make_answering_bot(), simulator):
            await complete(simulator, 3)
            assert observed.values(OFFSET)[()] == pytest.approx(step, abs=0.6)
            # This machine's clock is corrected; Discord's is not affected.
            monkeypatch.setattr("argus_otel.sources.discord.clock.wall_clock", lambda: time.time() - step)
            await (await simulator.slash("leave")).acknowledged()
            await complete(simulator, 3)
            await until(lambda: observed.values(OFFSET)[()] == pytest.approx(0, abs=0.6))
            await (await simulator.slash("leave")).acknowledged()
            assert within_the_deadline(await counted(observed, LEAVE, 2)) == 2
            assert within_the_deadline(await counted(observed, FIND, 6)) == 6

    with discord_behind(World(step)) as simulator:
        asyncio.run(main(simulator))
    assert observed.values(UNACKNOWLEDGED) == {}


def test_a_machine_that_was_suspended_takes_no_time_for_a_delay(observed: Observed) -> None:
    world = World(0.0)

    async def main(simulator: BackgroundSimulator) -> None:
        async with running(make_answering_bot(), simulator):
            await complete(simulator, 3)
            world.ahead = -600.0  # Discord's clock has gone on, and this machine's clocks have stood still
            await (await simulator.slash("leave")).acknowledged()
            await complete(simulator, 3)
            assert within_the_deadline(await counted(observed, LEAVE, 1)) == 1
            assert within_the_deadline(await counted(observed, FIND, 6)) == 6
            assert observed.values(OFFSET)[()] == pytest.approx(-600, abs=0.6)

    with discord_behind(world) as simulator:
        asyncio.run(main(simulator))
    assert observed.values(UNACKNOWLEDGED) == {}


@pytest.mark.parametrize("ahead", [86_400.0, -86_400.0])
def test_a_bot_that_ran_before_it_was_observed_is_right_from_its_first_interaction_on(ahead: float) -> None:
    observed = Observed()

    async def main(simulator: BackgroundSimulator) -> None:
        async with running(make_answering_bot(), simulator):
            observed.source.install()
            assert observed.values(OFFSET) == {}
            await (await simulator.slash("leave")).acknowledged()
            assert within_the_deadline(await counted(observed, LEAVE, 1)) == 1
            assert observed.values(OFFSET)[()] == pytest.approx(ahead, abs=0.6)

    with discord_behind(World(ahead)) as simulator:
        try:
            asyncio.run(main(simulator))
        finally:
            observed.source.uninstall()
    assert observed.values(UNACKNOWLEDGED) == {}
    assert observed.faults() == {}
