"""Observed: the loading of extensions. Signals: histogram, event.

``BotBase._load_from_module_spec`` runs a module and its ``setup``, for a load and for a reload. An extension that is
not found never gets there. ``BotBase.load_extension`` then raises, which becomes an event without a duration, since
nothing was loaded. Loading an extension that is loaded already is no failure. :mod:`.state_gauges` reads how many are
loaded from ``Bot.extensions``, which stays correct after unloading and after a reload that fails. Safe, because the
originals get the same arguments, and their exceptions pass through.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from argus_otel.telemetry import Operation, Telemetry

from .attributes import ERROR_TYPE, EXTENSION_NAME
from .catalogue import EXTENSION_EVENT, EXTENSION_LOADING
from .outcomes import original as original_of
from .patches import Patch, PatchSet

HOOK = "extensions"


class _Search:
    """One call of ``load_extension``, which may end before it has found the extension."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found = False
        self.token = _search.set(self)


class _Loading(Operation):
    """The loading of one extension that was found."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


_search: ContextVar[_Search | None] = ContextVar("argus_otel_extension", default=None)


class Extensions:
    """Times the loading of extensions."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._durations = telemetry.histogram(EXTENSION_LOADING)

    def patches(self) -> list[Patch]:
        """Return the hooks on finding and loading an extension."""
        guard = self._telemetry.guard
        package = "discord.ext.commands"
        module = f"{package}.bot"
        search = guard.around(HOOK, self._begin_search, self._end_search)
        load = guard.around(HOOK, self._begin, self._end)

        def make_load_extension(original: Callable[..., Any]) -> Callable[..., Any]:
            searched = search(original)

            async def load_extension(self: object, name: str, **kwargs: Any) -> None:
                await searched(self, name, **kwargs)  # the name by position, even if it was passed by keyword

            return load_extension

        return [
            Patch(HOOK, module, "BotBase._load_from_module_spec", load, package),
            Patch(HOOK, module, "BotBase.load_extension", make_load_extension, package),
        ]

    def _begin_search(self, _: object, name: str) -> _Search | None:
        return _Search(name) if self._hooks.on else None

    def _end_search(self, search: _Search, error: BaseException | None) -> None:
        _search.reset(search.token)
        if error is not None and not search.found and type(error).__name__ != "ExtensionAlreadyLoaded":
            self._failed(search.name, type(error).__qualname__)

    def _begin(self, _: object, __: object, key: str) -> _Loading | None:
        search = _search.get()
        if search is not None:
            search.found = True
        return _Loading(key) if self._hooks.on else None

    def _end(self, loading: _Loading, error: BaseException | None) -> None:
        error_type = None if error is None else type(original_of(error)).__qualname__
        self._durations[loading.name, error_type].record(loading.settle())
        if error_type is not None:
            self._failed(loading.name, error_type)

    def _failed(self, name: str, error_type: str) -> None:
        self._telemetry.emit(EXTENSION_EVENT, {EXTENSION_NAME.name: name, ERROR_TYPE.name: error_type})
