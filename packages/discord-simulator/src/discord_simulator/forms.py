"""Modals that users fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from .messages import ComponentType
from .payloads import Payload, as_list, as_object

FieldValue: TypeAlias = "str | bool | Sequence[str]"


def submission(modal: Payload, values: Mapping[str, FieldValue]) -> list[Payload]:
    """Return the components of a modal with their values.

    Raises
    ------
    ValueError
        No field has such a ``custom_id`` or label, or a value does not fit the field.
    """
    left = dict(values)
    components = [_filled(component, left) for component in as_list(modal["components"])]
    if left:
        raise ValueError(f"the modal {modal['custom_id']!r} has no field {', '.join(map(repr, left))}")
    return components


def _filled(component: Payload, left: dict[str, FieldValue], label: str | None = None) -> Payload:
    kind = int(component["type"])
    base: Payload = {"type": kind, "id": component.get("id", 1)}
    if kind == ComponentType.ROW:
        return base | {"components": [_filled(below, left) for below in as_list(component["components"])]}
    below = as_object(component.get("component"))
    if kind == ComponentType.LABEL and below is not None:
        return base | {"component": _filled(below, left, component.get("label"))}
    if "custom_id" not in component:
        return base
    return base | {"custom_id": component["custom_id"]} | _value(component, left, label or component.get("label"))


def _value(component: Payload, left: dict[str, FieldValue], label: str | None) -> Payload:
    kind = int(component["type"])
    key = component["custom_id"] if component["custom_id"] in left else label
    given = left.pop(key, None) if key is not None else None
    if kind == ComponentType.CHECKBOX:
        return {"value": bool(component.get("default", False)) if given is None else bool(given)}
    if kind in (ComponentType.TEXT_INPUT, ComponentType.RADIO_GROUP):
        if given is not None and not isinstance(given, str):
            raise ValueError(f"field {component['custom_id']!r} takes text, not {given!r}")
        return {"value": component.get("value", "") if given is None else given}
    if given is None:
        return {"values": [option["value"] for option in as_list(component.get("options")) if option.get("default")]}
    if isinstance(given, (str, bool)):
        raise ValueError(f"field {component['custom_id']!r} takes a sequence of values, not {given!r}")  # noqa: TRY004
    return {"values": list(given)}
