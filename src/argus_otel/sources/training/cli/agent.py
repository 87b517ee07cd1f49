"""``argus-otel training agent``: does what people ask for through ClickHouse, in a process of its own."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from argus_otel.terminal.store_options import add_store, chosen_store, failed

if TYPE_CHECKING:
    from argus_otel.history.store.address import Address
    from argus_otel.sources.training.agent.agent_file import AgentConfig
    from argus_otel.sources.training.control.directory import ControlDirectory

_COMMAND = "training agent"
_AGENT = "argus_otel.sources.training.agent.agent_process"
_SERVICE = "argus-training-agent"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        default=Path("~/.argus/agent.toml"),
        help="the agent's file (%(default)s)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="check the file, the control directory, and what the user may do in the store; start nothing",
    )
    parser.add_argument("--name", metavar="NAME", help=f"the agent's service.name ({_SERVICE}) [OTEL_SERVICE_NAME]")
    add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Become the agent; return 2 if its file is wrong, and 1 if a check fails."""
    if os.name != "posix":
        return _refused("an agent needs Linux or macOS: it judges who may write its file by the file's mode")
    from argus_otel.history.store.errors import StoreError
    from argus_otel.settings import Settings
    from argus_otel.sources.training.agent.agent_file import read
    from argus_otel.sources.training.agent.assembly import NoControlError, control_of
    from argus_otel.sources.training.agent.journal import Journal, JournalError
    from argus_otel.sources.training.agent.problems import AgentFileError

    file: Path = arguments.config.expanduser().absolute()
    try:
        config = read(file)
        address = chosen_store(arguments)
        control = control_of(Settings.resolve())
        journal = Journal(config.state)
        journal.open()
        journal.close()
    except AgentFileError as error:
        print(error, file=sys.stderr)
        return 2
    except (JournalError, NoControlError) as error:
        return _refused(str(error))
    except StoreError as error:
        return failed(_COMMAND, error)
    if address.embedded or address.files is not None:
        return _refused(
            f"{address} is no server; name one, on which people can ask: ARGUS_HISTORY_STORE=clickhouse://agent:password@host"
        )
    return _checked(file, config, control, address) if arguments.check else _become(file, arguments)


def _checked(file: Path, config: AgentConfig, control: ControlDirectory, address: Address) -> int:
    """Print what is right and what is not; return the exit code."""
    from argus_otel.history.store.errors import StoreError
    from argus_otel.sources.training.agent.agent import name_of
    from argus_otel.sources.training.history.commands import commands_in

    signed = "signed commands only" if config.key else "commands need no signature"
    print(f"{file}: valid; {signed}; asked by {', '.join(sorted(config.users))}; as {name_of(config.host)}")
    for name, recipe in config.recipes.items():
        missing = "" if Path(recipe.cwd).is_dir() else f"; there is no directory {recipe.cwd} now"
        print(f"recipe {name}: arguments {', '.join(recipe.arguments) or 'none'}{missing}")
    wrong = control.check()
    print(f"control directory {control.path}: {wrong or 'can be used'}")
    try:
        with commands_in(address) as commands:
            commands.check_rights_of_agent()
    except StoreError as error:
        print(f"store: {error}")
        return 1
    print(f"store: {address} has the tables, and the user may do what an agent does")
    return 1 if wrong else 0


def _become(file: Path, arguments: argparse.Namespace) -> int:
    environment = {
        **os.environ,
        "OTEL_SERVICE_NAME": arguments.name or os.environ.get("OTEL_SERVICE_NAME") or _SERVICE,
    }
    if arguments.store is not None:
        environment["ARGUS_HISTORY_STORE"] = arguments.store
    sys.stdout.flush()
    os.execve(  # noqa: S606 - it is this Python
        sys.executable, [sys.executable, "-m", "argus_otel", "run", "-m", _AGENT, str(file)], environment
    )


def _refused(message: str) -> int:
    print(f"argus-otel {_COMMAND}: {message}", file=sys.stderr)
    return 2
