"""A crowd of simulated users, repeatable by a seed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from .actors import ActorContext
from .available_actions import AvailableActions, Target
from .entries import ACKNOWLEDGEMENT_DEADLINE
from .errors import NotConnectedError, UnknownComponentError
from .interactions import ResponseType
from .loop_affinity import on_own_loop
from .messages import Message

if TYPE_CHECKING:
    from .handles import InteractionHandle
    from .server import Simulator

Operation: TypeAlias = Literal[
    "slash", "autocomplete", "context_menu", "component", "prefix", "message", "typing", "reaction", "presence"
]

DEFAULT_MIX: Mapping[Operation, float] = {
    "slash": 30,
    "autocomplete": 15,
    "context_menu": 5,
    "component": 15,
    "prefix": 10,
    "message": 15,
    "typing": 4,
    "reaction": 4,
    "presence": 2,
}
"""How often each operation happens, relative to the others."""

_SMALL_TALK = ("hello", "anyone here?", "brb", "that was close", "good night", "lol", "what's the plan for tonight")
_EMOJI = ("👍", "🎉", "😂", "👀")
_REMEMBERED = 64


@dataclass(slots=True)
class LoadReport:
    """The actions of a crowd so far.

    Attributes
    ----------
    started:
        Operations by kind; each submitted modal counts as ``modal``.
    unacknowledged:
        Interactions that the bot did not acknowledge in time.
    skipped:
        Operations that were impossible: the shard was disconnected, or the component no longer existed.
    """

    started: Counter[str] = field(default_factory=Counter[str])
    unacknowledged: int = 0
    skipped: int = 0


class Load:
    """Users who use a bot at random.

    They use the commands the bot has synced, with plausible options; components on its answers; and fill in the
    modals it shows. An operation without a target (no context menu, no button yet) becomes a message.

    Parameters
    ----------
    sim:
        The simulator that the bot is connected to.
    rate:
        Operations each second, for :meth:`run`; they come at random, not in step.
    seed:
        The same seed makes the same choices, as far as the bot answers in the same order.
    mix:
        The relative weight of each operation; by default :data:`DEFAULT_MIX`. Operations that it does not name do
        not happen.
    prefix:
        Prefix commands (``!ping``), which the simulator cannot discover.
    commands:
        Full names of the slash and context menu commands to use; all by default.

    Raises
    ------
    ValueError
        The rate is not positive, or the mix has a negative, an unknown or no weight.
    """

    def __init__(
        self,
        sim: Simulator,
        *,
        rate: float = 20.0,
        seed: int = 0,
        mix: Mapping[Operation, float] | None = None,
        prefix: Sequence[str] = (),
        commands: Sequence[str] | None = None,
    ) -> None:
        weights = dict(DEFAULT_MIX if mix is None else mix)
        if rate <= 0:
            raise ValueError(f"rate must be more than 0 operations a second, not {rate}")
        unknown = weights.keys() - DEFAULT_MIX.keys()
        if unknown or min(weights.values(), default=0) < 0 or not any(weights.values()):
            raise ValueError(f"mix must give weights to some of {', '.join(DEFAULT_MIX)}, not {weights}")
        self._sim = sim
        self._rate = rate
        self._mix = weights
        self._prefix = tuple(prefix)
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._available = AvailableActions(sim, self._random, None if commands is None else frozenset(commands))
        self._answers: deque[Message] = deque(maxlen=_REMEMBERED)
        self._talk: deque[Message] = deque(maxlen=_REMEMBERED)
        self._report = LoadReport()
        self._stopped = False
        self._operations: dict[Operation, Callable[[ActorContext], Awaitable[None]]] = {
            "slash": self._slash,
            "autocomplete": self._autocomplete,
            "context_menu": self._context_menu,
            "component": self._component,
            "prefix": self._say_prefix,
            "message": self._say,
            "typing": self._typing,
            "reaction": self._react,
            "presence": self._presence,
        }

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The simulator's loop, on which the users act."""
        return self._sim.loop

    @property
    def report(self) -> LoadReport:
        """The actions so far."""
        return self._report

    @on_own_loop
    async def run(self, duration: float) -> LoadReport:
        """Act for some seconds at the given rate, whether or not the bot keeps up.

        Parameters
        ----------
        duration:
            Seconds; :data:`math.inf` until :meth:`stop`.
        """
        loop = asyncio.get_running_loop()
        due = loop.time()
        until = due + duration
        self._stopped = False
        acting: set[asyncio.Task[None]] = set()
        try:
            while (due := due + self._random.expovariate(self._rate)) < until and not self._stopped:
                await asyncio.sleep(max(0.0, due - loop.time()))
                acting = {task for task in acting if not _over(task)}
                acting.add(asyncio.create_task(self._act()))
            await asyncio.gather(*acting)
        finally:
            for task in acting:
                task.cancel()
        return self._report

    def stop(self) -> None:
        """Make :meth:`run` start no more operations and return when those it started are done. From any thread."""
        self._stopped = True

    @on_own_loop
    async def run_operations(self, count: int, concurrency: int = 20) -> LoadReport:
        """Act so many times, as fast as the bot answers so many users at once.

        Parameters
        ----------
        count:
            Operations in all.
        concurrency:
            Operations at a time; each lasts until the bot has answered or it is too late.
        """
        left = iter(range(count))

        async def user() -> None:
            for _ in left:
                await self._act()

        await asyncio.gather(*(user() for _ in range(concurrency)))
        return self._report

    async def _act(self) -> None:
        operation = self._random.choices(list(self._mix), list(self._mix.values()))[0]
        guilds = [guild for guild in self._sim.world.guilds.values() if guild.joined and not guild.unavailable]
        if not guilds:
            self._report.skipped += 1
            return
        guild = self._random.choice(guilds)
        channel = self._random.choice([entry for entry in guild.channels.values() if entry.type == 0])
        actor = ActorContext(guild, channel, self._random.choice(guild.people).user)
        try:
            await self._operations[operation](actor)
        except (NotConnectedError, UnknownComponentError):
            self._report.skipped += 1

    async def _slash(self, actor: ActorContext) -> None:
        chosen = self._available.slash(actor)
        if chosen is None:
            return await self._say(actor)
        handle = await self._sim.slash(
            chosen.name, options=chosen.options, guild=actor.guild, channel=actor.channel, user=actor.user
        )
        return await self._follow("slash", handle, actor)

    async def _autocomplete(self, actor: ActorContext) -> None:
        chosen = self._available.autocomplete(actor)
        if chosen is None:
            return await self._say(actor)
        handle = await self._sim.autocomplete(
            chosen.name, chosen.focused, chosen.typed, channel=actor.channel, user=actor.user
        )
        return await self._follow("autocomplete", handle, actor)

    async def _context_menu(self, actor: ActorContext) -> None:
        chosen = self._available.context_menu(actor, tuple(self._talk))
        if chosen is None:
            return await self._say(actor)
        target: Target = chosen.target
        handle = await self._sim.context_menu(
            chosen.kind, chosen.name, target, guild=actor.guild, channel=actor.channel, user=actor.user
        )
        return await self._follow("context_menu", handle, actor)

    async def _component(self, actor: ActorContext) -> None:
        if not self._answers:
            return await self._slash(actor)
        message = Message(self._sim.posted(self._random.choice(self._answers)))
        chosen = self._available.component(message)
        if chosen is None:
            return await self._say(actor)
        if chosen.values is None:
            handle = await self._sim.click(message, chosen.custom_id)
        else:
            handle = await self._sim.select(message, chosen.custom_id, chosen.values)
        return await self._follow("component", handle, actor)

    async def _say_prefix(self, actor: ActorContext) -> None:
        if not self._prefix:
            return await self._say(actor)
        self._report.started["prefix"] += 1
        await self._sim.say(self._random.choice(self._prefix), channel=actor.channel, user=actor.user)
        return None

    async def _say(self, actor: ActorContext) -> None:
        self._report.started["message"] += 1
        said = await self._sim.say(self._random.choice(_SMALL_TALK), channel=actor.channel, user=actor.user)
        self._talk.append(said.message)

    async def _typing(self, actor: ActorContext) -> None:
        self._report.started["typing"] += 1
        await self._sim.typing(channel=actor.channel, user=actor.user)

    async def _react(self, actor: ActorContext) -> None:
        if not self._talk:
            return await self._say(actor)
        self._report.started["reaction"] += 1
        await self._sim.react(self._random.choice(self._talk), self._random.choice(_EMOJI))
        return None

    async def _presence(self, actor: ActorContext) -> None:
        self._report.started["presence"] += 1
        status = self._random.choice(("online", "idle", "dnd", "offline"))
        await self._sim.presence(status, guild=actor.guild, user=actor.user)

    async def _follow(self, operation: str, handle: InteractionHandle, actor: ActorContext) -> None:
        self._report.started[operation] += 1
        try:
            acknowledgement = await handle.acknowledged(ACKNOWLEDGEMENT_DEADLINE + 0.1)
        except TimeoutError:
            self._report.unacknowledged += 1
            return
        if acknowledgement.type == ResponseType.MODAL:
            filled_in = await self._sim.submit_modal(handle, self._available.fields(acknowledgement.data, actor))
            await self._follow("modal", filled_in, actor)
        elif acknowledgement.type == ResponseType.MESSAGE:
            answer = await handle.response()
            if answer.components:
                self._answers.append(answer)


def _over(task: asyncio.Task[None]) -> bool:
    """Return whether a task is done, and raise its exception, if any."""
    if task.done():
        task.result()
    return task.done()
