"""The formats of reports: Markdown and HTML. Every text is escaped: names may be what a user of the graph has said."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Protocol

from argus_otel.terminal.records import text_of

_MARKS = re.compile(r"[\\`*\[\]<>#|~!&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


class Form(Protocol):
    """A format."""

    def text(self, text: str) -> str:
        """Return a text so that it is shown as it is."""
        ...

    def lines(self, lines: Sequence[str]) -> str:
        """Return lines for a block in which spaces count."""
        ...

    def items(self, texts: Sequence[str]) -> str:
        """Return a list."""
        ...

    def table(self, names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """Return a table."""
        ...


class Markdown:
    """As GitHub draws it."""

    def text(self, text: str) -> str:
        """Return a text so that it is shown as it is."""
        return _MARKS.sub(r"\\\g<0>", _printable(text))

    def lines(self, lines: Sequence[str]) -> str:
        """Return lines for a fenced block, which none of them ends."""
        return "\n".join(_printable(line).replace("`", "'").replace("~", "-") for line in lines)

    def items(self, texts: Sequence[str]) -> str:
        """Return a list."""
        return "\n".join(f"- {self.text(text)}" for text in texts)

    def table(self, names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """Return a table."""
        head = (self._row(names), self._row(["---"] * len(names), escaped=False))
        return "\n".join((*head, *map(self._row, rows)))

    def _row(self, cells: Sequence[str], *, escaped: bool = True) -> str:
        return f"| {' | '.join(map(self.text, cells) if escaped else cells)} |"


class Html:
    """For a browser."""

    def text(self, text: str) -> str:
        """Return a text so that it is shown as it is, in elements and attributes."""
        return html.escape(_printable(text))

    def lines(self, lines: Sequence[str]) -> str:
        """Return lines for ``<pre>``."""
        return "\n".join(map(self.text, lines))

    def items(self, texts: Sequence[str]) -> str:
        """Return a list."""
        return "\n".join(("<ul>", *(f"<li>{self.text(text)}</li>" for text in texts), "</ul>"))

    def table(self, names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """Return a table."""
        head = [self._row("th", names)] if any(names) else []
        return "\n".join(("<table>", *head, *(self._row("td", row) for row in rows), "</table>"))

    def _row(self, element: str, cells: Sequence[str]) -> str:
        return f"<tr>{''.join(f'<{element}>{self.text(cell)}</{element}>' for cell in cells)}</tr>"


FORMS: dict[str, Form] = {"md": Markdown(), "html": Html()}


def _printable(text: str) -> str:
    return text_of(text) if text else ""
