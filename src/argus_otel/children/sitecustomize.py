"""Instruments the Pythons that a program under ``argus-otel run`` starts.

``argus-otel run`` puts this directory first on ``PYTHONPATH``, so every Python that inherits the environment runs this
file at its start: workers of :mod:`multiprocessing`, clusters of a launcher, and also ``pip``. OpenTelemetry is loaded
only when the process imports a module that ``ARGUS_CHILD_IMPORTS`` names. All other processes pay for this file alone.

This Python need not be the parent's. It may be older, and need not have argus-otel: so this file imports nothing that
is not loaded anyway, has no syntax that is new, and stays silent.
"""

# pyright: basic

import os
import sys

_OLDEST = (3, 10)


class _Given:
    """Loads a module that OpenTelemetry's loader has imported meanwhile: it must not be executed twice."""

    def __init__(self, module):
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec):  # noqa: ARG002
        return self._module

    def exec_module(self, module):
        module.__spec__ = self._spec


class _LoadAtImport:
    """Loads OpenTelemetry when one of ``names`` is imported for the first time, just before it is searched for."""

    def __init__(self, names):
        self._names = names

    def find_spec(self, name, path=None, target=None):
        if name not in self._names or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        # The program calls `argus_otel.instrument()`, or it is a command of argus-otel's: both do it themselves.
        if "argus_otel.runtime" in sys.modules or "argus_otel.cli" in sys.modules:
            return None
        try:
            from argus_otel.loading import load_opentelemetry
        except ImportError:  # another environment, or another release there
            return None
        load_opentelemetry()
        if name in sys.modules:
            spec = type(sys.__spec__)(name, _Given(sys.modules[name]))
            spec.submodule_search_locations = getattr(sys.modules[name], "__path__", None)
            return spec
        # Finders that were added just now would be skipped by the search that is going on.
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if hasattr(finder, "find_spec"))
        return next((spec for spec in found if spec is not None), None)


def _wait_for_imports():
    names = os.environ.get("ARGUS_CHILD_IMPORTS", "")
    if names and sys.version_info >= _OLDEST:
        sys.meta_path.insert(0, _LoadAtImport(names.split(",")))


def _run_the_next():
    """Run the ``sitecustomize`` that this one hides, as Python would have: Debian's, a coverage tool's, the user's."""
    ours = sys.modules.pop("sitecustomize", None)
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [each for each in sys.path if os.path.abspath(each) != here]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        if ours is not None:
            sys.modules.setdefault("sitecustomize", ours)


_wait_for_imports()
_run_the_next()
