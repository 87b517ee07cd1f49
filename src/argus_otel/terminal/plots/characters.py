"""Draws curves by characters: those of Braille, which have two by four dots; or letters, where there is no colour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .plot import Axis, Line, Plot, number_text

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE = 0x2800
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
GAP = "×"  # noqa: RUF001 - the sign, as it is meant
_MARK, _BAND = "╎", "·"


@dataclass(frozen=True, slots=True)
class Part:
    """Some characters of one row, and the number of the line that they belong to; ``None`` for axes and texts."""

    text: str
    line: int | None = None


Row = list[Part]


def drawn(plot: Plot, width: int, height: int, *, coloured: bool) -> list[Row]:
    """Return the rows of a drawing: title, curves with axes, and what each curve is.

    Parameters
    ----------
    width, height:
        Of all of it but the legend, in characters.
    coloured:
        Whether lines can be told by their colours. If not, several ones are drawn by letters.
    """
    x, y = plot.x, plot.y
    labels = {tick: number_text(tick) for tick in y.ticks}
    margin = max(map(len, labels.values()), default=1)
    columns, rows = max(10, width - margin - 3), max(4, height - 4)
    canvas = _Canvas(columns, rows)
    for draw in (_band, _mean):  # means last: they are on top
        for number, line in enumerate(plot.lines):
            draw(canvas, number, line, x, y)
    letters = len(plot.lines) > 1 and not coloured
    made: list[Row] = [[Part(plot.title)]]
    at = {_row(y.place(tick) or 0.0, rows): text for tick, text in labels.items()}
    for row in range(rows):
        label = at.get(row, "")
        made.append([Part(f"{label:>{margin}} {'┤' if label else '│'}"), *canvas.parts(row, letters=letters)])
    made.append([Part(f"{'':>{margin}} └"), *_foot(canvas)])
    made.append([Part(" " * (margin + 2) + _x_labels(plot, x, columns))])
    for number, line in enumerate(plot.lines):
        sign = _LETTERS[number % len(_LETTERS)] if letters else "━━"
        made.append([Part(f"{sign} ", number), Part(_legend(line, plot))])
    return made


def text_of(rows: list[Row]) -> str:
    """Return rows without colours."""
    return "\n".join("".join(part.text for part in row).rstrip() for row in rows)


class _Canvas:
    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._dots = [[0] * columns for _ in range(rows)]
        self._lines: list[list[int | None]] = [[None] * columns for _ in range(rows)]
        self._in_bands = [[True] * columns for _ in range(rows)]
        self.gaps: dict[int, int] = {}
        self.marks: set[int] = set()

    def dot(self, across: int, down: int, line: int, *, in_band: bool = False) -> None:
        """Set a dot; there are two by four in a character. A mean's character is not changed by bands."""
        column, row = across // 2, down // 4
        if 0 <= column < self.columns and 0 <= row < self.rows:
            self._dots[row][column] |= _DOTS[down % 4][across % 2]
            self._lines[row][column] = line
            self._in_bands[row][column] = in_band

    def parts(self, row: int, *, letters: bool) -> Iterator[Part]:
        """Return one row, the neighbours of one line together."""
        text, of_line = "", None
        for column in range(self.columns):
            dots, line = self._dots[row][column], self._lines[row][column]
            if not dots:
                letter, line = (_MARK if column in self.marks else " "), None
            elif letters and line is not None:
                letter = _BAND if self._in_bands[row][column] else _LETTERS[line % len(_LETTERS)]
            else:
                letter = chr(_BRAILLE + dots)
            if text and line != of_line:
                yield Part(text, of_line)
                text = ""
            text, of_line = text + letter, line
        yield Part(text, of_line)


def _band(canvas: _Canvas, number: int, line: Line, x: Axis, y: Axis) -> None:
    """Draw every other dot from the greatest value to the least, and where something begins."""
    across, down = canvas.columns * 2 - 1, canvas.rows * 4 - 1
    for spot in line.spots:
        top, bottom = _level(spot.high, y, down), _level(spot.low, y, down)
        if spot.low != spot.high and top is not None:
            column = round((x.place(spot.x) or 0.0) * across)
            for place in range(top, down + 1 if bottom is None else bottom + 1):
                if (column + place) % 2 == 0:
                    canvas.dot(column, place, number, in_band=True)
    for place, _ in line.marks:
        canvas.marks.add(round((x.place(place) or 0.0) * across) // 2)


def _mean(canvas: _Canvas, number: int, line: Line, x: Axis, y: Axis) -> None:
    """Draw the curve, which has a gap where no value is a finite number."""
    across, down = canvas.columns * 2 - 1, canvas.rows * 4 - 1
    before: tuple[int, int] | None = None
    for spot in line.spots:
        column, middle = round((x.place(spot.x) or 0.0) * across), _level(spot.mean, y, down)
        if spot.nonfinite:
            canvas.gaps[column // 2] = number
        if middle is None:
            before = None
            continue
        for dot in _between(before or (column, middle), (column, middle)):
            canvas.dot(*dot, number)
        before = column, middle


def _level(value: float | None, y: Axis, down: int) -> int | None:
    place = None if value is None else y.place(value)
    return None if place is None else down - round(place * down)


def _between(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    for step in range(steps + 1):
        share = step / steps if steps else 1.0
        yield round(start[0] + (end[0] - start[0]) * share), round(start[1] + (end[1] - start[1]) * share)


def _row(place: float, rows: int) -> int:
    return (rows * 4 - 1 - round(place * (rows * 4 - 1))) // 4


def _foot(canvas: _Canvas) -> Iterator[Part]:
    """Return the x-axis, with a sign wherever a value is no finite number."""
    for column in range(canvas.columns):
        line = canvas.gaps.get(column)
        yield Part("─") if line is None else Part(GAP, line)


def _x_labels(plot: Plot, x: Axis, columns: int) -> str:
    row = [" "] * columns
    free = 0
    for tick in x.ticks:
        text = plot.x_text(tick, x.high - x.low)
        place = min(round((x.place(tick) or 0.0) * (columns - 1)), columns - len(text))
        if place >= free:
            row[place : place + len(text)] = text
            free = place + len(text) + 2
    return f"{''.join(row).rstrip()}  {plot.x_label}"


def _legend(line: Line, plot: Plot) -> str:
    words = [line.label]
    if line.nonfinite:
        plural = line.nonfinite > 1
        words.append(f"{line.nonfinite} value{'s are' if plural else ' is'} NaN or infinite: {GAP} on the axis")
    marks = [label for _, label in line.marks]
    if marks:
        words.append(f"{_MARK} {', '.join(marks)}")
    if plot.logarithmic and any(spot.low is not None and spot.low <= 0 for spot in line.spots):
        words.append("values of 0 and below are not on a logarithmic axis")
    return "; ".join(words)
