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
    """Note names that no check has. They stand at a place, or in a list there."""
    for name in names:
        if place is not None and name not in known:
            close = get_close_matches(name, known, 1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            _element(place, name).wrong(f"there is no check {name!r}{meant}")


def _element(place: Place, name: str) -> Place:
    return next((each for each in place.below() if each.node.value == name), place)


def check_patterns(place: Place | None, windows: Iterable[WindowSection], known: Collection[str]) -> None:
    """Note patterns of windows that no check matches."""
    for pattern in (pattern for window in windows for pattern in window.checks):
        if place is not None and not fnmatch.filter(known, pattern):
            place.wrong(f"no check matches {pattern!r}")


def check_parents(checks: Sequence[Check], places: Mapping[str, Place]) -> None:
    """Note parents that do not exist, those of checks that are wrong too, and checks that are their own ancestors."""
    parents = {check.name: check.parents for check in checks}
    for name, place in places.items():
        if name not in parents or not places.keys() >= set(parents[name]):
            written = dict(place.items()).get("parents") if place.is_mapping else None
            check_names(written, _texts(written), places)
        circle = _circle(name, parents)
        if circle:
            place.wrong(f"the parents lead back to it: {' → '.join(circle)}")


def _texts(place: Place | None) -> list[str]:
    """Return the texts of a list, or the one that stands for a list of one."""
    elements = [] if place is None else place.below() if place.is_list else [place]
    return [str(each.node.value) for each in elements if not (each.is_mapping or each.is_list or each.is_absent)]


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
