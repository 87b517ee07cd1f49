"""The cost of a start of the bot with telemetry: time, memory, modules.

Every start is a fresh process, from the interpreter until the bot has logged in to a simulated Discord and is ready.
Each round starts every variant once, in random order; the tables show medians of the differences to the bare start of
the same round. The control is the bare bot a second time. Time is the processor time of all threads, because other
programs on the machine have to wait for it; and wall time, which tells less on a shared machine.

"default" is argus-otel's default: metrics at /metrics. "OTLP" is metrics, traces and logs to a
Collector over gRPC, and /metrics as well. Each is started by the command and by OpenTelemetry's own launcher; the
default also by the line in the bot's code. opentelemetry-distro has the same exporters, and does not instrument
discord.py.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence

from discord_simulator import BackgroundSimulator

from .otlp_sink import otlp_sink
from .processes import BARE, CONTROL, DISTRO, KINDS, OURS, PEER, BotProcess, Kind
from .progress import Count
from .results import compared
from .tables import Table

PART = "startup"

_DISTRO_CHOSEN = {
    "OTEL_PYTHON_DISTRO": "distro",
    "OTEL_PYTHON_CONFIGURATOR": "configurator",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "{others},discord",  # which is ours
}
ARGUS_CHOSEN = {"OTEL_PYTHON_DISTRO": "argus", "OTEL_PYTHON_CONFIGURATOR": "argus"}
# As the command of that name does, which may not be on PATH.
INSTRUMENT_COMMAND = ("-c", "from opentelemetry.instrumentation.auto_instrumentation import run; run()", sys.executable)
_OTLP = {"OTEL_EXPORTER_OTLP_ENDPOINT": "{otlp}"}
SERVED = {"OTEL_EXPORTER_PROMETHEUS_HOST": "127.0.0.1", "OTEL_EXPORTER_PROMETHEUS_PORT": "{port}"}
_PROMETHEUS = {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
_ALL = {"OTEL_METRICS_EXPORTER": "otlp,prometheus", "OTEL_TRACES_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp"}
_NEEDED = ("opentelemetry-distro", "opentelemetry.distro")

INSTRUMENTED = f"opentelemetry-instrument, {OURS}"
ONE_LINE = f"{OURS}, one line of code"
VARIANTS = (
    KINDS[BARE],
    KINDS[CONTROL],
    KINDS[OURS],
    Kind(ONE_LINE, variables={"ARGUS_ENDPOINT_PORT": "{port}"}, options={"attach": OURS}),
    Kind(INSTRUMENTED, INSTRUMENT_COMMAND, {**ARGUS_CHOSEN, **SERVED}),
    Kind(DISTRO, INSTRUMENT_COMMAND, {**_DISTRO_CHOSEN, **SERVED, **_PROMETHEUS}, needs=_NEEDED),
    Kind(f"{OURS}, OTLP", ("-m", "argus_otel", "run"), {**SERVED, **_OTLP}),
    Kind(f"{INSTRUMENTED}, OTLP", INSTRUMENT_COMMAND, {**ARGUS_CHOSEN, **SERVED, **_OTLP}),
    Kind(f"{DISTRO}, OTLP", INSTRUMENT_COMMAND, {**_DISTRO_CHOSEN, **SERVED, **_ALL, **_OTLP}, needs=_NEEDED),
    KINDS[PEER],
)
MEASURED = {
    "processor": ("start, processor's time", "ms"),
    "wall": ("start, by the clock", "ms"),
    "resident": ("start, resident memory", "MB"),
    "modules": ("start, modules imported", "modules"),
    "threads": ("start, threads running", "threads"),
}


def start(kind: Kind, simulator: BackgroundSimulator, otlp: str) -> dict[str, float]:
    """Start the bot once; return its usage."""
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


def measure(kinds: Sequence[Kind], rounds: int, count: Count = range) -> list[Table]:
    """Start every variant in each round, and once before, so that files are cached in memory."""
    samples: dict[str, dict[str, list[float]]] = {what: {kind.name: [] for kind in kinds} for what in MEASURED}
    shuffle = random.Random()
    with BackgroundSimulator(heartbeat_interval=3600) as simulator, otlp_sink() as sink:
        for number in count(rounds + 1):
            for kind in shuffle.sample(list(kinds), len(kinds)):
                figures = start(kind, simulator, sink.url)
                for what, value in figures.items():
                    if number:
                        samples[what][kind.name].append(value)
    if not samples["processor"][BARE]:
        return []
    return [Table(PART, what, *MEASURED[what], compared(found, BARE), digits=1) for what, found in samples.items()]
