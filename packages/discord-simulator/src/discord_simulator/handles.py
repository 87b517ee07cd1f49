"""Handles that actions return: they wait for the bot's responses and replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import SimulatorError
from .interactions import ResponseType
from .loop_affinity import on_own_loop
from .messages import Message
from .payloads import as_list

if TYPE_CHECKING:
    import asyncio

    from .entries import InteractionEntry
    from .interactions import Interaction
    from .payloads import Payload
    from .state import SimulatorState


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The accepted first response to an interaction.

    Attributes
    ----------
    type:
        The callback type: 4 message, 5 deferred message, 6 deferred update, 7 update, 8 autocomplete, 9 modal.
    data:
        The ``data`` of the callback.
    after:
        Seconds from the interaction's creation to the arrival of its first callback.
    """

    type: int
    data: Payload
    after: float

    @property
    def content(self) -> str:
        """The text of a message response; empty for the other types."""
        return str(self.data.get("content") or "")


class InteractionHandle:
    """One interaction a user started. Its coroutines may be awaited on any loop.

    Attributes
    ----------
    entry:
        Its live record in the ledger.
    """

    def __init__(self, state: SimulatorState, interaction: Interaction, loop: asyncio.AbstractEventLoop) -> None:
        self._state = state
        self._interaction = interaction
        self.loop = loop
        self.entry: InteractionEntry = interaction.entry

    @property
    def id(self) -> int:
        """The interaction's snowflake."""
        return self.entry.id

    @property
    def interaction(self) -> Interaction:
        """The interaction itself."""
        return self._interaction

    @on_own_loop
    async def acknowledged(self, timeout: float = 5.0) -> Acknowledgement:
        """Wait for the first response.

        Parameters
        ----------
        timeout:
            Seconds.

        Raises
        ------
        TimeoutError
            No response was accepted in time.
        """
        response = await self._interaction.changed.wait_for(
            lambda: self._interaction.response, timeout, lambda: f"{self._name()} was not acknowledged{self._refusal()}"
        )
        return Acknowledgement(response["type"], response.get("data") or {}, self.entry.acknowledged_after or 0.0)

    @on_own_loop
    async def response(self, timeout: float = 5.0) -> Message:
        """Wait for the response message: for a deferred one, until it has its content.

        Raises
        ------
        TimeoutError
            There was none in time.
        """
        return await self._interaction.changed.wait_for(
            self._finished_response, timeout, lambda: f"{self._name()} has no response{self._refusal()}"
        )

    @on_own_loop
    async def followups(self, count: int = 1, timeout: float = 5.0) -> list[Message]:
        """Wait for so many follow-up messages, and return all of them.

        Raises
        ------
        TimeoutError
            There were fewer in time.
        """

        def look() -> list[Message] | None:
            found = [self._state.messages.get(message_id) for message_id in self._interaction.followups]
            return [Message(raw) for raw in found if raw is not None] if len(found) >= count else None

        return await self._interaction.changed.wait_for(
            look, timeout, lambda: f"{self._name()} has {len(self._interaction.followups)} of {count} follow-ups"
        )

    @on_own_loop
    async def choices(self, timeout: float = 5.0) -> list[Payload]:
        """Wait for the choices of an autocomplete: objects with a ``name`` and a ``value``.

        Raises
        ------
        TimeoutError
            There was no answer in time.
        SimulatorError
            The answer was something else.
        """
        acknowledgement = await self.acknowledged(timeout)
        if acknowledgement.type != ResponseType.AUTOCOMPLETE:
            raise SimulatorError(f"{self._name()} was answered with type {acknowledgement.type}, which has no choices")
        return as_list(acknowledgement.data.get("choices"))

    @on_own_loop
    async def modal(self, timeout: float = 5.0) -> Payload:
        """Wait for a modal: an object with ``custom_id``, ``title`` and ``components``.

        Raises
        ------
        TimeoutError
            There was no answer in time.
        SimulatorError
            The answer was something else.
        """
        acknowledgement = await self.acknowledged(timeout)
        if acknowledgement.type != ResponseType.MODAL:
            raise SimulatorError(f"{self._name()} was answered with type {acknowledgement.type}, which is not a modal")
        return acknowledgement.data

    def _finished_response(self) -> Message | None:
        raw = self._state.messages.get(self._interaction.original_id or 0)
        if raw is None or raw is self._interaction.source:
            return None
        message = Message(raw)
        return None if message.loading else message

    def _name(self) -> str:
        return f"{self.entry.kind} {self.entry.name!r}"

    def _refusal(self) -> str:
        if self.entry.received_at is not None and not self.entry.acknowledged:
            age = self.entry.received_at - self.entry.created_at
            return f": its callback, {age:.3f} s after creation, got status {self.entry.status}"
        return " yet" if self.entry.clock() - self.entry.created_at < 1 else ""


class MessageHandle:
    """One message a user sent. Its coroutines may be awaited on any loop.

    Attributes
    ----------
    message:
        The message.
    """

    def __init__(self, state: SimulatorState, message: Message, loop: asyncio.AbstractEventLoop) -> None:
        self._state = state
        self.loop = loop
        self.message = message

    @property
    def id(self) -> int:
        """The message's snowflake."""
        return self.message.id

    @on_own_loop
    async def replies(self, count: int = 1, timeout: float = 5.0) -> list[Message]:
        """Wait until the bot has posted so many messages in the same channel since, and return all of them.

        A message of the bot that is a reply to another message is not counted. Discord does not mark other messages
        with the message they answer, so users who talk at the same time should use separate channels.

        Raises
        ------
        TimeoutError
            There were fewer in time.
        """

        def look() -> list[Message] | None:
            found = self._found()
            return found if len(found) >= count else None

        return await self._state.messages.changed(self.message.channel_id).wait_for(
            look, timeout, lambda: f"{len(self._found())} of {count} replies to {self.message.content!r}"
        )

    @on_own_loop
    async def reply(self, timeout: float = 5.0) -> Message:
        """Wait for the bot's next message in the same channel, as :meth:`replies` does.

        Raises
        ------
        TimeoutError
            There was none in time.
        """
        return (await self.replies(1, timeout))[0]

    def _found(self) -> list[Message]:
        later = self._state.messages.in_channel(self.message.channel_id, self.message.id)
        mine = (None, str(self.message.id))
        return [
            Message(raw)
            for raw in later
            if raw["author"]["bot"] and raw.get("message_reference", {}).get("message_id") in mine
        ]
