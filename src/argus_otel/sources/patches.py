"""Puts hooks into a library and takes them out again.

A patch replaces one function. Taking it out puts the original back only where nobody has wrapped ours since; otherwise
ours stays in place and lets everything through, because `Hooks.on` is false.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

import wrapt

from argus_otel.telemetry import PartError, State, Telemetry

Function: TypeAlias = Callable[..., Any]


def when_imported(module: str, action: Callable[[], object]) -> None:
    """Call ``action`` once ``module`` is imported: now where it is, else right after its import."""
    if module in sys.modules:
        action()
    else:
        wrapt.register_post_import_hook(lambda _: action(), module)


class Patch:
    """One function of the observed library, and what takes its place.

    Attributes
    ----------
    hook:
        The hook's name, as ``/status`` and ``argus.hook.errors`` show it.
    module, target:
        Where it is: ``discord.http``, ``HTTPClient.request``.
    make:
        Given the original function, returns the replacement, which has to call it.
    package:
        The import that makes it available.
    instead:
        Other places where versions of the library have the same function, tried in turn.
    """

    def __init__(
        self,
        hook: str,
        module: str,
        target: str,
        make: Callable[[Function], Function],
        package: str,
        instead: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.hook = hook
        self.module = module
        self.target = target
        self.make = make
        self.package = package
        self.instead = instead

    @property
    def name(self) -> str:
        """Its name among the parts, such as ``hook:log records logging.Logger.callHandlers``."""
        return f"hook:{self.hook} {self.module}.{self.target}"

    def places(self) -> tuple[tuple[str, str], ...]:
        """Return where to look for it."""
        return ((self.module, self.target), *self.instead)


class _Placed:
    __slots__ = ("owner", "attribute", "original", "replacement")

    def __init__(self, owner: Any, attribute: str, original: Any, replacement: Function) -> None:
        self.owner = owner
        self.attribute = attribute
        self.original = original
        self.replacement = replacement


class Hooks:
    """The patches of one source.

    Attributes
    ----------
    on:
        Whether the hooks record. Bodies ask it, so that a replacement that could not be taken out does nothing.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self.on = False
        self._telemetry = telemetry
        self._placed: dict[str, _Placed] = {}

    @property
    def in_place(self) -> int:
        """How many of them are."""
        return len(self._placed) if self.on else 0

    def place(self, patches: Iterable[Patch], *, partly: bool = False) -> None:
        """Put in each patch that is not in place. One whose target is absent is reported, and the others go on.

        Parameters
        ----------
        partly:
            Whether absent targets are nothing out of the way, and not warned of one by one.
        """
        for patch in patches:
            self._telemetry.attempt(patch.name, partial(self._place, patch, partly=partly))

    def _place(self, patch: Patch, *, partly: bool) -> None:
        if patch.name not in self._placed:
            try:
                owner, attribute, original = resolve(patch)
            except PartError as error:
                self._telemetry.health.report(patch.name, State.ABSENT, str(error), warn=not partly)
                return
            replacement = functools.wraps(original)(patch.make(original))
            setattr(owner, attribute, replacement)
            self._placed[patch.name] = _Placed(owner, attribute, original, replacement)
        self._telemetry.health.report(patch.name, State.OK)

    def remove(self) -> None:
        """Take every patch out, where nobody has wrapped it since."""
        self.on = False
        for name, placed in reversed(tuple(self._placed.items())):
            if placed.owner.__dict__.get(placed.attribute) is placed.replacement:
                setattr(placed.owner, placed.attribute, placed.original)
                del self._placed[name]
            self._telemetry.health.report(name, State.OFF, "uninstrumented")


def resolve(patch: Patch) -> tuple[Any, str, Any]:
    """Return a patch's target as (owner, attribute, function).

    Raises
    ------
    PartError
        The installed version has it in none of its places.
    """
    for module, target in patch.places():
        try:
            return wrapt.resolve_path(module, target)
        except (ImportError, AttributeError):  # noqa: PERF203 - there are two places at most
            continue
    places = " or ".join(f"{module}:{target}" for module, target in patch.places())
    raise PartError(f"{places} is not in the installed version, so what it shows is missing")
