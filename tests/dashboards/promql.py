"""The names in an expression of PromQL: metrics, the labels that select them, and the labels that sums are grouped by.

promql-parser takes expressions apart; whether they are valid is for Prometheus to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import promql_parser as promql

_SIGNS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


@dataclass(frozen=True)
class Selector:
    """One selector: a metric, and conditions on its labels."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...] = ()
    pattern: bool = False
    """Whether the metric is a regular expression."""

    @property
    def text(self) -> str:
        named = [("__name__", "=~", self.metric)] if self.pattern else []
        inside = ",".join(f"{label}{sign}{_quoted(value)}" for label, sign, value in [*named, *self.matchers])
        return f"{{{inside}}}" if self.pattern else f"{self.metric}{{{inside}}}"

    def by(self, label: str) -> str | None:
        """The value that a label is compared with; ``None`` where it is not."""
        return next((value for name, _, value in self.matchers if name == label), None)


@dataclass
class Expression:
    """Everything that is named.

    Attributes
    ----------
    selectors:
        In order.
    groupings:
        Labels of ``by``, and the metrics that are grouped by them.
    matchings:
        Labels of ``on`` and ``ignoring``.
    made:
        Labels that ``label_replace``, ``label_join`` and ``count_values`` make.
    """

    selectors: list[Selector] = field(default_factory=list[Selector])
    groupings: list[tuple[str, set[str]]] = field(default_factory=list["tuple[str, set[str]]"])
    matchings: set[str] = field(default_factory=set[str])
    made: set[str] = field(default_factory=set[str])


@cache
def read(expression: str) -> Expression:
    """Take an expression apart, be its variables filled in or not. The result is shared: do not change it."""
    found = Expression()
    for part in _parts(promql.parse(_without_variables(expression))):
        match part:
            case promql.VectorSelector():
                found.selectors.append(_selector(part))
            case promql.AggregateExpr():
                metrics = {_selector(one).metric for one in _parts(part) if isinstance(one, promql.VectorSelector)}
                labels = part.modifier.labels if part.modifier else []
                found.groupings += [(label, metrics) for label in labels]
                if str(part.op) == "count_values":
                    found.made.add(part.param.val)
            case promql.BinaryExpr():
                matching = part.modifier and part.modifier.matching
                found.matchings |= set(matching.labels) if matching else set()
            case promql.Call() if part.func.name in ("label_replace", "label_join"):
                found.made.add(part.args[1].val)
            case _:
                pass
    return found


def _parts(expression: Any) -> Iterator[Any]:
    """An expression and all that it is made of, in the order of its text."""
    parts: list[Any] = []

    def look(part: Any) -> bool:
        parts.append(part)
        return True  # go on

    promql.walk(expression, look)
    return iter(parts)


def _selector(selector: Any) -> Selector:
    matchers = [(one.name, _SIGNS[str(one.op).rpartition(".")[2]], one.value) for one in selector.matchers.matchers]
    named = [(sign, value) for label, sign, value in matchers if label == "__name__"]
    others = tuple(one for one in matchers if one[0] != "__name__")
    if selector.name is None and named:
        return Selector(named[0][1], others, pattern=named[0][0] == "=~")
    return Selector(selector.name or "", others)


def _without_variables(expression: str) -> str:
    """Put a duration or a number where a variable stands for one. Those in texts stay."""
    outside = re.compile(r"""("(?:\\.|[^"\\])*")|(\[\s*|:\s*|offset\s+)?\$(?:\w+|\{[^}]*\})""")
    return outside.sub(lambda found: found[1] or (f"{found[2]}5m" if found[2] else "1"), expression)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
