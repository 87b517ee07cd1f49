"""The figures as a picture: for each scenario, what each variant adds, with its 95 % interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .pairs import BARE, Result

INSTALL = "the picture needs matplotlib: make bench, or uv sync --group bench"

_CONTROL, _OURS, _PEER = "#9a9a9a", "#2a78b8", "#c46a2b"


def available() -> bool:
    """Whether there is something to draw with."""
    try:
        import matplotlib.figure  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        return False
    return True


def draw(file: Path, heading: str, tables: Mapping[str, Sequence[Result]]) -> None:
    """Draw every scenario into ``file``, whose ending says how (``.svg``, ``.png``)."""
    from matplotlib.figure import Figure  # type: ignore[import-not-found]

    shown = {title: [result for result in results if result.name != BARE] for title, results in tables.items()}
    heights = [1.2 + 0.32 * len(results) for results in shown.values()]
    figure = Figure(figsize=(10, sum(heights) + 0.8), layout="constrained")
    axes = figure.subplots(len(shown), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (title, results) in zip(axes, shown.items(), strict=True):
        _bars(axis, title, results)
    figure.suptitle(heading, fontsize=8, wrap=True)
    figure.savefig(file)


def _bars(axis, title: str, results: Sequence[Result]) -> None:
    names = [result.name if result.records or _is_control(result) else f"{result.name} ¹" for result in results]
    added = [result.added for result in results]
    spread = [
        [result.added - result.low for result in results],
        [result.high - result.added for result in results],
    ]
    colours = [_CONTROL if _is_control(r) else _OURS if r.name.startswith("argus-otel") else _PEER for r in results]
    bars = axis.barh(names, added, xerr=spread, color=colours, error_kw={"lw": 1, "capsize": 2})
    axis.bar_label(bars, [f"{value:+.2f}" for value in added], padding=6, fontsize=8)
    axis.axvline(0, color="black", lw=0.8)
    axis.invert_yaxis()
    axis.margins(x=0.15)
    axis.tick_params(labelsize=8)
    axis.set_title(f"{title} (bare: {results[0].bare:.1f} µs)", fontsize=10, loc="left")
    note = "" if all(result.records or _is_control(result) for result in results) else "; ¹ records nothing of it"
    axis.set_xlabel(f"added, µs of CPU time{note}", fontsize=8)


def _is_control(result: Result) -> bool:
    return result.name.endswith("(A/A)")
