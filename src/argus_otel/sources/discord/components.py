"""Observed: buttons, select menus, dynamic items and modals. They end the interaction's operation.

A click, and a modal that is sent in, is linked to the trace that sent the view.

A view's and a modal's ``_scheduled_task`` is called at the moment of dispatch and awaited in a task of its own; it
swallows what handlers raise and gives it to ``on_error``, so the instance's ``on_error`` is chained. Dynamic items have
no ``on_error``: there the item's own callback is watched. Safe, because each replacement calls the original with the
same arguments (their number differs between versions), and whatever that raises passes through.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from argus_otel.telemetry import Telemetry, TraceSpan

from .interaction_operations import InteractionOperation
from .interactions import Interactions
from .library import DISCORD_PY, DISNAKE, NEXTCORD, PY_CORD
from .patches import Patch
from .views import Views

if TYPE_CHECKING:
    from discord import Interaction
    from discord.ui import DynamicItem, Item, Modal, View

HOOK = "components"


class Components:
    """Ends the interactions of components and modals."""

    def __init__(self, telemetry: Telemetry, interactions: Interactions, views: Views) -> None:
        self._interactions = interactions
        self._views = views
        self._guard = telemetry.guard
        self._link = telemetry.guard.shield(HOOK, self._link_to_sender, arguments=2)

    def patches(self) -> list[Patch]:
        """Return the hooks on views, modals and dynamic items."""
        return [
            Patch(
                HOOK,
                "discord.ui.view",
                "BaseView._scheduled_task",
                self._maker(self._claim_view),
                instead=(("discord.ui.view", "View._scheduled_task"),),  # before discord.py 2.6
            ),
            Patch(
                HOOK,
                "discord.ui.modal",
                "Modal._scheduled_task",
                self._maker(self._claim_modal),
                of=(DISCORD_PY, NEXTCORD, DISNAKE),
            ),
            Patch(HOOK, "discord.ui.modal", "ModalStore.dispatch", self._maker(self._claim_stored), of=(PY_CORD,)),
            Patch(HOOK, "discord.ui.view", "ViewStore.schedule_dynamic_item_call", self._make_dynamic),
        ]

    def _maker(self, body: Callable[..., InteractionOperation | None]) -> Callable[..., Any]:
        claim, run = self._guard.shield(HOOK, body), self._guard.ending(HOOK, self._interactions.end)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def _scheduled_task(self: object, *args: Any, **kwargs: Any) -> Any:
                operation = claim(self, *args)
                if operation is None:
                    return original(self, *args, **kwargs)
                return run(operation, original, self, *args, **kwargs)

            return _scheduled_task

        return make

    def _make_dynamic(self, original: Callable[..., Any]) -> Callable[..., Any]:
        claim = self._guard.shield(HOOK, self._claim_dynamic, arguments=2)
        run = self._guard.ending(HOOK, self._interactions.end)

        def schedule_dynamic_item_call(
            self: object,
            component_type: int,
            factory: type[DynamicItem[Any]],
            interaction: Interaction[Any],
            *args: Any,
        ) -> Any:
            operation = claim(factory, interaction)
            if operation is None:
                return original(self, component_type, factory, interaction, *args)
            watched = _WatchedFactory(factory, operation)
            return run(operation, original, self, component_type, watched, interaction, *args)

        return schedule_dynamic_item_call

    def _claim_view(self, view: View, item: Item[Any], interaction: Interaction[Any]) -> InteractionOperation | None:
        operation = self._interactions.claim(interaction.id)
        if operation is not None:
            operation.name_component(f"{type(view).__name__}.{_callback_name(item)}")
            self._chain_on_error(view)
            if operation.span is not None:
                self._link(operation.span, view)
        return operation

    def _claim_modal(self, modal: Modal, interaction: Interaction[Any], *_: object) -> InteractionOperation | None:
        operation = self._interactions.claim(interaction.id)
        if operation is not None:
            operation.name_component(type(modal).__name__)
            self._chain_on_error(modal)
            if operation.span is not None:
                self._link(operation.span, modal)
        return operation

    def _claim_stored(
        self, store: Any, user_id: int, custom_id: str, interaction: Interaction[Any]
    ) -> InteractionOperation | None:
        modal = store._modals.get((user_id, custom_id))  # None: py-cord knows it no more
        return None if modal is None else self._claim_modal(modal, interaction)

    def _claim_dynamic(self, factory: type[object], interaction: Interaction[Any]) -> InteractionOperation | None:
        operation = self._interactions.claim(interaction.id)
        if operation is not None:
            operation.name_component(factory.__name__)
        return operation

    def _link_to_sender(self, span: TraceSpan, view: View | Modal) -> None:
        origin = self._views.origin_of(view)
        if origin is not None:
            span.add_link(origin)

    def _chain_on_error(self, view: Any) -> None:
        """Note what ``view`` hands to ``on_error``; on the instance, since subclasses override the method."""
        own = view.__dict__.get("on_error")
        if isinstance(own, _NotingOnError):
            return
        view.on_error = _NotingOnError(view, own, self._interactions)


class _NotingOnError:
    """A view's ``on_error``, which notes the exception first. It holds the view weakly, so as to make no cycle."""

    __slots__ = ("_view", "_own", "_interactions")

    def __init__(self, view: Any, own: Callable[..., Any] | None, interactions: Interactions) -> None:
        self._view = weakref.ref(view)
        self._own = own
        self._interactions = interactions

    def __call__(self, *args: Any) -> Any:
        # discord.py gives interaction, error and item; its forks error, item and interaction. A modal has no item.
        interaction, error = (args[-1], args[0]) if isinstance(args[0], BaseException) else (args[0], args[1])
        self._interactions.note(interaction.id, error)
        if self._own is not None:
            return self._own(*args)
        view = cast(Any, self._view())
        return cast(Any, type(view)).on_error(view, *args)


class _WatchedFactory:
    """A dynamic item's class as ``schedule_dynamic_item_call`` uses it; notes what the item's callback raises."""

    def __init__(self, factory: Any, operation: InteractionOperation) -> None:
        self._factory = factory
        self._operation = operation

    def __repr__(self) -> str:
        return repr(self._factory)

    async def from_custom_id(self, *args: Any) -> Any:
        """Make the item as its class does, and watch its callback."""
        note = self._operation.record_error
        try:
            item: Any = await self._factory.from_custom_id(*args)
        except Exception as error:
            note(error)
            raise
        callback = item.callback

        async def watched(interaction: Interaction[Any]) -> Any:
            try:
                return await callback(interaction)
            except Exception as error:
                note(error)
                raise

        item.callback = watched
        return item


def _callback_name(item: Item[Any]) -> str:
    """Return a decorated method's name, an assigned function's name, or the item's class."""
    callback = item.callback
    callback = getattr(callback, "callback", getattr(callback, "func", callback))  # in the forks, it is a `partial`
    name = getattr(callback, "__name__", "callback")
    return type(item).__name__ if name == "callback" else name
