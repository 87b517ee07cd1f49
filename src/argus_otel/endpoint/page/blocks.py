"""Writes the content of panels as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from argus_otel.panels import Cell, Column, Content, Fact, Facts, Table, Tone

from .markup import Markup, Writer
from .sparkline import sparkline


def section(write: Writer, title: str, summary: str, *content: str) -> Markup:
    """Return a part of the page under a heading."""
    name = title[:1].upper() + title[1:]
    heading = write.element("h2", name, *([write.element("small", summary)] if summary else []))
    return write.element("section", heading, *content)


def blocks(write: Writer, content: Content, label: str) -> list[Markup]:
    """Return the tables and facts of a panel.

    Parameters
    ----------
    label:
        Names the tables for those who do not see their heading.
    """
    return [table(write, block, label) if isinstance(block, Table) else tiles(write, block) for block in content]


def tiles(write: Writer, facts: Facts, *, prominent: bool = False) -> Markup:
    """Return facts side by side, each with its figure above its name."""
    return write.element(
        "dl", *(_tile(write, fact) for fact in facts.facts), class_="tiles prominent" if prominent else "tiles"
    )


def _tile(write: Writer, fact: Fact) -> Markup:
    note = [write.element("small", fact.note)] if fact.note else []
    figure = write.element(
        "dd", write.element("b", fact.cell.text, class_=_class(fact.cell)), sparkline(fact.cell.trend)
    )
    return write.element("div", write.element("dt", fact.name, *note), figure)


def table(write: Writer, content: Table, label: str) -> Markup:
    """Return a table with headings, and the line below it."""
    rest = [write.element("p", content.rest, class_="rest")] if content.rest else []
    if not content.rows:
        return Markup("".join(rest))
    headings = [
        write.element("th", column.heading, scope="col", class_=_classes(_of_column(column)))
        for column in content.columns
    ]
    drawn = write.element(
        "table",
        write.element("thead", write.element("tr", *headings)),
        write.element("tbody", *(_row(write, content.columns, row) for row in content.rows)),
    )
    # A table that is wider than a phone is scrolled by itself; with a keyboard, that needs a focus.
    scrolled = write.element("div", drawn, class_="table", role="region", tabindex="0", aria_label=label)
    return Markup("".join((scrolled, *rest)))


def _row(write: Writer, columns: Sequence[Column], row: Sequence[Cell]) -> Markup:
    cells: list[Markup] = []
    for index, (column, cell) in enumerate(zip(columns, row, strict=True)):
        text = cell.text.strip()
        part = "part" if cell.text.startswith(" ") else ""
        cells.append(
            write.element(
                "td" if index else "th",
                sparkline(cell.trend),
                text,
                scope=None if index else "row",
                class_=_classes((*_of_column(column), part, _class(cell) or "")),
            )
        )
    return write.element("tr", *cells)


def _class(cell: Cell) -> str | None:
    return None if cell.tone is Tone.PLAIN else cell.tone.value


def _of_column(column: Column) -> tuple[str, ...]:
    return "number" if column.number else "", "spare" if column.needs else "", "" if column.at_most is None else "long"


def _classes(names: Sequence[str]) -> str | None:
    return " ".join(filter(None, names)) or None
