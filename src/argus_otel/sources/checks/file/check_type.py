"""The type of one check in a file: what every check may have, its own type, and its conditions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.executor import Executor

from .field_types import FieldType, Record, attempted
from .places import Place, Wrong
from .sections import CheckSection, TimingSection

_SECTION = Record(CheckSection)

Conditions = Mapping[str, "tuple[Condition, ...]"]


class CheckType(FieldType[Check]):
    """One check.

    Parameters
    ----------
    name:
        Its key in the file.
    executors:
        By type: exactly one of these names has to be among the check's keys.
    defaults:
        What the file has under ``defaults:``.
    """

    def __init__(self, name: str, executors: Mapping[str, Executor[Any]], defaults: TimingSection) -> None:
        self._name = name
        self._executors = executors
        self._defaults = defaults
        self.right = f"a mapping with one of {', '.join(executors)}"

    def read(self, place: Place) -> Check:
        """Return it."""
        wrong: list[Wrong] = []
        places = dict(place.items(self.right))
        types = [key for key in places if key in self._executors]
        if len(types) != 1:
            raise self._without_type(place, places, types)
        executor = self._executors[types[0]]
        values = {field.name: getattr(self._defaults, field.name) for field in dataclasses.fields(self._defaults)}
        asked: dict[str, Conditions] = {"expect": {}, "warn": {}}
        options: object = None
        for key, each in places.items():
            if key == executor.type:
                options = attempted(executor.options, each, wrong)
            elif key in asked:
                asked[key] = _conditions(executor, each, wrong)
            elif key in _SECTION.fields:
                values[key] = attempted(_SECTION.type_of(key), each, wrong)
            else:
                wrong.append(each.unknown(key, self._keys()))
        if wrong:
            raise wrong[0]
        return self._made(executor, options, CheckSection(**values), asked["expect"], asked["warn"])

    def _keys(self) -> list[str]:
        return [*self._executors, "expect", "warn", *_SECTION.fields]

    def _without_type(self, place: Place, places: Mapping[str, Place], types: list[str]) -> Wrong:
        """Note that a check has no type or several, or its unknown keys: one of them may be meant to be the type."""
        wrong: list[Wrong] = []
        keys = self._keys()
        for key, each in places.items():
            if key in _SECTION.fields:
                attempted(_SECTION.type_of(key), each, wrong)
        unknown = [each.unknown(key, keys, "type or key") for key, each in places.items() if key not in keys]
        if unknown and not types:
            return unknown[0]
        known = ", ".join(self._executors)
        return place.wrong(f"a check has one of {known}; this one has {' and '.join(types) or 'none of them'}")

    def _made(
        self, executor: Executor[Any], options: object, section: CheckSection, expect: Conditions, warn: Conditions
    ) -> Check:
        standing = {condition.subject: (condition,) for condition in executor.defaults(options)}
        return Check(
            self._name,
            executor,
            options,
            section.interval,
            section.timeout / 1000,
            section.retries,
            section.confirm.confirm(),
            _flat({**standing, **expect}),
            _flat(warn),
            section.service,
            section.parents,
            section.labels,
            section.slo,
            section.keep,
            section.enabled,
        )

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema: one alternative for each type."""
        return {"oneOf": [_alternative(executor) for executor in self._executors.values()]}


def _conditions(executor: Executor[Any], place: Place, wrong: list[Wrong]) -> Conditions:
    found: dict[str, tuple[Condition, ...]] = {}
    try:
        for subject, each in place.items("a mapping from subjects to conditions"):
            if subject in executor.subjects:
                found[subject] = attempted(executor.subjects[subject], each, wrong) or ()
            else:
                wrong.append(each.unknown(subject, list(executor.subjects), f"condition of {executor.type}"))
    except Wrong as error:
        wrong.append(error)
    return found


def _flat(conditions: Conditions) -> tuple[Condition, ...]:
    return tuple(each for some in conditions.values() for each in some)


def _alternative(executor: Executor[Any]) -> dict[str, object]:
    subjects = {subject: type_.schema() for subject, type_ in executor.subjects.items()}
    conditions = {"type": "object", "properties": subjects, "additionalProperties": False}
    return {
        "type": "object",
        "title": executor.title,
        "properties": {
            **_SECTION.properties(),
            executor.type: executor.options.schema(),
            "expect": {**conditions, "description": "What must hold, or the run fails."},
            "warn": {**conditions, "description": "What must hold, or the check is degraded."},
        },
        "required": [executor.type],
        "additionalProperties": False,
    }
