"""What one part of a file says about another: names that have to exist, and no circles."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches

from argus_otel.sources.checks.definition import Check

from .places import Place
from .sections import WindowSection

MOST_LABELS = 5
"""How many keys ``labels:`` may have in a file: each is an attribute of every metric."""


def check_names(place: Place | None, names: Iterable[str], known: Collection[str]) -> None:
    """Note names that no check has."""
    for name in names:
        if place is not None and name not in known:
            close = get_close_matches(name, known, 1)
            place.wrong(f"there is no check {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))


def check_patterns(place: Place | None, windows: Iterable[WindowSection], known: Collection[str]) -> None:
    """Note patterns of windows that no check matches."""
    for pattern in (pattern for window in windows for pattern in window.checks):
        if place is not None and not fnmatch.filter(known, pattern):
            place.wrong(f"no check matches {pattern!r}")


def check_parents(checks: Sequence[Check], places: Mapping[str, Place]) -> None:
    """Note parents that do not exist, and checks that are their own ancestors."""
    parents = {check.name: check.parents for check in checks}
    for check in checks:
        check_names(places[check.name], check.parents, places)
        circle = _circle(check.name, parents)
        if circle:
            places[check.name].wrong(f"the parents lead back to it: {' → '.join(circle)}")


def _circle(name: str, parents: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the way from a check through its ancestors to itself; nothing if there is none."""
    ways: list[tuple[str, ...]] = [(name,)]
    seen = {name}
    while ways:
        way = ways.pop()
        for parent in parents.get(way[-1], ()):
            if parent == name:
                return (*way, name)
            if parent not in seen:
                seen.add(parent)
                ways.append((*way, parent))
    return ()


def check_labels(checks: Iterable[Check], places: Mapping[str, Place]) -> None:
    """Note that the checks have more labels together than a metric may have."""
    names: dict[str, None] = {}
    for check in checks:
        names.update(dict.fromkeys(check.labels))
        if len(names) > MOST_LABELS:
            allowed = ", ".join(list(names)[:MOST_LABELS])
            places[check.name].wrong(f"a file has at most {MOST_LABELS} labels; there are {allowed} before these")
            return
