"""Draws panels for a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel as Box
from rich.table import Table as RichTable
from rich.text import Text

from argus_otel.panels import Cell, Facts, Panel, Table, Tone, View

from .formatting import words

_STYLES = {Tone.PLAIN: "", Tone.MUTED: "dim", Tone.GOOD: "green", Tone.CAUTION: "yellow", Tone.BAD: "red"}


def drawn(panel: Panel, view: View, width: int) -> RenderableType:
    """Return ``panel`` as Rich prints it: in a box if it stands beside another, else over the whole width.

    Parameters
    ----------
    width:
        The terminal's, in characters.
    """
    content = panel.draw(view)
    summary = panel.summary(view)
    title = f"{panel.name}: {summary}" if summary else panel.name
    if panel.ratio:
        parts = [_narrow(part, width) if isinstance(part, Table) else _line(part) for part in content]
        return Box(Group(*parts), title=words(title), title_align="left", box=box.ROUNDED)
    return Group(
        *(
            _wide(part, title, width) if isinstance(part, Table) else _line(part, " " if index else panel.name)
            for index, part in enumerate(content)
        )
    )


def _narrow(table: Table, width: int) -> RichTable:
    kept = _kept(table, width)
    found = RichTable(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    for index in kept:
        column = table.columns[index]
        found.add_column(column.heading, justify="right" if column.number else "left", no_wrap=True)
    for row in table.rows:
        found.add_row(*(_cell(row[index]) for index in kept))
    if table.rest:
        found.caption, found.caption_justify = words(table.rest), "left"
    return found


def _wide(table: Table, title: str, width: int) -> RichTable:
    kept = _kept(table, width)
    found = RichTable(
        title=words(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False, expand=True
    )
    for index in kept:
        column, main = table.columns[index], index == 0
        found.add_column(
            column.heading,
            justify="right" if column.number else "left",
            no_wrap=True,
            max_width=column.at_most,
            ratio=1 if main else None,
            min_width=16 if main else None,
        )
    for row in table.rows:
        found.add_row(*(_cell(row[index]) for index in kept))
    if table.rest:
        found.caption, found.caption_justify = words(table.rest), "left"
    return found


def _kept(table: Table, width: int) -> list[int]:
    return [index for index, column in enumerate(table.columns) if width >= column.needs]


def _line(facts: Facts, name: str = "") -> Text:
    line = Text(f"{name:<7}" if name else "", "bold")
    for fact in facts.facts:
        line.append("   ").append(words(f"{fact.name} ")).append(_cell(fact.cell))
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _cell(cell: Cell) -> Text:
    return words(cell.text, _STYLES[cell.tone])
