"""Redirects a process by an environment variable, so that a bot can be run as it is.

Two callers read the variable, and no other process does: OpenTelemetry's loader, by the entry point group
``opentelemetry_pre_instrument``, and ``discord-simulator run``. Both call :func:`redirect_from_environment` before the
bot is imported, in every Python process that inherits the environment; the cost without the variable is this module.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

VARIABLE = "DISCORD_SIMULATOR_URL"
"""The variable: the URL that the simulator printed, ``http://127.0.0.1:PORT``. Empty counts as unset."""

LIBRARIES = ("discord", "nextcord", "disnake")
"""The packages that can be redirected. py-cord is imported as ``discord`` too."""


def redirect_from_environment() -> None:
    """Redirect discord.py and its forks to the simulator that :data:`VARIABLE` names; without it, do nothing.

    Each library is redirected right after its import, or now if it is imported already, and one line on stderr says
    so. If a library cannot be redirected, or the URL is not one of this machine, the import fails with
    :class:`SystemExit`: a bot that is meant for a simulator must not reach Discord with a real token instead.
    """
    url = os.environ.get(VARIABLE, "").strip()
    if not url or any(isinstance(finder, _Redirecting) for finder in sys.meta_path):
        return
    finder = _Redirecting(url)
    sys.meta_path.insert(0, finder)
    for library in LIBRARIES:
        if library in sys.modules:
            finder.redirect(library)


class _Redirecting(MetaPathFinder):
    """Finds the libraries as the other finders do, and redirects each when it has been executed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._finding: set[str] = set()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the signature of finders
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname not in LIBRARIES or fullname in self._finding:
            return None
        self._finding.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._finding.discard(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _RedirectingLoader(spec.loader, self)
        return spec

    def redirect(self, library: str) -> None:
        """Redirect one library that is imported, and say so; otherwise end the process."""
        from .redirection import Redirect, loopback

        try:
            url = loopback(self._url)
        except ValueError as error:
            _refuse(library, str(error))
        try:
            Redirect(url, [library])
        except (ImportError, AttributeError, TypeError) as error:
            _refuse(library, f"this version of {library} cannot be redirected: {error!r}")
        _say(f"this bot talks to the simulator at {url}, not to Discord ({VARIABLE} is set)")


class _RedirectingLoader(Loader):
    def __init__(self, loader: Loader, finder: _Redirecting) -> None:
        self._loader = loader
        self._finder = finder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # From here on the module has its own loader, with the means to read its source and resources.
        module.__loader__ = self._loader
        if module.__spec__ is not None and module.__spec__.loader is self:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._finder.redirect(module.__name__)


def _refuse(library: str, reason: str) -> NoReturn:
    _say(f"{library} is not imported, so that this bot cannot reach Discord: {VARIABLE} is set, but {reason}")
    raise SystemExit(1)


def _say(line: str) -> None:
    # A process without a console, such as one of pythonw, has no stderr.
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison]
        print(f"discord-simulator: {line}", file=sys.stderr, flush=True)  # noqa: T201 - a line for people, once
