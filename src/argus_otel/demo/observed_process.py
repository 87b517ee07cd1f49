"""The program that a demo observes: it runs in a process of its own, on an endpoint that the demo scrapes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from argus_otel.settings import DEFAULT_HOST, DEFAULT_PORT

_PASSED_ON = ("OTEL_EXPORTER_OTLP_", "OTEL_METRIC_EXPORT_", "ARGUS_HISTORY")


class DemoError(Exception):
    """The demo cannot continue. The message gives the reason."""


class ObservedProcess:
    """A program under argus-otel, such as a bot.

    Parameters
    ----------
    what:
        What it is, for messages: ``the bot``.
    log:
        The file that its output goes to.
    port:
        The port of its endpoint; by default 9464, or a free one if that is in use.

    Attributes
    ----------
    url:
        The endpoint's URL.

    Raises
    ------
    DemoError
        The port is not free.
    """

    def __init__(self, what: str, log: Path, port: int | None = None) -> None:
        self._what, self._log = what, log
        self._port = _free_port(DEFAULT_PORT, 0) if port is None else _free_port(port)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://{DEFAULT_HOST}:{self._port}"

    def start(self, arguments: Sequence[str], variables: Mapping[str, str], *, fed: bool = False) -> None:
        """Start ``argus-otel`` with some arguments, in this environment without its settings, and some variables.

        Parameters
        ----------
        fed:
            Whether it reads what :meth:`feed` is given.
        """
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                _command(arguments),
                stdin=subprocess.PIPE if fed else None,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment({"ARGUS_ENDPOINT_PORT": str(self._port), **variables}),
                # Ctrl-C must not reach the program, because the last scrape is still to come.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same, on Windows
            )

    def feed(self, line: str) -> None:
        """Write a line to its standard input.

        Raises
        ------
        OSError
            It has ended.
        """
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def wait_until(self, condition: Callable[[], bool], timeout: float) -> None:
        """Wait until the program has started.

        Parameters
        ----------
        condition:
            Whether it has.
        timeout:
            In seconds.

        Raises
        ------
        DemoError
            It has ended, or the time is up.
        """
        deadline = time.monotonic() + timeout
        failed = f"{self._what} did not start"
        while not condition():
            if self._process is not None and self._process.poll() is not None:
                raise DemoError(f"{failed}: it ended with exit code {self._process.returncode}\n{self.output()}")
            if time.monotonic() > deadline:
                raise DemoError(f"{failed} within {timeout:g} s\n{self.output()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it, and wait until it has ended; safe to repeat."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            with suppress(OSError):  # what it has not taken any more
                self._process.stdin.close()
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """Kill it, so that it can do nothing more; safe to repeat."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdin is not None:
                with suppress(OSError):
                    self._process.stdin.close()

    def output(self) -> str:
        """Return the last 4000 characters of its output; nothing before its start."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-4000:] if self._log.exists() else ""


def succeeded(arguments: Sequence[str], variables: Mapping[str, str]) -> bool:
    """Run ``argus-otel`` with some arguments to its end, in the same environment; return whether its exit code is 0."""
    done = subprocess.run(  # noqa: S603 - our own command line
        _command(arguments), env=_environment(variables), capture_output=True, check=False, timeout=60
    )
    return done.returncode == 0


def settled(finished: Callable[[], bool], timeout: float) -> None:
    """Wait until the program has finished what it does, or the time is up: then its numbers no longer change."""
    deadline = time.monotonic() + timeout
    while not finished() and time.monotonic() < deadline:
        time.sleep(0.25)


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "argus_otel", *arguments]


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return this environment without its settings, and with some variables.

    What is set of OTLP and history is passed on, for a user who has a Collector.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ARGUS_", "OTEL_")) or name.startswith(_PASSED_ON)
    }
    return {**kept, **variables}


def _free_port(*ports: int) -> int:
    """Return the first of ``ports`` that is free. For 0, the system chooses a free port."""
    for port in ports:
        with socket.socket() as probe:
            if os.name == "posix":  # on Windows it would let two programs share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((DEFAULT_HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError(f"port {ports[0]} is not free: give another --port, or none")
