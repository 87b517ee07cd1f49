"""What ``argus-otel doctor`` says of checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argus_otel.settings import Settings
from argus_otel.sources.checks import cli, packages
from argus_otel.sources.checks.cli import doctor
from argus_otel.terminal.findings import Look

FILE = "checks:\n  shop: {http: 'http://127.0.0.1:1/?key=${env:KEY}'}\n  old: {http: 'http://x', enabled: false}\n"

Told = dict[str, tuple[str, str, str]]


def told(status: dict[str, Any] | None = None, **variables: str) -> Told:
    settings = Settings.resolve(variables)
    look = Look(variables, settings, network=False, status=status or {})
    found = [finding for check in doctor.CHECKS for finding in check(look)]
    assert all(finding.group == "Service checks" for finding in found)
    return {finding.name: (finding.status.value, finding.detail, finding.remedy) for finding in found}


def test_nothing_is_said_of_checks_that_nobody_asks_for() -> None:
    assert told() == {}


def test_a_file_and_where_states_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text(FILE)
    found = told(ARGUS_CHECKS_FILE=str(path), ARGUS_CHECKS_STATE=str(tmp_path / "state"), KEY="k")
    assert found == {
        "file": ("ok", f"{path}: 1 of 2 checks are enabled", ""),
        "states": ("ok", str(tmp_path / "state"), ""),
    }
    assert told(ARGUS_CHECKS_FILE=str(path), KEY="k")["states"][0] == "info"


def test_the_mistakes_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text(FILE)
    status, detail, remedy = told(ARGUS_CHECKS_FILE=str(path))["file"]
    assert status == "fail"
    assert f"{path}:2:16: checks.shop.http: '${{env:KEY}}' cannot be read: the variable is not set" in detail
    assert remedy == f"mend it; see argus-otel checks validate {path}"
    path.write_text("checks:\n" + "".join(f"  c{number}: {{http: {number}}}\n" for number in range(8)))
    assert "(and 3 more)" in told(ARGUS_CHECKS_FILE=str(path))["file"][1]
    absent = told(ARGUS_CHECKS_FILE=str(tmp_path / "absent.yaml"))["file"]
    assert absent == (
        "fail",
        f"{tmp_path / 'absent.yaml'} cannot be read: No such file or directory",
        "correct the path",
    )


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text(FILE)
    assert told(ARGUS_CHECKS_FILE=str(path), ARGUS_CHECKS_STATE=str(path), KEY="k")["states"] == (
        "fail", f"{path} cannot be written to", f"{path} is a file: choose another one"
    )  # fmt: skip


def test_what_the_agent_may_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text("checks: {disk: {command: ['true']}, host: {icmp: 127.0.0.1}}")
    monkeypatch.setattr("argus_otel.sources.checks.net.icmp.may_ping", lambda: False)
    found = told(ARGUS_CHECKS_FILE=str(path))
    assert found["commands"][0] == found["icmp"][0] == "warn"
    assert "ARGUS_CHECKS_ALLOW_COMMANDS=true" in found["commands"][2]
    assert "net.ipv4.ping_group_range" in found["icmp"][2]
    allowed = told(ARGUS_CHECKS_FILE=str(path), ARGUS_CHECKS_ALLOW_COMMANDS="true")
    assert "commands" not in allowed


def test_missing_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "NEEDED", ("a_package_that_is_not_there",))
    found = told(ARGUS_CHECKS_FILE=str(tmp_path / "checks.yaml"))
    assert found["packages"][0] == "fail"
    assert found["packages"][2] == "pip install 'argus-otel[checks]'"


def test_what_a_running_agent_says() -> None:
    section = {"running": True, "location": "fra1", "network": True, "checks": {"up": 3, "down": 0}, "reload_error": ""}
    assert told({"checks": section}) == {"running": ("ok", "3 up; from fra1", "")}
    troubled = told({"checks": {**section, "network": False, "reload_error": "checks.yaml:1:1: wrong"}})
    assert troubled["network"][0] == troubled["reload"][0] == "warn"
    assert told({"checks": {"running": False}})["running"][0] == "warn"
    assert told({"checks": {"running": False, "waiting": "no such file"}})["running"][1].endswith(": no such file")


def test_it_is_no_command() -> None:
    assert "doctor" not in cli.COMMANDS
