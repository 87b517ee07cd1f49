"""Lines of a log, and text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tools.grafana.frames import Frame

from .. import theme
from ..box import Box
from ..svg import Drawing, cut
from ..units import moment

_LEVELS = {"fatal": "#b877d9", "critical": "#b877d9", "error": "#f2495c", "warn": "#ffb357", "warning": "#ffb357",
           "info": "#73bf69", "debug": "#5794f2"}  # fmt: skip
_LINE = 19.0


def draw_logs(drawing: Drawing, box: Box, _: dict[str, Any], frames: Sequence[Frame]) -> int:
    """Draw as many lines as there is room for; return their number."""
    if not frames or not len(frames[0]):
        return 0
    columns = {one.name: one.values for one in frames[0].fields}
    room = int(box.h / _LINE)
    drawn = 0
    for row in range(min(len(frames[0]), room)):
        y = box.y + row * _LINE
        level = str(columns.get("level", [""] * (row + 1))[row]).lower()
        drawing.rect(box.x, y + 2, 3, _LINE - 4, _LEVELS.get(level, theme.FAINT))
        drawing.text(box.x + 10, y + 13, moment(columns["timestamp"][row]), theme.MUTED, size=11, monospace=True)
        body = " ".join(str(columns["body"][row]).split())
        drawing.text(box.x + 155, y + 13, body, theme.TEXT, size=11, monospace=True, width=box.w - 160)
        drawn += 1
    return drawn


def draw_text(drawing: Drawing, box: Box, panel: dict[str, Any]) -> int:
    """Draw Markdown as plain text; return the number of lines."""
    content = (panel.get("options") or {}).get("content", "")
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)|[*`#]+", lambda found: found[1] or "", content)
    y, drawn = box.y + 14, 0
    for paragraph in filter(None, (line.strip() for line in plain.splitlines())):
        rest = paragraph.split()
        while rest and y < box.bottom:
            fitting = len(rest)
            while fitting > 1 and cut(" ".join(rest[:fitting]), 12, box.w).endswith("…"):
                fitting -= 1
            drawing.text(box.x, y, " ".join(rest[:fitting]), theme.TEXT, size=12, width=box.w)
            rest, y, drawn = rest[fitting:], y + 18, drawn + 1
    return drawn
