"""Prints dataclasses: as tables for people, as JSON or CSV for programs.

The metadata of a field may name its ``unit``: ``id``, ``short id`` (of which a table has the first letters), ``s``
(seconds), ``duration`` (seconds, of hours and days too), ``number`` (of any size), ``share`` (0 to 1), ``precise
share``, or ``series``, a tuple of counts with a column each, which a table shows as shares of the field that ``of``
names.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from importlib.util import find_spec
from math import isfinite, isnan
from typing import Any, cast

NO_RECORDS = "No matching history."

_NOTHING = "-"
_SHORT = 8
_FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - which some spreadsheets take for the plain ones
_WEEKDAYS: tuple[str, ...] = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def show(records: Sequence[Any], form: str, hidden: Sequence[str] = ()) -> int:
    """Print records, all of one dataclass; return 0.

    Parameters
    ----------
    form:
        ``table``, ``json`` or ``csv``.
    hidden:
        The columns that a table omits.
    """
    if form == "json":
        print_json(records)
    elif form == "csv":
        print_csv(records)
    elif not records:
        print(NO_RECORDS)
    else:
        print_table(records, hidden)
    return 0


def print_json(value: Any) -> None:
    """Print a record, a sequence of them, or ``None``."""
    print(json.dumps(_plain(value), indent=2))


def _plain(value: Any, unit: str = "") -> Any:
    """Return a value that JSON can hold. Ids become text: JavaScript and jq round numbers of that size.

    So does what is no finite number, spelt as OTLP spells it, for JSON has none.
    """
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), _unit(field)) for field in fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in cast("Sequence[object]", value)]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return str(value) if unit == "id" else value


def print_csv(records: Sequence[Any]) -> None:
    """Print records with a line of names; nothing for none."""
    if not records:
        return
    plain, series = _fields(records[0])
    longest = _longest(records, series)
    # One line ending on every system, as JSON and tables have it.
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*(field.name for field in plain), *(f"{series.name}_{age}" for age in range(longest) if series)])
    for record in records:
        numbers = getattr(record, series.name) if series else ()
        writer.writerow([*(_inert(_plain(_joined(getattr(record, field.name)))) for field in plain), *numbers])


def _joined(value: Any) -> Any:
    """Return the texts of a tuple as one; any other value unchanged."""
    return ", ".join(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType]


def _fields(record: Any) -> tuple[list[Any], Any]:
    """Return the fields of a record, and apart from them the series, if there is one."""
    series = next((field for field in fields(record) if _unit(field) == "series"), None)
    return [field for field in fields(record) if field is not series], series


def _longest(records: Sequence[Any], series: Any) -> int:
    return max(len(getattr(record, series.name)) for record in records) if series else 0


def _inert(cell: Any) -> Any:
    """Return text that a spreadsheet takes for text and a terminal for letters; any other value unchanged.

    A beginning of a formula gets a ' before it: https://owasp.org/www-community/attacks/CSV_Injection
    """
    if not isinstance(cell, str):
        return cell
    text = _printable(cell)
    return f"'{text}" if text.lstrip()[:1] in _FORMULAS else text


def print_table(records: Sequence[Any], hidden: Sequence[str] = (), title: str = "") -> None:
    """Print records as a table; nothing for none."""
    if not records:
        return
    plain, series = _fields(records[0])
    shown = [field for field in plain if field.name not in hidden]
    names = [field.name.removesuffix("_id").replace("_", " ") for field in shown]
    rows = [[_cell(getattr(record, field.name), field.name, _unit(field)) for field in shown] for record in records]
    right = [isinstance(getattr(records[0], field.name), (int, float)) or not field.name for field in shown]
    longest = _longest(records, series)
    names += [str(age) for age in range(longest)]
    right += [True] * longest
    if series:
        for row, record in zip(rows, records, strict=True):
            numbers = getattr(record, series.name)
            row += [_share(number / getattr(record, series.metadata["of"])) for number in numbers]
            row += [""] * (longest - len(numbers))
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
        table.add_row(*map(Text, row))  # names that users chose are text, not markup
    Console().print(table)


def _written(names: list[str], rows: list[list[str]], right: list[bool], title: str) -> None:
    """Print without rich, or into a file: no cell is cut, and each row is one line."""
    if title:
        print(title)
    widths = [max(len(row[column]) for row in [names, *rows]) for column in range(len(names))]
    for row in [names, *rows]:
        cells = (
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(row, widths, right, strict=True)
        )
        print("  ".join(cells).rstrip())


def text_of(value: object) -> str:
    """Return a value as a cell of a table has it."""
    return _cell(value, "", "")


def _cell(value: Any, name: str, unit: str) -> str:
    value = _joined(value)
    if value is None or value == "":
        return _NOTHING
    if name == "weekday":
        return _WEEKDAYS[int(value)]
    if unit == "id":
        return str(value)
    if unit == "short id":
        return _printable(str(value)[:_SHORT])
    if unit == "share":
        return _share(value)
    if unit == "precise share":
        return f"{value:.3%}"
    if unit == "s":
        return _seconds(value)
    if unit == "duration":
        return duration_text(value)
    if unit == "number":
        return f"{value:.5g}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int):
        return f"{value:,}"
    return _printable(str(value))


def _printable(text: str) -> str:
    # A name that a user chose may not move the terminal's cursor.
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _share(value: float) -> str:
    return f"{value:.1%}"


def _seconds(value: float) -> str:
    if value == 0:
        return _NOTHING
    if value < 0.00095:
        return f"{value * 1000:.1f} ms"
    return f"{value * 1000:.0f} ms" if value < 0.9995 else f"{value:.2f} s"


def duration_text(value: float) -> str:
    """Return a duration by its two largest units: ``3d 4h``, ``12m 30s``."""
    if 0 < abs(value) < 60:
        return f"{value:.3g}s"
    sign, left = "-" if value < 0 else "", round(abs(value))
    words: list[str] = []
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        number, left = divmod(left, length)
        if number or words:
            words.append(f"{number}{unit}" if number else "")
        if len(words) == 2:
            break
    return sign + " ".join(filter(None, words)) if words else _NOTHING


def _unit(field: Any) -> str:
    return str(field.metadata.get("unit", ""))
