"""The JSON Schema of a file of checks, for editors: made of the same types that read the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from argus_otel.sources.checks.executor import Executor

from .check_type import CheckType
from .references import MOST_LABELS
from .scalars import Name
from .sections import TOP_LEVEL, TimingSection

_REFERENCE = {"$ref": "#/$defs/reference"}
_STRUCTURE = ("properties", "additionalProperties", "items", "anyOf", "oneOf", "$ref", "required")
_NOTES = ("description", "examples", "title")

Schema = dict[str, Any]


def schema(executors: Mapping[str, Executor[Any]]) -> Schema:
    """Return the schema of a whole file, in JSON Schema's draft 2020-12.

    It knows the shape of each value. Names that have to exist, circles of parents and expressions such as JSONPath are
    for ``argus-otel checks validate``.

    Parameters
    ----------
    executors:
        By type.
    """
    sections = {name: {**type_.schema(), "description": help_} for name, (type_, help_) in TOP_LEVEL.items()}
    check = CheckType("", executors, TimingSection()).schema()
    checks = {
        "type": "object",
        "description": "The checks, by name.",
        "propertyNames": Name().schema(),
        "additionalProperties": {"$ref": "#/$defs/check"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Service checks of argus-otel",
        "type": "object",
        "properties": {**cast("Schema", _with_references(sections)), "checks": checks},
        "required": ["checks"],
        "additionalProperties": False,
        "$defs": {
            "check": _limited(cast("Schema", _with_references(check))),
            "reference": {
                "type": "string",
                "pattern": r"\$\{(env|file):[^}]+\}",
                "description": "A value with ${env:NAME} or ${file:PATH} in it.",
            },
        },
    }


def _limited(check: Schema) -> Schema:
    for alternative in check["oneOf"]:
        alternative["properties"]["labels"]["maxProperties"] = MOST_LABELS
    return check


def _with_references(node: object) -> object:
    """Let each value that is no free text be a reference to a secret as well."""
    if isinstance(node, list):
        return [_with_references(each) for each in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    schema_ = cast("Schema", node)
    if "anyOf" in schema_ and "properties" not in schema_:
        kinds = cast("list[Schema]", schema_["anyOf"])
        values = [each for each in kinds if _is_value(each)]
        found = [each if _is_value(each) else _with_references(each) for each in kinds]
        needed = values and not any(_is_free(each) for each in values)
        return {**schema_, "anyOf": [*found, _REFERENCE] if needed else found}
    if not _is_value(schema_):
        return {key: each if key == "required" else _with_references(each) for key, each in schema_.items()}
    if _is_free(schema_):
        return schema_
    notes = {key: schema_[key] for key in _NOTES if key in schema_}
    return {"anyOf": [{key: each for key, each in schema_.items() if key not in notes}, _REFERENCE], **notes}


def _is_value(node: Schema) -> bool:
    """Whether it describes a single value."""
    described = "enum" in node or "const" in node or isinstance(node.get("type"), (str, list))
    return described and node.get("type") != "object" and not any(key in node for key in _STRUCTURE)


def _is_free(node: Schema) -> bool:
    """Whether any text may be written."""
    types = node.get("type", ())
    return ("string" in types if isinstance(types, list) else types == "string") and "pattern" not in node
