"""Prints drawings on the terminal, in colours if it has them."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec

from .characters import drawn, text_of
from .plot import Plot

_STYLES = ("blue", "yellow", "green", "magenta", "cyan", "red", "white")
_NARROWEST, _WIDEST, _HEIGHT = 40, 160, 20


def columns() -> int:
    """Return how many characters wide a drawing is."""
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((100, 24)).columns))


def print_plot(plot: Plot, height: int = _HEIGHT) -> None:
    """Print a drawing.

    Parameters
    ----------
    height:
        In lines, without the legend.
    """
    width = columns()
    if not (sys.stdout.isatty() and find_spec("rich")):
        print(text_of(drawn(plot, width, height, coloured=False)))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    coloured = console.color_system is not None and not console.no_color
    for row in drawn(plot, width, height, coloured=coloured):
        text = Text(no_wrap=True)
        for part in row:
            text.append(part.text, "" if part.line is None else _STYLES[part.line % len(_STYLES)])
        console.print(text, overflow="ignore", crop=False)
