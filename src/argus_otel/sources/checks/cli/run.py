"""``argus-otel checks run``: runs the checks of a file in a process of their own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from argus_otel.sources.checks.directory_lock import DirectoryLock, unusable

from . import given_file
from .options import shard

_AGENT = "argus_otel.sources.checks.agent_process"
_SERVICE = "argus-checks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments. Each sets a variable, which an agent that is started in another way reads too."""
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="the file of checks [ARGUS_CHECKS_FILE]")
    parser.add_argument("--location", metavar="NAME", help="where they run from [ARGUS_CHECKS_LOCATION]")
    parser.add_argument(
        "--shard",
        metavar="I/N",
        type=shard,
        help="the share of the checks that is run, such as 2/5 [ARGUS_CHECKS_SHARD]",
    )
    parser.add_argument(
        "--state", metavar="DIR", type=Path, help="where states are kept between two starts [ARGUS_CHECKS_STATE]"
    )
    parser.add_argument(
        "--allow-commands",
        action="store_true",
        help="let checks of the type command start programs [ARGUS_CHECKS_ALLOW_COMMANDS=true]",
    )
    parser.add_argument("--name", metavar="NAME", help=f"the agent's service.name ({_SERVICE}) [OTEL_SERVICE_NAME]")


def run(arguments: argparse.Namespace) -> int:
    """Become the agent; return 2 if the file is wrong, or states cannot be kept."""
    file = arguments.file or os.environ.get("ARGUS_CHECKS_FILE")
    if not file:
        given_file.refuse("no file of checks is given: give FILE, or set ARGUS_CHECKS_FILE")
    given_file.opened(Path(file), given_file.executors(allow_commands=arguments.allow_commands))
    state = arguments.state or os.environ.get("ARGUS_CHECKS_STATE")
    if state:
        _use_once(Path(state))
    given = {
        "ARGUS_CHECKS_FILE": file,
        "ARGUS_CHECKS_LOCATION": arguments.location,
        "ARGUS_CHECKS_SHARD": arguments.shard,
        "ARGUS_CHECKS_STATE": arguments.state,
        "ARGUS_CHECKS_ALLOW_COMMANDS": "true" if arguments.allow_commands else None,
        "OTEL_SERVICE_NAME": arguments.name or os.environ.get("OTEL_SERVICE_NAME") or _SERVICE,
    }
    environment = {**os.environ, **{name: str(value) for name, value in given.items() if value is not None}}
    command = [sys.executable, "-m", "argus_otel", "run", "-m", _AGENT]
    if os.name == "posix":
        os.execve(sys.executable, command, environment)  # noqa: S606 - it is this Python
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - it is this Python


def _use_once(state: Path) -> None:
    """See whether states can be kept in a directory; end the command if not. Another process may have it."""
    lock = DirectoryLock(state)
    try:
        lock.take()
    except OSError as error:
        given_file.refuse(unusable(state, error))
    finally:
        lock.release()
