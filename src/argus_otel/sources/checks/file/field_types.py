"""The types of the values that a file of checks has: each reads one, says what would be right, and describes itself.

From the same types come the reader, its messages, the JSON Schema for editors and the table of the documentation.
"""

from __future__ import annotations

import dataclasses
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

from .places import Place, Wrong

T = TypeVar("T")


class FieldType(ABC, Generic[T]):
    """A type of value.

    Attributes
    ----------
    right:
        What a value of this type is, for messages: ``a duration, such as 30s``.
    """

    right: str

    @abstractmethod
    def read(self, place: Place) -> T:
        """Return the value.

        Raises
        ------
        Wrong
            It is none of this type, which has been noted.
        """

    @abstractmethod
    def schema(self) -> dict[str, object]:
        """Return the JSON Schema of what may be written."""

    def written(self, value: T) -> str:
        """Return a value as a file would have it; empty for none."""
        if isinstance(value, bool):
            return "true" if value else "false"
        return "" if value in (None, (), {}) else str(value)


class Text(FieldType[str]):
    """A text."""

    right = "a text"

    def __init__(self, right: str = "a text", examples: tuple[str, ...] = ()) -> None:
        self.right = right
        self._examples = examples

    def read(self, place: Place) -> str:
        """Return it as it is written. A number counts as a text."""
        return place.scalar(self.right)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        examples = {"examples": list(self._examples)} if self._examples else {}
        return {"type": ["string", "number", "boolean"], **examples}


class Boolean(FieldType[bool]):
    """``true`` or ``false``, and no other word: YAML 1.1 reads ``no`` and ``on`` as such."""

    right = "true or false"

    def read(self, place: Place) -> bool:
        """Return it."""
        written = place.scalar(self.right)
        if written not in ("true", "false") or place.quoted:
            raise place.wrong(f"{written!r} is not {self.right}")
        return written == "true"

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "boolean"}


class Integer(FieldType[int]):
    """A whole number."""

    def __init__(self, least: int = 0, most: int | None = None) -> None:
        self._least, self._most = least, most
        self.right = f"a whole number from {least} to {most}" if most is not None else f"a whole number from {least}"

    def read(self, place: Place) -> int:
        """Return it."""
        written = place.scalar(self.right)
        if not re.fullmatch(r"-?[0-9]+", written) or place.quoted:
            raise place.wrong(f"{written!r} is not {self.right}")
        value = int(written)
        if value < self._least or (self._most is not None and value > self._most):
            raise place.wrong(f"{value} is not {self.right}")
        return value

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        most = {} if self._most is None else {"maximum": self._most}
        return {"type": "integer", "minimum": self._least, **most}


class Choice(FieldType[str]):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self.right = f"one of {', '.join(words)}"

    def read(self, place: Place) -> str:
        """Return it."""
        written = place.scalar(self.right)
        if written not in self._words:
            raise place.unknown(written, list(self._words), "word")
        return written

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"enum": list(self._words)}


class Quantity(FieldType[float]):
    """A number with a unit.

    Parameters
    ----------
    units:
        By name, the smallest first: the factor to the value that is returned.
    least:
        The smallest value.
    """

    def __init__(self, what: str, units: Mapping[str, float], example: str, least: float = 0) -> None:
        self._what, self._units, self._example, self._least = what, units, example, least
        self.right = f"{what}, such as {example}"

    def read(self, place: Place) -> float:
        """Return it."""
        return self.parse(place, place.scalar(self.right))

    def parse(self, place: Place, written: str) -> float:
        """Return the value of a text at a place."""
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([^\W\d_]*|%)", written)
        if found is None:
            raise place.wrong(f"{written!r} is not {self.right}")
        number, unit = found.groups()
        if unit not in self._units and not (number.strip("0.") == "" and not unit):
            given = (
                f"no unit; write {self._suggested(number)}"
                if not unit
                else f"an unknown unit, {unit!r}; use {', '.join(u for u in self._units if u)}"
            )
            raise place.wrong(f"{written!r} has {given}")
        # In decimal, or 99.9% would be 0.9990000000000001.
        value = float(Decimal(number) * Decimal(str(self._units.get(unit, 1))))
        if value < self._least or not math.isfinite(value):
            raise place.wrong(f"{written!r} is too small: at least {self._example_of(self._least)}")
        return value

    def written(self, value: float) -> str:
        """Return a value with the largest unit in which it is a whole number."""
        whole = [unit for unit, factor in self._units.items() if value and value / factor == value // factor]
        return f"{value / self._units[whole[-1]]:g}{whole[-1]}" if whole else f"{value:g}"

    def _suggested(self, number: str) -> str:
        return " or ".join(f"{number}{unit}" for unit in list(self._units)[:2])

    def _example_of(self, value: float) -> str:
        unit, factor = max(
            ((unit, factor) for unit, factor in self._units.items() if factor <= value), key=lambda pair: pair[1]
        )
        return f"{value / factor:g}{unit}"

    @property
    def pattern(self) -> str:
        """A regular expression of what may be written."""
        units = "|".join(re.escape(unit) for unit in self._units)
        return rf"(0|([0-9]+(\.[0-9]+)?|\.[0-9]+)\s*({units}))"

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        written = {"type": "string", "pattern": f"^{self.pattern}$"}
        return {"anyOf": [written, {"const": 0}], "examples": [self._example]}


_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1.0, "kB": 1e3, "MB": 1e6, "KiB": 1024.0, "MiB": 1048576.0, "GiB": 1073741824.0}


def duration(example: str = "30s", least: float = 0) -> Quantity:
    """Return the type of durations, in seconds."""
    return Quantity("a duration", _SECONDS, example, least)


def size(example: str = "1MiB") -> Quantity:
    """Return the type of sizes, in bytes."""
    return Quantity("a size", _BYTES, example)


def share(example: str = "99.9%") -> Quantity:
    """Return the type of shares, from 0 to 1."""
    return Quantity("a share", {"%": 0.01}, example)


class ListOf(FieldType["tuple[T, ...]"], Generic[T]):
    """A list; one value counts as a list of one."""

    def __init__(self, each: FieldType[T]) -> None:
        self._each = each
        self.right = f"a list, each {each.right}"

    def read(self, place: Place) -> tuple[T, ...]:
        """Return its elements; problems of all of them are noted."""
        wrong: list[Wrong] = []
        found = [attempted(self._each, each, wrong) for each in (place.elements() if place.is_list else [place])]
        if wrong:
            raise wrong[0]
        return tuple(cast("list[T]", found))

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        each = self._each.schema()
        return {"anyOf": [each, {"type": "array", "items": each}]}


class MappingOf(FieldType["dict[str, T]"], Generic[T]):
    """A mapping from names to values of one type."""

    def __init__(self, each: FieldType[T], names: str = "a name") -> None:
        self._each = each
        self.right = f"a mapping from {names} to {each.right}"

    def read(self, place: Place) -> dict[str, T]:
        """Return it; problems of all values are noted."""
        wrong: list[Wrong] = []
        found = {name: attempted(self._each, each, wrong) for name, each in place.items(self.right)}
        if wrong:
            raise wrong[0]
        return cast("dict[str, T]", found)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "object", "additionalProperties": self._each.schema()}


def attempted(type_: FieldType[T], place: Place, wrong: list[Wrong]) -> T | None:
    """Read one of several values: add what is wrong to ``wrong``, so that the others are read too."""
    try:
        return type_.read(place)
    except Wrong as error:
        wrong.append(error)
        return None


def option(type_: FieldType[T], help_: str, *, default: Any = dataclasses.MISSING, secret: bool = False) -> T:
    """Declare a field of a dataclass that :class:`Record` reads.

    Parameters
    ----------
    type_:
        Reads it.
    help_:
        One sentence for the documentation.
    default:
        Its value where the file has none; without it, the file must have one.
    secret:
        Whether no command may show it.
    """
    metadata = {"type": type_, "help": help_, "secret": secret}
    if type(default).__hash__ is None:  # dataclasses take it for a value that all would share and change
        return cast("T", dataclasses.field(default_factory=lambda: default, metadata=metadata))
    return cast("T", dataclasses.field(default=default, metadata=metadata))


class Record(FieldType[T], Generic[T]):
    """A mapping whose keys are the fields of a dataclass, each declared by :func:`option`.

    Parameters
    ----------
    short:
        The field that is meant if the value is no mapping: ``http: https://example.com``.
    check:
        Called with the place and the value; notes what only the whole shows to be wrong.

    Attributes
    ----------
    fields:
        The fields of the dataclass, by their keys in the file.
    """

    def __init__(
        self, made: type[T], *, short: str | None = None, check: Callable[[Place, T], None] | None = None
    ) -> None:
        self._made, self.short, self._check = made, short, check
        # A field whose name is a word of Python has an underscore at its end.
        self.fields = {field.name.rstrip("_"): field for field in dataclasses.fields(cast("Any", made))}
        self.right = f"a mapping with {', '.join(self.fields)}"

    def read(self, place: Place) -> T:
        """Return the dataclass; problems of all fields are noted."""
        if self.short is not None and not place.is_mapping and not place.is_absent:
            return self._whole(place, {self.short: self.type_of(self.short).read(place)})
        wrong: list[Wrong] = []
        values: dict[str, object] = {}
        for name, each in place.items(self.right):
            if name in self.fields:
                values[name] = attempted(self.type_of(name), each, wrong)
            else:
                wrong.append(each.unknown(name, list(self.fields)))
        missing = [name for name in self._required() if name not in values]
        if missing:
            wrong.append(place.wrong(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"))
        if wrong:
            raise wrong[0]
        return self._whole(place, values)

    def _required(self) -> list[str]:
        missing = dataclasses.MISSING
        return [name for name, each in self.fields.items() if each.default is each.default_factory is missing]

    def _whole(self, place: Place, values: Mapping[str, object]) -> T:
        by_field = {self.fields[name].name: value for name, value in values.items()}
        made = cast("Callable[..., T]", self._made)(**by_field)
        if self._check is not None:
            self._check(place, made)
        return made

    def default(self, name: str) -> str:
        """Return what a field is where the file does not say it, as a file would have it; empty for nothing."""
        field, missing = self.fields[name], dataclasses.MISSING
        if field.default_factory is not missing:
            return self.type_of(name).written(field.default_factory())
        return "" if field.default is missing else self.type_of(name).written(field.default)

    def type_of(self, name: str) -> FieldType[Any]:
        """Return the type of a field."""
        return cast("FieldType[Any]", self.fields[name].metadata["type"])

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema, with the help of each field."""
        required = self._required()
        found: dict[str, object] = {"type": "object", "properties": self.properties(), "additionalProperties": False}
        if required:
            found["required"] = required
        if self.short is not None:
            return {"anyOf": [self.type_of(self.short).schema(), found]}
        return found

    def properties(self) -> dict[str, object]:
        """Return the JSON Schema of each field, with its help."""
        return {
            name: {**self.type_of(name).schema(), "description": field.metadata["help"]}
            for name, field in self.fields.items()
        }
