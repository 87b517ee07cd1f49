"""Writes a drawing of curves as PNG, by Pillow: for chats and documents that show no SVG."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import dist
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from .plot import Plot
from .shapes import Area, Box, Dot, Gap, Picture, Place, Stroke, Text

_SCALE: Final = 2
"""How many pixels of the file are a pixel of a picture: for screens that have many, and to be read when enlarged."""
_SMOOTH: Final = 2
"""How much larger it is drawn than written, since Pillow draws lines with steps."""
_DRAWN: Final = _SCALE * _SMOOTH
_DASH: Final = 4.0
_ANCHORS: Final = {"start": "ls", "middle": "ms", "end": "rs"}
_SEEN_THROUGH: Final = 51  # of 255, as 0.2 in an SVG


def as_png(plot: Plot) -> bytes:
    """Return the contents of a PNG file, of twice as many pixels as an SVG in each direction."""
    picture = Picture(plot)
    size = (picture.width * _DRAWN, picture.full_height * _DRAWN)
    image = Image.new("RGBA", size, "#ffffff")
    for shape in picture.shapes():
        if isinstance(shape, Area):  # alone on a sheet that one sees through
            sheet = Image.new("RGBA", size)
            ImageDraw.Draw(sheet).polygon(_scaled(shape.places), fill=f"{shape.colour}{_SEEN_THROUGH:02x}")
            image.alpha_composite(sheet)
        else:
            _draw(ImageDraw.Draw(image), shape)
    image = image.convert("RGB").resize((size[0] // _SMOOTH, size[1] // _SMOOTH), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def _draw(on: ImageDraw.ImageDraw, shape: Text | Stroke | Box | Dot | Gap) -> None:
    match shape:
        case Text((x, y), text, anchor, colour, size):
            font = ImageFont.load_default(size * _DRAWN)
            on.text((x * _DRAWN, y * _DRAWN), text, fill=colour, font=font, anchor=_ANCHORS[anchor])
        case Stroke(places, colour, width, dashed):
            for part in _dashes(*places) if dashed else [places]:
                on.line(_scaled(part), fill=colour, width=round(width * _DRAWN), joint="curve")
        case Box(first, last, colour):
            on.rectangle(_scaled([first, last]), fill=colour)
        case Dot((x, y), colour):
            on.ellipse(_scaled([(x - 2, y - 2), (x + 2, y + 2)]), fill=colour)
        case Gap((x, y), colour):
            for part in ([(x - 4, y - 4), (x + 4, y + 4)], [(x - 4, y + 4), (x + 4, y - 4)]):
                on.line(_scaled(part), fill=colour, width=_DRAWN)


def _scaled(places: Sequence[Place]) -> list[Place]:
    return [(x * _DRAWN, y * _DRAWN) for x, y in places]


def _dashes(*places: Place) -> Iterator[tuple[Place, Place]]:
    for (x, y), (to_x, to_y) in pairwise(places):
        number = max(1, round(dist((x, y), (to_x, to_y)) / _DASH))
        across, down = (to_x - x) / number, (to_y - y) / number
        for each in range(0, number, 2):
            yield (x + each * across, y + each * down), (x + (each + 1) * across, y + (each + 1) * down)
