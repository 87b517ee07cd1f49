"""Drawings of curves, by characters, as SVG and as PNG."""

from __future__ import annotations

import io
import math
import re
from collections import Counter
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from argus_otel.terminal.plots.characters import GAP, drawn, text_of
from argus_otel.terminal.plots.plot import Axis, Line, Plot, Spot, number_text
from argus_otel.terminal.plots.png import as_png
from argus_otel.terminal.plots.shapes import COLOURS
from argus_otel.terminal.plots.svg import as_svg

SVG = "{http://www.w3.org/2000/svg}"


def line(label: str, values: dict[float, float | None], band: float = 0.0) -> Line:
    return Line(
        label,
        tuple(
            Spot(x, None, None, None, 1) if value is None else Spot(x, value - band, value, value + band)
            for x, value in values.items()
        ),
    )


def plot(*lines: Line, logarithmic: bool = False) -> Plot:
    return Plot("loss", "step", lines, logarithmic=logarithmic)


def rows(made: Plot, *, coloured: bool = False, width: int = 60, height: int = 14) -> list[str]:
    return text_of(drawn(made, width, height, coloured=coloured)).splitlines()


FALLING = line("train", {float(x): 10.0 - x for x in range(11)})


def test_a_falling_curve_falls() -> None:
    title, *body = rows(plot(FALLING))
    assert title == "loss"
    curve = body[:10]
    firsts = [re.search(r"[⠁-⣿]", row) for row in curve]
    places = [found.start() for found in firsts if found]
    assert places == sorted(places)
    assert len(places) == 10
    assert curve[0].strip().startswith("10 ┤")
    assert curve[-1].strip().startswith("0 ┤")
    assert body[11].split() == ["0", "2", "4", "6", "8", "10", "step"]
    assert body[12] == "━━ train"


def test_what_is_no_number_is_a_gap_that_is_told() -> None:
    whole = {float(x): 1.0 for x in range(100)}
    drawing = rows(plot(line("train", {**whole, **dict.fromkeys(map(float, range(40, 60)))})))
    [flat] = [row for row in drawing[1:11] if re.search(r"[⠁-⣿]", row)]
    assert re.search(r"[⠁-⣿]+ {8,}[⠁-⣿]+", flat)
    foot = next(row for row in drawing if "└" in row)
    assert foot.index(GAP) == pytest.approx(
        flat.index(" ", flat.index("┤") + 1 if "┤" in flat else flat.index("│") + 1), abs=2
    )
    assert drawing[-1] == f"━━ train; 20 values are NaN or infinite: {GAP} on the axis"


def test_of_nothing_but_nan_there_is_an_empty_drawing() -> None:
    drawing = rows(plot(line("train", {0.0: None, 1.0: None})))
    assert not any(re.search(r"[⠁-⣿]", row) for row in drawing[1:11])
    assert "2 values are NaN or infinite" in drawing[-1]
    assert as_svg(plot(line("train", {0.0: None}))).count(b'class="gap"') == 1


def test_a_band_is_lighter_than_the_curve() -> None:
    banded = line("train", {float(x): 5.0 for x in range(200)}, band=4.0)
    cells = [row for row in rows(plot(banded))[1:11] if "⢕" in row or "⡪" in row]
    assert len(cells) >= 6


def test_several_curves_are_told_apart_without_colours() -> None:
    other = line("validation", {float(x): float(x) for x in range(11)})
    drawing = rows(plot(FALLING, other))
    assert drawing[-2:] == ["a train", "b validation"]
    assert {"a", "b"} <= set("".join(drawing[1:11]))
    coloured = drawn(plot(FALLING, other), 60, 14, coloured=True)
    assert {part.line for row in coloured for part in row} == {None, 0, 1}
    assert text_of(coloured).splitlines()[-1] == "━━ validation"


def test_marks_are_drawn_and_told() -> None:
    marked = Line("train", FALLING.spots, ((5.0, "attempt 2 from step 5"),))
    drawing = rows(plot(marked))
    assert sum("╎" in row for row in drawing[1:11]) >= 8
    assert "╎ attempt 2 from step 5" in drawing[-1]
    svg = as_svg(plot(marked)).decode()
    assert "attempt 2 from step 5</text>" in svg
    assert "stroke-dasharray" in svg


def test_a_logarithmic_axis_leaves_out_what_it_cannot_have() -> None:
    made = plot(line("train", {0.0: 100.0, 1.0: 0.0, 2.0: 0.01}), logarithmic=True)
    drawing = rows(made)
    assert [row.split()[0] for row in drawing[1:11] if "┤" in row] == ["100", "10", "1", "0.1", "0.01"]
    assert "0 and below are not on a logarithmic axis" in drawing[-1]


def test_an_svg_is_a_picture_that_says_what_it_has() -> None:
    values = {float(x): None if x in (4, 5) else 10.0 - x for x in range(11)}
    made = Plot('loss of <a & "b">\x1b[2J', "step", (line("train", values, band=1.0), FALLING))
    root = ElementTree.fromstring(as_svg(made))  # noqa: S314 - our own
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == 'loss of <a & "b"> [2J'
    assert len(root.findall(f"{SVG}path[@class='gap']")) == 2
    strokes = [path for path in root.findall(f"{SVG}path") if path.get("stroke-width") == "1.5"]
    assert len(strokes) == 3
    assert len(root.findall(f"{SVG}path[@fill-opacity]")) == 2
    assert [text.text for text in root.findall(f"{SVG}text")][-2:] == ["train; 2 values are NaN or infinite", "train"]


def pixels(made: Plot) -> Counter[tuple[int, int, int]]:
    """Return how many pixels of a picture have each colour."""
    with Image.open(io.BytesIO(as_png(made))) as image:
        assert image.size[0] == 2 * 960
        found = image.convert("RGB").getcolors(image.size[0] * image.size[1])
    assert found is not None
    return Counter({colour: number for number, colour in found})


def near(found: Counter[tuple[int, int, int]], colour: str) -> int:
    """Return how many pixels have nearly a colour: edges of lines are smooth."""
    wanted = bytes.fromhex(colour[1:])
    return sum(
        number for has, number in found.items() if all(abs(a - b) < 50 for a, b in zip(has, wanted, strict=True))
    )


def test_a_png_has_curves_bands_gaps_and_marks() -> None:
    first, second, *_ = COLOURS
    bare = pixels(plot(FALLING))
    assert near(bare, first) > 1000
    both = pixels(plot(FALLING, line("validation", {float(x): float(x) for x in range(11)})))
    assert near(both, second) > near(bare, second) + 1000
    banded = pixels(plot(line("train", {float(x): 10.0 - x for x in range(11)}, band=1.0)))
    assert banded[204, 227, 240] > 10_000  # a fifth of the first colour, on white
    holed = pixels(plot(line("train", {float(x): None if x in (4, 5) else 10.0 - x for x in range(11)})))
    assert near(holed, first) < near(bare, first) * 0.85
    marked = pixels(plot(Line("train", FALLING.spots, ((5.0, "attempt 2 from step 5"),))))
    assert near(marked, first) > near(bare, first) + 500
    assert near(pixels(plot(line("train", {0.0: None, 1.0: 1.0, 2.0: None}))), first) > 50


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=1, max_size=30),
    st.booleans(),
)
def test_any_numbers_can_be_drawn(values: list[float | None], logarithmic: bool) -> None:
    made = plot(line("x", {float(place): value for place, value in enumerate(values)}), logarithmic=logarithmic)
    drawing = rows(made)
    assert len(drawing) == 14
    assert "nan" not in as_svg(made).decode().lower().replace("nan or infinite", "")
    ElementTree.fromstring(as_svg(made))  # noqa: S314


@settings(deadline=None)
@given(st.floats(-1e15, 1e15), st.floats(-1e15, 1e15))
def test_ticks_are_on_the_axis_and_few(one: float, other: float) -> None:
    axis = Axis.of([one, other])
    assert 2 <= len(axis.ticks) <= 8
    places = [axis.place(tick) for tick in axis.ticks]
    assert all(place is not None and -1e-6 <= place <= 1 + 1e-6 for place in places)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.25, "0.25"),
        (12_000, "12k"),
        (3e-05, "3e-05"),
        (2_500_000, "2.5M"),
        (-4e9, "-4G"),
        (1000, "1000"),
        (1e15, "1e+15"),
    ],
)
def test_numbers_are_short(number: float, text: str) -> None:
    assert number_text(number) == text
    assert math.isfinite(float(number))


def test_times_are_told_by_their_span() -> None:
    made = Plot("loss", "UTC", (line("a", {1_700_000_000.0 + x * 3600: 1.0 for x in range(10)}),), times=True)
    assert re.search(r"\d\d:\d\d ", rows(made)[-2])
