"""Judges commands: what an agent does of what it is asked, and why not. It acts on nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from uuid import uuid4

from .commands import LONGEST_LIFETIME, Issued, Kind
from .recipes import ArgumentError, Recipe

if TYPE_CHECKING:
    from argus_otel.sources.training.control.directory import KnownRun

    from .agent_file import AgentConfig

_RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")
_OF_STOP = ("now", "grace")
_GRACE = 30.0
_LONGEST_GRACE = 3600.0


class Why(str, Enum):
    """Why a command is refused, as metrics have it."""

    HOST = "host"
    EARLY = "early"
    REPLAY = "replay"
    LIFETIME = "lifetime"
    SIGNATURE = "signature"
    USER = "user"
    KIND = "kind"
    RUN = "run"
    RECIPE = "recipe"
    ARGUMENTS = "arguments"
    OFF = "off"
    LIMIT = "limit"
    CONTROL = "control"
    FAILED = "failed"


class RefusedError(Exception):
    """A command is refused. The message tells the person why."""

    def __init__(self, why: Why, reason: str) -> None:
        super().__init__(reason)
        self.why = why


@dataclass(frozen=True, slots=True)
class Stop:
    """A run is to be stopped."""

    run: KnownRun
    now: bool
    grace: float


@dataclass(frozen=True, slots=True)
class Rerun:
    """A run is to be started as it was before."""

    run: KnownRun


@dataclass(frozen=True, slots=True)
class Start:
    """A recipe is to be started.

    Attributes
    ----------
    run_id:
        That of its first run: a new one.
    """

    run_id: str
    name: str
    recipe: Recipe
    argv: Sequence[str]


Action = Stop | Rerun | Start


class Judge:
    """Judges commands.

    Parameters
    ----------
    names:
        The agent's: commands name one of them.
    runs:
        Returns the runs that the control directory knows.
    going_on:
        Returns how many runs count for ``max_running``.
    """

    def __init__(
        self,
        config: AgentConfig,
        names: Sequence[str],
        runs: Callable[[], Sequence[KnownRun]],
        going_on: Callable[[], int],
    ) -> None:
        self._config = config
        self._names = names
        self._runs = runs
        self._going_on = going_on

    def judge(self, command: Issued) -> Action:
        """Return what to do.

        Raises
        ------
        RefusedError
            Nothing.
        """
        self._check_origin(command)
        request = command.request
        if request.kind == Kind.STOP.value:
            return self._stop(request.run_id, request.recipe, request.arguments)
        if request.kind == Kind.RERUN.value and request.recipe and not request.run_id:
            return self._start(request.recipe, request.arguments)
        if request.kind == Kind.RERUN.value and not request.recipe:
            return self._rerun(request.run_id, request.arguments)
        raise RefusedError(Why.KIND, "a command is stop RUN, rerun RUN, or rerun of a recipe")

    def _check_origin(self, command: Issued) -> None:
        config, request = self._config, command.request
        if request.host not in self._names:
            raise RefusedError(Why.HOST, f"this agent is {' or '.join(self._names)}")
        if config.key is not None and not command.is_signed_with(config.key):
            given = "has a signature that does not fit it" if command.signature else "is not signed"
            raise RefusedError(Why.SIGNATURE, f"it {given}; sign it with the agent's key: --key-file")
        if request.expires - command.issued_at > LONGEST_LIFETIME:
            raise RefusedError(Why.LIFETIME, "it holds for longer than a day")
        of_recipe = config.recipes.get(request.recipe) if request.kind == Kind.RERUN.value else None
        if command.issued_by not in (config.users if of_recipe is None else of_recipe.users):
            raise RefusedError(
                Why.USER, "the user of ClickHouse that issued it is not among the `users` of the agent's file"
            )

    def _stop(self, run_id: str, recipe: str, arguments: Mapping[str, str]) -> Stop:
        if recipe:
            raise RefusedError(Why.KIND, "a stop names a run, and no recipe")
        run = self._run(run_id)
        if not run.alive:
            raise RefusedError(Why.RUN, f"the run goes on no longer: {run.outcome or run.state}")
        for name in arguments:
            if name not in _OF_STOP:
                raise RefusedError(Why.ARGUMENTS, f"a stop has no other arguments than {', '.join(_OF_STOP)}")
        now = arguments.get("now", "false")
        if now not in ("true", "false"):
            raise RefusedError(Why.ARGUMENTS, "now is true or false")
        return Stop(run, now == "true", _grace(arguments.get("grace", "")))

    def _rerun(self, run_id: str, arguments: Mapping[str, str]) -> Rerun:
        if not self._config.allow_rerun_of_own_runs:
            raise RefusedError(
                Why.OFF, "runs are not started again here: allow_rerun_of_own_runs is false in the agent's file"
            )
        run = self._run(run_id)
        if run.alive:
            raise RefusedError(Why.RUN, f"the run still goes on ({run.state}); stop it first")
        if arguments:
            raise RefusedError(
                Why.ARGUMENTS, "a run is started with the arguments that it had; name a recipe for others"
            )
        self._check_limit()
        return Rerun(run)

    def _start(self, name: str, arguments: Mapping[str, str]) -> Start:
        recipe = self._config.recipes.get(name)
        if recipe is None:
            raise RefusedError(Why.RECIPE, f"the agent's file has no such recipe; {_named(self._config.recipes)}")
        try:
            argv = recipe.command_line(arguments)
        except ArgumentError as error:
            raise RefusedError(Why.ARGUMENTS, str(error)) from None
        self._check_limit()
        return Start(str(uuid4()), name, recipe, argv)

    def _run(self, run_id: str) -> KnownRun:
        # Looked up in a list, and never made a part of a path.
        if not _RUN_ID.fullmatch(run_id):
            raise RefusedError(Why.RUN, "that is no id of a run")
        for run in self._runs():
            if run.id == run_id:
                return run
        raise RefusedError(Why.RUN, "the control directory of this host and user knows no such run")

    def _check_limit(self) -> None:
        number = self._going_on()
        if number >= self._config.max_running:
            raise RefusedError(
                Why.LIMIT,
                f"{number} run{'s go' if number > 1 else ' goes'} on here, and max_running is "
                f"{self._config.max_running}",
            )


def _grace(text: str) -> float:
    if not text:
        return _GRACE
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_GRACE:
        raise RefusedError(Why.ARGUMENTS, f"grace is a number of seconds from 0 to {_LONGEST_GRACE:.0f}")
    return seconds


def _named(recipes: Mapping[str, Recipe]) -> str:
    return f"there are {', '.join(recipes)}" if recipes else "there is none"
