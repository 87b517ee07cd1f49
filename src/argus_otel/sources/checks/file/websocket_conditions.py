"""The conditions of ``websocket`` checks on the end of the connection."""

from __future__ import annotations

from argus_otel.sources.checks.conditions import Condition, Facts
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.outcomes import Failure

from .field_types import FieldType, Integer
from .places import Place

_CODE = Integer(1000, 4999)


class StaysOpen(Condition):
    """The server does not close the WebSocket instead of sending a message."""

    def __init__(self) -> None:
        super().__init__("close", "absent", ErrorType.ANSWER)

    def judge(self, facts: Facts) -> Failure | None:
        """Look whether there is a code; without one, nothing is wrong."""
        return super().judge(facts) if self.subject in facts else None

    def contradiction(self, fact: object) -> str | None:
        """Name the code."""
        return f"the server closed the WebSocket with code {fact}"


class CloseCode(Condition):
    """The server closes the WebSocket with this code."""

    def judge(self, facts: Facts) -> Failure | None:
        """Compare; a WebSocket that stays open is a failure, too."""
        return super().judge({self.subject: facts.get(self.subject, "")})

    def contradiction(self, fact: object) -> str | None:
        """Compare."""
        if fact == "":
            return "the server did not close the WebSocket"
        return None if str(fact) == self.written else f"the close code is {fact}, not {self.written}"


class CloseCodeType(FieldType["tuple[Condition, ...]"]):
    """A close code, such as ``1000``."""

    right = "a close code, a whole number from 1000 to 4999"

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return the condition."""
        return (CloseCode("close", str(_CODE.read(place)), ErrorType.ANSWER),)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return _CODE.schema()
