"""Resolves settings: keyword arguments, then environment variables in their order, then defaults."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

from .setting import Origin, Setting

T = TypeVar("T")


class Resolution:
    """Resolves settings one by one, and keeps their origins and problems.

    Attributes
    ----------
    environ:
        The environment.
    values:
        The settings that are resolved so far, by name.
    problems:
        One sentence for each invalid value: the setting, its value, the valid values, and the value used instead.
    origins:
        The origin of each value, by the setting's name.
    """

    def __init__(self, environ: Mapping[str, str], keywords: Mapping[str, object]) -> None:
        self.environ = environ
        self.values: dict[str, Any] = {}
        self.problems: list[str] = []
        self.origins: dict[str, Origin] = {}
        self._keywords = keywords

    def take(self, setting: Setting[T]) -> None:
        """Resolve a setting."""
        value = self._given(setting)
        self.values[setting.name] = value if setting.derive is None else setting.derive(self, value)

    def variable(self, name: str) -> str:
        """Return an environment variable without surrounding spaces; empty if it is not set."""
        return self.environ.get(name, "").strip()

    def _given(self, setting: Setting[T]) -> T:
        keyword = self._keywords.get(setting.name)
        candidates = [(f"{setting.name}=", keyword)] if keyword is not None else []
        candidates += [(variable, self.variable(variable)) for variable in setting.variables]
        value = setting.default
        origin = Origin("default", "" if value is None else str(value))
        wrong: list[str] = []
        for source, raw in candidates:
            if raw == "":  # an empty variable counts as unset, as OpenTelemetry has it
                continue
            text = _text(raw)
            shown = "(set)" if setting.secret else setting.show(text)
            try:
                value = setting.parse(text)
            except ValueError:
                wrong.append(f"{source} is {shown!r}, but it has to be {setting.right}")
                continue
            origin = Origin(source.rstrip("="), shown)
            break
        self.problems += [f"{problem}; using {_named(setting, value)} instead" for problem in wrong]
        self.origins[setting.name] = origin
        return value


def _named(setting: Setting[T], value: T) -> str:
    """Return a value in words. The documentation has a word for a default that is ``None`` if it means something."""
    if value is not None:
        return repr(value)
    word = re.fullmatch("`([^`]+)`", setting.default_help or "")
    return "nothing" if word is None else repr(word[1])


def _text(raw: object) -> str:
    """Return a keyword's value as the environment would spell it, so that both are parsed alike."""
    if isinstance(raw, Mapping):
        return ",".join(f"{name}={value}" for name, value in cast("Mapping[object, object]", raw).items())
    if isinstance(raw, (list, tuple, set, frozenset)):
        return ",".join(map(str, cast("Iterable[object]", raw)))
    return str(raw).strip()
