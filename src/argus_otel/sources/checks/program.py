"""One program that is started without a shell, and ended with all that it has started."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from .errors import CheckError, ErrorType

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where a program is looked for."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that has ended.

    Attributes
    ----------
    status:
        Its exit status.
    output:
        What it wrote to standard output and standard error.
    """

    status: int
    output: bytes


async def run(arguments: Sequence[str], environment: Mapping[str, str], limit: int) -> Ended:
    """Run a program to its end. If this is cancelled, the program and what it has started are killed.

    Parameters
    ----------
    arguments:
        The program and its arguments.
    environment:
        Beside :data:`PATH` all that it gets.
    limit:
        The most bytes that it may write.

    Raises
    ------
    CheckError
        It cannot be started, was killed by a signal, or writes too much.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, program = await loop.subprocess_exec(
            lambda: _Program(limit),
            *arguments,
            env={"PATH": PATH, "LC_ALL": "C.UTF-8", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # the second of a NUL in an argument
        reason = getattr(error, "strerror", None) or "an argument is not one that a program can have"
        raise CheckError(ErrorType.COMMAND, f"the program cannot be started: {reason}") from error
    try:
        await program.ended
    finally:
        if not program.exited.done():
            _kill(transport)
        try:
            await program.exited  # the attempt ends when the program has, and leaves no zombie
        finally:
            transport.close()
    return program.result(transport.get_returncode())


class _Program(asyncio.SubprocessProtocol):
    """Gathers the output. ``ended`` is set once the program has exited and its output has ended, or is too much."""

    def __init__(self, limit: int) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.exited: asyncio.Future[None] = loop.create_future()
        self._limit = limit
        self._output = bytearray()
        self._transport: asyncio.SubprocessTransport | None = None

    def result(self, status: int | None) -> Ended:
        if len(self._output) > self._limit:
            raise CheckError(ErrorType.SIZE, f"the program writes more than {self._limit} bytes")
        if status is None or status < 0:
            name = "a signal" if status is None else _signal(-status)
            raise CheckError(ErrorType.COMMAND, f"the program was ended by {name}")
        return Ended(status, bytes(self._output))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - there is one pipe
        self._output += data[: self._limit + 1 - len(self._output)]
        if len(self._output) > self._limit:
            _done(self.ended)

    def process_exited(self) -> None:
        # What it left running in its group would keep the pipe open.
        if self._transport is not None:
            _kill(self._transport)
        _done(self.exited)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how the pipe ended makes no difference
        _done(self.exited)
        _done(self.ended)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _kill(program: asyncio.SubprocessTransport) -> None:
    """Kill a program and what it has started; at once when it has exited, since its number is given to others later."""
    with suppress(ProcessLookupError, PermissionError):  # all have ended; or, on macOS, only zombies are left
        if sys.platform == "win32":  # there are no groups
            program.kill()
        else:
            os.killpg(program.get_pid(), signal.SIGKILL)


def _signal(number: int) -> str:
    try:
        return f"the signal {signal.Signals(number).name}"
    except ValueError:
        return f"the signal {number}"
