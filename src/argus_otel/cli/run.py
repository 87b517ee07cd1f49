"""``argus-otel run``: loads OpenTelemetry as ``opentelemetry-instrument`` does, then runs a program as ``python`` does.

Both happen in this process. Pythons that the program starts are instrumented too: see :mod:`argus_otel.loading`.
"""

from __future__ import annotations

import argparse
import builtins
import importlib.util
import os
import sys
from collections.abc import Callable
from types import ModuleType, TracebackType
from typing import NamedTuple

from argus_otel import last_resort
from argus_otel.settings import Settings

from . import python_target
from .python_target import NotFoundError, PythonTarget, find_target


class _Option(NamedTuple):
    """An option that sets an environment variable."""

    flag: str
    metavar: str
    variable: str
    description: str


_OPTIONS = (
    _Option(
        "--service-name", "NAME", "OTEL_SERVICE_NAME", "the program's service.name; by default, the name of its script"
    ),
    _Option(
        "--endpoint-host",
        "HOST",
        "ARGUS_ENDPOINT_HOST",
        "the address to serve /metrics and health on (127.0.0.1)",
    ),
    _Option(
        "--endpoint-port",
        "PORT",
        "ARGUS_ENDPOINT_PORT",
        "the port to serve them on, or a range of which the first free one is used (9464-9479); 0 picks any",
    ),
    _Option(
        "--otlp-endpoint",
        "URL",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "the Collector to send everything to; put one with a password into the variable: `ps` shows arguments",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that stand before the program."""
    for option in _OPTIONS:
        parser.add_argument(option.flag, metavar=option.metavar, help=f"{option.description} [{option.variable}]")
    parser.add_argument("--no-endpoint", action="store_true", help="serve no endpoint [ARGUS_ENDPOINT=false]")


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """Split ``words`` into argus-otel's options, and the program with its arguments."""
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
    """Run the program that ``arguments.program`` names; return 0 when it ends, and 2 if it cannot be found.

    Raises
    ------
    BaseException
        Any exception of the program passes through, :class:`SystemExit` and :class:`KeyboardInterrupt` included.
    """
    _export(arguments)
    words: list[str] = arguments.program
    try:
        target = find_target(words)
        _imitate_python(target)
        _load_opentelemetry(words)
        _execute(target)
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
    if Settings.resolve().disabled:
        return
    from argus_otel.loading import load_in_children, load_opentelemetry, loaded_by_opentelemetry

    if loaded_by_opentelemetry():
        last_resort.show("argus-otel run: opentelemetry-instrument has loaded OpenTelemetry already")
        return
    # The default service name is derived from the command line, which has to be the program's. It is restored, so that
    # a program that restarts itself from sys.orig_argv is instrumented again.
    original = sys.orig_argv
    sys.orig_argv = [original[0], *words]
    try:
        load_opentelemetry()
    finally:
        sys.orig_argv = original
    load_in_children()


# -- the program


def _imitate_python(target: PythonTarget) -> None:
    """Set ``sys.path``, ``sys.argv`` and ``__main__`` as ``python`` does before it runs the target."""
    # This replaces the directory of the command itself; an isolated Python puts nothing there.
    if not getattr(sys.flags, "safe_path", sys.flags.isolated):
        sys.path[0] = target.path
    sys.argv[:] = target.argv
    # A module of its own: the program must not find our names in it, and multiprocessing reads it to run it again.
    main = ModuleType("__main__")
    vars(main)["__builtins__"] = builtins
    if "__annotations__" in vars(sys.modules["__main__"]):  # older interpreters make it
        vars(main)["__annotations__"] = {}
    sys.modules["__main__"] = main


def _execute(target: PythonTarget) -> None:
    main = vars(sys.modules["__main__"])
    try:
        loaded = target.load()
        main.update(loaded.attributes)
        exec(loaded.code, main)  # noqa: S102 - running a program is this command's purpose
    except NotFoundError:
        raise
    except BaseException:
        # The interpreter ends as it would without us: exit code, signal, traceback. Only our frames are hidden.
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
