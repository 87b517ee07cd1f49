"""The types of the conditions under ``expect:`` and ``warn:``, as the file has them."""

from __future__ import annotations

import re
from collections.abc import Callable

from argus_otel.sources.checks.conditions import OPERATORS, Comparison, Condition, OneOf
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.matching import HeaderCondition, JsonCondition, PatternCondition

from .field_types import FieldType, Quantity, attempted, duration, size
from .places import Place, Wrong


class ComparisonType(FieldType["tuple[Condition, ...]"]):
    """A comparison with a quantity, such as ``< 2s``. Two of them, as in ``> 1s, < 2s``, make a range."""

    def __init__(
        self,
        subject: str,
        error_type: ErrorType,
        quantity: Quantity,
        shown: Callable[[float], str],
        example: str,
    ) -> None:
        self._subject, self._error_type, self._quantity, self._shown = subject, error_type, quantity, shown
        self.right = f"a comparison, such as {example!r}"
        self._example = example

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return one condition for each comparison."""
        return tuple(self._one(place, each.strip()) for each in place.scalar(self.right).split(","))

    def _one(self, place: Place, written: str) -> Condition:
        sign = next((each for each in OPERATORS if written.startswith(each)), None)
        if sign is None:
            # "800" for a duration lacks its unit too, which is the first thing to say.
            value = self._quantity.parse(place, written)
            raise place.wrong(
                f"{written!r} is no comparison; write '< {written}' or {self._example!r}" if value else ""
            )
        value = self._quantity.parse(place, written[len(sign) :].strip())
        return Comparison(self._subject, written, self._error_type, sign, value, self._shown)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        signs = "|".join(re.escape(sign) for sign in OPERATORS)
        one = rf"\s*({signs})\s*{self._quantity.pattern}\s*"
        return {"type": "string", "pattern": f"^{one}(,{one})*$", "examples": [self._example]}


def shown_seconds(value: float) -> str:
    """Format a duration for people."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def shown_days(value: float) -> str:
    """Format the time until an expiry for people."""
    return f"{value / 86400:.1f} days"


DURATION = ComparisonType("duration", ErrorType.SLOW, duration(), shown_seconds, "< 2s")
CERTIFICATE = ComparisonType("certificate", ErrorType.CERTIFICATE_EXPIRED, duration(), shown_days, "> 14d")
SIZE = ComparisonType("size", ErrorType.SIZE, size(), lambda value: f"{value:.0f} bytes", "< 1MiB")


class StatusType(FieldType["tuple[Condition, ...]"]):
    """One or several statuses of HTTP: ``200``, ``2xx``, ``200-299``."""

    right = "a status, such as 200, 2xx or 200-299, or a list of them"

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return one condition, which any of them meets."""
        wrong: list[Wrong] = []
        places = place.elements() if place.is_list else [place]
        ranges = [_status_range(each, wrong, self.right) for each in places]
        if wrong:
            raise wrong[0]
        written = ", ".join(each.written for each in places)
        return (OneOf("status", written, ErrorType.STATUS, tuple(each for each in ranges if each is not None)),)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        written = {"type": "string", "pattern": "^[1-5](xx|[0-9]{2}(-[1-5][0-9]{2})?)$"}
        one = {"anyOf": [{"type": "integer", "minimum": 100, "maximum": 599}, written]}
        return {"anyOf": [one, {"type": "array", "items": one}]}


def _status_range(place: Place, wrong: list[Wrong], right: str) -> range | None:
    try:
        written = place.scalar(right)
    except Wrong as error:
        wrong.append(error)
        return None
    if re.fullmatch(r"[1-5]xx", written):
        first = int(written[0]) * 100
        return range(first, first + 100)
    found = re.fullmatch(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?", written)
    if found is None:
        wrong.append(place.wrong(f"{written!r} is not {right}"))
        return None
    first = int(found[1])
    return range(first, int(found[2] or first) + 1)


class PatternType(FieldType["tuple[Condition, ...]"]):
    """A text that has to be part of another, or a pattern between slashes: ``ready``, ``/ready|ok/i``, ``!/error/``."""

    right = "a text that must be contained, or a pattern such as /ready/i; with ! before it, one that must not"

    def __init__(self, subject: str, error_type: ErrorType) -> None:
        self._subject, self._error_type = subject, error_type

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return one condition for each text."""
        return tuple(self._one(each) for each in (place.elements() if place.is_list else [place]))

    def _one(self, place: Place) -> Condition:
        written = place.scalar(self.right)
        return PatternCondition(self._subject, place.written, self._error_type, compiled(place, written))

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        one = {"type": ["string", "number", "boolean"]}
        return {"anyOf": [one, {"type": "array", "items": one}]}


def compiled(place: Place, written: str) -> Callable[[str], bool]:
    """Return a function that tells whether a text meets a pattern as :class:`PatternType` reads it.

    Raises
    ------
    Wrong
        It is no regular expression.
    """
    from argus_otel.sources.checks.matching import PatternError, matcher

    try:
        return matcher(written)
    except PatternError as error:
        raise place.wrong(f"{written!r} is no pattern: {error}") from error


def _by_key(place: Place, right: str, type_: Callable[[str], FieldType[Condition]]) -> tuple[Condition, ...]:
    """Return one condition for each key of a mapping; problems of all of them are noted."""
    wrong: list[Wrong] = []
    found = [attempted(type_(key), each, wrong) for key, each in place.items(right)]
    if wrong:
        raise wrong[0]
    return tuple(condition for condition in found if condition is not None)


class HeadersType(FieldType["tuple[Condition, ...]"]):
    """Headers by name: ``present``, ``absent``, a text, or a pattern between slashes."""

    right = "a mapping from names of headers to present, absent, a text or a pattern such as /v2/"

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return one condition for each header."""
        return _by_key(place, self.right, _Header)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "object", "additionalProperties": _Header("").schema()}


class _Header(FieldType["Condition"]):
    right = "present, absent, a text or a pattern such as /v2/"

    def __init__(self, name: str) -> None:
        self._name = name

    def read(self, place: Place) -> Condition:
        written = place.scalar(self.right)
        if written in ("present", "absent") and not place.quoted:
            return HeaderCondition(self._name, written, None)
        return HeaderCondition(self._name, place.written, compiled(place, written))

    def schema(self) -> dict[str, object]:
        return {"type": ["string", "number", "boolean"]}


class JsonType(FieldType["tuple[Condition, ...]"]):
    """JSONPath expressions (RFC 9535): each with a comparison of a number, ``present``, ``absent``, or a value."""

    right = "a mapping from JSONPath to a comparison such as '< 500', present, absent, or a value"

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return one condition for each expression."""
        return _by_key(place, self.right, _Json)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "object", "additionalProperties": _Json("").schema()}


class _Json(FieldType["Condition"]):
    right = "a comparison such as '< 500', present, absent, or a value"

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self, place: Place) -> Condition:
        from argus_otel.sources.checks.matching import PatternError

        try:
            if place.is_absent:
                return JsonCondition(self._path, "null", quoted=False)
            return JsonCondition(self._path, place.scalar(self.right), place.quoted, place.written)
        except PatternError as error:
            raise place.wrong(str(error)) from error

    def schema(self) -> dict[str, object]:
        return {"type": ["string", "number", "boolean", "null"]}


class TlsVersion(Condition):
    """The version of TLS is at least this one."""

    def contradiction(self, fact: object) -> str | None:
        """Compare."""
        return (
            None if str(fact) >= f"TLSv{self.written}" else f"the server speaks {fact}, not TLS {self.written} or later"
        )


class TlsVersionType(FieldType["tuple[Condition, ...]"]):
    """The least version of TLS: ``1.2`` or ``1.3``."""

    right = "the least version of TLS, 1.2 or 1.3"

    def read(self, place: Place) -> tuple[Condition, ...]:
        """Return the condition."""
        written = place.scalar(self.right)
        if written not in ("1.2", "1.3"):
            raise place.wrong(f"{written!r} is not {self.right}")
        return (TlsVersion("version", written, ErrorType.TLS),)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"enum": ["1.2", "1.3", 1.2, 1.3]}
