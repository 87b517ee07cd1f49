"""How a variable is written into a query.

A variable has one value, or several, or "all of them", which some write as a text of their own. Each data source has
its own way to write several of them, and a query may ask for another by ``${name:format}``:
https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

REFERENCE = re.compile(r"\$(\w+)|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}|\[\[(\w+)(?::(\w+))?\]\]")
"""``$name``, ``${name}``, ``${name.field:format}``, ``[[name:format]]``."""


@dataclass(frozen=True)
class Value:
    """The chosen value of a variable.

    Parameters
    ----------
    values:
        One or more.
    several:
        Whether it may be several, so that even one is written as a list of one.
    everything:
        The text that "all" is replaced by, if the variable has one and all is chosen; it is not escaped.
    all:
        Whether all is chosen.
    """

    values: tuple[str, ...]
    several: bool = False
    everything: str = ""
    all: bool = False


Write = Callable[[Value], str]


def fill(text: str, chosen: Mapping[str, Value], write: Write) -> str:
    """Replace each reference to a variable that is chosen; others stay, since they may be macros."""

    def replaced(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[5]
        wanted = found[4] or found[6]
        value = chosen.get(name)
        if value is None:
            return found[0]
        if value.all and value.everything and wanted not in ("percentencode", "queryparam", "text"):
            return value.everything
        if wanted:
            return FORMATS[wanted](name, value)
        return write(value)

    return REFERENCE.sub(replaced, text)


def referred(text: str) -> set[str]:
    """Return the names of all variables that a text refers to, macros of data sources among them."""
    return {found[1] or found[2] or found[5] for found in REFERENCE.finditer(text)}


# -- each data source's own way


def as_promql(value: Value) -> str:
    """Prometheus: a regular expression within a string of PromQL; a single value is only escaped for the string.

    As Grafana does with its feature ``prometheusSpecialCharsInLabelValues``, which compose.yaml switches on:
    https://github.com/grafana/grafana/blob/main/packages/grafana-prometheus/src/escaping.ts
    """
    if not value.several:
        return value.values[0].replace("\\", r"\\").replace('"', r"\"")
    return _alternatives([_in_a_pattern(one, "'").replace('"', r"\\\"") for one in value.values])


def as_promql_by_default(value: Value) -> str:
    """Prometheus, by a Grafana without that feature: a quotation mark ends the string that it is written into."""
    if not value.several:
        return value.values[0].replace("\\", r"\\").replace("'", r"\\'")
    return _alternatives([_in_a_pattern(one) for one in value.values])


def as_sql(value: Value) -> str:
    """ClickHouse: several are quoted, and not escaped; one is written as it is."""
    return "'" + "','".join(value.values) + "'" if value.several else value.values[0]


def as_text(value: Value) -> str:
    """Titles and links, where several stand in braces."""
    return value.values[0] if len(value.values) == 1 else "{" + ",".join(value.values) + "}"


def _escaped(text: str, letters: str) -> str:
    return "".join("\\" + letter if letter in letters else letter for letter in text)


def _alternatives(patterns: Sequence[str]) -> str:
    return patterns[0] if len(patterns) == 1 else f"({'|'.join(patterns)})"


def _in_a_pattern(text: str, more: str = "") -> str:
    r"""A text in a regular expression in a string of PromQL, whose own escapes double each backslash."""
    return _escaped(text, "\\$^*{}[]+?.()|" + more).replace("\\", r"\\")


def _regex_list(_: str, value: Value) -> str:
    return _alternatives([_escaped(one, r"\^$.*+?()[]{}|/") for one in value.values])


def _percent_encoded(_: str, value: Value) -> str:
    """All but letters, digits and ``-_.~`` encoded; a list in braces, even of one; the custom "all" too."""
    if value.all and value.everything:
        return quote(value.everything, safe="")
    joined = ",".join(value.values)
    return quote(f"{{{joined}}}" if value.several else joined, safe="")


def _quoted(mark: str, escaped: str) -> Callable[[str, Value], str]:
    return lambda _, value: ",".join(f"{mark}{one.replace(mark, escaped)}{mark}" for one in value.values)


FORMATS: Mapping[str, Callable[[str, Value], str]] = {
    "raw": lambda _, value: ",".join(value.values),
    "csv": lambda _, value: ",".join(value.values),
    "text": lambda _, value: "All" if value.all else " + ".join(value.values),
    "pipe": lambda _, value: "|".join(value.values),
    "glob": lambda _, value: as_text(value),
    "json": lambda _, value: json.dumps(value.values) if value.several else value.values[0],
    "regex": _regex_list,
    "singlequote": _quoted("'", "\\'"),
    "doublequote": _quoted('"', '\\"'),
    "sqlstring": lambda _, value: ",".join(
        "'" + one.replace("'", "''").replace('"', '\\"') + "'" for one in value.values
    ),
    "percentencode": _percent_encoded,
    "queryparam": lambda name, value: "&".join(
        f"var-{name}={quote(one, safe='')}" for one in (("$__all",) if value.all else value.values)
    ),
}  # fmt: skip
"""By the word after the colon: functions of the variable's name and value, which format like those of Grafana:
https://github.com/grafana/scenes/blob/main/packages/scenes/src/variables/interpolation/formatRegistry.ts"""
