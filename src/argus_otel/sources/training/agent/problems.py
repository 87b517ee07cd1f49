"""The error that has the mistakes in an agent's file, and the lines on which they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argus_otel.sources.problems import FileError

_TABLE = re.compile(r"\s*\[\s*([^\[\]#]+?)\s*\]")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_WORD = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")


class AgentFileError(FileError):
    """An agent's file has mistakes. The message has one line for each.

    Attributes
    ----------
    problems:
        All mistakes, in the file's order.
    """


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
