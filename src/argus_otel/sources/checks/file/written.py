"""What a file says about one check, as it is written: references to secrets are not replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from argus_otel.sources.checks.executor import Executor

from .document import compose
from .field_types import FieldType, Record
from .places import Place
from .sections import CheckSection, TimingSection

SECRET = "(not shown)"  # noqa: S105 - a placeholder
"""What is shown in place of a secret."""

_SECTION = Record(CheckSection)
_DEFAULTS = Record(TimingSection)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a check.

    Attributes
    ----------
    name:
        Its key, with those that lead there: ``confirm.down``.
    value:
        As it is written, or as the help of a built-in value has it.
    origin:
        ``check``, ``defaults`` or ``built in``.
    """

    name: str
    value: str
    origin: str


def settings(text: bytes, name: str, executor: Executor[Any]) -> list[Setting]:
    """Return all settings of a check of a file that is valid, but its conditions, in the order of the documentation."""
    root = compose(text)
    if root is None:
        return []
    sections = dict(Place(root, "", []).items())
    check = dict(dict(sections["checks"].items())[name].items())
    defaults = dict(sections["defaults"].items()) if "defaults" in sections else {}
    found = list(_settings(executor.type, executor.options, check[executor.type], "check", ""))
    for key in _SECTION.fields:
        own, inherited = check.get(key), defaults.get(key) if key in _DEFAULTS.fields else None
        origin = "check" if own is not None else "defaults"
        found.extend(_settings(key, _SECTION.type_of(key), own or inherited, origin, _SECTION.default(key)))
    return found


def _settings(
    name: str, type_: FieldType[Any], place: Place | None, origin: str, default: str, *, secret: bool = False
) -> Iterator[Setting]:
    """Iterate over one setting, or over those that a mapping has."""
    if isinstance(type_, Record):
        written = _written(type_, place)
        for key, field in type_.fields.items():
            hidden = bool(field.metadata["secret"])
            yield from _settings(
                f"{name}.{key}", type_.type_of(key), written.get(key), origin, type_.default(key), secret=hidden
            )
    elif place is not None:
        yield Setting(name, SECRET if secret else _shown(place), origin)
    else:
        yield Setting(name, default, "built in")


def _written(record: Record[Any], place: Place | None) -> dict[str, Place]:
    if place is None or place.is_absent:
        return {}
    if place.is_mapping:
        return dict(place.items())
    return {} if record.short is None else {record.short: place}


def _shown(place: Place) -> str:
    if place.is_mapping:
        return ", ".join(f"{key}: {_shown(each)}" for key, each in place.items())
    if place.is_list:
        return ", ".join(map(_shown, place.elements()))
    return _without_query(place.written)


def _without_query(text: str) -> str:
    """Return a text in which the values of a URL's query are left out; they may be keys."""
    return re.sub(r"([?&][^=&#]+=)[^&#]*", r"\1REDACTED", text) if "://" in text else text
