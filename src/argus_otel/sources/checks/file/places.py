"""A value in a file of YAML with its place: line, column and keys. All problems of a file are collected.

PyYAML's nodes keep where they stand, and whether a key stands twice, which its values do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TypeAlias, cast

import yaml

from argus_otel.sources.problems import Problem

Node: TypeAlias = "yaml.ScalarNode | yaml.MappingNode | yaml.SequenceNode"

_NULL = "tag:yaml.org,2002:null"


class Wrong(Exception):  # noqa: N818 - it says that a problem has been noted, and is none of its own
    """The value has a problem, which has been noted."""


class Filled(str):
    """A text in which references were replaced by their values.

    Attributes
    ----------
    source:
        The text as the file has it, for messages.
    known:
        Whether the references could be replaced. If not, the text is the source, and whatever is wrong with it is no
        problem of the file.
    """

    __slots__ = ("source", "known")

    def __new__(cls, text: str, source: str, *, known: bool = True) -> Filled:
        """Make the text."""
        made = super().__new__(cls, text)
        made.source = source
        made.known = known
        return made


class Place:
    """A value of a file, and where it stands.

    Parameters
    ----------
    problems:
        Those of the whole file; new ones are added.
    """

    __slots__ = ("node", "path", "_problems")

    def __init__(self, node: Node, path: str, problems: list[Problem]) -> None:
        self.node = node
        self.path = path
        self._problems = problems

    def wrong(self, message: str) -> Wrong:
        """Note a problem; return what to raise where no value can be returned."""
        if isinstance(self.node.value, Filled) and not self.node.value.known:
            return Wrong(message)
        mark = self.node.start_mark
        line, column = (0, 0) if mark is None else (mark.line + 1, mark.column + 1)
        if self.is_filled and self.node.value:
            message = message.replace(str(self.node.value), self.written)
        problem = Problem(line, column, self.path, message)
        if problem not in self._problems:  # a value may be looked at more than once
            self._problems.append(problem)
        return Wrong(message)

    @property
    def is_filled(self) -> bool:
        """Whether references in it were replaced."""
        return isinstance(self.node.value, Filled)

    def fill(self, text: Filled) -> None:
        """Replace a text by one in which references are replaced."""
        self.node.value = text

    @property
    def is_mapping(self) -> bool:
        """Whether it has keys."""
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_absent(self) -> bool:
        """Whether nothing stands after the key."""
        return isinstance(self.node, yaml.ScalarNode) and self.node.tag == _NULL

    @property
    def written(self) -> str:
        """The value as the file has it; of a list or a mapping, what it is."""
        if isinstance(self.node.value, Filled):
            return self.node.value.source
        if isinstance(self.node, yaml.ScalarNode):
            return str(self.node.value)
        return "a list" if self.is_list else "a mapping"

    @property
    def quoted(self) -> bool:
        """Whether it is a text in quotes, or a block of text."""
        return isinstance(self.node, yaml.ScalarNode) and bool(self.node.style)  # libyaml has "" for none

    def scalar(self, right: str) -> str:
        """Return one value as it is written.

        Parameters
        ----------
        right:
            What is expected, for the problem: ``a duration, such as 30s``.

        Raises
        ------
        Wrong
            It is a list or a mapping, or nothing.
        """
        if not isinstance(self.node, yaml.ScalarNode) or self.is_absent:
            raise self.wrong(f"{'nothing' if self.is_absent else self.written} is not {right}")
        return str(self.node.value)

    def items(self, right: str = "a mapping") -> Iterator[tuple[str, Place]]:
        """Iterate over keys and values. A key that stands twice is a problem, and its first value counts.

        Raises
        ------
        Wrong
            It is no mapping.
        """
        if self.is_absent:
            return
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong(f"{self.written!r} is not {right}" if not self.is_list else f"a list is not {right}")
        first: dict[str, Place] = {}
        for key, value in self.node.value:
            name = Place(key, self.path, self._problems)
            if not isinstance(key, yaml.ScalarNode):
                name.wrong("a key must be a text")
                continue
            written = str(key.value)
            here = Place(value, f"{self.path}.{written}" if self.path else written, self._problems)
            if written in first:
                mark = first[written].node.start_mark
                there = f" (first on line {mark.line + 1})" if mark is not None else ""
                Place(key, here.path, self._problems).wrong(f"{written!r} stands twice{there}")
                continue
            first[written] = here
            yield written, here

    def below(self) -> list[Place]:
        """Return the values of a mapping, or the elements of a list; none of a single value."""
        if self.is_mapping:
            return [each for _, each in self.items()]
        return self.elements() if self.is_list else []

    def elements(self, right: str = "a list") -> list[Place]:
        """Return the elements of a list.

        Raises
        ------
        Wrong
            It is no list.
        """
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.wrong(f"{self.written!r} is not {right}")
        return [Place(each, f"{self.path}[{index}]", self._problems) for index, each in enumerate(self.node.value)]

    def unknown(self, key: str, known: list[str], what: str = "key") -> Wrong:
        """Note that this place's key is unknown, with the most similar of the known ones."""
        close = get_close_matches(key, known, 1)
        meant = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(known))}"
        return self.wrong(f"unknown {what} {key!r}{meant}")


def of_value(value: object, path: str, problems: list[Problem]) -> Place:
    """Return the place of a value of code, which stands on no line."""
    return Place(_node(value), path, problems)


def _node(value: object) -> Node:
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return yaml.MappingNode("tag:yaml.org,2002:map", [(_node(key), _node(each)) for key, each in pairs])
    if isinstance(value, (list, tuple)):
        return yaml.SequenceNode("tag:yaml.org,2002:seq", [_node(each) for each in cast("list[object]", value)])
    if value is None:
        return yaml.ScalarNode(_NULL, "")
    return yaml.ScalarNode("tag:yaml.org,2002:str", str(value).lower() if isinstance(value, bool) else str(value))
