"""One entry of a file as ruamel.yaml has it, with its comments, order and quotes: keys are set and removed."""

from __future__ import annotations

import io
import json
import re
from typing import Any, cast

from .text import EditError

_WIDTH = 120


class Fragment:
    """A key with its value, as text.

    Parameters
    ----------
    lines:
        Without indentation.

    Raises
    ------
    EditError
        It is no YAML, or not one key.
    """

    def __init__(self, lines: str) -> None:
        from ruamel.yaml.error import YAMLError

        self._yaml = _round_trip(lines)
        try:
            document = self._yaml.load(lines)
        except YAMLError as error:
            raise EditError(f"it is no YAML: {getattr(error, 'problem', None) or error}") from error
        if not isinstance(document, dict) or len(cast("dict[Any, Any]", document)) != 1:
            raise EditError("it is not one key with its value")
        self._document: Any = document
        self.key = str(next(iter(self._document)))

    @classmethod
    def made(cls, key: str, value: object) -> Fragment:
        """Return a new entry."""
        fragment = cls(f"{json.dumps(key)}: {{}}\n" if ":" in key else f"{key}: {{}}\n")
        fragment.value = value
        return fragment

    def __str__(self) -> str:
        stream = io.StringIO()
        self._yaml.dump(self._document, stream)
        return stream.getvalue()

    @property
    def value(self) -> Any:
        """What the key has."""
        return next(iter(self._document.values()))

    @value.setter
    def value(self, value: object) -> None:
        self._document[next(iter(self._document))] = value

    def set(self, path: tuple[str, ...], value: object, short: str | None = None) -> None:
        """Set a value, and make the mappings that lead there.

        Parameters
        ----------
        path:
            The keys that lead there.
        short:
            The key that is meant by a single value at the first of them, such as ``url`` by that of ``http``.

        Raises
        ------
        EditError
            A single value stands in between.
        """
        here = self._mapping_at((), short)
        for depth in range(1, len(path)):
            here = self._mapping_at(path[:depth], short)
        here[path[-1]] = value

    def unset(self, path: tuple[str, ...]) -> None:
        """Remove a value.

        Raises
        ------
        EditError
            There is none.
        """
        here: Any = self.value
        for key in path[:-1]:
            here = here.get(key) if isinstance(here, dict) else None  # type: ignore[reportUnknownVariableType]
        if not isinstance(here, dict) or path[-1] not in here:
            raise EditError(f"there is no {'.'.join(path)} to remove")
        del here[path[-1]]

    def _mapping_at(self, path: tuple[str, ...], short: str | None) -> Any:
        from ruamel.yaml.comments import CommentedMap

        if not path:
            if self.value is None:
                self.value = CommentedMap()
            found = self.value
            if not isinstance(found, dict):
                raise EditError(f"{self.key!r} is no mapping")
            return cast("Any", found)
        above = self._mapping_at(path[:-1], short)
        there = above.get(path[-1])
        if isinstance(there, dict):
            return cast("Any", there)
        made = flow_mapping()
        if there is not None:
            if short is None or len(path) != 1:
                raise EditError(f"{'.'.join(path)} is one value; remove it first, or set it as a whole")
            made[short] = there
        above[path[-1]] = made
        return made


def block_mapping() -> Any:
    """Return an empty mapping that is written in lines."""
    from ruamel.yaml.comments import CommentedMap

    return CommentedMap()


def flow_mapping() -> Any:
    """Return an empty mapping that is written in braces."""
    from ruamel.yaml.comments import CommentedMap

    made: Any = CommentedMap()
    made.fa.set_flow_style()
    return made


def value_of(written: str) -> object:
    """Return what a value of the command line is in YAML: lists, mappings, numbers, true and false; else a text.

    ``< 2s`` and ``> 14d`` need no quotes here.

    Raises
    ------
    EditError
        It begins as a list, a mapping or a text in quotes, and is none.
    """
    from ruamel.yaml.error import YAMLError

    if written[:1] in ("[", "{", '"', "'") or re.fullmatch(r"-?[0-9]+(\.[0-9]+)?|true|false", written):
        try:
            return _round_trip("").load(written)
        except YAMLError as error:
            raise EditError(f"{written!r} is no value: {getattr(error, 'problem', None) or error}") from error
    return written


def path_of(written: str) -> tuple[str, ...]:
    """Return the keys of a path: between dots, where keys that have dots stand in quotes: ``expect.json."$.a.b"``.

    Raises
    ------
    EditError
        It is no path.
    """
    keys = re.findall(r'"([^"]+)"|([^."]+)', written)
    if not re.fullmatch(r'("[^"]+"|[^."]+)(\.("[^"]+"|[^."]+))*', written):
        raise EditError(f'{written!r} is no path of keys, such as expect.status or expect.json."$.a.b"')
    return tuple(quoted or plain for quoted, plain in keys)


def _round_trip(lines: str) -> Any:
    """Return ruamel's reader and writer, set to the indentation that the lines have."""
    from ruamel.yaml import YAML

    made = YAML()
    made.preserve_quotes = True
    made.width = max([_WIDTH, *(len(line) + 1 for line in lines.splitlines())])
    nested = re.search(r"^( +)[^\s#-]", lines, re.MULTILINE)
    mapping = len(nested[1]) if nested else 2
    items = re.search(r"^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n( *)- ", lines, re.MULTILINE)
    offset = len(items[2]) - len(items[1]) if items else 2
    made.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    return made
