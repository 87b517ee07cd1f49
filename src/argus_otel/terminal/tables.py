"""Tables of a program's most frequent work, the busiest rows first."""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.table import Table
from rich.text import Text

from argus_otel.scrape.buckets import Buckets
from argus_otel.scrape.exposition import Group

from .formatting import quantile

NO_BUCKETS = Buckets()
"""The distribution of a group that has none."""


def wide_table(
    title: str, names: tuple[str, ...], numbers: tuple[str, ...], at_most: Mapping[str, int] | None = None
) -> Table:
    """Return an empty table over the whole width, whose first column takes the space that is left.

    Parameters
    ----------
    names:
        The headings of the columns that identify a row; the first of them is shortened if there is little space.
    numbers:
        The headings of the columns of numbers, which are never cut.
    at_most:
        The greatest width of a column of numbers, in characters, by its heading.
    """
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False, expand=True
    )
    for name in names:
        main = name == names[0]
        table.add_column(name, no_wrap=True, ratio=1 if main else None, min_width=16 if main else None)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True, max_width=(at_most or {}).get(heading))
    return table


def note_rest(table: Table, known: int, rows: int, none: str) -> None:
    """Add below ``table`` how many of the ``known`` rows it omits, or ``none`` if it has no row."""
    if known > rows:
        table.caption, table.caption_justify = f"and {known - rows} more", "left"
    elif not known:
        table.caption, table.caption_justify = none, "left"


def busiest(whole: Mapping[Group, Buckets], recent: Mapping[Group, Buckets], rows: int) -> list[Group]:
    """Return at most ``rows`` groups: those with most values in ``recent`` first, then those with most in ``whole``."""

    def order(group: Group) -> tuple[float, float, Group]:
        return -recent.get(group, NO_BUCKETS).count, -whole[group].count, group

    return sorted(whole, key=order)[:rows]


def recent_quantiles(whole: Buckets, recent: Buckets) -> tuple[Text, Text]:
    """Return median and 95 % quantile: of ``recent`` if it has values, else of ``whole``, which is drawn dim."""
    buckets, style = (recent, "") if recent.count else (whole, "dim")
    return Text(quantile(buckets, 0.5), style), Text(quantile(buckets, 0.95), style)
