"""The operation of one interaction, and the properties that all interactions of its type share."""

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

from .attributes import (
    COMMAND_NAME,
    COMMAND_TYPE,
    COMPONENT_NAME,
    ERROR_CODE,
    ERROR_TYPE,
    INTERACTION_TYPE,
    LATE_REASON,
    OUTCOME,
)
from .catalogue import AUTOCOMPLETE_EVENT, COMMAND_EVENT, COMPONENT_EVENT, MODAL_EVENT
from .ids import add_interaction_id, ids_of_interaction
from .origins import Origin
from .outcomes import OK, Outcome
from .spans import AUTOCOMPLETE_SPAN, COMMAND_SPAN, COMPONENT_SPAN, MODAL_SPAN

if TYPE_CHECKING:
    from discord import Interaction


class Series:
    """The cells of one command's or component's interactions that end well, so that each takes one look-up by name.

    Attributes
    ----------
    duration:
        Of a command, the command's own duration, which is joined to its interaction's. Else the interaction's duration.
    response:
        The response time.
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


class InteractionKind:
    """The properties that all interactions of one type share; each type of command is a kind of its own.

    Attributes
    ----------
    type, command_type:
        The values of the attributes; ``command_type`` is ``None`` unless it is a command.
    span, prefix, rate_key:
        The definition of its spans, the first word of their names, and their key among the sample rates.
    event:
        The event of its history rows.
    for_tree:
        Whether discord.py hands these interactions to the command tree.
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
        The interaction's snowflake and its kind.
    name:
        The name of the command or component, as metrics have it; ``None`` while it is not known.
    handled:
        Whether a command tree, view, modal or listener handles it.
    by_fork:
        Whether it arrived in a fork of discord.py. Forks have no command tree: `fork_commands.py` marks its
        interactions as handled.
    outcome:
        The outcome unless an exception decides it: `OK`, a check's rejection without an exception, or `UNHANDLED`.
    acknowledged, acknowledging:
        Whether Discord has received an acknowledgement, and whether one is being sent.
    callback_failed:
        Whether a callback of it has failed, by anything but Discord's refusal of a late or second one.
    late:
        Why its acknowledgement was late, missing or refused, once that is known.
    origin:
        Where it comes from; ``None`` if Discord has not sent that.
    series:
        The cells of its command or component, once they have been looked up.
    interaction:
        discord.py's object, while the command tree or a fork's bot handles it.
    """

    __slots__ = (
        "id", "kind", "name", "handled", "by_fork", "outcome",
        "acknowledged", "acknowledging", "callback_failed", "late", "origin", "series", "interaction",
    )  # fmt: skip

    # Sets the base's fields too: calling its `__init__` would cost as much again. A test holds both against each other.
    def __init__(self, interaction_id: int, kind: InteractionKind, name: str | None) -> None:
        self.started = perf_counter()
        self.scope = self.span = self.work_context = self.error = None
        self.ended = self.handled = self.by_fork = False
        self.acknowledged = self.acknowledging = self.callback_failed = False
        self.late: str | None = None
        self.origin: Origin | None = None
        self.outcome = OK
        self.id = interaction_id
        self.kind = kind
        self.name = name
        self.series = kind.series.get(name)
        self.interaction: Interaction[Any] | None = None

    @property
    def command(self) -> str | None:
        """The command's name; ``None`` for a component."""
        return self.name if self.kind.for_tree else None

    @property
    def component(self) -> str | None:
        """The component's name; ``None`` for a command."""
        return None if self.kind.for_tree else self.name

    def name_component(self, name: str) -> None:
        """Set the name of a component or modal, once its handler is known."""
        self.name = name
        self.series = self.kind.series.get(name)
        if self.span is not None:
            self.span.rename(f"{self.kind.prefix} {name}")
            self.span.set_attributes({COMPONENT_NAME.name: name})


def qualified_name(data: dict[str, Any]) -> str:
    """Return the name of a command with its group and subcommand, as discord.py's ``qualified_name`` has it.

    Parameters
    ----------
    data:
        The ``data`` of the interaction's payload, as it arrives: discord.py has not seen it yet.

    Raises
    ------
    AttributeError, LookupError, TypeError, ValueError
        The payload has no name, or one that is not text or cannot be encoded.
    """
    name: str = data["name"]
    options: list[dict[str, Any]] | None = data.get("options")
    while options and options[0].get("type") in (1, 2):  # a subcommand or a group of them, which is the only option
        name += " " + options[0]["name"]
        options = options[0].get("options")
    if not name.isascii():
        name.encode()  # JSON may hold half of a surrogate pair, which would cost an exporter the whole batch
    return name


def exception_attributes(
    operation: InteractionOperation, outcome: Outcome, code: int | None
) -> dict[str, AttributeValue]:
    """Return the attributes of the log record of the exception that has ended an interaction."""
    work, kind = operation.work_context, operation.kind
    attributes = {} if work is None else work.attributes.copy()
    attributes[INTERACTION_TYPE.name] = kind.type
    name = COMMAND_NAME if kind.for_tree else COMPONENT_NAME
    if operation.name is not None:
        attributes[name.name] = operation.name
    add_ending(attributes, outcome, code)
    return attributes


def emit_history(
    history: HistorySink,
    operation: InteractionOperation,
    work: WorkContext,
    outcome: Outcome,
    code: int | None,
    duration: float,
) -> None:
    """Emit the history row of an interaction that has ended after ``duration`` seconds."""
    kind = operation.kind
    attributes = work.attributes.copy()
    if operation.origin is not None:
        attributes.update(operation.origin.attributes)
    if operation.name is not None:
        attributes[COMMAND_NAME.name] = operation.name
    if kind.command_type is not None:
        attributes[COMMAND_TYPE.name] = kind.command_type
    add_ending(attributes, outcome, code)
    if operation.late is not None:
        attributes[LATE_REASON.name] = operation.late
    history(kind.event, attributes, duration)


def add_ending(attributes: dict[str, AttributeValue], outcome: Outcome, code: int | None) -> None:
    """Add how work has ended: its outcome, and the class and Discord's code of its exception."""
    attributes[OUTCOME.name] = outcome.name
    if outcome.error_type is not None:
        attributes[ERROR_TYPE.name] = outcome.error_type
    if code is not None:
        attributes[ERROR_CODE.name] = code


def span_attributes(operation: InteractionOperation, data: dict[str, Any], shards: int) -> dict[str, AttributeValue]:
    """Return the attributes that are known as an interaction's payload arrives, for a bot with so many shards."""
    work, kind = operation.work_context, operation.kind
    attributes = ids_of_interaction(data, shards) if work is None else work.attributes.copy()
    if operation.origin is not None:
        attributes.update(operation.origin.attributes)
    add_interaction_id(attributes, operation.id)
    attributes[INTERACTION_TYPE.name] = kind.type
    if operation.name is not None:
        attributes[COMMAND_NAME.name] = operation.name
    if kind.command_type is not None:
        attributes[COMMAND_TYPE.name] = kind.command_type
    return attributes
