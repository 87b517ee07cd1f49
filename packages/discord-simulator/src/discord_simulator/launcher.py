"""``discord-simulator run``: a bot, run as ``python`` runs it, that talks to a simulator."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .environment import VARIABLE
from .redirection import loopback

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_PORT = 8765
"""The port of a simulator that is run by itself."""

_SITE = Path(__file__).with_name("_site")

_DESCRIPTION = """\
Run a bot as `python` does, but have it talk to a simulator on this machine instead of Discord.

The bot needs no change. The Python processes that it starts are redirected too. Where a library cannot be redirected,
its import fails: the bot never reaches Discord with a real token by mistake.
"""

_EPILOG = """\
examples:
  discord-simulator run bot.py --verbose
  discord-simulator run --url http://127.0.0.1:9000 -m mybot
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="discord-simulator run",
        usage="%(prog)s [--url URL] bot.py ...\n       %(prog)s [--url URL] -m MODULE ...",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument(
        "--url",
        default=os.environ.get(VARIABLE) or f"http://127.0.0.1:{DEFAULT_PORT}",
        help=f"the URL that the simulator printed (default: {VARIABLE}, or http://127.0.0.1:{DEFAULT_PORT})",
    )
    return result


def main(arguments: Sequence[str]) -> int:
    """Replace this process by the bot's; on Windows, run the bot and return its exit status.

    Exits with status 2 if the URL is not one of this machine, or if the command names no bot.
    """
    own, words = _split(arguments)
    options = parser().parse_args(own)
    if not words:
        parser().error("a bot is missing: a file such as bot.py, or -m and a module")
    try:
        url = loopback(options.url)
    except ValueError as error:
        parser().error(f"--url: {error}")
    environment = os.environ | {VARIABLE: url, "PYTHONPATH": _python_path()}
    command = [sys.executable, *words]
    if os.name != "nt":  # where exec would return to the shell at once, with the bot still running
        os.execve(sys.executable, command, environment)  # noqa: S606 - the user's own command
    return subprocess.call(command, env=environment)  # noqa: S603 - the same


def _split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Split the command line into our options and the words for Python, which may begin with an option of Python's."""
    index = 0
    while index < len(words):
        word = words[index]
        if word == "--":
            return words[:index], words[index + 1 :]
        if word == "--url":
            index += 2
        elif word in ("-h", "--help") or word.startswith("--url="):
            index += 1
        else:
            break
    return words[:index], words[index:]


def _python_path() -> str:
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(_SITE), *([inherited] if inherited else [])])
