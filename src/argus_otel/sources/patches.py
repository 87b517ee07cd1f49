"""Wraps functions of a library with hooks, and unwraps them again.

A patch replaces one function, its target. Reverting a patch restores the original, unless another library has wrapped
our replacement since. That replacement then stays and only calls through, because :attr:`PatchSet.on` is false.
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
    """Call ``action`` once ``module`` is imported: now if it is already, else right after its import."""
    if module in sys.modules:
        action()
    else:
        wrapt.register_post_import_hook(lambda _: action(), module)


class Patch:
    """A function of the observed library, and how to wrap it.

    Attributes
    ----------
    hook:
        The hook's name, as ``/status`` and ``argus.hook.errors`` show it.
    module, target:
        The function's location: ``discord.http``, ``HTTPClient.request``.
    make:
        Called with the original function; returns the replacement, which has to call the original.
    package:
        The module whose import makes the function available.
    fallbacks:
        Other locations, (module, target), that versions of the library have the same function at. Tried in turn.
    """

    def __init__(
        self,
        hook: str,
        module: str,
        target: str,
        make: Callable[[Function], Function],
        package: str,
        fallbacks: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.hook = hook
        self.module = module
        self.target = target
        self.make = make
        self.package = package
        self.fallbacks = fallbacks

    @property
    def name(self) -> str:
        """The name of this part in ``/status``, such as ``hook:log records logging.Logger.callHandlers``."""
        return f"hook:{self.hook} {self.module}.{self.target}"

    def locations(self) -> tuple[tuple[str, str], ...]:
        """Return each (module, target) that the function may be found at, the preferred one first."""
        return ((self.module, self.target), *self.fallbacks)


class _Applied:
    __slots__ = ("owner", "attribute", "original", "replacement")

    def __init__(self, owner: Any, attribute: str, original: Any, replacement: Function) -> None:
        self.owner = owner
        self.attribute = attribute
        self.original = original
        self.replacement = replacement


class PatchSet:
    """The patches of one source.

    Attributes
    ----------
    on:
        Whether the hooks record. Hook bodies check it, so that a replacement that cannot be reverted records nothing.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self.on = False
        self._telemetry = telemetry
        self._applied: dict[str, _Applied] = {}

    @property
    def active(self) -> int:
        """The number of patches that are applied; 0 while the hooks do not record."""
        return len(self._applied) if self.on else 0

    def has(self, patch: Patch) -> bool:
        """Whether a patch is applied: its target is there."""
        return patch.name in self._applied

    def apply(self, patches: Iterable[Patch], *, some_absent: bool = False) -> None:
        """Apply each patch that is not applied yet. If a target is missing, its hook is skipped and reported.

        Parameters
        ----------
        some_absent:
            Whether missing targets are expected, as in a fork of the library. They are then reported without a warning.
        """
        for patch in patches:
            self._telemetry.attempt(patch.name, partial(self._apply, patch, some_absent=some_absent))

    def _apply(self, patch: Patch, *, some_absent: bool) -> None:
        if patch.name not in self._applied:
            try:
                owner, attribute, original = resolve(patch)
            except PartError as error:
                self._telemetry.health.report(patch.name, State.ABSENT, str(error), warn=not some_absent)
                return
            replacement = functools.wraps(original)(patch.make(original))
            setattr(owner, attribute, replacement)
            self._applied[patch.name] = _Applied(owner, attribute, original, replacement)
        self._telemetry.health.report(patch.name, State.OK)

    def revert(self) -> None:
        """Stop recording, and restore each original whose replacement has not been wrapped since."""
        self.on = False
        for name, applied in reversed(tuple(self._applied.items())):
            if applied.owner.__dict__.get(applied.attribute) is applied.replacement:
                setattr(applied.owner, applied.attribute, applied.original)
                del self._applied[name]
            self._telemetry.health.report(name, State.OFF, "uninstrumented")


def resolve(patch: Patch) -> tuple[Any, str, Any]:
    """Return a patch's target as (owner, attribute, function).

    Raises
    ------
    PartError
        The installed version has the function at none of its locations.
    """
    for module, target in patch.locations():
        try:
            return wrapt.resolve_path(module, target)
        except (ImportError, AttributeError):  # noqa: PERF203 - there are two locations at most
            continue
    locations = " or ".join(f"{module}:{target}" for module, target in patch.locations())
    raise PartError(f"{locations} is missing in the installed version: the hook is skipped, and its signals are absent")
