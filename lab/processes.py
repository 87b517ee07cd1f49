"""A component in a process of its own, which can be started, awaited, stopped, killed, and started again."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free.

    It is outside the ephemeral range, from which the system serves any connection that a process opens meanwhile.
    """
    for _ in range(100):
        port = random.SystemRandom().randint(10_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise RuntimeError("no port is free")


def answers(url: str) -> bool:
    """Return whether a server answers a URL with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def wait_until(question: Callable[[], T], what: str, timeout: float = 20.0, every: float = 0.05) -> T:
    """Call ``question`` until its result is true; return the result.

    Raises
    ------
    AssertionError
        It was not true within ``timeout`` seconds. The message names ``what``, and the last result.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not in {timeout} s: {what}; at last: {answer!r}"
        time.sleep(every)


class Part:
    """One process. Its output goes to a file; failures show the end of the file.

    Parameters
    ----------
    name:
        For messages.
    log:
        The file for its output; each start appends to it.
    """

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        assert self._process is None, f"{self.name} runs already"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(os.environ if environment is None else environment),
            )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} does not run"
        return self._process.pid

    def printed(self) -> str:
        """Its output since its first start."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_until(self, question: Callable[[], T], what: str, timeout: float = 30.0) -> T:
        """Call ``question`` until its result is true, as long as the process lives; return the result."""

        def ask() -> T:
            assert self.running, f"{self.name} has ended, before {what}:\n{self.printed()[-3000:]}"
            return question()

        try:
            return wait_until(ask, f"{self.name}: {what}", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.printed()[-3000:]}") from None

    def wait(self, timeout: float = 20.0) -> int:
        """Wait for its end; return its exit code."""
        assert self._process is not None, f"{self.name} does not run"
        code = self._process.wait(timeout)
        self._process = None
        return code

    def stop(self, timeout: float = 20.0) -> None:
        """Ask it to end, as a service manager does, and wait; do nothing if it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._process = None

    def kill(self) -> None:
        """Kill it, which is like a power failure; do nothing if it does not run."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
