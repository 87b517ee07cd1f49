"""Loads OpenTelemetry as ``opentelemetry-instrument``'s ``sitecustomize`` does: distro, configurator, instrumentors."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .discovery import installed
from .settings import Settings

_CHILDREN = str(Path(__file__).with_name("children"))


def load_opentelemetry() -> None:
    """Set up the SDK and place the hooks, with this distro if the environment names no other.

    A failure is logged and not raised. Nothing is imported if ``OTEL_SDK_DISABLED`` is set.
    """
    if Settings.resolve().disabled:
        return
    from opentelemetry.instrumentation import auto_instrumentation

    for variable in ("OTEL_PYTHON_DISTRO", "OTEL_PYTHON_CONFIGURATOR"):
        os.environ[variable] = os.environ.get(variable) or "argus"
    auto_instrumentation.initialize()


def loaded_by_opentelemetry() -> bool:
    """Return whether ``opentelemetry-instrument`` has loaded OpenTelemetry in this process."""
    from opentelemetry.instrumentation import auto_instrumentation

    loader = getattr(sys.modules.get("sitecustomize"), "__file__", None)
    return loader is not None and Path(loader).parent == Path(auto_instrumentation.__file__ or "").parent


def load_in_children() -> None:
    """Have OpenTelemetry loaded in Pythons that this process starts, once they import what a source observes.

    They find ``children/sitecustomize.py`` by ``PYTHONPATH``, as they do ``opentelemetry-instrument``'s.
    """
    imports = [name for spec in installed().specs.values() for name in spec.imports]
    # A process that makes spans or metrics of its own has them exported like its parent's.
    os.environ["ARGUS_CHILD_IMPORTS"] = ",".join([*imports, "opentelemetry"])
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([_CHILDREN, *(path for path in paths if path and path != _CHILDREN)])
