"""The posted messages and their components."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .condition import Condition
from .errors import UnknownComponentError
from .payloads import as_list, as_object
from .reaction_delay import current_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .payloads import Payload
    from .reaction_delay import BotRequest

EPHEMERAL = 1 << 6
LOADING = 1 << 7

# A load run posts for hours, and no user clicks on a message that is this many messages old.
_REMEMBERED_MESSAGES = 50_000


class ComponentType:
    """Component types, https://discord.com/developers/docs/components/reference."""

    ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    LABEL = 18
    RADIO_GROUP = 21
    CHECKBOX = 23


@dataclass(frozen=True, slots=True)
class Component:
    """A button (type 2), a select (3, 5-8) or a text input (4), as the bot sent it."""

    type: int
    custom_id: str
    label: str | None
    raw: Payload


@dataclass(frozen=True, slots=True)
class Message:
    """A message on the simulated Discord.

    Attributes
    ----------
    raw:
        The whole message object.
    """

    raw: Payload

    @property
    def id(self) -> int:
        """Its snowflake."""
        return int(self.raw["id"])

    @property
    def channel_id(self) -> int:
        """The channel it is in."""
        return int(self.raw["channel_id"])

    @property
    def content(self) -> str:
        """Its text."""
        return str(self.raw["content"])

    @property
    def ephemeral(self) -> bool:
        """Whether only one user can see it."""
        return bool(self.raw["flags"] & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether it still shows that the bot is thinking."""
        return bool(self.raw["flags"] & LOADING)

    @property
    def embeds(self) -> list[Payload]:
        """Its embeds."""
        return list(self.raw["embeds"])

    @property
    def components(self) -> list[Component]:
        """Its buttons and select menus."""
        return list(interactive(self.raw["components"]))


def interactive(components: Any) -> Iterator[Component]:
    """Yield the components with a ``custom_id``, however deep they are nested in rows, sections and labels."""
    entry = as_object(components)
    if entry is not None:
        if "custom_id" in entry and "type" in entry:
            label = entry.get("label") or entry.get("placeholder")
            yield Component(int(entry["type"]), str(entry["custom_id"]), label, entry)
        for key in ("components", "component", "accessory"):
            yield from interactive(entry.get(key))
    for below in as_list(components):
        yield from interactive(below)


class Messages:
    """All messages of one simulator, oldest first."""

    def __init__(self) -> None:
        self._messages: OrderedDict[int, Payload] = OrderedDict()
        self._requests: dict[int, BotRequest] = {}
        self._changes: defaultdict[int, Condition] = defaultdict(Condition)

    def put(self, message: Payload) -> None:
        """Keep a new or changed message."""
        message_id = int(message["id"])
        self._messages[message_id] = message
        request = current_request()
        if request is not None:
            self._requests[message_id] = request
        while len(self._messages) > _REMEMBERED_MESSAGES:
            self._requests.pop(self._messages.popitem(last=False)[0], None)
        self.changed(int(message["channel_id"])).notify()

    def delete(self, message_id: int) -> Payload | None:
        """Remove a message and return it."""
        self._requests.pop(message_id, None)
        return self._messages.pop(message_id, None)

    def get(self, message_id: int) -> Payload | None:
        """Return one message."""
        return self._messages.get(message_id)

    async def until_users_may_react(self, message_id: int) -> None:
        """Wait until a user may react to a message as it is now."""
        request = self._requests.get(message_id)
        if request is not None:
            await request.until_users_may_react()

    def in_channel(self, channel_id: int, after: int = 0) -> list[Payload]:
        """Return the messages of a channel that are newer than a snowflake, oldest first."""
        found: list[Payload] = []
        for message_id in reversed(self._messages):
            if message_id <= after:
                break
            if int(self._messages[message_id]["channel_id"]) == channel_id:
                found.append(self._messages[message_id])
        found.reverse()
        return found

    def changed(self, channel_id: int) -> Condition:
        """Return the condition that is notified of changes in a channel."""
        return self._changes[channel_id]

    def component(self, message_id: int, name: str) -> Component:
        """Return a component of a message by its ``custom_id``, else by its label or placeholder.

        Raises
        ------
        UnknownComponentError
            There is no such message, or no such component on it.
        """
        message = self.get(message_id)
        if message is None:
            raise UnknownComponentError(f"there is no message {message_id}")
        components = Message(message).components
        for component in components:
            if component.custom_id == name:
                return component
        for component in components:
            if component.label == name:
                return component
        there = ", ".join(f"{entry.custom_id} ({entry.label})" for entry in components) or "none"
        raise UnknownComponentError(f"message {message_id} has no component {name!r}; it has: {there}")
