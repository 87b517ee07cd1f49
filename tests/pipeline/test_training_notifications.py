"""The routes that the document of training runs shows: amtool takes them, and they name alerts of the rules."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from lab import alertmanager
from tools.backends import ROOT

from ..rules.rulebook import alerts


def shown() -> str:
    [found] = re.findall(
        r"```yaml\n(route:.+?)```", (ROOT / "docs/sources/training.md").read_text(encoding="utf-8"), re.DOTALL
    )
    return found


def test_amtool_takes_them(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yaml"
    file.write_text(shown(), encoding="utf-8")
    assert alertmanager.check(file) == ""


def test_they_are_about_alerts_that_there_are() -> None:
    [rule] = yaml.safe_load(shown())["inhibit_rules"]
    for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
        assert re.fullmatch(r'alertname = "(\w+)"', matcher)[1] in alerts()  # pyright: ignore[reportOptionalSubscript]
