"""The results as a picture: each panel shows the cost of each variant, with its 95 % interval, and the control.

The scale is linear around zero and logarithmic further out, so that a tenth of a microsecond and two hundred fit. A
variant has the same colour in every panel.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .pairs import BARE
from .results import Result
from .tables import Table

INSTALL = "the picture needs matplotlib: make bench, or uv sync --group bench"
ENDINGS = (".svg", ".png", ".pdf")

_COLUMNS = 2
_LEFT_OUT = {
    ("startup", "modules"),
    ("startup", "threads"),
    ("startup", "wall"),
    ("scrape", "late"),
    ("scrape", "series"),
    ("soak", "ours"),
}
"""What says little as a picture; the tables have it."""

_KINDS = {
    "A/A: the bare bot once more": ("#8c8c8c", lambda name: name.endswith("(A/A)")),
    "argus-otel, metrics": ("#1f6fb4", lambda name: name.startswith("argus-otel, ") and " users" in name),
    "argus-otel, traced": ("#63a8e0", lambda name: name.startswith("argus-otel, traced")),
    "argus-otel with history, or OTLP": (
        "#17a398",
        lambda name: "argus-otel" in name and (name.endswith(("OTLP", "with history"))),
    ),
    "argus-otel": ("#1f6fb4", lambda name: "argus-otel" in name),
    "argus-dpy": ("#d9721e", lambda name: name.startswith("argus-dpy")),
    "other OpenTelemetry packages": ("#a04fb0", lambda _: True),
}


def available() -> bool:
    """Whether matplotlib is installed."""
    try:
        import matplotlib.figure  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        return False
    return True


def draw(file: Path, heading: str, tables: Sequence[Table]) -> None:
    """Draw the tables into ``file``, in the format of its ending (one of :data:`ENDINGS`)."""
    from matplotlib import rc_context  # type: ignore[import-not-found]
    from matplotlib.figure import Figure  # type: ignore[import-not-found]
    from matplotlib.patches import Patch  # type: ignore[import-not-found]

    panels = [table for table in tables if (table.part, table.name) not in _LEFT_OUT]
    rows = [panels[start : start + _COLUMNS] for start in range(0, len(panels), _COLUMNS)]
    heights = [1.1 + 0.24 * max(len(table.results) for table in row) for row in rows]
    figure = Figure(figsize=(8.5 * _COLUMNS, sum(heights) + 1.4), layout="constrained")
    axes = figure.subplots(len(rows), _COLUMNS, squeeze=False, height_ratios=heights)
    for number, axis in enumerate(axes.flat):
        if number < len(panels):
            _panel(axis, panels[number])
        else:
            axis.set_axis_off()
    figure.suptitle("\n".join(textwrap.wrap(heading, 170)), fontsize=9)
    shown = {_kind(result.name) for table in panels for result in _rows(table)}
    handles = [Patch(color=colour, label=kind) for kind, (colour, _) in _KINDS.items() if kind in shown]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9, frameon=False)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "argus-otel"}):  # text as text: a fifth of the size
        figure.savefig(file, dpi=100, metadata={"Date": None} if file.suffix == ".svg" else None)


def _rows(table: Table) -> list[Result]:
    return [result for result in table.results if result.name != BARE]


def _kind(name: str) -> str:
    found = next(kind for kind, (_, is_it) in _KINDS.items() if is_it(name))
    return "argus-otel" if found == "argus-otel, metrics" else found


def _panel(axis: Any, table: Table) -> None:
    results = _rows(table)
    unobserved = [result.records == 0 and not result.control for result in results]
    names = [result.name + " ¹" * none for result, none in zip(results, unobserved, strict=True)]
    places = range(len(results))
    for place, result in zip(places, results, strict=True):
        colour = _KINDS[_kind(result.name)][0]
        reach = [[result.added - result.low], [result.high - result.added]]
        axis.barh(place, result.added, height=0.62, color=colour, alpha=0.35)
        axis.errorbar(result.added, place, xerr=reach, fmt="o", color=colour, markersize=4, lw=1.4, capsize=2.5)
        # At the margin, where no bar and no interval comes.
        axis.annotate(
            f"{result.added:+.{table.digits}f}",
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
        )
    axis.set_yticks(list(places), names, fontsize=8)
    threshold = _threshold(results)
    axis.set_xscale("symlog", linthresh=threshold)
    axis.set_xticks([sign * threshold * 10**power for sign in (-1, 1) for power in range(6)] + [0])
    axis.xaxis.set_major_formatter("{x:g}")
    axis.set_xlim(*_reach(results))
    axis.axvline(0, color="black", lw=0.8)
    axis.invert_yaxis()
    axis.grid(axis="x", lw=0.4, alpha=0.5)
    axis.tick_params(axis="x", labelsize=8)
    bare = next((f" · bare: {result.each:.{table.digits}f}" for result in table.results if result.name == BARE), "")
    axis.set_title(f"{table.title}{bare}", fontsize=9.5, loc="left")
    axis.set_xlabel(f"added, {table.unit}{'  (¹ records nothing of it)' if any(unobserved) else ''}", fontsize=8)


def _threshold(results: Sequence[Result]) -> float:
    """Return the limit of the linear scale: a power of ten that keeps the control near zero."""
    most = max(abs(end) for result in results for end in (result.low, result.high)) or 1.0
    threshold = 1.0
    while threshold * 100 < most:
        threshold *= 10
    while threshold > most:
        threshold /= 10
    return threshold


def _reach(results: Sequence[Result]) -> tuple[float, float]:
    """Return the ends of the scale, which include all intervals and zero."""
    low = min(0.0, *(result.low for result in results), *(result.added for result in results))
    high = max(0.0, *(result.high for result in results), *(result.added for result in results))
    return low * 1.3 - 0.02 * (high or 1.0), high * 1.3 + 0.02 * (-low or 1.0)
