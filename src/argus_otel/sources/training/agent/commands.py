"""A command to an agent, and its signature."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from hashlib import sha256

SHORTEST_KEY = 16
"""The fewest bytes of a key."""

LIFETIME = timedelta(minutes=10)
"""For how long a command holds by default."""

LONGEST_LIFETIME = timedelta(days=1)
"""For how long a command may hold at most. An agent refuses others, so that a stored command is not one for ever."""

_FORMAT = 1
_BEGINNING = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Kind(str, Enum):
    """What an agent is asked to do."""

    STOP = "stop"
    RERUN = "rerun"


class Result(str, Enum):
    """What an agent answers."""

    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"

    @property
    def final(self) -> bool:
        """Whether no other answer follows."""
        return self is not Result.ACCEPTED


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for, and until when.

    Attributes
    ----------
    id:
        A UUID. An agent acts on each once.
    kind:
        A :class:`Kind`, or a text that is none: an agent refuses it.
    host:
        ``host.name`` of the agent, or ``USER@HOST``.
    run_id:
        The run; of a rerun empty, if it names a recipe.
    recipe:
        A name in the agent's file; empty if there is none.
    arguments:
        Of the recipe; of a stop ``now`` and ``grace``.
    expires:
        By the clock of the server, in milliseconds.
    """

    id: str
    kind: str
    host: str
    run_id: str
    recipe: str
    arguments: Mapping[str, str]
    expires: datetime

    def signed_with(self, key: bytes) -> str:
        """Return the signature: an HMAC-SHA256 of all fields, in hexadecimal digits."""
        return hmac.new(key, self._signed_bytes(), sha256).hexdigest()

    def _signed_bytes(self) -> bytes:
        fields = [
            _FORMAT,
            self.id,
            self.kind,
            self.host,
            self.run_id,
            self.recipe,
            sorted(self.arguments.items()),
            milliseconds(self.expires),
        ]
        return json.dumps(fields, separators=(",", ":")).encode()  # a list of texts can be read in one way only


@dataclass(frozen=True, slots=True)
class Issued:
    """A command as the server has it.

    Attributes
    ----------
    signature:
        As the insert gave it; empty for none.
    issued_at, issued_by:
        When and by which user of ClickHouse it was issued, as the server says.
    now:
        The server's time when the command was read.
    """

    request: Request
    signature: str
    issued_at: datetime
    issued_by: str
    now: datetime

    @property
    def expired(self) -> bool:
        """Whether it holds no longer."""
        return self.request.expires <= self.now

    @property
    def digest(self) -> str:
        """What tells this row from any other, even one with the same id."""
        fields = [self.request.signed_with(b""), self.signature, self.issued_at.isoformat(), self.issued_by]
        return sha256(json.dumps(fields).encode()).hexdigest()

    def is_signed_with(self, key: bytes) -> bool:
        """Whether its signature is that of a key. Takes as long for any wrong signature of the right length."""
        given = self.signature.encode(errors="replace")
        return hmac.compare_digest(self.request.signed_with(key).encode(), given)


def milliseconds(moment: datetime) -> int:
    """Return a moment in milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def microseconds(moment: datetime) -> int:
    """Return a moment in microseconds since 1970, exactly."""
    return (moment - _BEGINNING) // timedelta(microseconds=1)


def key_in(content: bytes) -> bytes:
    """Return the key that a file has: all of it but white space around it.

    Raises
    ------
    ValueError
        It is too short.
    """
    key = content.strip()
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"has {len(key)} bytes, but a key has {SHORTEST_KEY} at least; make one: openssl rand -hex 32")
    return key
