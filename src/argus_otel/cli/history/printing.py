"""Prints answers: as tables for people, as JSON or CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields, is_dataclass
from datetime import date, datetime
from importlib.util import find_spec
from typing import Any, cast

from argus_otel.history.answers import Cohort, Story

_NOTHING = "-"
_FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - which some spreadsheets take for the plain ones
_WEEKDAYS: tuple[str, ...] = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def show(answers: Sequence[Any] | Story | None, form: str, hidden: Sequence[str]) -> int:
    """Print answers; return 0.

    Parameters
    ----------
    form:
        ``table``, ``json`` or ``csv``.
    hidden:
        The columns that a table leaves out.
    """
    if form == "json":
        print(json.dumps(_plain(answers), indent=2))
    elif form == "csv":
        rows = answers.days if isinstance(answers, Story) else answers
        _csv(rows or ())
    elif isinstance(answers, Story):
        _story(answers)
    elif not answers:
        print("Nothing in history fits.")
    else:
        _table(answers, hidden)
    return 0


def _plain(value: Any, unit: str = "") -> Any:
    """Return what JSON can hold. Ids become text: JavaScript and jq round numbers of that size."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), _unit(field)) for field in fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in cast("Sequence[object]", value)]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if unit == "id" else value


def _csv(answers: Sequence[Any]) -> None:
    if not answers:
        return
    longest = max((len(answer.active) for answer in answers if isinstance(answer, Cohort)), default=0)
    # One line ending on every system, as JSON and tables have it.
    writer = csv.writer(sys.stdout, lineterminator="\n")
    names = [name for name in asdict(answers[0]) if name != "active"]
    writer.writerow([*names, *(f"active_{age}" for age in range(longest))])
    for answer in answers:
        ages = answer.active if isinstance(answer, Cohort) else ()
        writer.writerow([*(_inert(_plain(getattr(answer, name))) for name in names), *ages])


def _inert(cell: Any) -> Any:
    """Return what a spreadsheet takes for text, and a terminal for letters; what is no text stays as it is.

    What begins a formula there has a ' before it: https://owasp.org/www-community/attacks/CSV_Injection
    """
    if not isinstance(cell, str):
        return cell
    text = _printable(cell)
    return f"'{text}" if text.lstrip()[:1] in _FORMULAS else text


def _table(answers: Sequence[Any], hidden: Sequence[str] = (), title: str = "") -> None:
    if not answers:
        return
    shown = [field for field in fields(answers[0]) if field.name not in hidden and field.name != "active"]
    names = [field.name.removesuffix("_id").replace("_", " ") for field in shown]
    rows = [[_cell(getattr(answer, field.name), field.name, _unit(field)) for field in shown] for answer in answers]
    right = [isinstance(getattr(answers[0], field.name), (int, float)) or not field.name for field in shown]
    if isinstance(answers[0], Cohort):
        longest = max(len(answer.active) for answer in answers)
        names += [str(age) for age in range(longest)]
        right += [True] * longest
        for row, answer in zip(rows, answers, strict=True):
            row += [_share(guilds / answer.guilds) for guilds in answer.active]
            row += [""] * (longest - len(answer.active))
    if sys.stdout.isatty() and find_spec("rich"):
        _drawn(names, rows, right, title)
    else:
        _written(names, rows, right, title)


def _drawn(names: list[str], rows: list[list[str]], right: list[bool], title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False)
    for name, numeric in zip(names, right, strict=True):
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # what users chose is text, not markup
    Console().print(table)


def _written(names: list[str], rows: list[list[str]], right: list[bool], title: str) -> None:
    """Without rich, or into a file: nothing is cut, and each row is one line."""
    if title:
        print(title)
    widths = [max(len(row[column]) for row in [names, *rows]) for column in range(len(names))]
    for row in [names, *rows]:
        cells = (
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(row, widths, right, strict=True)
        )
        print("  ".join(cells).rstrip())


def _story(story: Story) -> None:
    joined, left = (_cell(moment, "", "") for moment in (story.joined, story.left))
    print(f"guild {story.guild_id}")
    print(f"joined {joined}, left {left}; known from {_cell(story.first, '', '')} to {_cell(story.last, '', '')}")
    print(f"{story.uses:,} uses, {story.users:,} users")
    parts = (("days", story.days), ("commands", story.commands), ("errors", story.errors), ("latest", story.recent))
    for title, rows in parts:
        if rows:
            print()
            _table(rows, ("guild_id",), title)


def _cell(value: Any, name: str, unit: str) -> str:
    if value is None or value == "":
        return _NOTHING
    if name == "weekday":
        return _WEEKDAYS[int(value)]
    if unit == "id":
        return str(value)
    if unit == "share":
        return _share(value)
    if unit == "s":
        return _seconds(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int):
        return f"{value:,}"
    return _printable(str(value))


def _printable(text: str) -> str:
    # A command's name, or what else a user chose, may not move a terminal's cursor.
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _share(value: float) -> str:
    return f"{value:.1%}"


def _seconds(value: float) -> str:
    if value == 0:
        return _NOTHING
    return f"{value * 1000:.0f} ms" if value < 0.9995 else f"{value:.2f} s"


def _unit(field: Any) -> str:
    return str(field.metadata.get("unit", ""))
