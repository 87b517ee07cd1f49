"""A recipe: a program that an agent may start, and what people may give it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter

LONGEST_VALUE = 256
"""The most letters of an argument's value."""

_NUMBER = re.compile(r"-[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class ArgumentError(ValueError):
    """An argument is not as its recipe wants it."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What an argument may be.

    Attributes
    ----------
    pattern:
        What a value has to match as a whole; ``None`` if there are choices.
    choices:
        The values that there are; empty if there is a pattern.
    default:
        The value if none is given; ``None`` if one has to be given.
    """

    pattern: re.Pattern[str] | None
    choices: tuple[str, ...]
    default: str | None

    def check(self, name: str, value: str) -> None:
        """Raise :exc:`ArgumentError` if a value is not allowed. The message does not repeat the value."""
        if len(value) > LONGEST_VALUE or not value.isprintable():
            raise ArgumentError(
                f"the argument {name} has more than {LONGEST_VALUE} letters, or one that is not printed"
            )
        if self.choices and value not in self.choices:
            raise ArgumentError(f"the argument {name} is none of {', '.join(self.choices)}")
        if self.pattern is not None and not self.pattern.fullmatch(value):
            raise ArgumentError(f"the argument {name} does not match {self.pattern.pattern}")


Part = tuple[str, str]
"""A text, and the name of the argument whose value follows it; empty for none."""


def parts_of(word: str) -> tuple[Part, ...]:
    """Return the parts of a word of a command line, such as ``--lr={lr}``.

    Raises
    ------
    ValueError
        It has a brace that belongs to no name; ``{{`` and ``}}`` are braces themselves.
    """
    found: list[Part] = []
    for text, name, form, conversion in Formatter().parse(word):
        if name is not None and (not _NAME.fullmatch(name) or form or conversion):
            raise ValueError(f"{{{name}}} is not the name of an argument; write {{{{ and }}}} for braces themselves")
        found.append((text, name or ""))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A program that may be started.

    Attributes
    ----------
    argv:
        Its command line: the parts of each word. No shell reads it.
    cwd:
        The directory that it is started in.
    environment:
        The names of the variables of the agent's environment that it gets.
    users:
        Who may start it: users of ClickHouse.
    """

    argv: tuple[tuple[Part, ...], ...]
    cwd: str
    environment: tuple[str, ...]
    users: frozenset[str]
    arguments: Mapping[str, Argument] = field(default_factory=dict[str, Argument])

    def command_line(self, given: Mapping[str, str]) -> list[str]:
        """Return the command line with the values of the arguments in their places.

        Raises
        ------
        ArgumentError
            One is missing, unknown, or not allowed; or it would be an option of the program instead of a value.
        """
        for name in given:
            if name not in self.arguments:
                raise ArgumentError(f"there is no argument {name[:LONGEST_VALUE]!r}; {self._known()}")
        values: dict[str, str] = {}
        for name, argument in self.arguments.items():
            value = given.get(name, argument.default)
            if value is None:
                raise ArgumentError(f"the argument {name} is missing")
            argument.check(name, value)
            values[name] = value
        return [_word(parts, values) for parts in self.argv]

    def _known(self) -> str:
        return f"there are {', '.join(self.arguments)}" if self.arguments else "there is none"


def _word(parts: tuple[Part, ...], values: Mapping[str, str]) -> str:
    first = parts[0] if parts else ("", "")
    if not first[0] and first[1]:
        value = values[first[1]]
        if value.startswith("-") and not _NUMBER.fullmatch(value):
            raise ArgumentError(f"the argument {first[1]} would be an option of the program, as it begins with -")
    return "".join(text + (values[name] if name else "") for text, name in parts)
