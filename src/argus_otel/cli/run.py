"""``argus-otel run``: OpenTelemetry loaded as by ``opentelemetry-instrument``, and then a program run as by ``python``.

Both happen in this process and nothing is put on ``PYTHONPATH``, so that a Python which the bot starts is none of our
business: it is not instrumented, and does not reach for the bot's port.
"""

from __future__ import annotations

import argparse
import builtins
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import NamedTuple

from argus_otel import last_resort
from argus_otel.settings import Settings

from . import python_target
from .python_target import NotFoundError, PythonTarget, find_target


class _Option(NamedTuple):
    """An option that stands for an environment variable."""

    flag: str
    metavar: str
    variable: str
    meaning: str


_OPTIONS = (
    _Option("--service-name", "NAME", "OTEL_SERVICE_NAME", "the bot's name; by default, that of the program"),
    _Option("--endpoint-host", "HOST", "ARGUS_ENDPOINT_HOST", "where /metrics and health are served (127.0.0.1)"),
    _Option("--endpoint-port", "PORT", "ARGUS_ENDPOINT_PORT", "the port of that (9464); 0 takes any that is free"),
    _Option(
        "--otlp-endpoint",
        "URL",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "the Collector to send everything to; one with a password by the variable, since `ps` shows arguments",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that may stand before the program."""
    for option in _OPTIONS:
        parser.add_argument(option.flag, metavar=option.metavar, help=f"{option.meaning} [{option.variable}]")
    parser.add_argument("--no-endpoint", action="store_true", help="serve nothing [ARGUS_ENDPOINT=false]")


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """Split ``words`` into our options, and the program with its own."""
    with_value = {option.flag for option in _OPTIONS}
    index = 0
    while index < len(words):
        word = words[index]
        if word == "--":
            return words[:index], words[index + 1 :]
        if word == "-m" or not word.startswith("-"):
            return words[:index], words[index:]
        index += 2 if word in with_value else 1
    return words, []


def run(arguments: argparse.Namespace) -> int:
    """Run the program that ``arguments.program`` names; return 0 when it ends, and 2 where it cannot be found.

    Raises
    ------
    BaseException
        Whatever the program raises: :class:`SystemExit` and :class:`KeyboardInterrupt` too.
    """
    _export(arguments)
    words: list[str] = arguments.program
    try:
        program = find_target(words)
        _take_the_stage(program)
        _load_opentelemetry(words)
        _execute(program)
    except NotFoundError as error:
        last_resort.show(f"argus-otel run: {error}")
        return 2
    return 0


def _export(arguments: argparse.Namespace) -> None:
    for option in _OPTIONS:
        value = getattr(arguments, option.flag.removeprefix("--").replace("-", "_"))
        if value is not None:
            os.environ[option.variable] = value
    if arguments.no_endpoint:
        os.environ["ARGUS_ENDPOINT"] = "false"


# -- OpenTelemetry


def _load_opentelemetry(words: list[str]) -> None:
    """Do what ``opentelemetry-instrument``'s ``sitecustomize`` does, with this distro chosen where none is."""
    if Settings.resolve().disabled:
        return
    from opentelemetry.instrumentation import auto_instrumentation

    if _loaded_by(auto_instrumentation):
        last_resort.show("argus-otel run: opentelemetry-instrument has loaded OpenTelemetry already")
        return
    for variable in ("OTEL_PYTHON_DISTRO", "OTEL_PYTHON_CONFIGURATOR"):
        os.environ[variable] = os.environ.get(variable) or "argus"
    # A service is named after the command line where nothing else names it: after the program's, not after ours. Put
    # back, so that a bot that restarts itself from sys.orig_argv is instrumented again.
    original = sys.orig_argv
    sys.orig_argv = [original[0], *words]
    try:
        auto_instrumentation.initialize()
    finally:
        sys.orig_argv = original


def _loaded_by(auto_instrumentation: ModuleType) -> bool:
    loader = getattr(sys.modules.get("sitecustomize"), "__file__", None)
    return loader is not None and Path(loader).parent == Path(auto_instrumentation.__file__ or "").parent


# -- the program


def _take_the_stage(program: PythonTarget) -> None:
    """Make the process look as it does when ``python`` has been given the program and not begun with it."""
    # In the place of the directory that this command lies in; isolated Pythons put nothing there.
    if not getattr(sys.flags, "safe_path", sys.flags.isolated):
        sys.path[0] = program.path
    sys.argv[:] = program.argv
    # A module of its own: the bot must not find our names in it, and multiprocessing takes from it what to run again.
    main = ModuleType("__main__")
    vars(main)["__builtins__"] = builtins
    if "__annotations__" in vars(sys.modules["__main__"]):  # which the interpreter makes, up to some version
        vars(main)["__annotations__"] = {}
    sys.modules["__main__"] = main


def _execute(program: PythonTarget) -> None:
    main = vars(sys.modules["__main__"])
    try:
        loaded = program.load()
        main.update(loaded.attributes)
        exec(loaded.code, main)  # noqa: S102 - it is what we are for
    except NotFoundError:
        raise
    except BaseException:
        # The interpreter ends as it always would: exit code, signal, traceback. Only our frames are left out of that.
        sys.excepthook = _without_our_frames(sys.excepthook)
        raise


_ExceptHook = Callable[[type[BaseException], BaseException, "TracebackType | None"], object]


def _without_our_frames(hook: _ExceptHook) -> _ExceptHook:
    def shorter(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        theirs = frame = traceback
        while frame is not None:
            ours = frame.tb_frame.f_code.co_filename in (__file__, python_target.__file__)
            frame = frame.tb_next
            if ours:
                theirs = frame
        while theirs is not None and _finds_modules(theirs.tb_frame.f_code.co_filename):
            theirs = theirs.tb_next
        hook(kind, error.with_traceback(theirs), theirs)

    return shorter


def _finds_modules(filename: str) -> bool:
    return filename.startswith("<frozen ") or filename == importlib.util.__file__
