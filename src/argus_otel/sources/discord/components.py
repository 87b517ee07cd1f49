"""Observed: buttons, select menus, dynamic items and modals. Signal: the end of the interaction's operation.

The span of a click, or of a submitted modal, is linked to the trace that sent the view.

discord.py calls ``_scheduled_task`` of a view or modal as it dispatches the interaction, and awaits the result in a
task of its own. ``_scheduled_task`` swallows what handlers raise and passes it to ``on_error``, so the hook wraps
``on_error`` of the instance. Dynamic items have no ``on_error``: the hook wraps the item's callback. Safe, because each
replacement calls the original with the same arguments (their number differs between versions), and the original's
exceptions pass through.
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
                self._maker(self._begin_view),
                fallbacks=(("discord.ui.view", "View._scheduled_task"),),  # before discord.py 2.6
            ),
            Patch(
                HOOK,
                "discord.ui.modal",
                "Modal._scheduled_task",
                self._maker(self._begin_modal),
                libraries=(DISCORD_PY, NEXTCORD, DISNAKE),
            ),
            Patch(
                HOOK,
                "discord.ui.modal",
                "ModalStore.dispatch",
                self._maker(self._begin_stored_modal),
                libraries=(PY_CORD,),
            ),
            Patch(HOOK, "discord.ui.view", "ViewStore.schedule_dynamic_item_call", self._make_dynamic),
        ]

    def _maker(self, body: Callable[..., InteractionOperation | None]) -> Callable[..., Any]:
        begin, run = self._guard.shield(HOOK, body), self._guard.ending(HOOK, self._interactions.end)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def _scheduled_task(self: object, *args: Any, **kwargs: Any) -> Any:
                operation = begin(self, *args)
                if operation is None:
                    return original(self, *args, **kwargs)
                return run(operation, original, self, *args, **kwargs)

            return _scheduled_task

        return make

    def _make_dynamic(self, original: Callable[..., Any]) -> Callable[..., Any]:
        begin = self._guard.shield(HOOK, self._begin_dynamic_item, arguments=2)
        run = self._guard.ending(HOOK, self._interactions.end)

        def schedule_dynamic_item_call(
            self: object,
            component_type: int,
            factory: type[DynamicItem[Any]],
            interaction: Interaction[Any],
            *args: Any,
        ) -> Any:
            operation = begin(factory, interaction)
            if operation is None:
                return original(self, component_type, factory, interaction, *args)
            observed = _ObservedFactory(factory, operation)
            return run(operation, original, self, component_type, observed, interaction, *args)

        return schedule_dynamic_item_call

    def _begin_view(self, view: View, item: Item[Any], interaction: Interaction[Any]) -> InteractionOperation | None:
        operation = self._interactions.mark_handled(interaction.id)
        if operation is not None:
            operation.name_component(f"{type(view).__name__}.{_callback_name(item)}")
            self._wrap_on_error(view)
            if operation.span is not None:
                self._link(operation.span, view)
        return operation

    def _begin_modal(self, modal: Modal, interaction: Interaction[Any], *_: object) -> InteractionOperation | None:
        operation = self._interactions.mark_handled(interaction.id)
        if operation is not None:
            operation.name_component(type(modal).__name__)
            self._wrap_on_error(modal)
            if operation.span is not None:
                self._link(operation.span, modal)
        return operation

    def _begin_stored_modal(
        self, store: Any, user_id: int, custom_id: str, interaction: Interaction[Any]
    ) -> InteractionOperation | None:
        modal = store._modals.get((user_id, custom_id))  # `None` if py-cord has dropped it
        return None if modal is None else self._begin_modal(modal, interaction)

    def _begin_dynamic_item(self, factory: type[object], interaction: Interaction[Any]) -> InteractionOperation | None:
        operation = self._interactions.mark_handled(interaction.id)
        if operation is not None:
            operation.name_component(factory.__name__)
        return operation

    def _link_to_sender(self, span: TraceSpan, view: View | Modal) -> None:
        origin = self._views.origin_of(view)
        if origin is not None:
            span.add_link(origin)

    def _wrap_on_error(self, view: Any) -> None:
        """Record what ``view`` passes to ``on_error``, on the instance, since subclasses override the method."""
        own = view.__dict__.get("on_error")
        if isinstance(own, _RecordingOnError):
            return
        view.on_error = _RecordingOnError(view, own, self._interactions)


class _RecordingOnError:
    """A view's ``on_error``, which records the exception first. It holds the view weakly: a cycle would delay its end.

    Parameters
    ----------
    own:
        The instance's own ``on_error``; ``None`` if only its class has one.
    """

    __slots__ = ("_view", "_own", "_interactions")

    def __init__(self, view: Any, own: Callable[..., Any] | None, interactions: Interactions) -> None:
        self._view = weakref.ref(view)
        self._own = own
        self._interactions = interactions

    def __call__(self, *args: Any) -> Any:
        # discord.py passes interaction, error and item; its forks pass error, item, interaction. Modals have no item.
        interaction, error = (args[-1], args[0]) if isinstance(args[0], BaseException) else (args[0], args[1])
        self._interactions.record_error(interaction.id, error)
        if self._own is not None:
            return self._own(*args)
        view = cast(Any, self._view())
        return cast(Any, type(view)).on_error(view, *args)


class _ObservedFactory:
    """A dynamic item's class as ``schedule_dynamic_item_call`` uses it. Records what the item's callback raises."""

    def __init__(self, factory: Any, operation: InteractionOperation) -> None:
        self._factory = factory
        self._operation = operation

    def __repr__(self) -> str:
        return repr(self._factory)

    async def from_custom_id(self, *args: Any) -> Any:
        """Make the item as its class does, and wrap its callback."""
        note = self._operation.record_error
        try:
            item: Any = await self._factory.from_custom_id(*args)
        except Exception as error:
            note(error)
            raise
        callback = item.callback

        async def observed(interaction: Interaction[Any]) -> Any:
            try:
                return await callback(interaction)
            except Exception as error:
                note(error)
                raise

        item.callback = observed
        return item


def _callback_name(item: Item[Any]) -> str:
    """Return a decorated method's name, an assigned function's name, or the item's class."""
    callback = item.callback
    callback = getattr(callback, "callback", getattr(callback, "func", callback))  # in the forks, it is a `partial`
    name = getattr(callback, "__name__", "callback")
    return type(item).__name__ if name == "callback" else name
