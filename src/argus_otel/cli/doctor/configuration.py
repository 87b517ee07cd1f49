"""Checks the settings: each value, its origin, and what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from argus_otel.otel.exporters import MissingError, load
from argus_otel.settings import Settings, all_settings
from argus_otel.terminal.findings import Finding, Status

_GROUP = "Settings"


def look_at_settings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at every setting, and at the exporters that they name."""
    for problem in settings.problems:
        variable, _, rest = problem.partition(" ")
        yield Finding(_GROUP, variable, Status.FAIL, rest, f"set {variable} to a valid value, or unset it")
    yield from _misspelt(environ)
    for name, origin in settings.origins.items():
        if origin.source == "the script's name":
            yield Finding(_GROUP, name, Status.INFO, "the name of the script (default)")
        else:
            value = settings.value(name)
            shown = ",".join(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else origin.shown
            yield Finding(_GROUP, name, Status.INFO, f"{shown or 'not set'} ({origin.source})")
    if settings.config_file:
        yield _config_file(settings.config_file)
    elif not settings.disabled:
        for signal in ("metrics", "traces", "logs"):
            yield from _exporters(signal, getattr(settings, f"{signal}_exporters"))


def _misspelt(environ: Mapping[str, str]) -> Iterator[Finding]:
    known = {variable for setting in all_settings() for variable in setting.variables}
    for variable in sorted(environ):
        if variable.startswith("ARGUS_") and variable not in known:
            near = difflib.get_close_matches(variable, known, n=1, cutoff=0.8)
            if near:  # other variables of this prefix may belong to another program
                yield Finding(_GROUP, variable, Status.WARN, "is not a setting", f"did you mean {near[0]}?")


def _config_file(path: str) -> Finding:
    name = "OTEL_CONFIG_FILE"
    if not Path(path).is_file():
        return Finding(
            _GROUP, name, Status.FAIL, f"there is no file {path!r}", f"set {name} to an existing file, or unset it"
        )
    return Finding(_GROUP, name, Status.OK, f"{path} sets up the SDK; argus-otel only adds its hooks")


def _exporters(signal: str, names: tuple[str, ...]) -> Iterator[Finding]:
    if not names:
        yield Finding(_GROUP, f"exporters of {signal}", Status.INFO, "none")
    for name in names:
        shown = f"exporter {name} of {signal}"
        if name == "prometheus" and signal == "metrics":
            yield Finding(_GROUP, shown, Status.OK, "served by the endpoint")
            continue
        try:
            load(f"opentelemetry_{signal}_exporter", name, f"OTEL_{signal.upper()}_EXPORTER")
        except MissingError as error:
            detail, _, remedy = str(error).rpartition(": ")
            yield Finding(_GROUP, shown, Status.FAIL, detail, remedy)
        else:
            yield Finding(_GROUP, shown, Status.OK, "installed")
