"""The life cycle of one installed source in this process: created on demand, placed, started, removed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

from .discovery import load
from .settings import Settings
from .sources.patches import when_imported
from .sources.spec import Source, SourceSpec
from .telemetry import Catalogue, State, Telemetry


class SourceHandle:
    """The life of one source. A step that fails is reported, and no other source notices.

    Parameters
    ----------
    made:
        Called with the source's catalogue when the source is created.
    placed:
        Called when its hooks are placed.
    activated:
        Called, perhaps repeatedly, when the observed library is used.

    Attributes
    ----------
    spec:
        The source's specification.
    source:
        The source; ``None`` until one of its modules is imported.
    active:
        Whether it has been activated in this process.
    wanted:
        Whether its hooks are placed, or wait for an import.
    started:
        Whether it is started.
    """

    def __init__(
        self,
        spec: SourceSpec,
        telemetry: Telemetry,
        settings: Settings,
        *,
        made: Callable[[Catalogue], None],
        placed: Callable[[], None],
        activated: Callable[[SourceHandle], None],
    ) -> None:
        self.spec = spec
        self.source: Source | None = None
        self.active = False
        self._part = f"source:{spec.name}"
        self._telemetry = telemetry
        self._settings = settings
        self._made = made
        self._placed = placed
        self._activated = activated
        self.wanted = False
        self._watching = False
        self.started = False
        self._asked_for: bool | None = None

    @property
    def is_companion(self) -> bool:
        """Whether it is activated with any other source."""
        return self.spec.activates == "with_others"

    @property
    def starts_with_others(self) -> bool:
        """Whether it is activated with any other source: always, or because the settings ask for it."""
        return self.is_companion or self._is_asked_for()

    def _is_asked_for(self) -> bool:
        asked_for = self.spec.asked_for
        if self._asked_for is None and asked_for is not None:
            self._asked_for = bool(self._telemetry.attempt(self._part, lambda: load(asked_for)(self._settings)))
        return bool(self._asked_for)

    def install(self) -> None:
        """Place the hooks, now or as soon as a library is imported; safe to repeat. No library is imported for it."""
        self.wanted = True
        if self.is_companion:  # made with another source: a process that imports nothing observed pays nothing for it
            return
        if not self.spec.imports or self._is_asked_for():
            self._attempt(self._place)
        elif not self._watching:
            self._watching = True
            self._telemetry.health.report(self._part, State.OFF, f"{self.spec.title} is not imported yet")
            for module in self.spec.imports:
                when_imported(module, partial(self._attempt, self._place))
        elif self.source is not None:
            self._attempt(self._place)

    def accompany(self) -> None:
        """Place the hooks of a companion: another source's are placed; safe to repeat."""
        if self.wanted:
            self._attempt(lambda: self._make().install())

    def start(self) -> None:
        """Start the source if it is wanted; safe to repeat."""
        self.active = True
        if self.wanted and not self.started:
            self._attempt(self._start)

    def uninstall(self) -> None:
        """Remove the hooks; safe to repeat."""
        self.wanted = self.started = False
        if self.source is not None:
            self._attempt(self.source.uninstall)
            self._telemetry.health.report(self._part, State.OFF, "uninstrumented")

    def end(self) -> None:
        """Prepare for the end of the process."""
        if self.source is not None:
            self._attempt(self.source.end)

    def drop_in_child(self) -> None:
        """After a fork, in the child: forget the parent's state. A program that starts here activates it again."""
        self.active = self.started = False
        if self.source is not None:
            self._attempt(self.source.drop_in_child)

    def resource(self) -> dict[str, str]:
        """Return the resource attributes that are known only now; none if the source is not active."""
        if self.source is None or not self.active:
            return {}
        return self._telemetry.attempt(self._part, self.source.resource) or {}

    def describe(self) -> str:
        """Return the source's phrase for the line at the start; empty if it is not active or has none."""
        if self.source is None or not self.active:
            return ""
        return self._telemetry.attempt(self._part, self.source.describe) or ""

    def _attempt(self, step: Callable[[], None]) -> None:
        self._telemetry.attempt(self._part, step)

    def _place(self) -> None:
        if self.wanted:
            self._make().install()
            self._telemetry.health.report(self._part, State.OK)
            self._placed()
            if self.spec.activates == "import" or self.active:
                self._activated(self)

    def _start(self) -> None:
        source = self._make()
        if self.is_companion:
            source.install()
        source.start()
        self.started = True
        self._telemetry.health.report(self._part, State.OK)

    def _make(self) -> Source:
        if self.source is None:
            spec = self.spec
            catalogue = cast("Catalogue", load(spec.catalogue))
            self.source = cast("Source", load(spec.factory)(self._telemetry, self._settings, self._activate))
            self._made(catalogue)
        return self.source

    def _activate(self) -> None:
        if self.wanted:
            self._activated(self)
