"""The conditions of ``grpc`` checks on what the health service answers."""

from __future__ import annotations

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import ErrorType

from .field_types import Choice, FieldType
from .places import Place

# UNKNOWN is the protocol's, too, but says nothing that could be wanted.
_STATUS = Choice("SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")


class Serving(Condition):
    """What the health service answers."""

    def contradiction(self, fact: object) -> str | None:
        """Compare."""
        return None if fact == self.written else f"the health service answers {fact}, not {self.written}"


class ServingType(FieldType["tuple[Condition, ...]"]):
    """A status of a health service, such as ``SERVING``."""

    right = _STATUS.right

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return the condition."""
        return (self.condition(_STATUS.read(place)),)

    @staticmethod
    def condition(status: str) -> Condition:
        """Return the condition that the health service answers this."""
        return Serving("serving", status, ErrorType.ANSWER)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return _STATUS.schema()
