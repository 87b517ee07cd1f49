"""A process that is asked by a line of JSON on its standard input, and answers by one on its standard output.

Both ends are here. This file imports little: what it imports counts as memory of what is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Answer = dict[str, Any]


class Child:
    """The process, from outside. It is ready once this has been made.

    Parameters
    ----------
    name:
        For messages.
    words:
        The command line after the interpreter.
    variables:
        Environment variables; none of this process that would configure OpenTelemetry or argus-otel is passed on.
    python:
        The interpreter, by default that of this process.

    Attributes
    ----------
    ready:
        What it said when it was ready.
    """

    def __init__(
        self, name: str, words: Sequence[str], variables: Mapping[str, str] | None = None, python: str = sys.executable
    ) -> None:
        self.name = name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._process = subprocess.Popen(
            [python, *words],
            env={**kept(), **(variables or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,  # Ctrl-C interrupts the measurement, not the process
        )
        self.ready = self._read()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def ask(self, question: str, **more: object) -> Answer:
        """Ask, and wait for the answer.

        Raises
        ------
        RuntimeError
            It has ended.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"ask": question, **more}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def errors(self) -> str:
        """Return what it has written to standard error."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def end(self) -> None:
        """End it at once. Safe to repeat."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _read(self) -> Answer:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(10)
            raise RuntimeError(f"{self.name} has ended: {self.errors()[-2000:]}")
        return json.loads(line)


def kept() -> dict[str, str]:
    """Return the environment without what would configure OpenTelemetry, argus-otel or Python."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "ARGUS_", "PYTHON"))}


def answer(ready: Answer, handle: Callable[[Answer], Answer]) -> None:
    """Be that process: say what is ready, and answer each question until the input ends."""
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps(handle(json.loads(line))), flush=True)
