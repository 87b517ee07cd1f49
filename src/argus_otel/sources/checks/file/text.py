"""The text of a file of checks, of which one entry at a time is replaced: every other line stays as it is."""

from __future__ import annotations

import codecs
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import yaml

from .document import compose
from .places import Node


class EditError(Exception):
    """A file cannot be edited so that nothing else in it changes. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """The lines of a key with its value, and with comments above it.

    Attributes
    ----------
    comment, first, end:
        The line on which the comment begins, that of the key, and the one after the last, from 0.
    indent:
        The key's.
    value:
        What the key has.
    """

    comment: int
    first: int
    end: int
    indent: int
    value: Node


class FileText:
    """A file of checks as text. Changes return another one.

    Parameters
    ----------
    text:
        Without byte order mark.

    Raises
    ------
    EditError
        It is no YAML, is nested or repeated too often, or is written so that lines cannot be told apart.
    """

    def __init__(self, text: str) -> None:
        if re.search("\r(?!\n)|[\x85\u2028\u2029]", text):
            raise EditError("the file has line separators other than those of Unix and Windows; edit it by hand")
        self._text = text
        # As YAML has it: splitlines() would also divide at the separators of Unicode.
        self._lines = re.findall(r"[^\n]*\n|[^\n]+", text)
        self._newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
        try:
            root = compose(text)
        except yaml.YAMLError as error:
            raise EditError(f"the file cannot be read, and so not be edited: {error}") from error
        if root is not None and not isinstance(root, yaml.MappingNode):
            raise EditError("the file is no mapping with `checks:`")
        self._root = root

    def __str__(self) -> str:
        return self._text

    def names(self) -> list[str]:
        """Return the names of the checks, in their order."""
        return list(self._checks())

    def indent(self) -> int:
        """Return by how many spaces a check's name is indented."""
        return next((entry.indent for entry in self._checks().values()), 2)

    def check(self, name: str) -> str:
        """Return the lines of a check, its name first, without indentation and without the comments above it.

        Raises
        ------
        EditError
            There is no such check, or it shares an anchor with other parts of the file.
        """
        entry = self._found(self._checks(), name)
        self._refuse_shared(name, entry, edited=True)
        return self._lines_of(entry)

    def section(self, key: str) -> str | None:
        """Return the lines of a section beside ``checks:``; ``None`` if there is none."""
        entry = self._sections().get(key)
        if entry is None:
            return None
        self._refuse_shared(key, entry, edited=True)
        return self._lines_of(entry)

    def with_check(self, name: str, lines: str) -> FileText:
        """Replace the lines of a check."""
        entry = self._found(self._checks(), name)
        return self._replaced(entry.first, entry.end, textwrap.indent(lines, " " * entry.indent))

    def with_section(self, key: str, lines: str) -> FileText:
        """Replace the lines of a section that is there."""
        entry = self._found(self._sections(), key)
        return self._replaced(entry.first, entry.end, lines)

    def with_new_check(self, lines: str) -> FileText:
        """Append a check."""
        sections, checks = self._sections(), self._checks()
        new = textwrap.indent(lines, " " * self.indent())
        if "checks" not in sections:
            return self._replaced(len(self._lines), len(self._lines), "checks:\n" + new)
        if checks:
            last = list(checks.values())[-1]
            return self._replaced(last.end, last.end, new)
        section = sections["checks"]
        return self._replaced(section.first, section.end, "checks:\n" + new)

    def without_check(self, name: str) -> FileText:
        """Remove a check, with the comments right above it."""
        entry = self._found(self._checks(), name)
        self._refuse_shared(name, entry, edited=False)
        end = entry.end
        before = self._lines[entry.comment - 1].rstrip() if entry.comment else ""
        begins = len(before) - len(before.lstrip()) < entry.indent
        if begins and end < len(self._lines) and not self._lines[end].strip():
            end += 1  # else an empty line would begin the checks, or two would follow each other
        return self._replaced(entry.comment, end, "")

    # -- where things are

    def _sections(self) -> dict[str, _Entry]:
        return {} if self._root is None else self._entries(self._root, len(self._lines))

    def _checks(self) -> dict[str, _Entry]:
        section = self._sections().get("checks")
        if section is None or not isinstance(section.value, yaml.MappingNode):
            return {}
        return self._entries(section.value, section.end)

    @staticmethod
    def _found(entries: dict[str, _Entry], name: str) -> _Entry:
        if name not in entries:
            raise EditError(f"there is no {name!r}; there are {', '.join(entries) or 'none'}")
        return entries[name]

    def _entries(self, mapping: yaml.MappingNode, end: int) -> dict[str, _Entry]:
        if mapping.flow_style and mapping.value:
            raise EditError("the checks stand in braces; write them one below the other to edit them by a command")
        pairs = cast("list[tuple[Node, Node]]", mapping.value)
        marks = [cast("Any", key.start_mark) for key, _ in pairs]
        bounds = [*(mark.line for mark in marks[1:]), end][: len(pairs)]
        found: dict[str, _Entry] = {}
        previous_end = 0
        for (key, value), mark, bound in zip(pairs, marks, bounds, strict=True):
            own_end = self._own_end(mark.line, bound, mark.column)
            comment = mark.line
            while comment > previous_end and self._lines[comment - 1].strip().startswith("#"):
                comment -= 1
            found[str(key.value)] = _Entry(comment, mark.line, own_end, mark.column, value)
            previous_end = own_end
        return found

    def _own_end(self, first: int, bound: int, indent: int) -> int:
        """Return the line after the last of an entry: empty lines and comments as far left as the next key go there."""
        end = bound
        while end > first + 1:
            line: str = self._lines[end - 1]
            stripped = line.strip()
            outside = stripped.startswith("#") and len(line) - len(line.lstrip()) <= indent
            if stripped and not outside and stripped not in ("...", "---"):
                break
            end -= 1
        return end

    def _lines_of(self, entry: _Entry) -> str:
        lines = "".join(self._lines[entry.first : entry.end]).replace("\r\n", "\n")
        return re.sub(rf"^ {{0,{entry.indent}}}", "", lines, flags=re.MULTILINE).rstrip("\n") + "\n"

    # -- changes

    def _replaced(self, first: int, end: int, new: str) -> FileText:
        before = self._lines[:first]
        if new and before and not before[-1].endswith("\n"):
            before[-1] += self._newline
        return FileText("".join([*before, new.replace("\n", self._newline), *self._lines[end:]]))

    def _refuse_shared(self, name: str, entry: _Entry, *, edited: bool) -> None:
        inside, outside, aliases = set[str](), set[str](), False
        for event in self._anchored():
            is_inside = entry.first <= event.start_mark.line < entry.end
            if isinstance(event, yaml.AliasEvent):
                (inside if is_inside else outside).add(f"*{event.anchor}")
                aliases = aliases or is_inside
            else:
                (inside if is_inside else outside).add(f"&{event.anchor}")
        shared = sorted(each for each in inside if each[0] == "&" and f"*{each[1:]}" in outside)
        if shared:
            raise EditError(f"{name!r} has the anchor {shared[0]}, which other parts of the file use; edit it by hand")
        if edited and aliases:
            used = sorted(each for each in inside if each[0] == "*")
            raise EditError(f"{name!r} uses {used[0]}, which stands elsewhere in the file; edit it by hand")

    def _anchored(self) -> Iterator[Any]:
        parse: Callable[..., Iterator[Any]] = yaml.parse  # type: ignore[reportUnknownMemberType]
        for event in parse(self._text, Loader=yaml.SafeLoader):
            if getattr(event, "anchor", None):
                yield event


def decoded(raw: bytes) -> tuple[str, bytes]:
    """Return the text of a file, and its byte order mark, which may be empty.

    Raises
    ------
    EditError
        It is not UTF-8.
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise EditError("the file is UTF-16; save it as UTF-8 to edit it by a command")
    mark = codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""
    try:
        return raw[len(mark) :].decode(), mark
    except UnicodeDecodeError as error:
        raise EditError(f"the file is not UTF-8 at byte {error.start}; save it as UTF-8") from error
