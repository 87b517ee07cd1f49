"""The types of the conditions of ``command`` checks, as the file has them."""

from __future__ import annotations

from argus_otel.sources.checks.conditions import Condition, OneOf
from argus_otel.sources.checks.errors import ErrorType

from .field_types import FieldType, Integer, ListOf
from .places import Place

_STATUSES = ListOf(Integer(0, 255))


class ExitStatusType(FieldType["tuple[Condition, ...]"]):
    """One or several exit statuses."""

    right = "an exit status from 0 to 255, or a list of them"

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return one condition, which any of them meets."""
        return (self.condition(*_STATUSES.read(place)),)

    @staticmethod
    def condition(*statuses: int) -> Condition:
        """Return the condition that the program exits with one of these."""
        ranges = tuple(range(each, each + 1) for each in statuses)
        return OneOf("exit_status", ", ".join(map(str, statuses)), ErrorType.COMMAND, ranges)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return _STATUSES.schema()
