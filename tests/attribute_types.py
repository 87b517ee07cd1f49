"""The types of attributes, as the catalogues have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from argus_otel.telemetry import Catalogue


def catalogued_types(*catalogues: Catalogue) -> dict[str, type]:
    """Return the type of each attribute of metrics, spans and events, by its name."""
    types: dict[str, type] = {}
    for catalogue in catalogues:
        attributes = [attribute for metric in catalogue.metrics for attribute in metric.attributes]
        values = {attribute.name: attribute.values or attribute.examples for attribute in attributes}
        values.update({detail.name: detail.examples for detail in catalogue.span_attributes})
        for name, some in values.items():
            (types[name],) = {type(value) for value in some}
    return types


def mistyped(types: Mapping[str, type], attributes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return each attribute that is not of its type, with a value of it. Those that no catalogue has are left out.

    What stands for values beyond a limit is text, whatever the values are.
    """
    return {
        name: value
        for some in attributes
        for name, value in some.items()
        if name in types and type(value) is not types[name] and value != "_OTHER"
    }
