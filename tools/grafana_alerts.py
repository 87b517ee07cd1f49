"""Writes grafana/provisioning/alerting/argus-otel.yaml: the alerts of prometheus/rules/ as Grafana-managed ones.

    python -m tools.grafana_alerts

An alert's expression stays as it is, and asks for what Prometheus has recorded: so Prometheus has to have the rules,
and one more alert, which only Grafana has, tells when it has not. The format:
https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
RULES = ROOT / "prometheus" / "rules"
TARGET = ROOT / "grafana" / "provisioning" / "alerting" / "argus-otel.yaml"

PROMETHEUS = "argus-prometheus"
FOLDER = "argus-otel"
INTERVAL = "1m"

_HEADING = """\
# The alerts of prometheus/rules/ as Grafana-managed ones, written by `make dashboards`: edit those, and not this file.
#
# For those who have no Alertmanager: Grafana judges the alerts and tells the contact points that you set in it.
# Prometheus must have the rules all the same, for what they record. Have an Alertmanager, or this file, never both:
# docs/runbooks.md.
"""

_NOT_LOADED = {
    "alert": "RulesNotLoaded",
    "expr": "absent(argus:rules:loaded)",
    "for": "10m",
    "labels": {"severity": "warning"},
    "annotations": {
        "summary": "Prometheus has not loaded argus-otel's rules: alerts on the promises to users cannot fire.",
        "description": "Put prometheus/rules/ into its rule_files, and reload it.",
        "runbook": "docs/runbooks.md#rulesnotloaded",
    },
}


def document() -> dict[str, Any]:
    """Return what Grafana is to provision."""
    groups: list[dict[str, Any]] = []
    for path in sorted(RULES.glob("*.yaml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            alerts = [rule for rule in group["rules"] if "alert" in rule]
            if "argus:rules:loaded" in (rule.get("record") for rule in group["rules"]):
                alerts.append(_NOT_LOADED)
            rules = [_rule(alert) for alert in alerts]
            groups.append({"orgId": 1, "name": group["name"], "folder": FOLDER, "interval": INTERVAL, "rules": rules})
    return {"apiVersion": 1, "groups": groups}


def _rule(alert: dict[str, Any]) -> dict[str, Any]:
    return {
        # Of 40 characters at the most, and for ever: Grafana knows a rule by it.
        "uid": f"argus-{_kebab(alert['alert'])}",
        "title": alert["alert"],
        "condition": "B",
        "data": [
            _query(
                "A", PROMETHEUS, {"datasource": {"type": "prometheus", "uid": PROMETHEUS}, "editorMode": "code",
                                  "expr": alert["expr"], "instant": True, "range": False},
            ),
            # The query has the condition in it, and a row for each thing that is wrong, whatever its value: that of a
            # shard that is down is 0, and none is below.
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
    """In Grafana ``$value`` is a text about every query; the number is a query's own."""
    return text.replace("$value", "$values.A.Value")


class _Dumper(yaml.SafeDumper):
    """Writes what is there twice out twice."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        """Return that nothing is to become an anchor."""
        return True


def text() -> str:
    """Return the file's text."""
    body = yaml.dump(document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return _HEADING + body


def main() -> None:
    """Write it."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text(), encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {sum(len(group['rules']) for group in document()['groups'])} alerts")


if __name__ == "__main__":
    main()
