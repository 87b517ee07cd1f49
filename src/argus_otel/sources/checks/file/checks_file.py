"""Reads a file of checks. It is taken as a whole, or refused with all of its problems."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from argus_otel.sources.checks.definition import Check, Window
from argus_otel.sources.checks.executor import Executor
from argus_otel.sources.problems import Problem

from . import references
from .check_type import CheckType
from .document import ExcessError, compose
from .field_types import attempted
from .places import Place, Wrong
from .problems import CheckFileError
from .scalars import Name
from .secrets import Secrets
from .sections import DEFAULT_LIMITS, TOP_LEVEL, LimitsSection, TimingSection

_NAME = Name()


@dataclass(frozen=True, slots=True)
class CheckFile:
    """What a file says.

    Attributes
    ----------
    location:
        Where the checks run from; empty if the file does not say it.
    checks:
        In the file's order.
    anchors:
        The checks whose failure, of all of them, means that this agent has no network.
    windows:
        When which checks are in maintenance.
    limits:
        How many checks run at the same time.
    secrets:
        Values that must not be shown.
    unread:
        Names of checks that cannot be read because a secret is not there; only if the secrets were not required.
    """

    location: str = ""
    checks: tuple[Check, ...] = ()
    anchors: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    limits: LimitsSection = DEFAULT_LIMITS
    secrets: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()


def read(
    path: Path,
    executors: Mapping[str, Executor[Any]],
    environment: Mapping[str, str] | None = None,
    *,
    secrets_required: bool = True,
) -> CheckFile:
    """Read a file.

    Parameters
    ----------
    executors:
        By type.
    environment:
        Where ``${env:NAME}`` is looked up; by default the process's.
    secrets_required:
        Whether a reference that cannot be read is a problem. Else it stays as it is written.

    Raises
    ------
    OSError
        The file cannot be read.
    CheckFileError
        It has problems.
    """
    found = os.environ if environment is None else environment
    return parse(path.read_bytes(), path, executors, found, secrets_required=secrets_required)


def parse(
    text: bytes | str,
    path: Path,
    executors: Mapping[str, Executor[Any]],
    environment: Mapping[str, str],
    *,
    secrets_required: bool = True,
) -> CheckFile:
    """Read the text of a file, whose path is given for messages, and for the paths in it.

    Raises
    ------
    CheckFileError
        It has problems.
    """
    problems: list[Problem] = []
    try:
        node = compose(text)
    except yaml.YAMLError as error:
        raise CheckFileError(str(path), [_unreadable(error, text)]) from error
    if node is None:
        raise CheckFileError(str(path), [Problem(1, 1, "", "the file is empty; it needs `checks:`")])
    place = Place(node, "", problems)
    secrets = Secrets(environment, path.parent, required=secrets_required)
    wrong: list[Wrong] = []
    found = _read_filled(place, secrets, executors, wrong)
    if problems or found is None:
        raise CheckFileError(str(path), problems)
    return found


def location_of(path: Path) -> str:
    """Return where a file says that its checks run from; empty if it does not, or cannot be read."""
    try:
        root = compose(path.read_bytes())
        place = None if root is None else dict(Place(root, "", []).items()).get("location")
        if place is None:
            return ""
        Secrets(os.environ, path.parent).fill(place, [])
        return str(TOP_LEVEL["location"][0].read(place))
    except (OSError, yaml.YAMLError, Wrong):
        return ""


def _unreadable(error: yaml.YAMLError, text: bytes | str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        told = str(getattr(error, "problem", None) or error)
        if isinstance(error, ExcessError):
            return Problem(mark.line + 1, mark.column + 1, "", told)
        if "escape" in told:
            told += r"; a path such as C:\certs\ca.pem needs single quotes, or none"
        return Problem(mark.line + 1, mark.column + 1, "", f"not YAML: {told}")
    if isinstance(error, yaml.reader.ReaderError):
        line = text[: error.position].count(b"\n" if isinstance(text, bytes) else "\n") + 1  # type: ignore[arg-type]
        return Problem(line, 1, "", "not UTF-8 text, or a control character is in it; save the file as UTF-8")
    return Problem(1, 1, "", f"not YAML: {error}")


def _read_filled(
    place: Place, secrets: Secrets, executors: Mapping[str, Executor[Any]], wrong: list[Wrong]
) -> CheckFile | None:
    """Return what a file says; ``None`` if it cannot be read at all. Problems are noted with their places."""
    try:
        secrets.fill(place, wrong)
        sections = _sections(place, wrong)
    except Wrong:
        return None
    if "checks" not in sections:
        place.wrong("there are no `checks:`")
        return None

    def section(key: str, default: Any) -> Any:
        found = attempted(TOP_LEVEL[key][0], sections[key], wrong) if key in sections else None
        return default if found is None else found

    defaults = section("defaults", TimingSection())
    places = dict(_checks(sections["checks"], wrong))
    read = {name: attempted(CheckType(name, executors, defaults), each, wrong) for name, each in places.items()}
    checks = [check for check in read.values() if check is not None]
    anchors = section("anchors", ())
    windows = section("maintenance", ())
    references.check_names(sections.get("anchors"), anchors, places)
    references.check_patterns(sections.get("maintenance"), windows, places)
    references.check_parents(checks, places)
    references.check_labels(checks, places)
    return CheckFile(
        section("location", ""),
        tuple(checks),
        anchors,
        tuple(each.window() for each in windows),
        section("limits", DEFAULT_LIMITS),
        frozenset(secrets.values),
        tuple(name for name, check in read.items() if check is None),
    )


def _sections(place: Place, wrong: list[Wrong]) -> dict[str, Place]:
    known = (*TOP_LEVEL, "checks")
    found: dict[str, Place] = {}
    for key, each in place.items("a mapping with `checks:`"):
        if key in known:
            found[key] = each
        else:
            wrong.append(each.unknown(key, list(known)))
    return found


def _checks(place: Place, wrong: list[Wrong]) -> Iterator[tuple[str, Place]]:
    """Iterate over the names of the checks and their places."""
    try:
        for name, each in place.items("a mapping from names to checks"):
            _NAME.parse(each, name)
            yield name, each
    except Wrong as error:
        wrong.append(error)
