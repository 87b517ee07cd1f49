"""The interactions that users have started, and the bot's progress with each."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from .condition import Condition
from .entries import ACKNOWLEDGEMENT_DEADLINE, InteractionEntry, InteractionKind
from .reaction_delay import current_request
from .snowflakes import created_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from .ledger import Ledger
    from .payloads import Payload
    from .reaction_delay import BotRequest
    from .snowflakes import Snowflakes
    from .world import Channel, User


# For this many seconds Discord accepts follow-ups; nothing has to be remembered for longer.
_TOKEN_LIFETIME = 15 * 60.0


class ResponseType:
    """Interaction callback types, https://discord.com/developers/docs/interactions/receiving-and-responding."""

    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE_MESSAGE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


class Interaction:
    """One interaction, as long as its token is valid.

    Attributes
    ----------
    entry:
        Its record in the ledger.
    token:
        The token of its responses.
    channel:
        The channel it was started in.
    user:
        The user who started it.
    source:
        The message whose component was used.
    response:
        The body of the accepted callback.
    request:
        The request that carried the callback.
    original_id:
        The id of the ``@original`` message.
    followups:
        The messages sent after it.
    """

    __slots__ = (
        "changed",
        "channel",
        "entry",
        "followups",
        "original_id",
        "request",
        "response",
        "source",
        "token",
        "user",
    )

    def __init__(self, entry: InteractionEntry, channel: Channel, user: User, source: Payload | None) -> None:
        self.entry = entry
        self.token = secrets.token_urlsafe(32)
        self.channel = channel
        self.user = user
        self.source = source
        self.response: Payload | None = None
        self.request: BotRequest | None = None
        self.original_id: int | None = None
        self.followups: list[int] = []
        self.changed = Condition()

    @property
    def expired(self) -> bool:
        """Whether it is too late for a first response."""
        return self.entry.clock() - self.entry.created_at > ACKNOWLEDGEMENT_DEADLINE


class Interactions:
    """All interactions of one simulator."""

    def __init__(self, ledger: Ledger, snowflakes: Snowflakes, clock: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._snowflakes = snowflakes
        self._clock = clock
        self._by_token: dict[str, Interaction] = {}
        self._open: dict[int, Interaction] = {}

    def start(
        self,
        kind: InteractionKind,
        name: str,
        *,
        shard_id: int,
        channel: Channel,
        user: User,
        source: Payload | None = None,
    ) -> Interaction:
        """Start an interaction, now."""
        self._forget_old()
        interaction_id = self._snowflakes.next()
        entry = InteractionEntry(interaction_id, kind, name, shard_id, created_at(interaction_id), clock=self._clock)
        self._ledger.record_interaction(entry)
        interaction = Interaction(entry, channel, user, source)
        self._by_token[interaction.token] = interaction
        self._open[interaction_id] = interaction
        return interaction

    def by_token(self, token: str) -> Interaction | None:
        """Return the interaction of a token."""
        return self._by_token.get(token)

    def accept(self, interaction: Interaction, response: Payload) -> None:
        """Record the bot's first response."""
        interaction.entry.acknowledged = True
        interaction.entry.response_type = response["type"]
        interaction.response = response
        interaction.request = current_request()
        self._open.pop(interaction.entry.id, None)

    def waiting(self) -> int:
        """Return how many interactions may still be answered in time."""
        for interaction_id in [key for key, interaction in self._open.items() if interaction.expired]:
            del self._open[interaction_id]
        return len(self._open)

    def _forget_old(self) -> None:
        while self._by_token:
            token, oldest = next(iter(self._by_token.items()))
            if self._clock() - oldest.entry.created_at < _TOKEN_LIFETIME:
                return
            del self._by_token[token]
