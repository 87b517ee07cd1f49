"""The types of the conditions of ``dns`` checks, as the file has them."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from argus_otel.sources.checks.conditions import Condition, Facts
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.outcomes import Failure

from .field_types import Boolean, FieldType, ListOf, Text, attempted
from .places import Place, Wrong

_RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
_BOOLEAN = Boolean()
_RECORDS = ListOf(Text("a record, such as 198.51.100.7"))


class Rcode(Condition):
    """The code of the response."""

    def contradiction(self, fact: object) -> str | None:
        """Compare."""
        return None if fact == self.written else f"the name server answers {fact}, not {self.written}"


class RcodeType(FieldType["tuple[Condition, ...]"]):
    """A code of a response, such as ``NXDOMAIN``."""

    right = f"one of {', '.join(_RCODES)}"

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return the condition."""
        written = place.scalar(self.right)
        if written not in _RCODES:
            raise place.wrong(f"{written!r} is not {self.right}")
        return (self.condition(written),)

    @staticmethod
    def condition(rcode: str) -> Condition:
        """Return the condition that the code is this one."""
        return Rcode("rcode", rcode, ErrorType.ANSWER)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"enum": list(_RCODES)}


class Authenticated(Condition):
    """The name server says that it has verified the answer by DNSSEC, or that it has not."""

    def contradiction(self, fact: object) -> str | None:
        """Compare."""
        if fact is (self.written == "true"):
            return None
        return f"the name server says that the answer is {'' if fact else 'not '}authenticated"


class AuthenticatedType(FieldType["tuple[Condition, ...]"]):
    """Whether the flag AD has to be set."""

    right = _BOOLEAN.right

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return the condition."""
        return (Authenticated("authenticated", _BOOLEAN.written(_BOOLEAN.read(place)), ErrorType.ANSWER),)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return _BOOLEAN.schema()


class SomeAnswer(Condition):
    """At least one record, unless another code than ``NOERROR`` is expected."""

    def __init__(self) -> None:
        super().__init__("answers", "some", ErrorType.ANSWER)

    def judge(self, facts: Facts) -> Failure | None:
        """Look whether there is one; the code has a condition of its own."""
        return super().judge(facts) if facts.get("rcode") == "NOERROR" else None

    def contradiction(self, fact: object) -> str | None:
        """Look whether there is one."""
        return None if fact else "there is no record of this type"


class Answers(Condition):
    """Which records an answer has: all of these and no others, all of these, or none of these."""

    def __init__(self, how: str, wanted: Collection[str]) -> None:
        super().__init__("answers", f"{{{how}: [{', '.join(wanted)}]}}", ErrorType.ANSWER)
        self._how, self._wanted = how, frozenset(map(_comparable, wanted))

    def contradiction(self, fact: object) -> str | None:
        """Compare; what the server answered is not shown."""
        found = {_comparable(each) for each in cast("tuple[str, ...]", fact)}
        missing, foreign = self._wanted - found, found - self._wanted
        if self._how == "none":
            bad = self._wanted & found
            return f"the answer has {len(bad)} of the records that it must not have" if bad else None
        if missing:
            return f"{', '.join(sorted(missing))} {'is' if len(missing) == 1 else 'are'} missing in the answer"
        if foreign and self._how == "exactly":
            return f"the answer has {len(foreign)} other record{'s' if len(foreign) > 1 else ''} besides"
        return None


def _comparable(record: str) -> str:
    """Return a record without what makes no difference: case, quotation marks, and the dot at the end of a name."""
    return record.strip().strip('"').removesuffix(".").lower()


class AnswersType(FieldType["tuple[Condition, ...]"]):
    """``exactly``, ``contains`` and ``none``, each with records; a list alone means ``contains``."""

    right = "a mapping with exactly, contains or none, each a list of records"

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return one condition for each key."""
        if not place.is_mapping:
            return (Answers("contains", _RECORDS.read(place)),)
        wrong: list[Wrong] = []
        found: list[Condition] = []
        for how, each in place.items(self.right):
            if how not in ("exactly", "contains", "none"):
                wrong.append(each.unknown(how, ["exactly", "contains", "none"]))
            elif (records := attempted(_RECORDS, each, wrong)) is not None:
                found.append(Answers(how, records))
        if wrong:
            raise wrong[0]
        return tuple(found)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        records = _RECORDS.schema()
        keys = dict.fromkeys(("exactly", "contains", "none"), records)
        return {"anyOf": [records, {"type": "object", "properties": keys, "additionalProperties": False}]}
