"""The table of faults: what each watcher does with each program, and whether that is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.graphs.children import lines, present
from benchmarks.pairs import BARE
from benchmarks.progress import Progress
from benchmarks.tables import Statements

from .fault import Fault
from .kept import KEPT
from .known import FAULTS

PART = "faults"
MODULE = "benchmarks.graphs.faults.process"
ABOUT = """\
Each program runs in a process of its own for each watcher: bare, and with each package as it is by itself. What was
recorded is read from OpenTelemetry's exporters in memory, or from the files that argus-agents has written, and code
judges it. *ok* and *wrong* say whether it is as the row's name demands; what follows is in the package's own words.
*n/a* is what records nothing that could be either. If a program does not get what it gets bare, that is *wrong* too.
The programs were chosen because argus-agents gets them wrong: how many they are says nothing about it."""
ABOUT_KEPT = "The same of programs in which argus-otel must not be worse."


def measure(names: Sequence[str], progress: Progress) -> tuple[list[Statements], list[str]]:
    """Run all programs with the watchers of these names; return the tables, and what could not be run."""
    chosen, missing = present(names)
    tables = [
        _table("known", "programs that argus-agents gets wrong", ABOUT, FAULTS, chosen, progress),
        _table("kept", "programs that argus-agents gets right", ABOUT_KEPT, KEPT, chosen, progress),
    ]
    return [table for table in tables if table.rows], missing


def _table(
    name: str, title: str, about: str, faults: Sequence[Fault], chosen: Sequence[str], progress: Progress
) -> Statements:
    rows: list[list[str]] = []
    for number in progress.counting(title)(len(faults)):
        fault = faults[number]
        said = {watcher: _said(watcher, fault) for watcher in chosen}
        bare = said[BARE]
        cells = [bare.get("got", bare.get("failed", "")), *(_cell(said[each], bare) for each in chosen[1:])]
        rows.append([f"{fault.name}: {fault.title}", *cells])
    return Statements(PART, name, title, about, ["", BARE, *chosen[1:]], rows)


def _said(watcher: str, fault: Fault) -> dict[str, Any]:
    try:
        (said,) = lines(MODULE, watcher, fault.name)
    except (RuntimeError, ValueError) as error:
        return {"failed": str(error)}
    return said


def _cell(said: dict[str, Any], bare: dict[str, Any]) -> str:
    """Return what is said of a watcher, and whether that is right."""
    if "failed" in said:
        return f"cannot be run: {said['failed']}"
    if said["got"] != bare.get("got"):
        return f"wrong: {said['got']}"
    word = {True: "ok", False: "wrong", None: "n/a"}[said["right"]]
    return f"{word}: {said['said']}"
