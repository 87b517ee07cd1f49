"""The mistakes in an agent's file, and the error that has all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TABLE = re.compile(r"\s*\[\s*([^\[\]#]+?)\s*\]")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_WORD = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in the file.

    Attributes
    ----------
    line:
        Where, from 1; 0 if there is no line.
    path:
        The keys that lead there, such as ``recipes.baseline.argv``; empty for the file itself.
    message:
        What is wrong, and what would be right.
    """

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.line}: " if self.line else ""
        return f"{where}{self.path}: {self.message}" if self.path else f"{where}{self.message}"


class AgentFileError(Exception):
    """An agent's file has mistakes. The message has one line for each.

    Attributes
    ----------
    problems:
        All mistakes, in the file's order.
    """

    def __init__(self, name: str, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.line)
        super().__init__("\n".join(f"{name}:{problem}" for problem in self.problems))


class Lines:
    """On which lines the keys of a TOML document are. For messages: the document is valid."""

    def __init__(self, text: str) -> None:
        self._lines = dict(_keys(text))

    def of(self, path: tuple[str, ...]) -> int:
        """Return the line of a key, or of the nearest one that leads there; 0 if there is none."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return 0


def _keys(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    table: tuple[str, ...] = ()
    seen: set[tuple[str, ...]] = set()
    for number, line in enumerate(text.splitlines(), 1):
        header, key = _TABLE.match(line), _KEY.match(line)
        if header is not None and key is None:
            table = _words(header[1])
            path = table
        elif key is not None:
            path = (*table, *_words(key[1]))
        else:
            continue
        if path not in seen:
            seen.add(path)
            yield path, number


def _words(text: str) -> tuple[str, ...]:
    return tuple(next(filter(None, found.groups()), "") for found in _WORD.finditer(text))
