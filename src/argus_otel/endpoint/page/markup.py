"""Writes HTML in which every text is escaped and redacted."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

_VOID = frozenset({"meta"})


class Markup(str):
    """HTML that is written already. Any other text is escaped before it is written."""

    __slots__ = ()


class Writer:
    """Writes elements.

    Parameters
    ----------
    redact:
        Removes secrets from a text.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact

    def text(self, text: str) -> Markup:
        """Return ``text`` so that a browser shows it literally, on one line, and in its own direction."""
        if isinstance(text, Markup):
            return text
        printable = "".join(letter if letter.isprintable() else " " for letter in text)
        return Markup(escape(self._redact(printable)))

    def element(self, tag: str, *children: str, **attributes: str | None) -> Markup:
        """Return an element.

        Parameters
        ----------
        attributes:
            With ``_`` for ``-``, and with a ``_`` at the end if Python reserves the word. Those that are ``None`` are
            left out.
        """
        written = "".join(
            f' {name.rstrip("_").replace("_", "-")}="{self.text(value)}"'
            for name, value in attributes.items()
            if value is not None
        )
        if tag in _VOID:
            return Markup(f"<{tag}{written}>")
        return Markup(f"<{tag}{written}>{''.join(map(self.text, children))}</{tag}>")
