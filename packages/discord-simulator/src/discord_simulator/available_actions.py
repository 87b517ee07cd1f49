"""Random choices among the commands and components of a bot, with plausible values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from .commands import CommandType
from .messages import ComponentType, Message, interactive
from .options import OptionType
from .payloads import as_list
from .world import User

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from .actors import ActorContext
    from .forms import FieldValue
    from .options import OptionValue
    from .payloads import Payload
    from .server import Simulator

Target: TypeAlias = User | Message

_WORDS = ("blue", "monday", "night", "river", "seven", "quiet", "north", "paper", "glass", "winter")


@dataclass(frozen=True, slots=True)
class Slash:
    """A slash command with its options filled in."""

    name: str
    options: dict[str, OptionValue]


@dataclass(frozen=True, slots=True)
class Completion:
    """An option that a user is typing into."""

    name: str
    focused: str
    typed: str


@dataclass(frozen=True, slots=True)
class TargetedCommand:
    """A context menu command and its target."""

    kind: Literal["user", "message"]
    name: str
    target: Target


@dataclass(frozen=True, slots=True)
class Use:
    """A component; ``values`` is ``None`` for a button."""

    custom_id: str
    values: list[str | int] | None


class AvailableActions:
    """Chooses at random among the commands a bot has synced and the components it has posted.

    Each method returns ``None`` if there is no choice.
    """

    def __init__(self, sim: Simulator, rng: random.Random, only: frozenset[str] | None) -> None:
        self._sim = sim
        self._random = rng
        self._only = only

    def slash(self, actor: ActorContext) -> Slash | None:
        """Choose a slash command. Optional options are sometimes filled in."""
        name = self._command(actor, CommandType.SLASH)
        if name is None:
            return None
        options = {
            str(definition["name"]): self._value(definition, actor)
            for definition in self._options(name, actor)
            if definition.get("required") or self._random.random() < 0.3
        }
        return Slash(name, {key: value for key, value in options.items() if value is not None})

    def autocomplete(self, actor: ActorContext) -> Completion | None:
        """Choose an option with autocomplete and type a little."""
        found = [
            (name, str(definition["name"]))
            for name in self._names(actor, CommandType.SLASH)
            for definition in self._options(name, actor)
            if definition.get("autocomplete") and definition["type"] == OptionType.STRING
        ]
        if not found:
            return None
        name, focused = self._random.choice(found)
        return Completion(name, focused, self._random.choice(_WORDS)[: self._random.randint(0, 3)])

    def context_menu(self, actor: ActorContext, messages: Sequence[Message]) -> TargetedCommand | None:
        """Choose a context menu command and a target."""
        assert actor.guild is not None  # noqa: S101 - a crowd is in guilds
        on_users = self._command(actor, CommandType.USER)
        on_messages = self._command(actor, CommandType.MESSAGE)
        if on_messages is not None and messages and (on_users is None or self._random.random() < 0.5):
            return TargetedCommand("message", on_messages, self._random.choice(messages))
        if on_users is not None:
            return TargetedCommand("user", on_users, self._random.choice(actor.guild.people).user)
        return None

    def component(self, message: Message) -> Use | None:
        """Choose a component of a message."""
        usable = [entry for entry in message.components if not entry.raw.get("disabled")]
        if not usable:
            return None
        component = self._random.choice(usable)
        if component.type == ComponentType.BUTTON:
            return Use(component.custom_id, None)
        actor = self._sim.actor(channel=message.channel_id)
        return Use(component.custom_id, self._picked(component.raw, actor))

    def fields(self, modal: Payload, actor: ActorContext) -> dict[str, FieldValue]:
        """Fill in each field of a modal."""
        return {entry.custom_id: self._field(entry.raw, actor) for entry in interactive(modal["components"])}

    def _field(self, component: Payload, actor: ActorContext) -> FieldValue:
        match int(component["type"]):
            case ComponentType.TEXT_INPUT:
                return self._text(component)
            case ComponentType.CHECKBOX:
                return self._random.random() < 0.5
            case ComponentType.RADIO_GROUP:
                return str(self._random.choice(as_list(component["options"]))["value"])
            case _:
                return [str(value) for value in self._picked(component, actor)]

    def _names(self, actor: ActorContext, kind: int) -> list[str]:
        names = self._sim.state.commands.names(actor.guild_id, kind)
        return [name for name in names if self._only is None or name in self._only]

    def _command(self, actor: ActorContext, kind: int) -> str | None:
        names = self._names(actor, kind)
        return self._random.choice(names) if names else None

    def _options(self, name: str, actor: ActorContext) -> Sequence[Payload]:
        found = self._sim.state.commands.find(name, actor.guild_id)
        return () if found is None else found.options

    def _value(self, definition: Payload, actor: ActorContext) -> OptionValue | None:
        assert actor.guild is not None  # noqa: S101 - a crowd is in guilds
        choices = as_list(definition.get("choices"))
        if choices:
            return self._random.choice(choices)["value"]
        low = definition.get("min_value", 0)
        high = definition.get("max_value", max(low, 0) + 100)
        match int(definition["type"]):
            case OptionType.STRING:
                return self._text(definition)
            case OptionType.INTEGER:
                return self._random.randint(int(low), int(high))
            case OptionType.BOOLEAN:
                return self._random.random() < 0.5
            case OptionType.USER | OptionType.MENTIONABLE:
                return self._random.choice(actor.guild.people)
            case OptionType.CHANNEL:
                return actor.channel
            case OptionType.ROLE:
                return self._random.choice(list(actor.guild.roles))
            case OptionType.NUMBER:
                return round(self._random.uniform(float(low), float(high)), 2)
            case _:
                return None

    def _text(self, definition: Payload) -> str:
        text = " ".join(self._random.choices(_WORDS, k=self._random.randint(1, 3)))
        least, most = definition.get("min_length") or 0, definition.get("max_length") or 4000
        return text.ljust(least, ".")[:most]

    def _picked(self, component: Payload, actor: ActorContext) -> list[str | int]:
        assert actor.guild is not None  # noqa: S101 - a crowd is in guilds
        values: list[str | int]
        match int(component["type"]):
            case ComponentType.STRING_SELECT:
                values = [str(option["value"]) for option in as_list(component.get("options"))]
            case ComponentType.ROLE_SELECT:
                values = list(actor.guild.roles)
            case ComponentType.CHANNEL_SELECT:
                values = [actor.channel.id]
            case ComponentType.USER_SELECT | ComponentType.MENTIONABLE_SELECT:
                values = [member.user.id for member in actor.guild.people]
            case _:
                values = []
        least = min(int(component.get("min_values", 1)), len(values))
        most = min(int(component.get("max_values", 1)), len(values))
        return self._random.sample(values, self._random.randint(least, max(least, most)))
