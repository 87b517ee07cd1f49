"""``python -m benchmarks.memory``: the memory of the example bot, bare and with what argus-otel can do on a small host.

Each bot is a process of its own in a simulated Discord, with users at a steady rate, and is scraped while it serves an
endpoint. Told are its resident memory after that, and its peak. On Linux with control groups that this user may make,
each bot also runs under a limit, by default 512 MiB, which includes the pages of files that it reads.

Needs Linux, and the packages of the tests.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from discord_simulator import BackgroundSimulator, Load
from tests.launch.conftest import BOT, REDIRECTED, Bot
from tests.otel.receivers import grpc_receiver, http_receiver

from .control_groups import joining, limited, peak

LIMIT = 512
"""MiB: what small hosts give a bot."""

_OBSERVED = [*REDIRECTED, "-m", "argus_otel", "run"]
_FAST = {"OTEL_METRIC_EXPORT_INTERVAL": "2000"}
_EVERYTHING = {"ARGUS_HISTORY": "otlp"}
_ALONE = {"ARGUS_ENDPOINT": "false", **_FAST}


@dataclass(frozen=True)
class Variant:
    """A way to run the bot.

    Attributes
    ----------
    protocol:
        Of OTLP: ``http``, ``grpc``, or empty for none.
    observed:
        Whether argus-otel is there.
    store:
        Where history is kept on this host: ``files`` or ``chdb``, or empty for nowhere.
    """

    name: str
    observed: bool = True
    protocol: str = ""
    store: str = ""
    settings: tuple[tuple[str, str], ...] = ()


VARIANTS = (
    Variant("bare", observed=False),
    Variant("endpoint"),
    Variant("OTLP over HTTP, no endpoint", protocol="http", settings=tuple(_ALONE.items())),
    Variant("OTLP over gRPC, no endpoint", protocol="grpc", settings=tuple(_ALONE.items())),
    Variant(
        "endpoint, OTLP over HTTP, history by OTLP, heartbeat",
        protocol="http",
        settings=tuple({**_FAST, **_EVERYTHING}.items()),
    ),
    Variant("endpoint, history in daily files", store="files"),
    Variant("endpoint, history in the embedded engine", store="chdb"),
)


@dataclass(frozen=True)
class Memory:
    """The memory of one bot, in MiB.

    Attributes
    ----------
    group:
        The peak of its control group, which counts its subprocesses and pages of files too; ``None`` where there is no
        group.
    """

    resident: float
    peak: float
    group: float | None


def measure(variant: Variant, seconds: float, rate: float, limit: int = LIMIT) -> Memory:
    """Run one bot, and return its memory.

    Raises
    ------
    RuntimeError
        The bot has ended before, or has kept no history.
    """
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(BackgroundSimulator(guilds=6))
        settings = dict(variant.settings)
        if variant.protocol:
            receiver = stack.enter_context(
                contextmanager(http_receiver if variant.protocol == "http" else grpc_receiver)()
            )
            settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.url
            settings["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf" if variant.protocol == "http" else "grpc"
            if "ARGUS_HISTORY" in settings:
                settings["ARGUS_HEARTBEAT_URL"] = f"{receiver.url}/v1/heartbeat"
        # An embedded engine may still be storing what the bot has left to it.
        directory = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        if variant.store:
            settings["ARGUS_HISTORY"] = "store"
            settings["ARGUS_HISTORY_STORE"] = f"{variant.store}:{directory}/history"
            settings["ARGUS_HISTORY_SPOOL"] = f"{directory}/spool"
        group = stack.enter_context(limited(limit))
        bot = _started(simulator, _OBSERVED if variant.observed else REDIRECTED, settings, group)
        stack.callback(bot.end)
        simulator.run(simulator.ready, None, 60.0)
        _use(simulator, bot, seconds, rate, scraped=variant.observed and settings.get("ARGUS_ENDPOINT") != "false")
        if bot.process.poll() is not None:
            raise RuntimeError(f"the bot has ended with {bot.process.returncode}:\n{bot.output}")
        if variant.store and not any(Path(directory, "history").glob("*")):
            raise RuntimeError(f"the bot has kept no history in {seconds:.0f} s; the embedded engine gets it each 30 s")
        return _read(bot.process.pid, group)


def _started(
    simulator: BackgroundSimulator, command: list[str], settings: Mapping[str, str], group: Path | None
) -> Bot:
    return Bot.started(simulator, joining(group, command), str(BOT), settings=settings)


def _use(simulator: BackgroundSimulator, bot: Bot, seconds: float, rate: float, *, scraped: bool) -> None:
    load = Load(simulator, rate=rate, seed=1)
    users = threading.Thread(target=lambda: simulator.run(load.run, seconds))
    users.start()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(1.0)
        if scraped:
            with contextlib.suppress(OSError):
                bot.metrics()
    users.join()


def _read(pid: int, group: Path | None) -> Memory:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    pairs = (line.partition(":") for line in lines)
    figures = {name: int(text.split()[0]) / 1024 for name, _, text in pairs if text.endswith("kB")}
    return Memory(figures["VmRSS"], figures["VmHWM"], None if group is None else peak(group))


def main() -> int:
    """Measure every variant, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="bots of each kind (default: 3)")
    parser.add_argument("--seconds", type=float, default=40.0, help="how long users use each bot (default: 40)")
    parser.add_argument("--rate", type=float, default=20.0, help="operations of users each second (default: 20)")
    options = parser.parse_args()
    if sys.platform != "linux":
        parser.error("this needs Linux, whose /proc tells the memory of a process")
    found: dict[str, list[Memory]] = {}
    variants = [variant for variant in VARIANTS if variant.store != "chdb" or find_spec("chdb")]
    for number in range(options.rounds):
        for variant in variants:
            memory = measure(variant, options.seconds, options.rate)
            found.setdefault(variant.name, []).append(memory)
            print(f"round {number + 1}: {variant.name}: {memory.resident:.0f} MiB", file=sys.stderr)
    bare = statistics.median(memory.resident for memory in found["bare"])
    print("| bot | resident, MiB | added, MiB | peak, MiB | peak of its group, MiB |")
    print("|---|---:|---:|---:|---:|")
    for name, each in found.items():
        resident = statistics.median(memory.resident for memory in each)
        peak = statistics.median(memory.peak for memory in each)
        groups = [memory.group for memory in each if memory.group is not None]
        group = f"{statistics.median(groups):.0f}" if groups else "not known"
        print(f"| {name} | {resident:.0f} | {resident - bare:+.0f} | {peak:.0f} | {group} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
