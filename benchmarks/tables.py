"""Tables of variants, and their rendering for the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .results import Result


@dataclass(frozen=True)
class Table:
    """The results of one measurement.

    Attributes
    ----------
    part, name:
        Its identification, in JSON too.
    digits:
        The number of decimal places.
    notes:
        Lines below the table.
    """

    part: str
    name: str
    title: str
    unit: str
    results: Sequence[Result]
    digits: int = 2
    notes: Sequence[str] = field(default=())

    def __getitem__(self, name: str) -> Result:
        """Return the row of that name."""
        return next(result for result in self.results if result.name == name)

    def __contains__(self, name: str) -> bool:
        """Whether there is a row of that name."""
        return any(result.name == name for result in self.results)

    @property
    def control(self) -> Result:
        """The first of the controls."""
        return next(result for result in self.results if result.control)

    @property
    def heading(self) -> str:
        """Its title, with the part and the number of rounds."""
        return f"{self.part}: {self.title} ({self.rounds} rounds)"

    @property
    def rounds(self) -> int:
        """The number of rounds, which is lower after an interruption."""
        return min(len(result.differences) for result in self.results)

    def cells(self) -> list[list[str]]:
        """Return the headings, and the cells of each row, its name first."""
        records = any(result.records is not None for result in self.results)
        ratios = any(result.ratio is not None for result in self.results)
        rows = [["", f"each, {self.unit}", f"added, {self.unit}", "95 % of the added", "ratio", "records"]]
        for result in self.results:
            spread = f"{result.low:+.{self.digits}f} … {result.high:+.{self.digits}f}"
            cells = [result.name, f"{result.each:.{self.digits}f}", f"{result.added:+.{self.digits}f}", spread]
            cells.append("" if result.ratio is None else f"{result.ratio:+.1%}")
            cells.append("" if result.records is None else f"{result.records:.2f}")
            rows.append(cells)
        shown = 4 + ratios + (ratios and records)
        return [row[:shown] for row in rows]


@dataclass(frozen=True)
class Statements:
    """What was found out of each variant, in words: a table without times.

    Attributes
    ----------
    part, name:
        Its identification, in JSON too.
    about:
        What was done, and what the words mean.
    columns:
        The headings, the first of them over the rows' names.
    rows:
        The cells, each row's name first.
    notes:
        Lines below the table.
    """

    part: str
    name: str
    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = field(default=())

    @property
    def heading(self) -> str:
        """Its title, with the part."""
        return f"{self.part}: {self.title}"

    def cells(self) -> list[list[str]]:
        """Return the headings and the rows."""
        return [list(self.columns), *map(list, self.rows)]


Shown = Table | Statements


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as columns of a terminal: the first to the left, the others to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def as_list(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of texts for a terminal: the name of each, and below it a line for each column."""
    lines: list[str] = []
    width = max(map(len, rows[0]))
    for row in rows[1:]:
        lines += [row[0], *(f"  {column:<{width}}  {cell}" for column, cell in zip(rows[0][1:], row[1:], strict=True))]
    return "\n".join(line.rstrip() for line in lines)


def as_markdown(rows: Sequence[Sequence[str]], numbers: bool = True) -> str:
    """Return rows as a table of Markdown, whose columns but the first are numbers, or texts."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, f"|---{('|---:' if numbers else '|---') * (len(rows[0]) - 1)}|")
    return "\n".join(lines)
