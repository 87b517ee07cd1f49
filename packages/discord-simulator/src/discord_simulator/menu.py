"""What there is to use on a bot, and plausible ways to use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from discord_simulator.commands import CommandType
from discord_simulator.messages import ComponentType, Message, interactive
from discord_simulator.options import OptionType
from discord_simulator.payloads import as_list
from discord_simulator.world import User

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from discord_simulator.forms import FieldValue
    from discord_simulator.options import OptionValue
    from discord_simulator.payloads import Payload
    from discord_simulator.places import Place
    from discord_simulator.server import Simulator

__all__ = ["Completion", "Menu", "Slash", "Target", "TargetedCommand", "Use"]

Target: TypeAlias = User | Message

_WORDS = ("blue", "monday", "night", "river", "seven", "quiet", "north", "paper", "glass", "winter")


@dataclass(frozen=True, slots=True)
class Slash:
    """A slash command with its options filled in."""

    name: str
    options: dict[str, OptionValue]


@dataclass(frozen=True, slots=True)
class Completion:
    """An option somebody is typing in."""

    name: str
    focused: str
    typed: str


@dataclass(frozen=True, slots=True)
class TargetedCommand:
    """A context menu command and what it is used on."""

    kind: Literal["user", "message"]
    name: str
    target: Target


@dataclass(frozen=True, slots=True)
class Use:
    """A component; ``values`` is ``None`` for a button."""

    custom_id: str
    values: list[str | int] | None


class Menu:
    """Chooses at random among what a bot has synced and posted.

    Each method returns ``None`` where there is nothing to choose.
    """

    def __init__(self, sim: Simulator, rng: random.Random, only: frozenset[str] | None) -> None:
        self._sim = sim
        self._random = rng
        self._only = only

    def slash(self, place: Place) -> Slash | None:
        """Choose a slash command. Options which are not required are filled in now and then."""
        name = self._command(place, CommandType.SLASH)
        if name is None:
            return None
        options = {
            str(definition["name"]): self._value(definition, place)
            for definition in self._options(name, place)
            if definition.get("required") or self._random.random() < 0.3
        }
        return Slash(name, {key: value for key, value in options.items() if value is not None})

    def autocomplete(self, place: Place) -> Completion | None:
        """Choose an option with autocomplete and type a little."""
        found = [
            (name, str(definition["name"]))
            for name in self._names(place, CommandType.SLASH)
            for definition in self._options(name, place)
            if definition.get("autocomplete") and definition["type"] == OptionType.STRING
        ]
        if not found:
            return None
        name, focused = self._random.choice(found)
        return Completion(name, focused, self._random.choice(_WORDS)[: self._random.randint(0, 3)])

    def context_menu(self, place: Place, messages: Sequence[Message]) -> TargetedCommand | None:
        """Choose a context menu command and something to use it on."""
        assert place.guild is not None  # noqa: S101 - a crowd is in guilds
        on_users = self._command(place, CommandType.USER)
        on_messages = self._command(place, CommandType.MESSAGE)
        if on_messages is not None and messages and (on_users is None or self._random.random() < 0.5):
            return TargetedCommand("message", on_messages, self._random.choice(messages))
        if on_users is not None:
            return TargetedCommand("user", on_users, self._random.choice(place.guild.people).user)
        return None

    def component(self, message: Message) -> Use | None:
        """Choose a component of a message."""
        usable = [entry for entry in message.components if not entry.raw.get("disabled")]
        if not usable:
            return None
        component = self._random.choice(usable)
        if component.type == ComponentType.BUTTON:
            return Use(component.custom_id, None)
        place = self._sim.place(channel=message.channel_id)
        return Use(component.custom_id, self._picked(component.raw, place))

    def fields(self, modal: Payload, place: Place) -> dict[str, FieldValue]:
        """Fill in each field of a modal."""
        return {entry.custom_id: self._field(entry.raw, place) for entry in interactive(modal["components"])}

    def _field(self, component: Payload, place: Place) -> FieldValue:
        match int(component["type"]):
            case ComponentType.TEXT_INPUT:
                return self._text(component)
            case ComponentType.CHECKBOX:
                return self._random.random() < 0.5
            case ComponentType.RADIO_GROUP:
                return str(self._random.choice(as_list(component["options"]))["value"])
            case _:
                return [str(value) for value in self._picked(component, place)]

    def _names(self, place: Place, kind: int) -> list[str]:
        names = self._sim.core.commands.names(place.guild_id, kind)
        return [name for name in names if self._only is None or name in self._only]

    def _command(self, place: Place, kind: int) -> str | None:
        names = self._names(place, kind)
        return self._random.choice(names) if names else None

    def _options(self, name: str, place: Place) -> Sequence[Payload]:
        found = self._sim.core.commands.find(name, place.guild_id)
        return () if found is None else found.options

    def _value(self, definition: Payload, place: Place) -> OptionValue | None:
        assert place.guild is not None  # noqa: S101 - a crowd is in guilds
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
                return self._random.choice(place.guild.people)
            case OptionType.CHANNEL:
                return place.channel
            case OptionType.ROLE:
                return self._random.choice(list(place.guild.roles))
            case OptionType.NUMBER:
                return round(self._random.uniform(float(low), float(high)), 2)
            case _:
                return None

    def _text(self, definition: Payload) -> str:
        text = " ".join(self._random.choices(_WORDS, k=self._random.randint(1, 3)))
        least, most = definition.get("min_length") or 0, definition.get("max_length") or 4000
        return text.ljust(least, ".")[:most]

    def _picked(self, component: Payload, place: Place) -> list[str | int]:
        assert place.guild is not None  # noqa: S101 - a crowd is in guilds
        values: list[str | int]
        match int(component["type"]):
            case ComponentType.STRING_SELECT:
                values = [str(option["value"]) for option in as_list(component.get("options"))]
            case ComponentType.ROLE_SELECT:
                values = list(place.guild.roles)
            case ComponentType.CHANNEL_SELECT:
                values = [place.channel.id]
            case ComponentType.USER_SELECT | ComponentType.MENTIONABLE_SELECT:
                values = [member.user.id for member in place.guild.people]
            case _:
                values = []
        least = min(int(component.get("min_values", 1)), len(values))
        most = min(int(component.get("max_values", 1)), len(values))
        return self._random.sample(values, self._random.randint(least, max(least, most)))
