"""What an expression of PromQL names: metrics, the labels they are selected by, and the labels that sums are made by.

Prometheus 2 has no API that takes an expression apart, so this does, as far as names go. That the expression is right
is for Prometheus to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<number>\$\w+|\$\{[^}]*\}|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:ms|[smhdwy])?(?:\d+(?:ms|[smhdwy]))*)
    |(?P<name>[A-Za-z_:][\w:]*)
    |(?P<sign>=~|!~|!=|==|>=|<=|.)""",
    re.VERBOSE | re.DOTALL,
)
_AGGREGATORS = {"sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "bottomk", "topk",
                "quantile"}  # fmt: skip
_WORDS = {"and", "or", "unless", "atan2", "offset", "bool", "start", "end", "inf", "nan", "on", "ignoring",
          "group_left", "group_right", "by", "without"}  # fmt: skip


@dataclass(frozen=True)
class Selector:
    """One selector: a metric, and what its labels have to be."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...] = ()
    pattern: bool = False
    """Whether the metric is a regular expression."""

    @property
    def text(self) -> str:
        named = [("__name__", "=~", f'"{self.metric}"')] if self.pattern else []
        inside = ",".join(f"{label}{sign}{value}" for label, sign, value in [*named, *self.matchers])
        return f"{{{inside}}}" if self.pattern else f"{self.metric}{{{inside}}}"

    def by(self, label: str) -> str | None:
        """The value that a label is compared with, quoted; ``None`` where it is not."""
        return next((value for name, _, value in self.matchers if name == label), None)


@dataclass
class Expression:
    """Everything that is named.

    Attributes
    ----------
    selectors:
        In order.
    groupings:
        Labels of ``by``, and the metrics in what is grouped by them.
    matchings:
        Labels of ``on`` and ``ignoring``.
    made:
        Labels that ``label_replace``, ``label_join`` and ``count_values`` make.
    """

    selectors: list[Selector] = field(default_factory=list[Selector])
    groupings: list[tuple[str, set[str]]] = field(default_factory=list["tuple[str, set[str]]"])
    matchings: set[str] = field(default_factory=set[str])
    made: set[str] = field(default_factory=set[str])


class _Reader:
    def __init__(self, text: str) -> None:
        without_comments = re.sub(r"#[^\n]*", "", text)
        found = _TOKEN.finditer(without_comments)
        self.tokens = [(str(one.lastgroup), one.group()) for one in found if not one.group().isspace()]
        self.at = 0
        self.read = Expression()

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def until_closed(self) -> None:
        """Read on to the end of the parenthesis that has been opened."""
        while self.peek()[1] != ")" and self.peek()[0] != "end":
            self.one()
        self.take()

    def one(self) -> None:
        kind, text = self.take()
        if text == "(":
            self.until_closed()
        elif text == "[":
            while self.take()[1] not in ("]", ""):
                pass
        elif text == "{":
            self.read.selectors.append(self.selector(""))
        elif kind == "name":
            self.name(text)

    def name(self, text: str) -> None:
        if text in _AGGREGATORS and self.peek()[1] in ("(", "by", "without"):
            self.aggregation(text)
        elif text in ("on", "ignoring", "group_left", "group_right"):
            if self.peek()[1] == "(":
                self.read.matchings |= set(self.labels())
        elif text in _WORDS and self.peek()[1] != "{":
            pass
        elif self.peek()[1] == "(":
            self.call(text)
        elif self.peek()[1] == "{":
            self.take()
            self.read.selectors.append(self.selector(text))
        else:
            self.read.selectors.append(Selector(text))

    def call(self, function: str) -> None:
        texts_from = self.at
        self.take()
        self.until_closed()
        if function in ("label_replace", "label_join"):
            made = [text for kind, text in self.tokens[texts_from : self.at] if kind == "text"]
            self.read.made.add(made[-4 if function == "label_replace" else 0].strip("\"'`"))

    def aggregation(self, function: str) -> None:
        labels = self.grouping()
        before = len(self.read.selectors)
        self.take()
        if function == "count_values":
            self.read.made.add(self.peek()[1].strip("\"'`"))
        self.until_closed()
        labels += self.grouping()
        metrics = {one.metric for one in self.read.selectors[before:]}
        self.read.groupings += [(label, metrics) for label in labels]

    def grouping(self) -> list[str]:
        if self.peek()[1] not in ("by", "without"):
            return []
        self.take()
        return self.labels()

    def labels(self) -> list[str]:
        self.take()
        found: list[str] = []
        while (token := self.take())[1] not in (")", ""):
            if token[0] == "name":
                found.append(token[1])
        return found

    def selector(self, metric: str) -> Selector:
        matchers: list[tuple[str, str, str]] = []
        pattern = False
        while (token := self.take())[1] not in ("}", ""):
            if token[0] == "name":
                label, sign, value = token[1], self.take()[1], self.take()[1]
                if label == "__name__" and sign in ("=", "=~"):
                    metric, pattern = value.strip("\"'`"), sign == "=~"
                else:
                    matchers.append((label, sign, value))
        return Selector(metric, tuple(matchers), pattern)


def read(expression: str) -> Expression:
    """Take an expression apart."""
    reader = _Reader(expression)
    while reader.peek()[0] != "end":
        reader.one()
    return reader.read
