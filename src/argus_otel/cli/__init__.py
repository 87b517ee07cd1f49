"""The command ``argus-otel``.

Each of its own commands is a module of this package; a source adds commands by its specification: ``argus-otel SOURCE
COMMAND``. Each is described by a :class:`~argus_otel.terminal.commands.Command`. Only the module of the requested
command is imported: starting a program must not import code that draws tables.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import cast

from argus_otel.discovery import installed, load
from argus_otel.telemetry.guard import attempt
from argus_otel.terminal.commands import Command, Runnable
from argus_otel.version import __version__

_PROG = "argus-otel"

_PURPOSE = """\
OpenTelemetry for programs that were written without it. Metrics and health are served on
http://127.0.0.1:9464, or the next free port (/metrics, /healthz, /readyz, /status). If OTEL_EXPORTER_OTLP_ENDPOINT is
set, metrics, traces and logs are also sent to an OpenTelemetry Collector.

To instrument a program without changing it, start it with argus-otel:

    argus-otel run bot.py

or add two lines to it, before the program starts its work:

    import argus_otel
    argus_otel.instrument()
"""

COMMANDS = {
    "run": Command(
        module="argus_otel.cli.run",
        summary="start a Python program, instrumented",
        description=(
            "Starts a Python program as `python` would, with OpenTelemetry loaded as `opentelemetry-instrument` would. "
            "Pythons that the program starts are instrumented too. Options of argus-otel come before the program; "
            "everything after it belongs to the program. Each option sets an environment variable, and wins over it. "
            "The exit code is the program's; 2: the program was not found."
        ),
        examples=(
            "run bot.py",
            "run -m my_bot --debug",
            "run --service-name music --endpoint-port 9500 bot.py",
            "run --otlp-endpoint http://collector:4317 bot.py",
        ),
        usage="%(prog)s [options] (program.py | -m package.module) [arguments of the program]",
    ),
    "doctor": Command(
        module="argus_otel.cli.doctor",
        summary="check installation, configuration and connections",
        description=(
            "Checks packages, sources, settings, hooks, history, the program's endpoint and the Collector. Each line "
            "is one finding, with a remedy if something is wrong. Run it as the program runs: with its Python "
            "environment, variables and directory. Exit code 0: no check failed; 1: a check failed; 2: wrong usage."
        ),
        examples=("doctor", "doctor --no-network", "doctor --json"),
    ),
    "catalogue": Command(
        module="argus_otel.cli.catalogue",
        summary="list what can be emitted: metrics, spans, events, attributes",
        description=(
            "Lists the signals that the installed sources and argus-otel itself can emit, one line each; with a NAME, "
            "shows every matching signal in full. NAME is part of a name in OpenTelemetry's spelling or Prometheus'. "
            "Exit code 0; 1: nothing matches; 2: wrong usage."
        ),
        examples=(
            "catalogue",
            "catalogue argus.export.lost",
            "catalogue asyncio_loop_lag_seconds_bucket",
            "catalogue --source process --kind event",
            "catalogue --format json 'asyncio.*'",
            "catalogue --format weaver --output registry",
        ),
    ),
    "store": Command(
        module="argus_otel.cli.store",
        summary="create the tables of history, logs and traces, and erase from them",
        description=(
            "Creates the tables in ClickHouse for history, and for the Collector's logs and traces, brings them up to "
            "date, sets how long data is kept, shows their state, and erases everything stored about one person. "
            "ARGUS_HISTORY_STORE names the store: clickhouse://user:password@host:8123/database, or "
            "chdb:DIRECTORY. Exit code 0; 1: the store cannot be queried, or is not up to date; 2: wrong usage."
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
    "export": Command(
        module="argus_otel.cli.export",
        summary="write dashboards, alerts and Collector configs into a directory",
        description=(
            "Writes dashboards for Grafana, rules and alerts for Prometheus, or configurations of the OpenTelemetry "
            "Collector, and prints how to install them. Files that you changed are not overwritten. Exit code 0; 1: "
            "the files could not be written; 2: wrong usage."
        ),
        examples=(
            "export dashboards grafana",
            "export rules /etc/prometheus/argus-otel --runbooks https://wiki.example.com/runbooks",
            "export collector /etc/argus-otelcol",
        ),
    ),
    "top": Command(
        module="argus_otel.cli.top",
        summary="watch a running program in the terminal",
        description=(
            "Scrapes the endpoint of a running program and shows the metrics of each source, live. Exit code 0 after "
            "Ctrl-C; 1: the endpoint does not answer; 2: wrong usage."
        ),
        examples=("top", "top http://127.0.0.1:9500 --interval 5", "top --once"),
        extra="cli",
    ),
    "demo": Command(
        module="argus_otel.cli.demo",
        summary="see it work without a Discord account, see it check services, watch an agent graph, or a training",
        description=(
            "Runs a bot against a simulated Discord on this machine, an agent that checks services on this machine, a "
            "support agent of LangGraph that asks models on this machine, or a program that trains; shows it as "
            "`argus-otel top` would, and compares its metrics with the count of the simulator, of the services, of the "
            "models and the agent, or of the program itself. "
            "Exit code 0: they agree; 1: they differ, or the program did not start; 2: wrong usage, or a package is "
            "missing."
        ),
        examples=(
            "demo",
            "demo --duration 30 --rate 50",
            "demo checks --duration 15",
            "demo graphs --duration 15",
            "demo training",
        ),
        extra="demo",
    ),
}
"""argus-otel's own commands, in the order of ``--help``. A source of one of these names has no commands."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command, and return the exit code.

    Parameters
    ----------
    argv:
        The arguments without ``argus-otel`` itself; by default those of the process.

    Raises
    ------
    SystemExit
        With 2 for wrong usage, with 0 after ``--help`` and ``--version``, and with the code of a program under
        ``run`` that raises it. Every other exception of that program passes through too.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] != ["run"]:  # whose output is the program's
        _replace_what_cannot_be_encoded()
    if words and words[0] in COMMANDS:
        return _run(f"{_PROG} {words[0]}", COMMANDS[words[0]], words[1:])
    if words and not words[0].startswith("-"):
        return _run_of_a_source(words[0], words[1:])
    parser = _main_parser()
    if not {"-h", "--help"}.isdisjoint(words):
        for problem in installed().problems:
            _complain(problem.name, problem.detail)
    parser.parse_args(words)  # --help and --version end here, and so does an unknown option
    return _wrong_usage(parser, f"give a command: {', '.join((*COMMANDS, *_sources()))}")


def _wrong_usage(parser: argparse.ArgumentParser, message: str) -> int:
    parser.error(message)


# -- commands of sources


def _sources() -> dict[str, str]:
    """Return the installed sources that have commands, with their titles. Imports no source."""
    specs = installed().specs
    return {n: spec.title for n, spec in specs.items() if spec.commands is not None and n not in COMMANDS}


def _complain(source: str, detail: str) -> None:
    print(f"{_PROG}: the source {source} cannot be used: {detail}", file=sys.stderr)


def _run_of_a_source(name: str, words: list[str]) -> int:
    found = installed()
    spec = found.specs.get(name)
    if spec is None or spec.commands is None:
        for problem in found.problems:
            if problem.name == name:
                _complain(name, problem.detail)
                return 1
        wrong = f"there is no command {name!r}" if spec is None else f"the source {name!r} has no commands"
        return _wrong_usage(_main_parser(), f"{wrong}; there are: {', '.join((*COMMANDS, *_sources()))}")
    read: Callable[[], Mapping[str, Command]] = partial(load, spec.commands)
    commands = attempt(read, partial(_complain, name))
    if commands is None:
        return 1
    if words and words[0] in commands:
        return _run(f"{_PROG} {name} {words[0]}", commands[words[0]], words[1:], name)
    parser = _source_parser(name, spec.title, commands)
    parser.parse_args(words)  # --help ends here, and so does a wrong word
    return _wrong_usage(parser, f"give a command: {', '.join(commands)}")


def _source_parser(name: str, title: str, commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    prog = f"{_PROG} {name}"
    parser = argparse.ArgumentParser(
        prog=prog,
        usage="%(prog)s [-h] command ...",
        description=f"Commands of the source {name}, which observes {title}.",
        epilog=_overview(commands, prog),
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("command", choices=tuple(commands), metavar="command", help="one of the commands below")
    return parser


# -- running one command


def _run(prog: str, command: Command, words: list[str], source: str | None = None) -> int:
    try:
        module = _imported(command, source)
        return 1 if module is None else _run_module(prog, command, module, words)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if command.extra is None or missing in ("", "argus_otel"):
            raise
        print(f"{prog} needs {missing}, which is not installed: {install(command.extra)}", file=sys.stderr)
        return 2


def _imported(command: Command, source: str | None) -> Runnable | None:
    """Import the command's module; if that of a source cannot be imported, print why and return ``None``."""
    if source is None:
        return cast("Runnable", import_module(command.module))
    missing: list[ModuleNotFoundError] = []

    def load_module() -> Runnable | None:
        try:
            return cast("Runnable", import_module(command.module))
        except ModuleNotFoundError as error:
            if command.extra is None:
                raise
            missing.append(error)
            return None

    module = attempt(load_module, partial(_complain, source))
    if missing:
        raise missing[0]
    return module


def _run_module(prog: str, command: Command, module: Runnable, words: list[str]) -> int:
    program: list[str] = []
    starts_a_program = command is COMMANDS["run"]
    if starts_a_program:  # the words after the program's name are not for argparse
        from .run import split

        words, program = split(words)
    parser = argparse.ArgumentParser(
        prog=prog,
        usage=command.usage,
        description=command.description,
        epilog=_examples(command.examples),
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    arguments = parser.parse_args(words, argparse.Namespace(program=program))
    if starts_a_program:
        if not program:
            parser.error("give a program: the path of a script, or -m and the name of a module")
        return module.run(arguments)
    try:
        return module.run(arguments)
    except BrokenPipeError:  # `argus-otel doctor | head` closes the pipe, of which Python would complain at exit
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for as long as the process lasts
        return 0


def install(extra: str) -> str:
    """Return the command that installs one of the extras."""
    return f"pip install 'argus-otel[{extra}]'"


# -- help


class _Formatter(argparse.HelpFormatter):
    """Wraps the description, and leaves the examples as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return "".join(indent + line for line in text.splitlines(keepends=True))
        return super()._fill_text(text, width, indent)


def _main_parser() -> argparse.ArgumentParser:
    sources = _sources()
    parser = argparse.ArgumentParser(
        prog=_PROG,
        usage="%(prog)s [-h] [--version] command ...",
        description=_PURPOSE,
        epilog=_overview(COMMANDS, _PROG, sources),
        formatter_class=_Formatter,
    )
    parser.add_argument("--version", action="version", version=f"{_PROG} {__version__}")
    parser.add_argument("command", choices=(*COMMANDS, *sources), metavar="command", help="one of the commands below")
    return parser


def _overview(commands: Mapping[str, Command], prog: str, sources: Mapping[str, str] | None = None) -> str:
    width = max(map(len, (*commands, *(sources or {}))), default=0)
    sections = ["\n".join(("commands:", *(f"  {name:<{width}}  {each.summary}" for name, each in commands.items())))]
    if sources:
        heading = f"sources with commands of their own (`{prog} SOURCE --help` lists them):"
        sections.append("\n".join((heading, *(f"  {name:<{width}}  {title}" for name, title in sources.items()))))
    examples = tuple(example for command in commands.values() for example in command.examples[:2])
    if examples:
        sections.append(_examples(examples))
    sections.append(f"`{prog} COMMAND --help` explains each.")
    return "\n\n".join(sections)


def _examples(examples: tuple[str, ...]) -> str:
    return "\n".join(("examples:", *(f"  {_PROG} {example}" for example in examples)))


def _replace_what_cannot_be_encoded() -> None:
    """Print ``?`` for a character that the console's encoding lacks, as some of Windows' do, and do not fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
