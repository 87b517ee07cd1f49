"""The command ``discord-simulator``, also ``python -m discord_simulator``: a simulator in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import signal
import sys
from typing import TYPE_CHECKING

from . import __version__, launcher
from .load import Load
from .server import DEFAULT_TOKEN, Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION = """\
Run a simulated Discord on 127.0.0.1, for a bot in another process.

It accepts one bot token, puts the bot into some guilds, and answers its requests. With --load, simulated users use
the bot's commands, buttons and modals. At Ctrl-C it prints the ledger: the traffic that crossed the wire.
"""

_EPILOG = """\
then, in another terminal:
  discord-simulator run --url http://127.0.0.1:PORT bot.py

or, for a bot that OpenTelemetry's loader starts:
  DISCORD_SIMULATOR_URL=http://127.0.0.1:PORT opentelemetry-instrument python bot.py

or, in a test, before the bot is started:
  from discord_simulator import redirect
  redirect("http://127.0.0.1:PORT")

while it runs:
  curl http://127.0.0.1:PORT/_simulator/health
  curl http://127.0.0.1:PORT/_simulator/ledger
  curl -d '{"type": "TYPING_START", "data": {...}}' http://127.0.0.1:PORT/_simulator/dispatch
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="discord-simulator",
        usage="discord-simulator [options]\n       discord-simulator run [--url URL] bot.py ...",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    result.add_argument(
        "--port", type=int, default=launcher.DEFAULT_PORT, help="TCP port; 0 for a free one (default: %(default)s)"
    )
    result.add_argument("--shards", type=int, default=1, help="shards recommended to the bot (default: 1)")
    result.add_argument("--guilds", type=int, default=3, help="guilds the bot is in (default: 3)")
    result.add_argument("--members", type=int, default=20, help="users in each guild (default: 20)")
    result.add_argument("--token", default=DEFAULT_TOKEN, help="the bot token to accept (default: %(default)s)")
    result.add_argument(
        "--certificate", metavar="FILE", help="speak https and wss with the certificate in this PEM file"
    )
    result.add_argument("--key", metavar="FILE", help="the PEM file with its key (default: the certificate's file)")
    result.add_argument(
        "--gateway-url", metavar="URL", help="the gateway's URL that the bot gets (default: the simulator's own)"
    )
    result.add_argument(
        "--load",
        type=float,
        metavar="RATE",
        help="simulate users who act RATE times a second once the bot is connected",
    )
    result.add_argument(
        "--prefix", action="append", default=[], metavar="TEXT", help="a prefix command for the users, such as '!ping'"
    )
    result.add_argument("--seed", type=int, default=0, help="makes the users' choices repeatable (default: 0)")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a simulator until Ctrl-C, or with ``run`` a bot; return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["run"]:
        return launcher.main(words[1:])
    options = parser().parse_args(words)
    try:
        sim = Simulator(
            token=options.token,
            shards=options.shards,
            guilds=options.guilds,
            members=options.members,
            port=options.port,
            certificate=options.certificate,
            key=options.key,
            gateway_url=options.gateway_url,
        )
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(sim, options))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(sim.ledger.summary(), indent=2) + "\n")
    return 0


async def _serve(sim: Simulator, options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows loops have no signal handlers; Ctrl-C interrupts asyncio.run there.
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with sim:
        sys.stdout.write(
            f"A simulated Discord is at {sim.url} (token: {sim.token})\n"
            f"{_how_to_use(sim, options)}"
            f"  ledger:      curl {sim.url}/_simulator/ledger\n"
            "Ctrl-C stops it and prints the ledger.\n"
        )
        sys.stdout.flush()
        crowd = None
        if options.load is not None:
            load = Load(sim, rate=options.load, seed=options.seed, prefix=options.prefix)
            crowd = asyncio.create_task(_crowd(sim, load))
        await stop.wait()
        if crowd is not None:
            crowd.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await crowd


def _how_to_use(sim: Simulator, options: argparse.Namespace) -> str:
    if options.certificate is not None:
        return "  run a bot:   where discord.com resolves to 127.0.0.1, with SSL_CERT_FILE=AUTHORITY.pem\n"
    return (
        f"  run a bot:   discord-simulator run --url {sim.url} bot.py\n"
        f'  in a test:   discord_simulator.redirect("{sim.url}")\n'
    )


async def _crowd(sim: Simulator, load: Load) -> None:
    await sim.ready(timeout=math.inf)
    await load.run(math.inf)


if __name__ == "__main__":
    sys.exit(main())
