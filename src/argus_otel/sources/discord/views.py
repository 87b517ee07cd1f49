"""Observed: views and modals, while discord.py waits for them. Signals: gauge, counter, operation.

``ViewStore.add_view`` is where discord.py begins to wait; ``BaseView.stop`` and ``BaseView._dispatch_timeout`` are the
only ends. Views that wait are remembered weakly, with a reference to the trace that sent them, so that a click and a
timeout can be linked to it. ``_dispatch_timeout`` creates the task of ``on_timeout``: while it runs, the instance has a
wrapped ``on_timeout``. Safe, because the originals always run, with the same arguments, and their exceptions pass
through.

A view outlives the handler that sends it. Its timeout therefore runs outside of the sender's trace, which it would
otherwise keep alive.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Scope, SpanRef, Telemetry, TraceSpan

from .attributes import COMPONENT_NAME, ERROR_TYPE
from .catalogue import VIEW_TIMEOUT_SPAN, VIEW_TIMEOUTS, VIEWS_ACTIVE
from .outcomes import failure_of
from .patches import Patch, PatchSet
from .shards import ClientRegistry

if TYPE_CHECKING:
    from discord.client import Client
    from discord.ui.view import BaseView, ViewStore

HOOK = "views"


class _Waiting(weakref.ref["BaseView"]):
    """A view that discord.py waits for, and the trace that sent it."""

    __slots__ = ("key", "origin")

    key: int
    origin: SpanRef | None


class Views:
    """Counts the views that wait and their timeouts, and traces the timeouts."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._timeouts = telemetry.counter(VIEW_TIMEOUTS)[()]
        # By identity: a bot's own class may define equality.
        self._waiting: dict[int, _Waiting] = {}
        telemetry.gauge(VIEWS_ACTIVE, self._active)

    def patches(self) -> list[Patch]:
        """Return the hooks on the beginning and on both ends of waiting."""
        guard = self._telemetry.guard
        outside, detach = guard.shield(HOOK, self._outside), guard.shield(HOOK, _detach)
        added, stopped = guard.shield(HOOK, self._added), guard.shield(HOOK, self._forget)
        timing_out, restore = guard.shield(HOOK, self._timing_out), guard.shield(HOOK, _restore)

        def make_add(original: Callable[..., Any]) -> Callable[..., Any]:
            def add_view(self: ViewStore, view: Any, *args: Any, **kwargs: Any) -> Any:
                scope = outside()
                try:
                    original(self, view, *args, **kwargs)
                finally:
                    if scope is not None:
                        detach(scope)
                added(view)

            return add_view

        def make_stop(original: Callable[..., Any]) -> Callable[..., Any]:
            def stop(self: Any) -> Any:
                stopped(self)
                return original(self)

            return stop

        def make_timeout(original: Callable[..., Any]) -> Callable[..., Any]:
            def _dispatch_timeout(self: Any) -> Any:
                before = timing_out(self)
                if before is None:
                    return original(self)
                try:
                    return original(self)
                finally:
                    restore(self, before)

            return _dispatch_timeout

        module = "discord.ui.view"
        return [
            Patch(HOOK, module, "ViewStore.add_view", make_add),
            # Named `View` before discord.py 2.6.
            Patch(HOOK, module, "BaseView.stop", make_stop, fallbacks=((module, "View.stop"),)),
            Patch(
                HOOK,
                module,
                "BaseView._dispatch_timeout",
                make_timeout,
                fallbacks=((module, "View._dispatch_timeout"),),
            ),
        ]

    # -- which views wait

    def attach_running(self, registry: ClientRegistry) -> None:
        """Find the views that clients wait for already. Called on the event loop."""
        find = self._telemetry.guard.shield(HOOK, self._find)
        for known in registry:
            if known.client is not None:
                find(known.client)

    def _find(self, client: Client) -> None:
        store: ViewStore = client._connection._view_store
        for items in store._views.values():
            for item in items.values():
                if item.view is not None:
                    self._remember(item.view, None)
        for modal in store._modals.values():
            self._remember(modal, None)

    def detach(self) -> None:
        """Forget all views: from now on, no hook shows their end."""
        self._waiting.clear()

    def origin_of(self, view: BaseView) -> SpanRef | None:
        """Return the trace that sent a view that still waits, if that trace is sampled."""
        waiting = self._waiting.get(id(view))
        return None if waiting is None else waiting.origin

    def _outside(self) -> Scope | None:
        tracing = self._telemetry.tracing
        if tracing is None or not self._hooks.on or tracing.current_root() is None:
            return None
        scope = tracing.outside()
        scope.attach()
        return scope

    def _added(self, view: BaseView) -> None:
        tracing = self._telemetry.tracing
        if self._hooks.on and not view.is_finished() and _is_awaited(view):
            self._remember(view, None if tracing is None else SpanRef.to(tracing.current_root()))

    def _remember(self, view: BaseView, origin: SpanRef | None) -> None:
        if id(view) in self._waiting:  # shown again by an edit: the trace that sent it first counts
            return
        waiting = _Waiting(view, self._collected)
        waiting.key = id(view)
        waiting.origin = origin
        self._waiting[waiting.key] = waiting

    def _forget(self, view: BaseView) -> _Waiting | None:
        return self._waiting.pop(id(view), None)

    def _collected(self, waiting: weakref.ref[Any]) -> None:
        # discord.py drops a view that another one replaces, without stopping it.
        if isinstance(waiting, _Waiting):
            self._waiting.pop(waiting.key, None)

    def _active(self) -> Iterator[tuple[dict[str, str], float]]:
        if self._hooks.on:
            yield {}, float(len(self._waiting))

    # -- timeouts

    def _timing_out(self, view: BaseView) -> dict[str, Any] | None:
        """Count a timeout and wrap ``on_timeout`` on the instance; return the instance's own entry before, if any."""
        waiting = self._forget(view)
        if view.is_finished() or not self._hooks.on:
            return None
        self._timeouts.value += 1
        if self._telemetry.tracing is None:
            return None
        origin = None if waiting is None else waiting.origin
        around = self._telemetry.guard.around(HOOK, lambda: self._begin(type(view).__name__, origin), self._end)
        wrapped = around(view.on_timeout)
        before = {name: value for name, value in view.__dict__.items() if name == "on_timeout"}
        view.__dict__["on_timeout"] = wrapped
        return before

    def _begin(self, name: str, origin: SpanRef | None) -> TraceSpan | None:
        tracing = self._telemetry.tracing
        if tracing is None:
            return None
        span = tracing.root(
            f"{VIEW_TIMEOUT_SPAN.work} {name}",
            VIEW_TIMEOUT_SPAN.kind,
            lambda: {COMPONENT_NAME.name: name},
            rate=self._telemetry.rates.of(VIEW_TIMEOUT_SPAN.rate_key, name),
            links=() if origin is None else (origin,),
        )
        span.attach()
        return span

    def _end(self, span: TraceSpan, error: BaseException | None) -> None:
        span.detach()
        failure = failure_of(error)
        if failure is not None:
            span.set_attributes({ERROR_TYPE.name: type(failure).__qualname__})
            self._telemetry.errors.failed(failure)
        span.end(failure, failed=failure is not None)


def _is_awaited(view: BaseView) -> bool:
    """Return whether a view can still time out, or has an item whose interactions reach this very object.

    ``ViewStore.add_view`` is also called with others, such as a view with nothing but a link, and does not keep them.
    """
    if view.timeout is not None or getattr(view, "__discord_ui_modal__", False):
        return True
    walk = getattr(view, "walk_children", None)  # since discord.py 2.6
    items = view.children if walk is None else walk()
    # A DynamicItem is created anew from its custom id: discord.py remembers only its class.
    return any(item.is_dispatchable() and not hasattr(item, "__discord_ui_compiled_template__") for item in items)


def _detach(scope: Scope) -> None:
    scope.detach()


def _restore(view: BaseView, before: dict[str, Any]) -> None:
    view.__dict__.pop("on_timeout", None)
    view.__dict__.update(before)
