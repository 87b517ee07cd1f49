"""Types of single values that only a file of checks has."""

from __future__ import annotations

import re

from .field_types import FieldType, duration
from .places import Place

_KEEP = re.compile(r"runs|changes|1/[1-9][0-9]{0,5}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.:/-]{0,49}")


class Name(FieldType[str]):
    """The name of a check. Longer ones would be taken for secrets where long runs of letters are removed."""

    right = "a name of at most 50 letters, digits, spaces and any of _ . : / -"

    def read(self, place: Place) -> str:
        """Return it."""
        return self.parse(place, place.scalar(self.right))

    def parse(self, place: Place, written: str) -> str:
        """Return a name that is written at a place, such as a key.

        Raises
        ------
        Wrong
            It is no name.
        """
        if not _NAME.fullmatch(written):
            raise place.wrong(f"{written!r} is not {self.right}")
        return written

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": ["string", "integer"], "pattern": f"^{_NAME.pattern}$"}


class Interval(FieldType[int]):
    """A duration in whole milliseconds, at least ``least`` of them."""

    def __init__(self, example: str, least: int = 1000) -> None:
        self._duration = duration(example, least / 1000)
        self.right = self._duration.right

    def read(self, place: Place) -> int:
        """Return it in milliseconds."""
        return round(self._duration.read(place) * 1000)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return self._duration.schema()

    def written(self, value: int) -> str:
        """Return it with a unit."""
        return self._duration.written(value / 1000)


class Keep(FieldType[str]):
    """What history keeps: every run, changes only, or one run of so many."""

    right = "runs, changes, or a share such as 1/10"

    def read(self, place: Place) -> str:
        """Return it."""
        written = place.scalar(self.right)
        if not _KEEP.fullmatch(written):
            raise place.wrong(f"{written!r} is not {self.right}")
        return written

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "string", "pattern": f"^({_KEEP.pattern})$", "examples": ["runs", "changes", "1/10"]}


class Cron(FieldType[str]):
    """A schedule in cron's five fields."""

    right = "five fields of cron, such as '0 3 * * *'"

    def read(self, place: Place) -> str:
        """Return it."""
        import datetime

        from cronsim import CronSim, CronSimError

        written = place.scalar(self.right)
        try:
            CronSim(written, datetime.datetime.now(datetime.timezone.utc))
        except CronSimError as error:
            raise place.wrong(f"{written!r} is not {self.right}: {error}") from error
        return written

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "string", "examples": ["0 3 * * *"]}


class Zone(FieldType[str]):
    """The name of a time zone."""

    right = "a time zone such as Europe/Berlin or UTC"

    def read(self, place: Place) -> str:
        """Return it."""
        import zoneinfo

        written = place.scalar(self.right)
        try:
            zoneinfo.ZoneInfo(written)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise place.wrong(f"{written!r} is not {self.right}") from error
        return written

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "string", "examples": ["Europe/Berlin"]}
