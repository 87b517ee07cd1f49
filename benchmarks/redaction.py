"""``python -m benchmarks.redaction``: the cost of redaction on the event loop.

Tokens of interactions are remembered as long as a text with one may still be exported: some thousands in a busy bot.
A log line, and a failing command (its span with the exception, and discord.py's log line about it), are timed
with no and with many remembered tokens, in paired rounds as in ``loop``, on the logging thread; exporters drop
everything.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import string
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, InMemoryLogRecordExporter

from argus_otel.otel.bridge import Bridge
from argus_otel.settings import Settings
from argus_otel.sources.discord import secrets
from argus_otel.sources.process.source import ProcessSource
from argus_otel.telemetry import SpanKind, Telemetry

from .pairs import BARE, CONTROL, Variant, Work, compare
from .spans import Traces

REMEMBERED = 2048
PIECES = 50
DEPTH = 12
"""The number of the bot's and discord.py's functions on the stack of a failing command."""

_log = logging.getLogger("benchmarks.bot")


class _Dropping(InMemoryLogRecordExporter):
    def export(self, batch: Sequence[Any]) -> Any:
        result = super().export(batch)
        self.clear()
        return result


class Exporting:
    """Exports spans and log records, with tokens remembered from earlier interactions.

    Parameters
    ----------
    remembered:
        The number of remembered tokens, alternating between the simulator's and Discord's length.
    """

    def __init__(self, remembered: int) -> None:
        self.telemetry = telemetry = Telemetry()
        secrets.add_patterns(telemetry)
        loggers = LoggerProvider(shutdown_on_exit=False)
        loggers.add_log_record_processor(BatchLogRecordProcessor(_Dropping()))
        Bridge(telemetry, ()).connect(tracer_provider=Traces(1.0).provider, logger_provider=loggers)
        self._source = ProcessSource(telemetry, Settings.resolve({}, {"process_loop_blocked_after": 0}), lambda: None)
        chosen = random.Random(1)
        for number in range(remembered):
            letters = chosen.choices(string.ascii_letters + string.digits, k=(43, 220)[number % 2])
            telemetry.redact.add_secret("".join(letters))

    def begin(self) -> None:
        """Export from now on."""
        self._source.install()
        self._source.start()

    def end(self) -> None:
        """Stop exporting."""
        self._source.uninstall()

    def log_lines(self) -> Work:
        """Return the work of logging lines."""

        async def work() -> int:
            for number in range(PIECES):
                _log.warning("%s plays %s in guild %d", "Miles", "So What", 100000000000000000 + number)
            return PIECES

        return work

    def failing_commands(self) -> Work:
        """Return the work of failing commands, without discord.py's own."""
        tracing = self.telemetry.tracing
        if tracing is None:
            raise RuntimeError("nothing is traced, so nothing is measured")

        async def work() -> int:
            for _ in range(PIECES):
                span = tracing.root("command play", SpanKind.SERVER, dict)
                span.attach()
                try:
                    _play("Blue in Green", DEPTH)
                except RuntimeError as error:
                    _log.exception("Ignoring exception in command %r", "play")
                    span.detach()
                    span.end(error, failed=True)
            return PIECES

        return work


def _play(title: str, depth: int) -> None:
    if depth:
        _play(title, depth - 1)
    try:
        {}[title]
    except KeyError as error:
        raise RuntimeError(f"there is no {title}") from error


def measure(prepare: Callable[[Exporting], Work], rounds: int) -> str:
    """Time work with no and with many remembered tokens; return rows of a table."""
    subjects = {BARE: Exporting(0), CONTROL: Exporting(0), f"{REMEMBERED} remembered": Exporting(REMEMBERED)}
    variants = [Variant(name, it, it.begin, it.end) for name, it in subjects.items()]
    loop = asyncio.new_event_loop()
    try:
        results = compare(loop, prepare, variants, rounds)
    finally:
        loop.close()
    return "\n".join(
        f"  {result.name:24} {result.each:8.1f} µs, added {result.added:8.1f} [{result.low:.1f}, {result.high:.1f}]"
        for result in results
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.redaction", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    logging.getLogger().addHandler(logging.NullHandler())
    print(f"a log line\n{measure(Exporting.log_lines, rounds)}")
    print(f"a failing command\n{measure(Exporting.failing_commands, rounds)}")


if __name__ == "__main__":
    main()
