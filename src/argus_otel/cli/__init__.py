"""The command ``argus-otel``.

Each subcommand is a module beside this one with two functions, ``add_arguments(parser)`` and ``run(arguments) -> int``.
Only the module of the subcommand that is asked for is imported: starting a bot must not import what draws tables.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple, Protocol, cast

from argus_otel.discovery import installed, load
from argus_otel.terminal.commands import Command
from argus_otel.version import __version__

_PROG = "argus-otel"

_PURPOSE = """\
OpenTelemetry for discord.py bots. Metrics, traces and logs of a bot that knows nothing of it: hooks go into discord.py
when the bot imports it, and what they count is served on http://127.0.0.1:9464/metrics, beside /healthz, /readyz and
/status. Where OTEL_EXPORTER_OTLP_ENDPOINT is set it is sent to an OpenTelemetry Collector too.

To instrument a bot without changing it, start it so:

    argus-otel run bot.py

or, where you would rather change it, put these two lines first:

    import argus_otel
    argus_otel.instrument()
"""


class _Subcommand(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, arguments: argparse.Namespace) -> int: ...


class _Command(NamedTuple):
    """What ``argus-otel --help`` tells of a subcommand without importing it."""

    summary: str
    description: str
    examples: tuple[str, ...]
    extra: str | None = None
    usage: str | None = None


_COMMANDS = {
    "run": _Command(
        summary="start a bot, instrumented",
        description=(
            "Starts a Python program as `python` would, with OpenTelemetry loaded as `opentelemetry-instrument` would. "
            "What the program itself starts is left alone. Our options come before the program; all that follows it "
            "is the program's. Every option stands for an environment variable, and wins over it."
        ),
        examples=(
            "run bot.py",
            "run -m my_bot --debug",
            "run --service-name music --endpoint-port 9500 bot.py",
            "run --otlp-endpoint http://collector:4317 bot.py",
        ),
        usage="%(prog)s [options] (bot.py | -m package.module) [arguments of the program]",
    ),
    "doctor": _Command(
        summary="tell what would load, what it is set to, and what is wrong",
        description=(
            "Looks at packages, settings, hooks, the bot's endpoint and the Collector, and says of each what is found "
            "and what to do. Run it where and as the bot runs: same environment, same variables, same directory. "
            "Exit code 0: nothing failed; 1: something did; 2: wrong usage."
        ),
        examples=("doctor", "doctor --no-network", "doctor --json"),
    ),
    "catalogue": _Command(
        summary="list what can be emitted: metrics, spans, events, attributes",
        description=(
            "Lists what argus-otel can emit: one line each, and in full what is named. NAME is a part of a name, as "
            "OpenTelemetry spells it or Prometheus. Exit code 0; 1: nothing is called so; 2: wrong usage."
        ),
        examples=(
            "catalogue",
            "catalogue discord.command.duration",
            "catalogue discord_rest_duration_seconds_bucket",
            "catalogue --kind event",
            "catalogue --format json 'discord.gateway.*'",
            "catalogue --format weaver --output registry",
        ),
    ),
    "store": _Command(
        summary="make the tables of history, logs and traces, and erase from them",
        description=(
            "Creates the tables in ClickHouse for history, and for the Collector's logs and traces, brings them up to "
            "date, sets how long data is kept, shows their state, and erases all that is stored of one person. The "
            "store is that of ARGUS_HISTORY_STORE: clickhouse://user:password@host:8123/database. Exit code 0; 1: the "
            "store cannot be queried, or is not up to date; 2: wrong usage."
        ),
        examples=(
            "store migrate",
            "store migrate --keep traces=7d,logs=30d",
            "store status",
            "store sql --cluster production > schema.sql",
            "store forget --user 80351110224678912",
        ),
        usage="%(prog)s [-h] action ...",
    ),
    "export": _Command(
        summary="write dashboards, alerts and Collector configs into a directory",
        description=(
            "Writes what argus-otel brings for the programs beside the bot: dashboards for Grafana, rules and alerts "
            "for Prometheus, configs for the OpenTelemetry Collector. Then it says what to do with them. Files that "
            "were changed since are not written over. Exit code 0; 1: they could not be written; 2: wrong usage."
        ),
        examples=(
            "export dashboards grafana",
            "export rules /etc/prometheus/argus-otel --runbooks https://wiki.example.com/runbooks",
            "export collector /etc/argus-otelcol",
        ),
    ),
    "top": _Command(
        summary="watch a running bot in the terminal",
        description="Watches a running bot in the terminal, by what its endpoint serves.",
        examples=("top",),
        extra="cli",
    ),
    "demo": _Command(
        summary="see it work without a Discord account",
        description="Runs a bot against a simulated Discord on this machine, so that there is something to look at.",
        examples=("demo",),
        extra="demo",
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand, and return the exit code.

    Parameters
    ----------
    argv:
        The arguments without the program's name; by default those of the process.

    Raises
    ------
    SystemExit
        With 2 for wrong usage, with 0 after ``--help`` and ``--version``, and whatever a bot under ``run`` raises it
        with. All else that the bot raises passes through too.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] != ["run"]:  # whose output is the bot's
        _print_whatever_comes()
    if len(words) > 1 and words[0] not in _COMMANDS and words[1] in _commands_of(words[0]):
        return _run(" ".join(words[:2]), _commands_of(words[0])[words[1]], words[2:])
    if not words or words[0] not in _COMMANDS:
        parser = _main_parser()
        parser.parse_args(words)  # --help, --version or a wrong word: each ends here
        parser.error(f"which command? There are: {', '.join(_COMMANDS)}")
    name, *rest = words
    command = _COMMANDS[name]
    if command.extra is None:
        return _run(name, command, rest)
    return _needing_extra(name, command.extra, lambda: _run(name, command, rest))


def _commands_of(source: str) -> dict[str, Command]:
    spec = installed().specs.get(source)
    return {} if spec is None or spec.commands is None else load(spec.commands)


def _run(name: str, command: _Command | Command, rest: list[str]) -> int:
    program: list[str] = []
    if name == "run":  # what follows the program is not for us to parse
        from .run import split

        rest, program = split(rest)
    module = cast(
        "_Subcommand", import_module(command.module if isinstance(command, Command) else f"{__name__}.{name}")
    )
    parser = argparse.ArgumentParser(
        prog=f"{_PROG} {name}",
        usage=command.usage,
        description=command.description,
        epilog=_examples(command.examples),
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    arguments = parser.parse_args(rest, argparse.Namespace(program=program))
    if name == "run":
        if not program:
            parser.error("which program? Give the path of a script, or -m and a module's name")
        return module.run(arguments)
    try:
        return module.run(arguments)
    except BrokenPipeError:  # `argus-otel doctor | head`: nobody reads on, and Python is not to complain of it at exit
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for as long as the process lasts
        return 0


def _needing_extra(name: str, extra: str, run: Callable[[], int]) -> int:
    try:
        return run()
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "argus_otel"):
            raise
        print(f"{_PROG} {name} needs {missing}, which is not installed: {install(extra)}", file=sys.stderr)
        return 2


def install(extra: str) -> str:
    """Return the command that installs one of the extras."""
    return f"pip install 'argus-otel[{extra}]'"


class _Formatter(argparse.HelpFormatter):
    """Wraps the description, and leaves the examples as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return "".join(indent + line for line in text.splitlines(keepends=True))
        return super()._fill_text(text, width, indent)


def _main_parser() -> argparse.ArgumentParser:
    width = max(map(len, _COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {command.summary}" for name, command in _COMMANDS.items())
    examples = _examples(tuple(example for command in _COMMANDS.values() for example in command.examples))
    parser = argparse.ArgumentParser(
        prog=_PROG,
        usage="%(prog)s [-h] [--version] command ...",
        description=_PURPOSE,
        epilog=f"commands:\n{commands}\n\n{examples}\n\n`{_PROG} command --help` tells more of each.",
        formatter_class=_Formatter,
    )
    parser.add_argument("--version", action="version", version=f"{_PROG} {__version__}")
    parser.add_argument("command", choices=tuple(_COMMANDS), metavar="command", help="one of those below")
    return parser


def _examples(examples: tuple[str, ...]) -> str:
    return "\n".join(("examples:", *(f"  {_PROG} {example}" for example in examples)))


def _print_whatever_comes() -> None:
    """Let a console that has not every character show something else for it, as Windows' consoles have not."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
