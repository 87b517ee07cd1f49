"""Bots in processes of their own, bare or with telemetry, that report their resource usage on request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from discord_simulator import BackgroundSimulator
from lab.processes import free_port

Figures = dict[str, float]
"""The resource usage of a bot; see ``process_bot.used`` for names and units."""

SCRIPT = Path(__file__).with_name("process_bot.py")
BARE = "bare"
CONTROL = "bare again (A/A)"
OURS = "argus-otel"
TRACED = "argus-otel, traced 1 %"
PEER = "argus-dpy"
DISTRO = "opentelemetry-distro"


@dataclass(frozen=True)
class Kind:
    """One way to run the bot.

    Attributes
    ----------
    launcher:
        The words of the command line between the interpreter and the script.
    variables:
        Environment variables. ``{port}`` is a free port, ``{otlp}`` the address of the OTLP sink,
        ``{others}`` the installed instrumentations other than argus-otel's.
    options:
        Options of the script.
    needs:
        The required distribution, and a module of it.
    """

    name: str
    launcher: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    options: Mapping[str, object] = field(default_factory=dict[str, object])
    needs: tuple[str, str] | None = None

    @property
    def missing(self) -> str | None:
        """How to install a missing requirement; ``None`` if there is none."""
        if self.needs is None or find_spec(self.needs[1]) is not None:
            return None
        return f"{self.needs[0]} is not installed, and {self.name} not measured: make bench, or uv sync --group peers"


_RUN = ("-m", "argus_otel", "run")
_SERVED = {"ARGUS_ENDPOINT_PORT": "{port}"}

KINDS = {
    kind.name: kind
    for kind in (
        Kind(BARE),
        Kind(CONTROL),
        Kind(OURS, _RUN, _SERVED),
        Kind(
            TRACED,
            _RUN,
            {
                **_SERVED,
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "{otlp}",
                "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
                "OTEL_TRACES_SAMPLER_ARG": "0.01",
            },
        ),
        Kind(PEER, options={"attach": PEER}, needs=("argus-dpy", "argus")),
    )
}


LINUX_ONLY = "needs Linux: it reads /proc, and the clock of each thread"


def present(kinds: Sequence[Kind]) -> tuple[list[Kind], list[str]]:
    """Return the kinds that can be run, and how to install the requirements of the others."""
    return [kind for kind in kinds if not kind.missing], [kind.missing for kind in kinds if kind.missing]


class BotProcess:
    """A bot that is ready.

    Parameters
    ----------
    options:
        Options of the script, besides those of the kind.
    otlp:
        The address of the OTLP sink, if the kind sends OTLP.

    Attributes
    ----------
    first:
        Its usage when it was ready.
    started:
        When its process was made, by the clock of ``first["wall"]``.
    """

    def __init__(self, kind: Kind, simulator: BackgroundSimulator, otlp: str = "", **options: Any) -> None:
        self.kind = kind
        self.port = free_port()
        script = {"url": simulator.url, "token": simulator.token, "port": self.port, **kind.options, **options}
        facts = {"port": self.port, "otlp": otlp, "others": others("discord")}
        variables = {key: value.format(**facts) for key, value in kind.variables.items()}
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self.started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, *kind.launcher, str(SCRIPT), json.dumps(script)],
            env={**environment("discord"), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,  # Ctrl-C interrupts the measurement, not the bot
        )
        self.first = self._read()

    def ask(self) -> Figures:
        """Return what it has used until now."""
        self._write("used")
        return self._read()

    def late(self, seconds: float, meanwhile: Callable[[], object]) -> float:
        """Call ``meanwhile``; return how late the event loop was at most in so many seconds around it, in seconds."""
        self._write(f"late {seconds}")
        time.sleep(0.02)
        meanwhile()
        return self._read()["late"]

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _read(self) -> Figures:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(10)
            self._errors.seek(0)
            raise RuntimeError(f"{self.kind.name} ended: {self._errors.read().decode()[-2000:]}")
        return json.loads(line)

    def end(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def environment(observed: str) -> dict[str, str]:
    """Return this process's environment without what would configure argus-otel or others.

    Parameters
    ----------
    observed:
        The name of the instrumentation that is measured; others are switched off.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "ARGUS_", "PYTHON"))}
    return {**kept, "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": others(observed)}


def others(observed: str) -> str:
    """Name the instrumentations that only happen to be installed: what they cost is none of what is measured."""
    found = {entry_point.name for entry_point in entry_points(group="opentelemetry_instrumentor")}
    return ",".join(sorted(found - {observed, "logging"}))
