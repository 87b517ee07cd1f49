"""``python -m benchmarks.startup``: what a start of the bot costs with telemetry: time, memory, modules.

Every start is a fresh process, from the interpreter until the bot has logged in to a simulated Discord and is ready.
Each round starts every variant once, in random order; what is shown are medians of the differences to the bare start of
the same round. The control is the bare bot a second time. Time is the processor's, of all threads, since it is what a
start takes from its neighbours too; and the wall's, which on a shared machine says less.

"default" is what argus-otel does unless told otherwise: metrics at /metrics. "OTLP" is metrics, traces and logs to a
Collector by gRPC, and /metrics as well. opentelemetry-distro has the same exporters, and instruments no discord.py.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from argus_otel.simulator import BackgroundSimulator

from .differences import Difference, differences, table
from .machine import machine
from .processes import BARE, CONTROL, DISTRO, KINDS, OURS, PEER, BotProcess, Kind, need_linux, present
from .taking import taking_otlp

_DISTRO_CHOSEN = {
    "OTEL_PYTHON_DISTRO": "distro",
    "OTEL_PYTHON_CONFIGURATOR": "configurator",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "{others},discord",  # which is ours
}
_ARGUS_CHOSEN = {"OTEL_PYTHON_DISTRO": "argus", "OTEL_PYTHON_CONFIGURATOR": "argus"}
# As the command of that name does, which may not be on PATH.
_INSTRUMENT = ("-c", "from opentelemetry.instrumentation.auto_instrumentation import run; run()", sys.executable)
_OTLP = {"OTEL_EXPORTER_OTLP_ENDPOINT": "{otlp}"}
_SERVED = {"OTEL_EXPORTER_PROMETHEUS_HOST": "127.0.0.1", "OTEL_EXPORTER_PROMETHEUS_PORT": "{port}"}
_PROMETHEUS = {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
_ALL = {"OTEL_METRICS_EXPORTER": "otlp,prometheus", "OTEL_TRACES_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp"}
_NEEDED = ("opentelemetry-distro", "opentelemetry.distro")

VARIANTS = (
    KINDS[BARE],
    KINDS[CONTROL],
    KINDS[OURS],
    Kind("opentelemetry-instrument, argus-otel", _INSTRUMENT, {**_ARGUS_CHOSEN, **_SERVED}),
    Kind(DISTRO, _INSTRUMENT, {**_DISTRO_CHOSEN, **_SERVED, **_PROMETHEUS}, needs=_NEEDED),
    Kind(f"{OURS}, OTLP", ("-m", "argus_otel", "run"), {**_SERVED, **_OTLP}),
    Kind(f"{DISTRO}, OTLP", _INSTRUMENT, {**_DISTRO_CHOSEN, **_SERVED, **_ALL, **_OTLP}, needs=_NEEDED),
    KINDS[PEER],
)
MEASURED = {"processor": "ms", "wall": "ms", "resident": "MB", "modules": "imported", "threads": "running"}


def start(kind: Kind, simulator: BackgroundSimulator, otlp: str) -> dict[str, float]:
    """Start the bot once; return what that took."""
    bot = BotProcess(kind, simulator, otlp)
    try:
        return {
            "processor": bot.first["cpu"] * 1e3,
            "wall": (bot.first["wall"] - bot.started) * 1e3,
            "resident": bot.first["resident"] / 1e6,
            "modules": bot.first["modules"],
            "threads": bot.first["threads"],
        }
    finally:
        bot.end()


def measure(kinds: Sequence[Kind], rounds: int) -> dict[str, list[Difference]]:
    """Start every variant so many times, and once more before, so that what is on disk is in memory."""
    samples: dict[str, dict[str, list[float]]] = {what: {kind.name: [] for kind in kinds} for what in MEASURED}
    shuffle = random.Random(1)
    with BackgroundSimulator(heartbeat_interval=3600) as simulator, taking_otlp() as taking:
        for number in range(rounds + 1):
            print(f"round {number} of {rounds} …", file=sys.stderr)
            for kind in shuffle.sample(list(kinds), len(kinds)):
                figures = start(kind, simulator, taking.url)
                for what, value in figures.items():
                    if number:
                        samples[what][kind.name].append(value)
    return {what: differences(found, BARE) for what, found in samples.items()}


def shown(tables: Mapping[str, Sequence[Difference]]) -> str:
    """Return the tables."""
    return "\n\n".join(table(f"start, {what}", MEASURED[what], rows) for what, rows in tables.items())


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.startup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Needs Linux. Of the peers, those that are installed are measured: uv sync --group peers",
    )
    parser.add_argument("--rounds", type=int, default=25, help="starts of each variant (default: 25)")
    parser.add_argument("--only", action="append", metavar="NAME", help="leave out the others, but for the bare bot")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE too")
    arguments = parser.parse_args(words)
    need_linux(parser)
    wanted = [kind for kind in VARIANTS if not arguments.only or kind.name in (BARE, CONTROL, *arguments.only)]
    tables = measure(present(wanted), arguments.rounds)
    print(f"{machine()}, {arguments.rounds} rounds\n\n{shown(tables)}")
    if arguments.json:
        figures = {what: [asdict(row) for row in rows] for what, rows in tables.items()}
        Path(arguments.json).write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
