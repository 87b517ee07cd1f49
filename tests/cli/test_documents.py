"""The documents keep up with the code."""

from __future__ import annotations

import re
from pathlib import Path

from argus_otel import settings
from argus_otel.cli import COMMANDS
from argus_otel.cli.run import _OPTIONS
from argus_otel.settings import SETTINGS

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
COMMAND_LINE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_every_setting_is_in_the_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", CONFIGURATION, flags=re.MULTILINE)
    settable = [name for name in SETTINGS if name not in ("problems", "origins")]
    assert [row for row in rows if not row.startswith("OTEL_")] == settable
    for name in SETTINGS:
        assert re.search(rf"`\.?(\S*\.)?{name}`", CONFIGURATION), name


def test_every_variable_is_in_the_table() -> None:
    source = Path(settings.__file__).read_text(encoding="utf-8")
    variables = set(re.findall(r"ARGUS_[A-Z][A-Z_]*[A-Z]", source))
    variables |= set(re.findall(r'"(OTEL_[A-Z_]*[A-Z])"', source))
    assert len(variables) > 15
    missing = sorted(name for name in variables if f"`{name}`" not in CONFIGURATION)
    assert missing == []


def test_variables_of_ours_are_named_after_their_settings() -> None:
    """Which is how the doctor knows a misspelt one."""
    known = {f"ARGUS_{name.upper()}" for name in SETTINGS}
    assert set(re.findall(r"ARGUS_[A-Z][A-Z_]*[A-Z]", Path(settings.__file__).read_text(encoding="utf-8"))) <= known


def test_every_command_and_option_is_told_of() -> None:
    for name, command in COMMANDS.items():
        assert f"## `argus-otel {name}`" in COMMAND_LINE
        assert command.summary in COMMAND_LINE
    for option in _OPTIONS:
        assert f"| `{option.flag} {option.metavar}` | `{option.variable}` |" in COMMAND_LINE
