"""The rules of prometheus/rules/, the tests for promtool beside this module, and the labels expressions may use."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import promql_parser as promql
import yaml

from argus_otel.catalogues import CATALOGUES
from argus_otel.scrape.series import prometheus_name
from argus_otel.telemetry import InstrumentKind
from argus_otel.telemetry.catalogue import PROCESS_INFO
from lab.prometheus import installed

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "prometheus" / "rules").glob("*.yaml"))
TESTS = sorted(Path(__file__).parent.glob("*.test.yaml"))

# Labels of every series, by the scrape, and those that sources add to argus_process_info.
OF_THE_SCRAPE = frozenset({"job", "instance"})
OF_THE_RESOURCE = frozenset(
    {"discord_cluster_id", "discord_library_name", "discord_library_version", "argus_check_location"}
)
# Metrics of the Collector itself: tests/pipeline/test_prometheus.py looks for them on a real one.
OF_A_QUEUE = frozenset({"exporter", "data_type"})
OF_THE_COLLECTOR = {
    "otelcol_exporter_queue_size": OF_A_QUEUE,
    "otelcol_exporter_queue_capacity": OF_A_QUEUE,
    **{f"otelcol_receiver_refused_{what}(_total)?": frozenset({"receiver", "transport"}) for what in
       ("spans", "log_records", "metric_points")},
    **{f"otelcol_exporter_send_failed_{what}(_total)?": frozenset({"exporter"}) for what in
       ("spans", "log_records", "metric_points")},
    "otelcol_exporter_enqueue_failed_spans(_total)?": frozenset({"exporter"}),
    "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early(_total)?": frozenset(),
    "otelcol_processor_tail_sampling_global_count_traces_sampled(_total)?": frozenset({"sampled", "decision"}),
    "otelcol_processor_tail_sampling_new_trace_id_received(_total)?": frozenset(),
}  # fmt: skip


def promtool(*words: str) -> str:
    """Return the faults that promtool reports; empty if there are none."""
    ended = subprocess.run([installed("promtool"), *words], capture_output=True, text=True, timeout=100, check=False)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


class _Loader(yaml.SafeLoader):
    """Reads ``0x150``, which is 150 more samples of 0 for promtool, as the text that it is and not as hexadecimal."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:int"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))


@cache
def read(path: Path) -> Any:
    """Return the document in a file of YAML; it is shared, so do not change it."""
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe loader


def rules(path: Path | None = None) -> list[dict[str, Any]]:
    """Return all rules, or those of one file."""
    files = RULES if path is None else [path]
    return [rule for file in files for group in read(file)["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """Return the alerts, by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def emitted() -> dict[str, frozenset[str]]:
    """Return each series that an expression may name, with the labels that it may name."""
    known = {"up": OF_THE_SCRAPE}
    for metric in (metric for catalogue in CATALOGUES for metric in catalogue.metrics):
        labels = OF_THE_SCRAPE | {attribute.name.replace(".", "_") for attribute in metric.attributes}
        name = prometheus_name(metric)
        if metric.kind is InstrumentKind.HISTOGRAM:
            known |= {f"{name}_count": labels, f"{name}_sum": labels, f"{name}_bucket": labels | {"le"}}
        else:
            known[name] = labels | (OF_THE_RESOURCE if metric is PROCESS_INFO else frozenset())
    return known | {name: labels | OF_THE_SCRAPE for name, labels in OF_THE_COLLECTOR.items()}


class UnknownNameError(Exception):
    """A metric or a label that is not emitted."""


class Labels:
    """The labels that results of expressions have; an expression that names an unknown metric or label is refused.

    Parameters
    ----------
    known:
        The series that there are, and their labels.
    """

    def __init__(self, known: dict[str, frozenset[str]]) -> None:
        self.known = dict(known)

    def learn(self, rule: dict[str, Any]) -> None:
        """Add the series that a recording rule records."""
        self.known[rule["record"]] = self.of(promql.parse(rule["expr"]))

    def of(self, expression: Any) -> frozenset[str]:
        match expression:
            case promql.VectorSelector():
                return self._selected(expression)
            case promql.MatrixSelector():
                return self._selected(expression.vector_selector)
            case promql.AggregateExpr():
                return self._aggregated(expression)
            case promql.BinaryExpr():
                return self._combined(expression)
            case promql.Call():
                found = frozenset[str]().union(*(self.of(argument) for argument in expression.args))
                made = expression.func.name == "label_replace"
                return found | {expression.args[1].val} if made else found
            case promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
                return self.of(expression.expr)
            case _:
                return frozenset()

    def _selected(self, selector: Any) -> frozenset[str]:
        matchers = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
        name = selector.name or matchers.pop("__name__")
        if name not in self.known:
            raise UnknownNameError(name)
        return self._has(self.known[name], frozenset(matchers), name)

    def _aggregated(self, expression: Any) -> frozenset[str]:
        inner = self.of(expression.expr)
        if str(expression.op) in ("topk", "bottomk"):
            return inner
        if expression.modifier is None:
            return frozenset()
        assert str(expression.modifier.type).endswith("By"), "`without` keeps otel_scope_*: say `by`"
        return self._has(frozenset(expression.modifier.labels), frozenset(expression.modifier.labels), "by", inner)

    def _combined(self, expression: Any) -> frozenset[str]:
        left, right = self.of(expression.lhs), self.of(expression.rhs)
        matching = expression.modifier and expression.modifier.matching
        if matching:
            wanted = frozenset(matching.labels)
            self._has(wanted, wanted, "on", left)
            self._has(wanted, wanted, "on", right)
        if expression.modifier and expression.modifier.group_labels:
            added = frozenset(expression.modifier.group_labels)
            many, one = (left, right) if str(expression.modifier.card).endswith("ManyToOne") else (right, left)
            return many | self._has(added, added, "group", one)
        return left | right if str(expression.op) == "or" else left or right

    @staticmethod
    def _has(
        result: frozenset[str], wanted: frozenset[str], where: str, there: frozenset[str] | None = None
    ) -> frozenset[str]:
        if unknown := wanted - (result if there is None else there):
            raise UnknownNameError(f"{where}: {', '.join(sorted(unknown))}")
        return result


def names(expressions: Iterable[str]) -> set[str]:
    """Return the series that expressions name."""
    found: set[str] = set()

    def look(expression: Any) -> bool:
        selector = getattr(expression, "vector_selector", expression)
        if isinstance(selector, promql.VectorSelector):
            found.add(selector.name)
        return True

    for expression in expressions:
        promql.walk(promql.parse(expression), look)
    return found


def cases() -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Yield each case of an alert: its name, the test's name, and the alerts that have to fire."""
    for path in TESTS:
        for test in read(path)["tests"]:
            for case in test.get("alert_rule_test", ()):
                yield case["alertname"], test["name"], case["exp_alerts"]


def complete(path: Path, directory: Path) -> Path:
    """Write a copy of a test in which promtool finds every annotation; return where it is.

    The tests state ``summary``, which is rendered; the other annotations are those of the rules. Groups are evaluated
    in the order of the files: promtool takes any otherwise, and a rule that reads what another group records would see
    now this evaluation's value, now the one before.
    """
    test = deepcopy(read(path))
    files = [(path.parent / file).resolve() for file in test["rule_files"]]
    test["rule_files"] = [str(file) for file in files]
    test["group_eval_order"] = [group["name"] for file in files for group in read(file)["groups"]]
    for case in (case for one in test["tests"] for case in one.get("alert_rule_test", ())):
        annotations = alerts()[case["alertname"]]["annotations"]
        for expected in case["exp_alerts"]:
            link = annotations["dashboard"]
            for label, value in expected["exp_labels"].items():
                link = link.replace(f"{{{{ $labels.{label} | urlquery }}}}", quote_plus(value))
            expected["exp_annotations"] = {**annotations, "dashboard": link, **expected["exp_annotations"]}
    copy = directory / path.name
    copy.write_text(yaml.safe_dump(test, allow_unicode=True), encoding="utf-8")
    return copy


def anchor(heading: str) -> str:
    """Return the anchor that a heading gets on GitHub and in Grafana's Markdown."""
    return re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
