"""Names a service after its program, if no setting names it."""

from __future__ import annotations

from pathlib import Path

UNNAMED = "unknown_service"
"""OpenTelemetry's name for a service that nothing names."""


def script_name(arguments: list[str]) -> str:
    """Return a service name for a command line: ``python bot.py`` is ``bot``, ``python -m my.bot`` is ``my.bot``.

    Parameters
    ----------
    arguments:
        As :data:`sys.orig_argv` has them: while ``sitecustomize`` runs, :data:`sys.argv` lacks a module's name.
    """
    rest = iter(arguments[1:])
    words: list[str] = []
    for argument in rest:
        if argument == "-m":
            words.append(next(rest, ""))
            break
        if argument == "-c":
            break
        if argument in ("-X", "-W"):
            next(rest, None)
        elif not argument.startswith("-"):
            words.append(argument)
            break
    name = Path(words[0]).stem if words and words[0].endswith(".py") else (Path(words[0]).name if words else "")
    if name == "argus-otel":  # `argus-otel run bot.py`: the bot's name, not ours
        return script_name([name, *_after_run(list(rest))])
    return name if name and name != "__main__" else UNNAMED


def _after_run(arguments: list[str]) -> list[str]:
    return arguments[arguments.index("run") + 1 :] if "run" in arguments else []
