"""The work of a panel on its answers before it draws them: transformations, then the options of each field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .frames import Field, Frame
from .model import Json


class ShapingError(Exception):
    """The panel asks for a transformation or an override that is not known here."""


def shaped(panel: Json, frames: Sequence[Frame]) -> list[Frame]:
    """Return a panel's frames as they are drawn; the given ones are left as they are.

    Raises
    ------
    ShapingError
        A transformation, or a matcher of an override, is none of those that our dashboards use.
    """
    found = [
        replace(frame, fields=[Field(one.name, one.kind, one.values, one.labels, one.display) for one in frame.fields])
        for frame in frames
    ]
    for step in panel.get("transformations") or []:
        found = _transformed(found, step["id"], step.get("options") or {})
    config = panel.get("fieldConfig") or {}
    for frame in found:
        for one in frame.fields:
            one.config = _config(config, frame, one)
            one.display = one.config.get("displayName") or one.display
    return found


def _transformed(frames: list[Frame], kind: str, options: Mapping[str, Any]) -> list[Frame]:
    if kind == "merge":
        return _merged(frames)
    if kind == "filterFieldsByName":
        wanted = options["include"]["names"]
        return [Frame(frame.ref_id, [one for one in frame.fields if one.name in wanted]) for frame in frames]
    if kind == "organize":
        return [Frame(frame.ref_id, _organized(frame.fields, options)) for frame in frames]
    if kind == "calculateField" and options["mode"] == "reduceRow" and options["reduce"]["reducer"] == "sum":
        wanted = options["reduce"]["include"]
        return [Frame(frame.ref_id, [*frame.fields, _summed(frame, wanted, options["alias"])]) for frame in frames]
    raise ShapingError(f"no transformation {kind!r} is known here")


def _organized(fields: list[Field], options: Mapping[str, Any]) -> list[Field]:
    hidden, order = options.get("excludeByName") or {}, options.get("indexByName") or {}
    names = options.get("renameByName") or {}
    kept = sorted((one for one in fields if not hidden.get(one.name)), key=lambda one: order.get(one.name, len(order)))
    for one in kept:
        one.display = names.get(one.name) or one.display
    return kept


def _summed(frame: Frame, names: Sequence[str], alias: str) -> Field:
    columns = [one.values for one in frame.fields if one.name in names]
    return Field(alias, "number", [sum(value or 0.0 for value in row) for row in zip(*columns, strict=True)])


def _merged(frames: list[Frame]) -> list[Frame]:
    """Return one row for each set of values that rows have in common, with the other values of each of them."""
    if not frames:
        return []
    names: dict[str, Field] = {}
    for frame in frames:
        for one in frame.fields:
            names.setdefault(one.name, one)
    shared = [name for name in names if all(any(one.name == name for one in frame.fields) for frame in frames)]
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for frame in frames:
        columns = {one.name: one.values for one in frame.fields}
        for number in range(len(frame)):
            key = tuple(columns[name][number] for name in shared)
            rows.setdefault(key, {}).update({name: values[number] for name, values in columns.items()})
    fields = [
        Field(name, one.kind, [row.get(name) for row in rows.values()], one.labels, one.display)
        for name, one in names.items()
    ]
    return [Frame(frames[0].ref_id, fields)]


def _config(config: Json, frame: Frame, one: Field) -> dict[str, Any]:
    found: dict[str, Any] = {**(config.get("defaults") or {})}
    found["custom"] = {**(found.get("custom") or {})}
    for override in config.get("overrides") or []:
        if _matches(override["matcher"], frame, one):
            for property_ in override["properties"]:
                name = property_["id"]
                if name.startswith("custom."):
                    found["custom"][name.removeprefix("custom.")] = property_["value"]
                else:
                    found[name] = property_["value"]
    return found


def _matches(matcher: Json, frame: Frame, one: Field) -> bool:
    kind, options = matcher["id"], matcher.get("options")
    if kind == "byName":
        return options in (one.name, one.shown)
    if kind == "byRegexp":
        return bool(re.search(str(options).strip("/"), one.shown))
    if kind == "byType":
        return one.kind == options
    if kind == "byFrameRefID":
        return frame.ref_id == options
    raise ShapingError(f"no matcher {kind!r} is known here")
