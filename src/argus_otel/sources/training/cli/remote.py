"""Asks an agent on another host to stop or to start a run: what ``--store`` does for ``stop`` and ``rerun``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from argus_otel.terminal.store_options import chosen_store, failed, waiting

if TYPE_CHECKING:
    from argus_otel.history.store.address import Address
    from argus_otel.sources.training.agent.commands import Result
    from argus_otel.sources.training.history.commands import Answered, Commands, KnownAgent

_EVERY = 0.25
_AWAY = 120.0
"""After how many seconds an agent that was not heard is away: four of its heartbeats."""


class UnclearError(Exception):
    """It is not clear which run or which agent is meant. The message says what to give."""


def add_remote(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a command to another host."""
    group = parser.add_argument_group("on another host, through ClickHouse and its agent (argus-otel training agent)")
    group.add_argument(
        "--store",
        metavar="URL",
        help="ask the agent of the run's host through this server: clickhouse://user:password@host:8123/database; "
        "`-` for that of ARGUS_HISTORY_STORE: `ps` shows arguments to every user of this machine",
    )
    group.add_argument(
        "--host", metavar="HOST", default="", help="its host, or USER@HOST; by default that on which the run ran last"
    )
    group.add_argument(
        "--key-file", metavar="FILE", type=Path, help="sign the command with this key, which the agent has, too"
    )
    group.add_argument(
        "--wait",
        metavar="SECONDS",
        type=_seconds,
        default=60.0,
        help="for how long to wait for the agent's answer; 0 for not at all (60)",
    )


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a rerun of a recipe."""
    parser.add_argument("--recipe", metavar="NAME", default="", help="start a recipe of the agent's file, with --store")
    parser.add_argument(
        "--argument",
        metavar="NAME=VALUE",
        type=_pair,
        action="append",
        default=[],
        help="an argument of the recipe; may be repeated",
    )


def ask(arguments: argparse.Namespace, command: str, kind: str, given: Mapping[str, str]) -> int:
    """Ask an agent, show what it answers, and return the exit code: 0 if it did so, else 1, or 2 for wrong usage.

    Parameters
    ----------
    arguments:
        Those of :func:`add_remote`; ``run_id``, empty for none; ``recipe``, if there is one.
    command:
        Its name, for messages.
    kind:
        ``stop`` or ``rerun``.
    given:
        The arguments of the recipe, or of the stop.
    """
    from argus_otel.history.store.errors import StoreError
    from argus_otel.sources.training.history.commands import commands_in

    try:
        key = _key(arguments.key_file)
        address = _address(arguments)
        with commands_in(address) as commands:
            return _Asking(commands, command, arguments).ask(kind, given, key)
    except (UnclearError, OSError) as error:
        print(f"argus-otel {command}: {error}", file=sys.stderr)
        return 2
    except StoreError as error:
        return failed(command, error)


class _Asking:
    """One command, from its issue to its last answer."""

    def __init__(self, commands: Commands, command: str, arguments: argparse.Namespace) -> None:
        self._commands = commands
        self._command = command
        self._arguments = arguments
        self._begun = time.monotonic()

    def ask(self, kind: str, given: Mapping[str, str], key: bytes | None) -> int:
        from argus_otel.sources.training.agent.commands import LIFETIME, Request

        run_id, host = self._found()
        agent = self._agent(host)
        request = Request(
            id=str(uuid4()),
            kind=kind,
            host=host,
            run_id=run_id,
            recipe=getattr(self._arguments, "recipe", ""),
            arguments=dict(given),
            expires=self._commands.now() + LIFETIME,
        )
        self._commands.issue(request, request.signed_with(key) if key else "")
        what = f"run {run_id}" if run_id else f"recipe {request.recipe}"
        print(f"asked the agent of {host} to {kind} the {what} (command {request.id})")
        if agent is not None and agent.silent > _AWAY:
            print(f"{agent.agent} was heard {agent.silent:.0f} s ago; the command holds for 10 minutes")
        return self._wait(request.id) if self._arguments.wait else 0

    # -- whom, and about what

    def _found(self) -> tuple[str, str]:
        """Return the whole id of the run, and the host."""
        given, host = self._arguments.run_id or "", self._arguments.host
        if not given and not host:
            raise UnclearError("give the host on which the recipe is to be started: --host HOST")
        if not given or (host and _is_whole(given)):
            return given, host
        runs = self._commands.hosts_of(given)
        if not runs:
            raise UnclearError(f"there is no run {given} in the store; give its whole id, and --host")
        if len(runs) > 1:
            raise UnclearError(f"there are {len(runs)} runs whose id begins with {given}; give more letters of it")
        [(run_id, of_run)] = runs
        if not host and not of_run:
            raise UnclearError(f"the store does not know on which host {run_id} runs: --host HOST")
        return run_id, host or of_run

    def _agent(self, host: str) -> KnownAgent | None:
        """Return the agent that will answer; ``None`` if none is known, which may be yet to start."""
        agents = [each for each in self._commands.agents() if host in (each.host, each.agent)]
        here = [each for each in agents if each.silent <= _AWAY]
        if len(here) > 1:
            names = ", ".join(each.agent for each in here)
            raise UnclearError(f"there are several agents on {host}; name one, by --host: {names}")
        if not agents:
            print(f"no agent of {host} was heard within 7 days; the command holds for 10 minutes")
        return (here or agents or [None])[0]

    # -- its answers

    def _wait(self, command: str) -> int:
        deadline = self._begun + self._arguments.wait
        said: set[tuple[Result, str]] = set()
        with waiting("waiting for the agent"):
            while True:
                for answer in self._commands.answers(command):
                    if (answer.result, answer.reason) not in said:
                        said.add((answer.result, answer.reason))
                        self._say(answer)
                    if answer.result.final:
                        return 0 if answer.result.value == "done" else 1
                if time.monotonic() >= deadline:
                    break
                time.sleep(_EVERY)
        how = "the agent goes on with it" if said else "no agent has answered yet; it may do so for 10 minutes"
        print(f"argus-otel {self._command}: after {self._arguments.wait:g} s {how}", file=sys.stderr)
        return 1

    def _say(self, answer: Answered) -> None:
        seconds = time.monotonic() - self._begun
        step = f", at step {answer.step:,}" if answer.step is not None else ""
        run = f", run {answer.run_id}" if answer.run_id and answer.run_id != self._arguments.run_id else ""
        note = f": {_printable(answer.reason)}" if answer.reason else ""
        print(f"{answer.result.value} by {answer.agent} after {seconds:.1f} s{step}{run}{note}", flush=True)


def _address(arguments: argparse.Namespace) -> Address:
    return chosen_store(argparse.Namespace(store=None if arguments.store == "-" else arguments.store))


def _key(path: Path | None) -> bytes | None:
    from argus_otel.sources.training.agent.commands import key_in

    if path is None:
        return None
    try:
        return key_in(path.read_bytes())
    except ValueError as error:
        raise UnclearError(f"{path} {error}") from None


def _is_whole(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value")
    return name, value


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to 86400")
    return seconds
