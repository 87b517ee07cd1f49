"""The documents keep up with the code."""

from __future__ import annotations

import re
from pathlib import Path

import argus_otel.settings
from argus_otel.cli import COMMANDS
from argus_otel.cli.run import _OPTIONS
from argus_otel.settings import all_settings
from argus_otel.sources.checks.cli import COMMANDS as CHECKS
from argus_otel.sources.graphs.cli import COMMANDS as GRAPHS
from tools import settings

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
COMMAND_LINE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_what_is_derived_from_the_settings_is_up_to_date() -> None:
    """Where this fails: ``python -m tools.settings``."""
    assert settings.document() == CONFIGURATION
    assert settings.keywords() == settings.KEYWORDS.read_text(encoding="utf-8")


def test_every_setting_is_in_the_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", CONFIGURATION, flags=re.MULTILINE)
    assert [row for row in rows if not row.startswith("OTEL_")] == [setting.name for setting in all_settings()]


def test_every_variable_that_is_read_is_documented() -> None:
    folder = Path(argus_otel.settings.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    variables = set(re.findall(r'"((?:OTEL|ARGUS)_[A-Z_]*[A-Z])"', source))
    assert len(variables) > 25
    assert sorted(name for name in variables if f"`{name}`" not in CONFIGURATION) == []


def test_every_command_of_checks_is_told_of() -> None:
    section = COMMAND_LINE.partition("## `argus-otel checks`")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", section)) >= set(CHECKS)


def test_every_command_of_graphs_is_told_of() -> None:
    section = COMMAND_LINE.partition("## `argus-otel graphs`")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)\b.*` \|", section, flags=re.MULTILINE)) == set(GRAPHS)


def test_every_command_and_option_is_told_of() -> None:
    for name, command in COMMANDS.items():
        assert f"## `argus-otel {name}`" in COMMAND_LINE
        assert command.summary in COMMAND_LINE
    for option in _OPTIONS:
        assert f"| `{option.flag} {option.metavar}` | `{option.variable}` |" in COMMAND_LINE
