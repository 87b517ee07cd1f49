"""``python -m benchmarks``: what argus-otel adds to a gateway event and to a slash command."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import platform
import sys
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

import discord

import argus_otel
from argus_otel.runtime import runtime

from .bot import Bench, simulated
from .pairs import BARE, CONTROL, Result, Variant, compare
from .recording import Kept


def _nothing() -> None:
    pass


def _variants(loop: asyncio.AbstractEventLoop) -> list[Variant]:
    async def on() -> None:
        argus_otel.instrument(endpoint=False)

    async def off() -> None:
        argus_otel.uninstrument()

    history = Kept()

    def with_history() -> None:
        loop.run_until_complete(on())
        history.begin()

    def without() -> None:
        history.end()
        loop.run_until_complete(off())

    return [
        Variant(BARE, _nothing, _nothing),
        Variant(CONTROL, _nothing, _nothing),
        # Metrics only: the default of a bot without an OTLP endpoint.
        Variant("argus-otel", lambda: loop.run_until_complete(on()), lambda: loop.run_until_complete(off())),
        Variant("with history", with_history, without),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="rounds for each scenario (default: 60)")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE too")
    arguments = parser.parse_args()
    for variable in [name for name in os.environ if name.startswith(("OTEL_", "ARGUS_"))]:
        del os.environ[variable]
    logging.disable(logging.WARNING)
    tables: dict[str, list[Result]] = {}

    def use(loop: asyncio.AbstractEventLoop, bench: Bench) -> None:
        for title, work in (
            ("TYPING_START, no listener", bench.typing(1000)),
            ("slash command with one response", bench.slash(300)),
        ):
            print(f"{title} …", file=sys.stderr)
            tables[title] = compare(loop, work, _variants(loop), arguments.rounds)

    simulated(use)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    versions = f"argus-otel {argus_otel.__version__}, discord.py {discord.__version__}, {python}"
    date = datetime.now(timezone.utc).date().isoformat()
    print(f"{versions}, {os.cpu_count()} CPUs, {platform.machine()}, {date}")
    for title, results in tables.items():
        print(f"\n{title}\n{'':<20}{'each':>10}{'added':>10}{'95 % of the median':>22}{'ratio':>9}")
        for result in results:
            spread = f"{result.low:+.2f} … {result.high:+.2f}"
            print(f"{result.name:<20}{result.each:>7.2f} µs{result.added:>+7.2f} µs{spread:>22}{result.ratio:>+9.1%}")
    faults = runtime().telemetry.guard.faults
    if faults:
        print(f"\nhooks failed, so these figures are worth nothing: {faults}")
        return 1
    if arguments.json:
        figures = {title: [asdict(result) for result in results] for title, results in tables.items()}
        Path(arguments.json).write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
