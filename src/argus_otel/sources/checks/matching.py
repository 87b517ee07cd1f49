"""Conditions on texts: patterns with a time limit, headers, and values within JSON."""

from __future__ import annotations

import json
import re as _literal
from collections.abc import Callable, Mapping
from typing import cast

import regex
from jsonpath_rfc9535 import JSONPathError
from jsonpath_rfc9535 import compile as compile_path

from .conditions import OPERATORS, Comparison, Condition
from .errors import ErrorType

PATTERN_TIMEOUT = 0.5
"""How long one search may take, in seconds. The standard library's has no such limit: some patterns take for ever."""

_FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL}


class PatternError(ValueError):
    """It is no pattern, or no path; the message says why."""


def matcher(written: str) -> Callable[[str], bool]:
    """Return a function that tells whether a text meets what is written.

    ``/pattern/flags`` is a regular expression that is searched for, any other text one that has to be contained. ``!``
    before either means that it must not be.

    Raises
    ------
    PatternError
        It is no regular expression.
    TimeoutError
        Raised by the function: the search took longer than :data:`PATTERN_TIMEOUT`.
    """
    negated, meant = written.startswith("!"), written.removeprefix("!")
    found = _literal.fullmatch(r"/(.*)/([ims]*)", meant, _literal.DOTALL)
    if found is None:
        return lambda text: (meant in text) is not negated
    flags = 0
    for flag in found[2]:
        flags |= _FLAGS[flag]
    try:
        pattern = regex.compile(found[1], flags)
    except regex.error as error:
        raise PatternError(str(error)) from error
    return lambda text: (pattern.search(text, timeout=PATTERN_TIMEOUT) is not None) is not negated


class PatternCondition(Condition):
    """A text that a body or a banner has to contain, or not."""

    heavy = True

    def __init__(self, subject: str, written: str, error_type: ErrorType, matches: Callable[[str], bool]) -> None:
        super().__init__(subject, written, error_type)
        self._matches = matches

    def contradiction(self, fact: object) -> str | None:
        """Search for it."""
        try:
            held = self._matches(as_text(fact))
        except TimeoutError:
            return f"{self.subject} could not be searched within {PATTERN_TIMEOUT:g} s: the pattern is too slow"
        return None if held else f"{self.subject} does not match {self.written}"


class HeaderCondition(Condition):
    """A header that has to be there, or not, or to have a value.

    Parameters
    ----------
    matches:
        ``None`` if it has to be ``present`` or ``absent`` only.
    """

    def __init__(self, name: str, written: str, matches: Callable[[str], bool] | None) -> None:
        super().__init__("headers", f"{{{name}: {written}}}", ErrorType.HEADER)
        self._name, self._matches, self._absent = name, matches, written == "absent"

    def contradiction(self, fact: object) -> str | None:
        """Look at the header."""
        value = cast("Mapping[str, str]", fact).get(self._name.lower())
        if self._matches is None:
            if (value is None) is self._absent:
                return None
            return f"header {self._name} is {'there' if value is not None else 'missing'}"
        if value is None:
            return f"header {self._name} is missing"
        try:
            held = self._matches(value)
        except TimeoutError:
            return f"header {self._name} could not be searched within {PATTERN_TIMEOUT:g} s: the pattern is too slow"
        return None if held else f"header {self._name} does not match"


class JsonCondition(Condition):
    """A condition on every value that a JSONPath finds in a body; it has to find one.

    Parameters
    ----------
    path:
        By RFC 9535, such as ``$.queue.depth``.
    written:
        A comparison of numbers, ``present``, ``absent``, or a value.
    quoted:
        Whether the value is a text even if it looks like a number or a word of JSON.
    shown:
        What is shown in place of ``written``, which may have a secret.

    Raises
    ------
    PatternError
        The path is none, or what is compared with is no number.
    """

    heavy = True

    def __init__(self, path: str, written: str, quoted: bool, shown: str | None = None) -> None:
        self._shown = written if shown is None else shown
        super().__init__("body", f"json {path}: {self._shown}", ErrorType.JSON)
        try:
            self._path = compile_path(path)
        except JSONPathError as error:
            raise PatternError(f"{path!r} is no JSONPath: {error}") from error
        self._named = path
        self._absent, self._present = written == "absent", written == "present"
        sign = next((each for each in OPERATORS if written.startswith(each)), None)
        self._comparison: Comparison | None = None
        self._value: object = written
        if sign is not None:
            number = _number(written[len(sign) :].strip())
            if number is None:
                raise PatternError(f"{written!r} compares with no number")
            self._comparison = Comparison(path, written, ErrorType.JSON, sign, number, "{:g}".format)
        elif not quoted:
            self._value = _plain(written)

    def contradiction(self, fact: object) -> str | None:
        """Look at each value."""
        try:
            document = json.loads(as_text(fact))
        except (ValueError, RecursionError):
            return "the body is no JSON"
        values = [node.value for node in self._path.find(document)]
        if self._absent or not values:
            return None if self._absent is not bool(values) else f"{self._named} is {'there' if values else 'missing'}"
        if self._present:
            return None
        for value in values:
            if self._comparison is not None:
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    return f"{self._named} is no number"
                contradiction = self._comparison.contradiction(value)
                if contradiction is not None:
                    return contradiction
            elif value != self._value or isinstance(value, bool) is not isinstance(self._value, bool):
                return f"{self._named} is not {self._shown}"
        return None


def as_text(fact: object) -> str:
    """Return a body or a banner as text."""
    return fact.decode("utf-8", "replace") if isinstance(fact, bytes) else str(fact)


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


def _plain(written: str) -> object:
    """Return what a value without quotes is in JSON: a number, a word of JSON, or a text."""
    words: dict[str, object] = {"true": True, "false": False, "null": None}
    if written in words:
        return words[written]
    number = _number(written)
    return written if number is None else number
