"""Formats foreign text for the terminal."""

from __future__ import annotations

from rich.text import Text


def words(text: str, style: str = "") -> Text:
    """Return ``text`` of foreign origin so that it is drawn literally: no markup, no control characters."""
    return Text("".join(letter if letter.isprintable() else " " for letter in text), style)
