"""What the bot's own code may hand over: names, amounts and values of attributes, each made safe to export."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from .definitions import AttributeValue
from .encoding import as_utf8

NAME_RULE = "a name begins with a letter and goes on with letters, digits and . _ - /, 255 in all"
ATTRIBUTE_RULE = "an attribute's name begins with a letter and goes on with letters, digits, dots, - and _, 100 in all"
VALUE_RULE = "an attribute is a str, a bool, an int, or a float that is finite"
AMOUNT_RULE = "the amount is a number from 0 to 1e15"

LONGEST_VALUE = 100
"""The most characters of a text on a metric: what is longer is no category."""

LONGEST_ANNOTATION = 500
"""The most characters of a text on a span."""

# The syntax of OpenTelemetry's instrument names.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-/]{0,254}", re.ASCII)
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,99}", re.ASCII)
_ID = re.compile(r"(?<!\d)\d{15,20}(?!\d)", re.ASCII)
_SMALLEST_ID = 10**14

_MOST = 1e15
# Beyond it an amount is added as a float: a sum of ints could leave OTLP's 64 bits, and then no export would succeed.
_EXACT = 2**31
_EXACT_ATTRIBUTE = 2**53
# Python refuses to spell ints of some thousand digits.
_BITS = 256

# More than the redactor reads of one text, which may be megabytes; a secret that is cut in two there is in the margin.
_READ = 4 * LONGEST_ANNOTATION
_MARGIN = 400


def is_name(name: str) -> bool:
    """Whether ``name`` is one that an OpenTelemetry instrument can have."""
    return _NAME.fullmatch(name) is not None


def is_attribute_name(name: str) -> bool:
    """Whether ``name`` can be an attribute's on every way out."""
    return _ATTRIBUTE.fullmatch(name) is not None


def plain(name: str) -> str:
    """Return what is left of a name in Prometheus, where other characters, units and kinds are all the same."""
    spelt = re.sub(r"[^a-z0-9]+", "_", name.lower())
    while spelt.endswith(("_total", "_seconds")):
        spelt = spelt.rpartition("_")[0]
    return spelt


def label_of(name: str) -> str:
    """Return an attribute's name as OpenTelemetry's Prometheus exporter spells it."""
    return re.sub(r"[^a-zA-Z0-9]+", "_", name)


def amount_of(amount: object) -> float | None:
    """Return ``amount`` as something that can be added and exported, or ``None``."""
    if not isinstance(amount, (int, float)) or not 0 <= amount <= _MOST:  # of nan, each comparison is false
        return None
    if isinstance(amount, int) and amount <= _EXACT:
        return int(amount)
    return float(amount)


def value_of(value: object) -> AttributeValue | None:
    """Return ``value`` as a ``str``, ``bool``, ``int`` or ``float`` of no subclass, or ``None`` where it is none."""
    if isinstance(value, str):
        return as_utf8(str.__str__(value))
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _BITS else None
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return None


def is_id(value: AttributeValue) -> bool:
    """Whether ``value`` has a snowflake in it, or some number that is as long: an id, and no category."""
    if isinstance(value, str):
        return _ID.search(value) is not None
    return isinstance(value, int) and abs(value) >= _SMALLEST_ID


def annotation_of(value: AttributeValue, redact: Callable[[str], str]) -> AttributeValue:
    """Return ``value`` as a span may have it: without secrets, bounded, and ids as text, as our own are."""
    if isinstance(value, str):
        text = redact(value[:_READ])
        if len(value) > _READ:
            text = text[:-_MARGIN]
        return text[:LONGEST_ANNOTATION]
    if isinstance(value, int) and abs(value) > _EXACT_ATTRIBUTE:
        return str(value)[:LONGEST_ANNOTATION]
    return value
