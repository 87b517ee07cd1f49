"""Writes a drawing of curves as SVG, without any library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from .plot import Plot
from .shapes import INK, Area, Box, Dot, Gap, Picture, Place, Shape, Stroke, Text


def as_svg(plot: Plot) -> bytes:
    """Return the contents of an SVG file, in UTF-8."""
    return ("\n".join(_elements(Picture(plot))) + "\n").encode()


def _elements(picture: Picture) -> Iterator[str]:
    width, height = picture.width, picture.full_height
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" font-family="sans-serif" font-size="12" fill="{INK}">'
    )
    yield f"<title>{escape(picture.title)}</title>"
    yield f'<rect width="{width}" height="{height}" fill="#fff"/>'
    yield from map(_element, picture.shapes())
    yield "</svg>"


def _element(shape: Shape) -> str:
    match shape:
        case Text((x, y), text, anchor, colour, size):
            more = f' text-anchor="{anchor}"' if anchor != "start" else ""
            more += f' fill="{colour}"' if colour != INK else ""
            more += f' font-size="{size}"' if size != 12 else ""
            return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(text)}</text>'
        case Stroke(places, colour, width, dashed):
            more = f' stroke-width="{width:g}"' if width != 1 else ""
            more += ' stroke-dasharray="4 4"' if dashed else ""
            return f'<path d="{_path(places)}" fill="none" stroke="{colour}"{more}/>'
        case Area(places, colour):
            return f'<path d="{_path(places)}Z" fill="{colour}" fill-opacity="0.2"/>'
        case Box((x, y), (right, bottom), colour):
            return f'<rect x="{x:g}" y="{y:g}" width="{right - x:g}" height="{bottom - y:g}" fill="{colour}"/>'
        case Dot((x, y), colour):
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>'
        case Gap((x, y), colour):
            return f'<path class="gap" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" stroke="{colour}"/>'


def _path(places: Sequence[Place]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
