"""Checks and conversions of names, amounts and attribute values, so that each of them can be exported."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from argus_otel.telemetry import AttributeValue
from argus_otel.telemetry.encoding import as_utf8

GivenAttributes: TypeAlias = Mapping[str, "AttributeValue | None"]
"""The attributes of a call. An attribute whose value is ``None`` is left out."""

NAME_RULE = "a name begins with a letter, followed by letters, digits and . _ - /, 255 characters at most"
ATTRIBUTE_RULE = (
    "an attribute's name begins with a letter, followed by letters, digits and . _ -, 100 characters at most"
)
VALUE_RULE = "an attribute is a str, a bool, an int, or a finite float"
AMOUNT_RULE = "the amount is a number from 0 to 1e15"

MAX_VALUE_LENGTH = 100
"""The longest text on a metric, in characters: a longer one is no category."""

MAX_ANNOTATION_LENGTH = 500
"""The longest text on a span or event, in characters."""

# The syntax of OpenTelemetry's instrument names.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-/]{0,254}", re.ASCII)
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,99}", re.ASCII)
_ID = re.compile(r"(?<!\d)\d{15,20}(?!\d)", re.ASCII)
_MIN_ID = 10**14

_MAX_AMOUNT = 1e15
# A larger amount is added as a float: a sum of ints could exceed OTLP's 64 bits, and then every export would fail.
_MAX_INT_AMOUNT = 2**31
# A larger int would lose digits in JSON.
_MAX_INT_ATTRIBUTE = 2**53
# Python refuses to convert an int of some thousand digits to text.
_MAX_BITS = 256

# The redactor reads no more of a text, which may be megabytes. A secret that is cut in two there lies in the margin.
_MAX_READ = 4 * MAX_ANNOTATION_LENGTH
_MARGIN = 400


def is_name(name: str) -> bool:
    """Whether an OpenTelemetry instrument can have ``name``."""
    return _NAME.fullmatch(name) is not None


def is_attribute_name(name: str) -> bool:
    """Whether every exporter accepts ``name`` for an attribute."""
    return _ATTRIBUTE.fullmatch(name) is not None


def normal_form(name: str) -> str:
    """Return a form of a metric's name that is equal for names that Prometheus could confuse.

    Case, other characters than letters and digits, and the suffixes of units and kinds do not count.
    """
    spelt = re.sub(r"[^a-z0-9]+", "_", name.lower())
    while spelt.endswith(("_total", "_seconds")):
        spelt = spelt.rpartition("_")[0]
    return spelt


def label_of(name: str) -> str:
    """Return an attribute's name as OpenTelemetry's Prometheus exporter spells it."""
    return re.sub(r"[^a-zA-Z0-9]+", "_", name)


def amount_of(amount: object) -> float | None:
    """Return ``amount`` as a number that can be added and exported, or ``None``."""
    if not isinstance(amount, (int, float)) or not 0 <= amount <= _MAX_AMOUNT:  # comparisons with nan are false
        return None
    if isinstance(amount, int) and amount <= _MAX_INT_AMOUNT:
        return int(amount)
    return float(amount)


def value_of(value: object) -> AttributeValue | None:
    """Return ``value`` as a plain ``str``, ``bool``, ``int`` or ``float``, not a subclass, or ``None``."""
    if isinstance(value, str):
        return as_utf8(str.__str__(value))
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _MAX_BITS else None
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return None


def is_id(value: AttributeValue) -> bool:
    """Whether ``value`` contains a snowflake or another number as long, and so is an id and no category."""
    if isinstance(value, str):
        return _ID.search(value) is not None
    return isinstance(value, int) and abs(value) >= _MIN_ID


def annotation_of(value: AttributeValue, redact: Callable[[str], str]) -> AttributeValue:
    """Return ``value`` for a span or event: without secrets, of bounded length, and large ids as text."""
    if isinstance(value, str):
        text = redact(value[:_MAX_READ])
        if len(value) > _MAX_READ:
            text = text[:-_MARGIN]
        return text[:MAX_ANNOTATION_LENGTH]
    if isinstance(value, int) and abs(value) > _MAX_INT_ATTRIBUTE:
        return str(value)[:MAX_ANNOTATION_LENGTH]
    return value
