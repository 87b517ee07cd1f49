"""One interaction, and what it has in common with others of its type."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import (
    AttributeValue,
    Event,
    HistogramCell,
    HistorySink,
    Operation,
    Span,
    WorkContext,
)

from .catalogue import (
    AUTOCOMPLETE_EVENT,
    AUTOCOMPLETE_SPAN,
    COMMAND_EVENT,
    COMMAND_NAME,
    COMMAND_SPAN,
    COMMAND_TYPE,
    COMPONENT_EVENT,
    COMPONENT_NAME,
    COMPONENT_SPAN,
    ERROR_TYPE,
    INTERACTION_TYPE,
    MODAL_EVENT,
    MODAL_SPAN,
    OUTCOME,
)
from .ids import ids
from .interaction_payloads import place_of
from .outcomes import OK, Outcome

if TYPE_CHECKING:
    from discord import Interaction


class Series:
    """The cells of one command's, or one component's, interactions that end well.

    Looked up once for each interaction, by one short key.

    Attributes
    ----------
    duration:
        A command's own duration, which is a part of its interaction's; or the interaction's, where it is no command.
    """

    __slots__ = ("duration", "response")

    def __init__(self, duration: HistogramCell, response: HistogramCell) -> None:
        self.duration = duration
        self.response = response


_EVENTS: dict[Span, Event] = {
    COMMAND_SPAN: COMMAND_EVENT,
    AUTOCOMPLETE_SPAN: AUTOCOMPLETE_EVENT,
    COMPONENT_SPAN: COMPONENT_EVENT,
    MODAL_SPAN: MODAL_EVENT,
}


class Kind:
    """What all interactions of one type have in common, and all commands of one type.

    Attributes
    ----------
    type, command_type:
        As metrics name them; ``command_type`` is ``None`` for what is no command.
    prefix, span:
        How its spans' names begin, and their definition.
    event:
        What history calls them.
    for_tree:
        Whether discord.py hands it to the command tree.
    series:
        The cells of each command or component, by name.
    """

    def __init__(self, name: str, span: Span, command_type: str | None = None) -> None:
        self.type = name
        self.command_type = command_type
        self.prefix = span.work
        self.rate_key = span.rate_key
        self.span = span
        self.event = _EVENTS[span]
        self.for_tree = span in (COMMAND_SPAN, AUTOCOMPLETE_SPAN)
        self.series: dict[str | None, Series] = {}


class InteractionOperation(Operation):
    """One interaction.

    Attributes
    ----------
    id, kind:
        The interaction's snowflake, and what its type has.
    name:
        The command or component that it is for, as metrics name it; ``None`` while that is not known.
    claimed:
        Whether somebody handles it.
    by_fork:
        Whether it came to a fork of discord.py, which hands commands to no tree: `fork_commands.py` claims those.
    outcome:
        How it ends unless an exception decides: well, but for a check that said no without raising, or for nobody there
        to handle it.
    acknowledged, acknowledging:
        Whether Discord has had our answer, and whether one is under way.
    series:
        The cells of what it is for, once they have been looked up.
    interaction:
        discord.py's object, while the command tree or a fork's bot has it.
    """

    __slots__ = (
        "id", "kind", "name", "claimed", "by_fork", "outcome",
        "acknowledged", "acknowledging", "series", "interaction",
    )  # fmt: skip

    # All of it here, since a call of the base's costs as much again.
    def __init__(self, interaction_id: int, kind: Kind, name: str | None) -> None:
        self.started = perf_counter()
        self.scope = self.span = self.work_context = self.error = None
        self.ended = self.claimed = self.by_fork = False
        self.acknowledged = self.acknowledging = False
        self.outcome = OK
        self.id = interaction_id
        self.kind = kind
        self.name = name
        self.series = kind.series.get(name)
        self.interaction: Interaction[Any] | None = None

    @property
    def command(self) -> str | None:
        """The command's name; ``None`` where it is for a component."""
        return self.name if self.kind.for_tree else None

    @property
    def component(self) -> str | None:
        """The component's name; ``None`` where it is for a command."""
        return None if self.kind.for_tree else self.name

    def name_component(self, name: str) -> None:
        """Set what a component's or a modal's handler is called, once it is known."""
        self.name = name
        self.series = self.kind.series.get(name)
        if self.span is not None:
            self.span.rename(f"{self.kind.prefix} {name}")
            self.span.set_attributes({COMPONENT_NAME.name: name})


def tell(
    history: HistorySink, operation: InteractionOperation, place: WorkContext, outcome: Outcome, duration: float
) -> None:
    """Tell history of an interaction that has ended in ``place``; ``duration`` is in seconds."""
    kind = operation.kind
    attributes = place.attributes.copy()
    if operation.name is not None:
        attributes[COMMAND_NAME.name] = operation.name
    if kind.command_type is not None:
        attributes[COMMAND_TYPE.name] = kind.command_type
    attributes[OUTCOME.name] = outcome.name
    if outcome.error_type is not None:
        attributes[ERROR_TYPE.name] = outcome.error_type
    history(kind.event, attributes, duration)


def span_attributes(operation: InteractionOperation, data: dict[str, Any], shards: int) -> dict[str, AttributeValue]:
    """Return what is known of an interaction as it arrives with ``data``, by a bot of so many shards."""
    attributes: dict[str, AttributeValue] = {
        INTERACTION_TYPE.name: operation.kind.type,
        **ids(interaction=operation.id),
    }
    if operation.command is not None:
        attributes[COMMAND_NAME.name] = operation.command
    if operation.kind.command_type is not None:
        attributes[COMMAND_TYPE.name] = operation.kind.command_type
    attributes.update(place_of(data, shards))
    return attributes
