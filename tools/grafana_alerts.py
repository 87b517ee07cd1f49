"""Writes grafana/provisioning/alerting/: the alerts of prometheus/rules/ as Grafana-managed alerts, by source.

    python -m tools.grafana_alerts

An alert keeps its expression, which reads values that Prometheus has recorded: so Prometheus has to have the rules. One
more alert, which only Grafana has, fires if it does not. The format:
https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
RULES = ROOT / "prometheus" / "rules"
DIRECTORY = ROOT / "grafana" / "provisioning" / "alerting"

PROMETHEUS = "argus-prometheus"
INTERVAL = "1m"

_HEADING = """\
# Alerts of prometheus/rules/ ({files}) as Grafana-managed ones.
# `make dashboards` writes this file: edit the rules instead.
#
# For an installation without Alertmanager: Grafana evaluates the alerts and notifies the contact points that you set in
# it. Prometheus needs the rules all the same, for the values that they record. Use an Alertmanager or this file, never
# both: docs/runbooks/README.md.
"""

_NOT_LOADED = {
    "alert": "RulesNotLoaded",
    "expr": "absent(argus:rules:loaded)",
    "for": "10m",
    "labels": {"severity": "warning"},
    "annotations": {
        "summary": "Prometheus has not loaded argus-otel's rules: alerts on recorded values cannot fire.",
        "description": "Put prometheus/rules/ into its rule_files, and reload it.",
        "runbook": "docs/runbooks/argus.md#rulesnotloaded",
    },
}


def by_source() -> dict[str, list[Path]]:
    """Return the files of rules by source: ``NAME.yaml`` and ``NAME-….yaml`` are those of NAME."""
    found: dict[str, list[Path]] = {}
    for path in sorted(RULES.glob("*.yaml"), key=lambda path: path.stem):
        found.setdefault(path.stem.partition("-")[0], []).append(path)
    return found


def document(source: str) -> dict[str, Any]:
    """Return a source's alerts as Grafana provisions them, in a folder of the source's name, beside its dashboards."""
    groups: list[dict[str, Any]] = []
    for path in by_source()[source]:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            alerts = [rule for rule in group["rules"] if "alert" in rule]
            if "argus:rules:loaded" in (rule.get("record") for rule in group["rules"]):
                alerts.append(_NOT_LOADED)
            rules = [_rule(alert) for alert in alerts]
            groups.append({"orgId": 1, "name": group["name"], "folder": source, "interval": INTERVAL, "rules": rules})
    return {"apiVersion": 1, "groups": groups}


def _rule(alert: dict[str, Any]) -> dict[str, Any]:
    return {
        # At most 40 characters, and never changed: Grafana identifies a rule by it.
        "uid": f"argus-{_kebab(alert['alert'])}",
        "title": alert["alert"],
        "condition": "B",
        "data": [
            _query(
                "A", PROMETHEUS, {"datasource": {"type": "prometheus", "uid": PROMETHEUS}, "editorMode": "code",
                                  "expr": alert["expr"], "instant": True, "range": False},
            ),
            # The query contains the condition, and returns a row for each fault, whatever its value: some are 0, and
            # none is below.
            _query(
                "B", "__expr__", {"datasource": {"type": "__expr__", "uid": "__expr__"}, "type": "threshold",
                                  "expression": "A", "conditions": [{"evaluator": {"type": "gt", "params": [-1]}}]},
            ),
        ],
        "noDataState": "OK",  # no row: nothing is wrong
        "execErrState": "Error",
        "for": alert.get("for", "0s"),
        "labels": alert["labels"],
        "annotations": {name: _template(text) for name, text in alert["annotations"].items()},
    }  # fmt: skip


def _query(ref: str, source: str, model: dict[str, Any]) -> dict[str, Any]:
    seconds = {"from": 600, "to": 0} if source == PROMETHEUS else {"from": 0, "to": 0}
    model = {"refId": ref, "intervalMs": 1000, "maxDataPoints": 43200, **model}
    return {"refId": ref, "relativeTimeRange": seconds, "datasourceUid": source, "model": model}


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _template(text: str) -> str:
    """Replace ``$value``, which in Grafana is a text about every query, by the number of one query.

    What a template queries itself is left out: in Grafana it cannot.
    """
    return re.sub(r"{{ with (?:(?!{{).)* \| query }}.*?{{ end }}", "", text).replace("$value", "$values.A.Value")


class _Dumper(yaml.SafeDumper):
    """Writes repeated values in full each time."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        """Return that no value becomes an anchor."""
        return True


def text(source: str) -> str:
    """Return the text of a source's file."""
    files = ", ".join(path.name for path in by_source()[source])
    body = yaml.dump(document(source), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return _HEADING.format(files=files) + body


def main() -> None:
    """Write each source's file, and remove those of sources that have no rules any more."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    wanted = {DIRECTORY / f"{source}.yaml": source for source in by_source()}
    for path, source in wanted.items():
        path.write_text(text(source), encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {sum(len(group['rules']) for group in document(source)['groups'])} alerts")
    for path in DIRECTORY.glob("*.yaml"):
        if path not in wanted:
            path.unlink()


if __name__ == "__main__":
    main()
