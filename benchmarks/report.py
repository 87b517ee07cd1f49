"""The results for a terminal, as Markdown, and as JSON."""

from __future__ import annotations

import json
import math
import os
import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import outcomes as judged
from .outcomes import Outcome
from .results import Estimate
from .tables import Shown, Statements, Table, as_list, as_markdown, as_text

NAMED = (
    "argus-otel",
    "discord.py",
    "opentelemetry-sdk",
    "argus-dpy",
    "opentelemetry-distro",
    "opentelemetry-instrumentation-discordpy",
    "opentelemetry-instrumentation-aiohttp-client",
)
TITLE = "What argus-otel costs"
_OTHERS = ("command", "machine", "python", "date")
LEGEND = """\
each: median of the variant. added: median of the differences to the bare run of the same round, and the middle 95 % of
that median (of memory that grows: averages). ratio: added, as a share of bare. records: the number of points of
metrics and spans recorded for each piece of work; 0.00 means that it was not observed, and therefore costs nothing. The
rows with A/A add nothing: they show the noise of this machine and this method."""


def circumstances(words: Sequence[str], named: Sequence[str] = NAMED) -> dict[str, str]:
    """Return the circumstances of the measurement: machine, versions, date.

    Parameters
    ----------
    words:
        The arguments of the command line.
    named:
        The distributions whose versions matter.
    """
    return {
        "command": _command(words),
        "machine": _machine(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        **{name: version_of(name) for name in named},
        "date": datetime.now(timezone.utc).date().isoformat(),
    }


def heading(about: Mapping[str, str]) -> str:
    """Return the circumstances as one paragraph."""
    packages = ", ".join(f"{name} {version}" for name, version in about.items() if name not in _OTHERS)
    return f"`{about['command']}` on {about['machine']}, {about['python']}, {packages}, on {about['date']}"


def _command(words: Sequence[str]) -> str:
    if "MAKELEVEL" not in os.environ:
        return shlex.join(["python", "-m", "benchmarks", *words])
    return f'make bench BENCH_ARGS="{shlex.join(words)}"' if words else "make bench"


def _machine() -> str:
    processors = f"{os.cpu_count()} CPUs, {platform.machine()}, {platform.system()}"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return processors
    models = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    return " ".join([processors, *(f"({model})" for model in sorted(models))])


def version_of(name: str) -> str:
    """Return the version of a distribution, or that it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def terminal(table: Shown) -> str:
    """Return a table for the terminal."""
    body = as_list(table.cells()) if isinstance(table, Statements) else as_text(table.cells())
    return "\n".join([table.heading, "", body, *(f"  {note}" for note in table.notes)])


def reached(outcomes: Sequence[Outcome]) -> str:
    """Return the table of all measured targets, for the terminal."""
    measured = [outcome for outcome in outcomes if outcome.found]
    if not measured:
        return "targets: nothing was measured that one is set for"
    left = len(outcomes) - len(measured)
    others = [f"{left} more targets have no measurement in this run."] if left else []
    return "\n".join(["targets", "", as_text(judged.cells(measured)), "", judged.LEGEND, *others])


@dataclass(frozen=True)
class Report:
    """Everything that a run has found.

    Attributes
    ----------
    about:
        What :func:`circumstances` returned.
    notes:
        What was not measured, and why.
    """

    about: Mapping[str, str]
    tables: Sequence[Shown]
    outcomes: Sequence[Outcome]
    notes: Sequence[str]
    title: str = TITLE

    def publish(self, json_file: Path | None, markdown_file: Path | None) -> None:
        """Print it, and write it to the files that there are."""
        print(heading(self.about), *(terminal(table) for table in self.tables), sep="\n\n")
        if _timed(self.tables):
            print("", LEGEND, "", reached(self.outcomes), sep="\n")
        if self.notes:
            print("", *self.notes, sep="\n")
        if json_file:
            json_file.write_text(as_json(self.about, self.tables, self.outcomes, self.notes), encoding="utf-8")
        if markdown_file:
            text = markdown(self.about, self.tables, self.outcomes, self.notes, self.title)
            markdown_file.write_text(text, encoding="utf-8")


def _timed(tables: Sequence[Shown]) -> bool:
    """Whether times, and so targets, are a part of a report; also of one in which nothing was measured."""
    return not tables or any(isinstance(table, Table) for table in tables)


def markdown(
    about: Mapping[str, str],
    tables: Sequence[Shown],
    outcomes: Sequence[Outcome],
    notes: Sequence[str],
    title: str = TITLE,
) -> str:
    """Return everything as Markdown."""
    parts = [f"# {title}", heading(about)]
    if _timed(tables):
        parts += [LEGEND, "## Targets", as_markdown(judged.cells(outcomes)), judged.LEGEND]
    for table in tables:
        in_words = isinstance(table, Statements)
        parts += [f"## {table.heading}", *([table.about] if in_words else [])]
        parts.append(as_markdown(table.cells(), numbers=not in_words))
        if table.notes:
            parts.append("\n".join(f"- {note}" for note in table.notes))
    if notes:
        parts += ["## Not measured", "\n".join(f"- {note}" for note in notes)]
    return "\n\n".join(parts) + "\n"


def as_json(
    about: Mapping[str, str], tables: Sequence[Shown], outcomes: Sequence[Outcome], notes: Sequence[str]
) -> str:
    """Return everything as JSON: figures in the unit of each table, and the difference of every round."""
    whole = {
        "about": about,
        "not measured": notes,
        "tables": [_table(table) for table in tables],
        "targets": [_outcome(outcome) for outcome in outcomes],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _table(table: Shown) -> dict[str, Any]:
    if isinstance(table, Statements):
        return asdict(table)
    kept = ("name", "each", "added", "low", "high", "ratio", "records")
    results = [
        {key: getattr(result, key) for key in kept}
        | {"differences": [float(f"{value:.5g}") for value in result.differences]}
        for result in table.results
    ]
    facts = {key: getattr(table, key) for key in ("part", "name", "title", "unit", "rounds")}
    return {**facts, "notes": list(table.notes), "results": results}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    found, target = outcome.found, outcome.target
    return {
        "target": target.title,
        "unit": target.unit,
        "measured": _estimate(found.estimate) if found else None,
        "control": _estimate(found.control) if found else None,
        "bound": outcome.bound,
        "moonshot": target.moonshot,
        "outcome": outcome.said,
    }


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    """Return an estimate; an infinite bound is null, because JSON has no infinity."""
    figures = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {key: value if math.isfinite(value) else None for key, value in figures.items()}
