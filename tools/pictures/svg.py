"""A drawing, as SVG: few elements, short numbers, and text that is cut to the room that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

FONT = "Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif"
MONOSPACE = "'Roboto Mono', 'DejaVu Sans Mono', Menlo, monospace"

_NARROW, _WIDE = set("iljtfrI.,:;|!'()[]{}/ -"), set("mwMW@%")


def text_width(text: str, size: float, *, monospace: bool = False) -> float:
    """Return about how wide a text is, in pixels."""
    if monospace:
        return 0.61 * size * len(text)
    letters = sum(0.3 if letter in _NARROW else 0.88 if letter in _WIDE else 0.59 for letter in text)
    return size * (letters + 0.09 * sum(letter.isupper() for letter in text))


def cut(text: str, size: float, width: float, *, monospace: bool = False) -> str:
    """Return as much of a text as fits into a width, with an ellipsis where something is missing."""
    if text_width(text, size, monospace=monospace) <= width:
        return text
    while text and text_width(text + "…", size, monospace=monospace) > width:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


def _number(value: float) -> str:
    return (
        f"{value:.1f}".rstrip("0").rstrip(".").replace("-0", "0")
        if abs(value) < 0.05
        else f"{value:.1f}".removesuffix(".0")
    )


@dataclass
class Drawing:
    """A drawing; later parts are on top of earlier ones."""

    width: float
    height: float
    _parts: list[str] = field(default_factory=list[str])
    _clips: int = 0

    def rect(
        self, x: float, y: float, w: float, h: float, fill: str, *, stroke: str = "", radius: float = 0,
        opacity: float = 1.0, title: str = "",
    ) -> None:  # fmt: skip
        """A rectangle."""
        more = f' rx="{_number(radius)}"' if radius else ""
        more += f' stroke="{stroke}"' if stroke else ""
        more += f' fill-opacity="{opacity:.2g}"' if opacity < 1 else ""
        position = f'x="{_number(x)}" y="{_number(y)}" width="{_number(max(w, 0))}" height="{_number(max(h, 0))}"'
        self._add(f'<rect {position} fill="{fill}"{more}', "rect", title)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, stroke: str, *, width: float = 1, dash: str = ""
    ) -> None:
        """A straight line."""
        more = f' stroke-dasharray="{dash}"' if dash else ""
        points = f'x1="{_number(x1)}" y1="{_number(y1)}" x2="{_number(x2)}" y2="{_number(y2)}"'
        self._parts.append(f'<line {points} stroke="{stroke}" stroke-width="{_number(width)}"{more}/>')

    def path(
        self, points: Sequence[tuple[float, float]], stroke: str = "none", *, width: float = 1.3, fill: str = "none",
        opacity: float = 1.0, dash: str = "", title: str = "",
    ) -> None:  # fmt: skip
        """A line through points, or with ``fill`` the area inside of it. Points are written relative to each other."""
        if len(points) < 2:
            return
        scaled = [(round(x * 10), round(y * 10)) for x, y in points]
        steps = [f"M{_tenths(scaled[0][0])} {_tenths(scaled[0][1])}"]
        for (x, y), (nx, ny) in pairwise(scaled):
            dx, dy = nx - x, ny - y
            steps.append(f"h{_tenths(dx)}" if dy == 0 else f"l{_tenths(dx)} {_tenths(dy)}")
        more = f' stroke-dasharray="{dash}"' if dash else ""
        more += f' fill-opacity="{opacity:.2g}"' if fill != "none" and opacity < 1 else ""
        ink = f'stroke="{stroke}" stroke-width="{_number(width)}" stroke-linejoin="round"' if stroke != "none" else ""
        self._add(f'<path d="{"".join(steps)}" fill="{fill}" {ink}{more}', "path", title)

    def dot(self, x: float, y: float, radius: float, fill: str) -> None:
        """A filled circle."""
        self._parts.append(f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}" fill="{fill}"/>')

    def text(
        self, x: float, y: float, text: str, fill: str, *, size: float = 12, anchor: str = "start", weight: int = 400,
        monospace: bool = False, width: float = 0,
    ) -> None:  # fmt: skip
        """A line of text, whose baseline is at ``y``; cut to ``width`` where one is given."""
        if width:
            text = cut(text, size, width, monospace=monospace)
        if not text:
            return
        more = f' text-anchor="{anchor}"' if anchor != "start" else ""
        more += f' font-weight="{weight}"' if weight != 400 else ""
        more += ' class="m"' if monospace else ""
        position = f'x="{_number(x)}" y="{_number(y)}" font-size="{_number(size)}"'
        self._parts.append(f'<text {position} fill="{fill}"{more}>{escape(text, quote=False)}</text>')

    @contextmanager
    def group(self, **attributes: str) -> Iterator[None]:
        """Group the parts that are drawn inside, and give the group these attributes."""
        told = "".join(f' {name.replace("_", "-")}="{escape(value)}"' for name, value in attributes.items())
        self._parts.append(f"<g{told}>")
        yield
        self._parts.append("</g>")

    @contextmanager
    def clip(self, x: float, y: float, w: float, h: float) -> Iterator[None]:
        """Clip the parts that are drawn inside to a rectangle."""
        self._clips += 1
        name = f"c{self._clips}"
        position = f'x="{_number(x)}" y="{_number(y)}" width="{_number(max(w, 0))}" height="{_number(max(h, 0))}"'
        self._parts.append(f'<clipPath id="{name}"><rect {position}/></clipPath><g clip-path="url(#{name})">')
        yield
        self._parts.append("</g>")

    def _add(self, opened: str, name: str, title: str) -> None:
        self._parts.append(f"{opened}><title>{escape(title, quote=False)}</title></{name}>" if title else f"{opened}/>")

    def svg(self) -> str:
        """Return the whole of it."""
        size = f'width="{_number(self.width)}" height="{_number(self.height)}"'
        box = f'viewBox="0 0 {_number(self.width)} {_number(self.height)}"'
        style = f"text{{font-family:{FONT};white-space:pre}}.m{{font-family:{MONOSPACE}}}"
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}><style>{style}</style>'
        return "\n".join([head, *self._parts, "</svg>"]) + "\n"


def _tenths(value: int) -> str:
    whole, tenth = divmod(abs(value), 10)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}" if not tenth else f"{sign}{whole or ''}.{tenth}"
