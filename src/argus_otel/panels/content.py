"""What a panel returns: tables and facts, whose cells have a text and a meaning, but no colour and no markup."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, TypeAlias

Trend: TypeAlias = "Sequence[tuple[float, float]]"
"""A figure over time, oldest first: (the length of a step in seconds, the value in it)."""


class Tone(Enum):
    """The meaning of a text, which is drawn as its colour."""

    PLAIN = "plain"
    MUTED = "muted"
    GOOD = "good"
    CAUTION = "caution"
    BAD = "bad"


class Cell(NamedTuple):
    """One text.

    Attributes
    ----------
    text:
        Drawn literally, whatever it contains.
    trend:
        How the figure changed; drawn where there is space for a line, which a terminal has not.
    """

    text: str
    tone: Tone = Tone.PLAIN
    trend: Trend = ()


class Column(NamedTuple):
    """A column of a table.

    Attributes
    ----------
    number:
        Whether it holds figures, which are aligned to the right and never cut.
    at_most:
        The greatest width on a terminal, in characters.
    needs:
        The least width of the screen, in characters, at which it is drawn. A phone shows no column that needs any.
    """

    heading: str
    number: bool = True
    at_most: int | None = None
    needs: int = 0


def columns(names: Sequence[str], figures: Sequence[str]) -> tuple[Column, ...]:
    """Return columns of words, and then columns of figures, by their headings."""
    return (*(Column(name, number=False) for name in names), *map(Column, figures))


class Table(NamedTuple):
    """Rows of cells; the first column names the row.

    Attributes
    ----------
    rest:
        The line below: how many rows are left out, or why there are none.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    rest: str = ""


class Fact(NamedTuple):
    """A figure with its name, such as ``tasks 12``.

    Attributes
    ----------
    note:
        A few words that qualify it; drawn where there is space.
    """

    name: str
    cell: Cell
    note: str = ""


class Facts(NamedTuple):
    """Figures side by side."""

    facts: Sequence[Fact]


Content: TypeAlias = "Sequence[Table | Facts]"
"""What a panel shows, from top to bottom."""
