"""Draws a trend as a line of a few pixels, in SVG."""

from __future__ import annotations

from argus_otel.panels import Trend

from .markup import Markup

_FEWEST = 3
_WIDTH, _HEIGHT = 72, 18
_EDGE = 1.5


def sparkline(trend: Trend) -> Markup:
    """Return the line of ``trend``; nothing if it has too few steps to show a direction."""
    if len(trend) < _FEWEST:
        return Markup()
    whole, highest = sum(duration for duration, _ in trend), max(value for _, value in trend)
    passed, points = 0.0, list[str]()
    for duration, value in trend:
        x = (passed + duration / 2) / whole * _WIDTH
        y = _HEIGHT - _EDGE - (value / highest if highest > 0 else 0.0) * (_HEIGHT - 2 * _EDGE)
        points.append(f"{x:.1f} {y:.1f}")
        passed += duration
    line = f"M{'L'.join(points)}"
    first, last = points[0].split()[0], points[-1].split()[0]
    return Markup(
        f'<svg class="trend" width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-hidden="true">'
        f'<path class="area" d="{line}L{last} {_HEIGHT}L{first} {_HEIGHT}Z"/><path class="line" d="{line}"/></svg>'
    )
